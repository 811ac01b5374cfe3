"""Measure what README claims about training: accuracy, speed, and both against the textbook and two libraries.

    python benchmarks/training.py                      everything, about a quarter of an hour
    python benchmarks/training.py --only reach sgemm   some sections of it
    python benchmarks/training.py --quick              once through on 1,437 small digits, to see that it runs

Figures are medians of several runs on this machine. Other programs must be at rest meanwhile: matrix products with
two threads wait for the slower one. benchmarks/README.md tells what came out, and why each thing is measured so.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench import Bench, real_data, small_data
from benchmarks.measuring import Bystanders, Row, machine, table
from benchmarks.programs import accuracy, score, speed
from benchmarks.reach import reach
from benchmarks.steps import distort, sgemm_share, single
from data.files import PROJECT
from data.records import DataError

DISTURBED = 0.1  # CPUs kept busy by other programs, from which on figures are not to be trusted


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0 once all is measured, whatever comes out, 1 for a failure."""
    try:
        measure(parse(argv))
    except (DataError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def measure(options: argparse.Namespace) -> None:
    """Measure the sections that were asked for and print each one's table."""
    with tempfile.TemporaryDirectory(prefix="benchmark_") as folder:
        scratch = Path(folder)
        data = small_data(scratch / "data") if options.quick else real_data()
        threads = tuple(options.threads or ((1,) if options.quick else (2, 1)))
        bench = Bench(data, scratch, options.quick, options.full, options.all_seeds, threads, options.picture)
        print(f"Machine: {machine()}")
        for name in options.only:
            title, section = SECTIONS[name]
            print(f"\n## {title}\n", flush=True)
            bystanders = Bystanders()
            print(table(section(bench), bars=not bench.quick))
            report(bystanders.busy())


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Measure the accuracy and the speed of training.")
    parser.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=[*SECTIONS], metavar="SECTION",
        help=f"sections to measure (default: {' '.join(SECTIONS)})",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="once through on the digits that come with scikit-learn")
    parser.add_argument("--full", action="store_true", help="run the textbook's ten epochs instead of a share of one")
    parser.add_argument(
        "--threads", type=int, nargs="+", choices=(1, 2), metavar="N",
        help="numbers of threads for reach, single and sgemm (default: 2 1; with --quick: 1)",
    )  # fmt: skip
    parser.add_argument("--all-seeds", action="store_true", help="three seeds where one is measured by default")
    parser.add_argument(
        "--picture", type=Path, nargs="?", const=PROJECT / "docs" / "accuracy_against_seconds.png", metavar="FILE",
        help="draw what `reach` measures with the first of the threads (default: %(const)s)",
    )  # fmt: skip
    options = parser.parse_args(argv)
    if options.picture and "reach" not in options.only:
        parser.error("--picture draws what the section reach measures; add it to --only")
    return options


def report(others: float | None) -> None:
    """Say whether the machine was at rest while a section was measured."""
    if others is not None:
        verdict = "too many for figures to be trusted" if others > DISTURBED else "the machine was at rest"
        print(f"\nOther programs kept {others:.2f} CPUs busy meanwhile: {verdict}.", flush=True)


SECTIONS: dict[str, tuple[str, Callable[[Bench], list[Row]]]] = {
    "accuracy": ("Accuracy: the test records that are read right", accuracy),
    "speed": ("Speed: a whole training, from the CSV to the saved model", speed),
    "reach": ("Reach: training, without reading test records, until enough of them are read right", reach),
    "single": ("Single: a step on one record", single),
    "distort": ("Distort: an epoch on distorted copies", distort),
    "sgemm": ("Sgemm: what mini-batch training makes of the machine", sgemm_share),
    "score": ("Score: what a user waits for, and memory", score),
}

if __name__ == "__main__":
    sys.exit(main())
