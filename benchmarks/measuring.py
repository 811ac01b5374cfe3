"""Measuring and printing: medians of several runs, tables, the name of the machine, and who else uses it.

What is compared is measured in turn, once each and then again, so that a machine that slows down slows all of it.
"""

import importlib.metadata
import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from threadpoolctl import threadpool_info


@dataclass(frozen=True)
class Row:
    """One figure: the values of its runs in `unit`, and the bar that their median must keep to, if there is one."""

    what: str
    values: Sequence[float]
    unit: str
    at_least: float = -math.inf
    at_most: float = math.inf

    @property
    def bar(self) -> str:
        """The bar in words, and whether it is met; empty without one."""
        verdict = "met" if self.at_least <= median(self.values) <= self.at_most else "missed"
        bars = {"at least": self.at_least, "at most": self.at_most}
        return ", ".join(f"{word} {bar:g}: {verdict}" for word, bar in bars.items() if math.isfinite(bar))


def ratio(what: str, slower: Sequence[float], faster: Sequence[float], **bar: float) -> Row:
    """Return how many times the median of `faster` goes into that of `slower`."""
    return Row(what, [median(slower) / median(faster)], "times", **bar)


def format_table(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table: the median, the lowest and highest run, and whether the bar is met."""
    lines = [["what", "median", "unit", "lowest to highest", "bar"]]
    for row in rows:
        middle, *ends = map(format_number, (median(row.values), min(row.values), max(row.values)))
        lines.append([row.what, middle, row.unit, " to ".join(ends) if len(row.values) > 1 else "", row.bar])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def format_number(value: float) -> str:
    """Return a number with as many places as are worth reading: 512, 97.95, 0.0123; infinity means never."""
    if value == math.inf:
        return "never"
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def measure_seconds(job: Callable[[], object]) -> float:
    """Return how long `job` takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def measure_in_turn(jobs: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Return the seconds of each job in each of `runs` rounds, after one round that does not count."""
    rounds = [{name: measure_seconds(job) for name, job in jobs.items()} for _ in range(runs + 1)]
    return {name: [measured[name] for measured in rounds[1:]] for name in jobs}


def describe_machine() -> str:
    """Return what the figures depend on: the processor, the linear algebra libraries, the versions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()  # on Linux, nothing else tells its name
        processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or platform.machine()
    pools = sorted({f"{pool['internal_api']} {pool['version'] or ''}".strip() for pool in threadpool_info()})
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "scikit-learn")]
    return ", ".join([processor, f"{os.cpu_count()} CPUs", *pools, f"Python {platform.python_version()}", *versions])


def foreign_seconds() -> float:
    """Return the seconds that all CPUs spent on other programs since the system started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0)
    return sum(times[:8]) - idle - sum(os.times()[:4])
