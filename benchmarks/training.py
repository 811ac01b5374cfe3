"""Measure how fast training is, against the textbook way and two libraries. Accuracies are those of seeds.py.

    python -m benchmarks.training                      everything, about ten minutes
    python -m benchmarks.training --only reach sgemm   some sections of it
    python -m benchmarks.training --quick              once through on 1,437 small digits, to see that it runs

Figures are medians of several runs on this machine. Other programs must be at rest meanwhile.
"""

import argparse
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measuring import Row, describe_machine, foreign_seconds, format_table
from benchmarks.reach import reach
from benchmarks.steps import committee, distortions, sgemm_share, single, speed
from data.files import PROJECT
from data.records import DataError

DISTURBED = 0.1  # CPUs kept busy by other programs, from which on figures are not to be trusted
SECTIONS: dict[str, tuple[str, Callable[[Bench], list[Row]]]] = {
    "speed": ("Speed: a whole training, from the CSV to the saved model", speed),
    "reach": ("Reach: training, without reading test records, until enough of them are read right", reach),
    "single": ("Single: a step on one record", single),
    "distort": ("Distort: an epoch on distorted copies", distortions),
    "committee": ("Committee: two networks side by side", committee),
    "sgemm": ("Sgemm: what mini-batch training makes of the machine", sgemm_share),
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0 once all is measured, whatever comes out, 1 for a failure."""
    options = parse(argv)
    with tempfile.TemporaryDirectory(prefix="benchmark_") as folder:
        try:
            measure(options, Path(folder))
        except (DataError, OSError, RuntimeError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


def measure(options: argparse.Namespace, scratch: Path) -> None:
    """Measure each section, print its table, and say whether the machine was at rest meanwhile (on Linux)."""
    bench = Bench(scratch, options.quick, options.picture)
    print(f"Machine: {describe_machine()}")
    for name in options.only:
        title, section = SECTIONS[name]
        print(f"\n## {title}\n", flush=True)
        started, others = time.monotonic(), foreign_seconds()
        print(format_table(section(bench), bars=not bench.quick))
        busy = max(0.0, (foreign_seconds() - others) / (time.monotonic() - started))
        verdict = "too many for figures to be trusted" if busy > DISTURBED else "the machine was at rest"
        if not math.isnan(others):
            print(f"\nOther programs kept {busy:.2f} CPUs busy meanwhile: {verdict}.", flush=True)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure the speed of training.")
    text = f"sections to measure (default: {' '.join(SECTIONS)})"
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=[*SECTIONS], metavar="SECTION", help=text)
    parser.add_argument("--quick", action="store_true", help="once through on the digits that come with scikit-learn")
    picture = PROJECT / "docs" / "accuracy_against_seconds.png"
    text = "draw what `reach` measures (default: %(const)s)"
    parser.add_argument("--picture", type=Path, nargs="?", const=picture, metavar="FILE", help=text)
    options = parser.parse_args(argv)
    if options.picture and "reach" not in options.only:
        parser.error("--picture draws what the section reach measures; add it to --only")
    return options


if __name__ == "__main__":
    sys.exit(main())
