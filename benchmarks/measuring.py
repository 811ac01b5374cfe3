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

from threadpoolctl import threadpool_info

from data.records import Records

LIBRARIES = ("numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Bench:
    """What training is measured on, and how much of it."""

    train: Records
    test: Records
    picture: Path | None  # where `reach` draws
    quick: bool = False
    runs: int = 3  # how often each thing is measured
    goal: float = 0.975  # the accuracy on the test records that `reach` trains for


@dataclass(frozen=True)
class Row:
    """One figure: the values of its runs in `unit`, and the bar that their median must keep to, if there is one."""

    what: str
    values: Sequence[float]
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def bar(self) -> str:
        """The bar in words, and whether it is met; empty without one."""
        value = median(self.values)
        if self.at_least is not None:
            return f"at least {self.at_least:g}: {'met' if value >= self.at_least else 'missed'}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}: {'met' if value <= self.at_most else 'missed'}"
        return ""


def ratio(what: str, slower: Sequence[float], faster: Sequence[float], at_least: float | None = None) -> Row:
    """Return how many times the median of `faster` goes into that of `slower`."""
    return Row(what, [median(slower) / median(faster)], "times", at_least)


def format_table(rows: Sequence[Row], bars: bool = True) -> str:
    """Return the rows as a Markdown table: the median, the lowest and highest run, and whether `bars` are met."""
    lines = [["what", "median", "unit", "lowest to highest", *(["bar"] if bars else [])]]
    for row in rows:
        lowest, highest = format_number(min(row.values)), format_number(max(row.values))
        spread = f"{lowest} to {highest}" if len(row.values) > 1 else ""
        line = [row.what, format_number(median(row.values)), row.unit, spread]
        lines.append([*line, row.bar] if bars else line)
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
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    return ", ".join([processor, f"{os.cpu_count()} CPUs", *pools, f"Python {platform.python_version()}", *versions])


def foreign_seconds() -> float:
    """Return the seconds that all CPUs spent on other programs since the system started; NaN where it does not tell."""
    try:
        ticks = [*map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9])]
    except OSError:
        return math.nan
    idle = sum(ticks[3:5])  # idle, or waiting for a disk
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK") - sum(os.times()[:4])
