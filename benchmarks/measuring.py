"""Measuring and printing: medians of several runs, programs run as a user runs them, tables and the machine's name.

What is compared is measured in turn, once each and then again, so that a machine that slows down slows all of it.
"""

import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_info

PROJECT = Path(__file__).resolve().parent.parent
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch")

# Started from here, a program would be charged with the memory that this process has; a small one starts it instead.
LAUNCHER = (
    "import json, resource, subprocess, sys\n"
    "ended = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "print(json.dumps([ended.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))\n"
)


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
        """The bar in words, empty without one."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}" if self.at_most is not None else ""

    @property
    def met(self) -> bool:
        """Whether the median keeps to the bar."""
        value = median(self.values)
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)


def ratio(what: str, slower: Sequence[float], faster: Sequence[float], at_least: float | None = None) -> Row:
    """Return how many times the median of `faster` goes into that of `slower`."""
    return Row(what, [median(slower) / median(faster)], "times", at_least)


def table(rows: Sequence[Row], bars: bool = True) -> str:
    """Return the rows as a Markdown table: the median, the lowest and highest run, and whether `bars` are met."""
    lines = [["what", "median", "unit", "lowest to highest", *(["bar", ""] if bars else [])]]
    for row in rows:
        spread = f"{digits(min(row.values))} to {digits(max(row.values))}" if len(row.values) > 1 else ""
        verdict = ("met" if row.met else "missed") if row.bar else ""
        line = [row.what, digits(median(row.values)), row.unit, spread]
        lines.append([*line, row.bar, verdict] if bars else line)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def digits(value: float) -> str:
    """Return a number with as many places as are worth reading: 512, 97.95, 0.0123; infinity means never."""
    if value == math.inf:
        return "never"
    return f"{value:.4f}" if value < 0.1 else f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def seconds(job: Callable[[], object]) -> float:
    """Return how long `job` takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def in_turn(jobs: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Return the seconds of each job in each of `runs` rounds, after one round that does not count."""
    for job in jobs.values():
        job()
    rounds = [{name: seconds(job) for name, job in jobs.items()} for _ in range(runs)]
    return {name: [measured[name] for measured in rounds] for name in jobs}


def run(program: str, *options: str | Path, **variables: str | Path) -> str:
    """Run a program of the project with these environment variables and return what it prints."""
    ended = subprocess.run(
        command(program, *options), env=environment(variables), capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    if ended.returncode:
        raise RuntimeError(f"{program} ended with status {ended.returncode}:\n{ended.stderr}")
    return ended.stdout


def peak_memory(program: str, *options: str | Path, **variables: str | Path) -> float:
    """Return the most memory in MB (of a million bytes) that a program held at once; on Unix only."""
    line = [sys.executable, "-c", LAUNCHER, *command(program, *options)]
    status, peak = json.loads(subprocess.check_output(line, env=environment(variables), stderr=subprocess.DEVNULL))
    if status:
        raise RuntimeError(f"{program} ended with status {status}")
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def command(program: str, *options: str | Path) -> list[str]:
    """Return the command line of a program of the project."""
    return [sys.executable, str(PROJECT / program), *map(str, options)]


def environment(variables: Mapping[str, str | Path]) -> dict[str, str]:
    """Return the variables of this process, changed by `variables`."""
    return os.environ | {name: str(value) for name, value in variables.items()}


def machine() -> str:
    """Return what the figures depend on: processor, threads of the linear algebra libraries, versions."""
    pools = {
        f"{pool['internal_api']} {pool['version'] or ''}".strip(): pool["num_threads"] for pool in threadpool_info()
    }
    threads = ", ".join(f"{name} with {count} threads" for name, count in pools.items())
    versions = ", ".join(f"{name} {version}" for name in LIBRARIES if (version := installed(name)))
    return f"{processor()}, {os.cpu_count()} CPUs; {threads}; Python {platform.python_version()}, {versions}"


def installed(library: str) -> str | None:
    """Return the version of a library, None where it is not installed."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """Return the name of the processor; Linux keeps it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


class Bystanders:
    """How many CPUs other programs kept busy since this object was made: what disturbs a measurement. Linux only."""

    def __init__(self) -> None:
        self.started, self.others = time.perf_counter(), self._others()

    def busy(self) -> float | None:
        """Return the CPUs that other programs used on average, None where the system does not tell."""
        if self.others is None or (others := self._others()) is None:
            return None
        return max(0.0, (others - self.others) / (time.perf_counter() - self.started))

    @staticmethod
    def _others() -> float | None:
        """Return the seconds of all CPUs since the start, without those of this process and of what it ran."""
        try:
            with Path("/proc/stat").open() as file:
                user, nice, system, _idle, _waiting, interrupts, soft, stolen, *_ = map(
                    int, file.readline().split()[1:]
                )
        except OSError:
            return None
        all_of_them = (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")
        return all_of_them - sum(os.scaled()[:4])
