"""Measure how fast training is, against the textbook way and two libraries. Accuracies are those of seeds.py.

    python -m benchmarks.training                      everything, about ten minutes
    python -m benchmarks.training --only reach speed   some sections of it
    python -m benchmarks.training --quick              once through on 1,437 small digits, to see that it runs

Figures are medians of several runs on this machine. Other programs must be at rest meanwhile.
"""

import argparse
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import Bench, Row, describe_machine, foreign_seconds, format_table, measure_in_turn, ratio
from benchmarks.reach import reach
from benchmarks.textbook import TextbookNetwork, train_epoch
from data.csv_files import write_csv
from data.data_sets import load
from data.distortion import FOR_DIGITS, Distortion
from data.files import PROJECT
from data.records import DataError
from training import Settings, member_seeds, new_network, one_thread, train_epochs, train_side_by_side

DISTURBED = 0.1  # CPUs kept busy by other programs, from which on figures are not to be trusted
TEXTBOOK_EPOCHS = 10


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0 once all is measured, whatever comes out, 1 for a failure."""
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
    try:
        train, test = (load("digits" if options.quick else "mnist", part) for part in ("train", "test"))
        quick = {"quick": True, "runs": 1, "goal": 0.4} if options.quick else {}
        print(f"Machine: {describe_machine()}")
        for name in options.only:
            measure_section(name, Bench(train, test, options.picture, **quick))
    except (DataError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def measure_section(name: str, bench: Bench) -> None:
    """Measure a section, print its table, and say whether the machine was at rest meanwhile (on Linux)."""
    print(f"\n## {name}\n", flush=True)
    started, others = time.monotonic(), foreign_seconds()
    print(format_table(SECTIONS[name](bench), bars=not bench.quick))
    busy = max(0.0, (foreign_seconds() - others) / (time.monotonic() - started))
    verdict = "too many for figures to be trusted" if busy > DISTURBED else "the machine was at rest"
    if not math.isnan(others):
        print(f"\nOther programs kept {busy:.2f} CPUs busy meanwhile: {verdict}.", flush=True)


def speed(bench: Bench) -> list[Row]:
    """Time the whole command against the textbook way: from the CSV file to the trained network.

    The textbook's epochs all cost the same, so a tenth of one is measured and counted a hundred times.
    """
    count = len(bench.train.labels)
    lines = math.ceil(count / 10)
    network = TextbookNetwork(784, 200, 10, learning_rate=0.1, seed=0)
    with tempfile.TemporaryDirectory() as folder, one_thread():  # the command has threads of its own
        csv = Path(folder) / "train.csv"
        write_csv(csv, np.column_stack([bench.train.labels, bench.train.pixels]))
        command = ["train_model.py", csv, "--output", f"{folder}/model.npz", "--epochs", "1" if bench.quick else "10"]
        jobs = {"ours": lambda: run_program(*command), "textbook": lambda: train_epoch(network, csv, lines)}
        times = measure_in_turn(jobs, bench.runs)
    theirs = [seconds * TEXTBOOK_EPOCHS * count / lines for seconds in times["textbook"]]
    return [
        Row("python train_model.py", times["ours"], "s"),
        Row(f"textbook, {TEXTBOOK_EPOCHS} epochs (from {lines:,} of {count:,} records of one epoch)", theirs, "s"),
        ratio("textbook / train_model.py", theirs, times["ours"], at_least=16),
    ]


def run_program(program: str, *options: str | Path) -> None:
    """Run a program of the project."""
    line = [sys.executable, str(PROJECT / program), *map(str, options)]
    ended = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    if ended.returncode:
        raise RuntimeError(f"{program} ended with status {ended.returncode}:\n{ended.stderr}")


def single(bench: Bench) -> list[Row]:
    """Time one step on one record: the project's class against the textbook's, on the same parsed records."""
    count = 200 if bench.quick else 2000
    inputs, targets = bench.train.inputs[:count], bench.train.targets[:count]  # (n, 784), (n, 10)
    ours = new_network(Settings(momentum=0), bench.train)
    theirs = TextbookNetwork(inputs.shape[1], 200, 10, learning_rate=0.1, seed=0)
    doubles = list(zip(inputs.astype(float), targets.astype(float), strict=True))
    jobs = {
        "this project": partial(take_steps, ours.train, list(zip(inputs, targets, strict=True))),
        "textbook": partial(take_steps, theirs.train, doubles),
    }
    with one_thread():
        times = measure_in_turn(jobs, 3 * bench.runs)
    rows = [Row(name, [1e6 * seconds / count for seconds in times[name]], "µs a record") for name in jobs]
    return [*rows, ratio("textbook / this project", times["textbook"], times["this project"], at_least=4)]


def take_steps(train: Callable[..., object], records: Sequence[tuple[NDArray[np.floating], ...]]) -> None:
    """Take one step after another, each on the inputs and targets of one record."""
    for inputs, targets in records:
        train(inputs, targets)


def distort(bench: Bench) -> list[Row]:
    """Time epochs on distorted copies and on the records themselves, without the first, which loads and starts more."""
    times: dict[Distortion | None, list[float]] = {None: [], FOR_DIGITS: []}
    for _ in range(bench.runs):
        for distortion in times:
            settings = Settings(epochs=2 if bench.quick else 6, distortion=distortion)
            epochs = train_epochs(new_network(settings, bench.train), bench.train, settings)
            ends = [time.perf_counter() for _ in epochs]
            times[distortion] += np.diff(ends).tolist()
    share = ratio("", times[FOR_DIGITS], times[None]).values
    return [
        Row("epoch", times[None], "s"),
        Row("epoch with distortions", times[FOR_DIGITS], "s"),
        Row("epoch with distortions / epoch", share, "times", at_most=1.25),
    ]


def committee(bench: Bench) -> list[Row]:
    """Time the training of two networks one after the other, and side by side in processes that have started before."""
    settings = [Settings(epochs=1 if bench.quick else 10, seed=seed) for seed in member_seeds(0, 2)]

    def train(jobs: int) -> None:
        list(train_side_by_side(settings, bench.train, bench.test, jobs, report=lambda *_: None))

    times = measure_in_turn({"--jobs 1": partial(train, 1), "--jobs 2": partial(train, 2)}, bench.runs)
    rows = [Row(f"two networks, {name}", seconds, "s") for name, seconds in times.items()]
    return [*rows, ratio("--jobs 1 / --jobs 2", times["--jobs 1"], times["--jobs 2"], at_least=1.7)]


SECTIONS = {one.__name__: one for one in (speed, reach, single, distort, committee)}

if __name__ == "__main__":
    sys.exit(main())
