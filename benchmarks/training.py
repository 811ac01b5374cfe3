"""Measure how fast training is, against the textbook way and two libraries. Accuracies are those of seeds.py.

Figures are medians of several runs on this machine. Other programs must be at rest meanwhile. In `reach`, each
competitor is a generator: a step of it is an epoch over all records in a new order, mini-batches included, and yields a
function that answers inputs (n, 784) with labels (n,). So the clock can be stopped between epochs.
"""

import argparse
import contextlib
import importlib
import io
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from benchmarks.measuring import Row, describe_machine, foreign_seconds, format_table, measure_in_turn, ratio
from benchmarks.textbook import TextbookNetwork, train_epoch
from charts import draw_accuracies
from data.csv_files import write_csv
from data.data_sets import load
from data.distortion import FOR_DIGITS, Distortion
from data.files import PROJECT
from data.records import DataError, Records
from training import Settings, member_seeds, new_network, one_thread, train_epochs, train_side_by_side

TEXTBOOK_EPOCHS = 10
BATCH_SIZE = 128
MAX_EPOCHS = 30  # whoever has not reached the goal by then does not
Answers = Callable[[NDArray[np.float32]], NDArray[np.integer]]
Curve = list[tuple[float, float]]  # after each epoch: the seconds of training until then, the accuracy (0 to 1)


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
    options.runs = 1 if options.quick else 3  # how often each thing is measured
    try:
        train, test = (load("digits" if options.quick else "mnist", part) for part in ("train", "test"))
        print(f"Machine: {describe_machine()}")
        for name in options.only:
            print(f"\n## {name}\n", flush=True)
            started, others = time.monotonic(), foreign_seconds()
            print(format_table(SECTIONS[name](train, test, options)))
            busy = max(0.0, (foreign_seconds() - others) / (time.monotonic() - started))
            print(f"\nOther programs kept {busy:.2f} CPUs busy meanwhile; trust no times above 0.1.", flush=True)
    except (DataError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def speed(train: Records, test: Records, options: argparse.Namespace) -> list[Row]:
    """Time the whole command against the textbook way: from the CSV file to the trained network.

    The textbook's epochs all cost the same, so a tenth of one is measured and counted a hundred times.
    """
    count = len(train.labels)
    lines, epochs = count // 10, "1" if options.quick else "10"
    network = TextbookNetwork(784, 200, 10, learning_rate=0.1, seed=0)
    with tempfile.TemporaryDirectory() as folder, one_thread():  # the command has threads of its own
        csv = Path(folder) / "train.csv"
        write_csv(csv, np.column_stack([train.labels, train.pixels]))
        command = "train_model.py", str(csv), "--output", f"{folder}/model.npz", "--epochs", epochs
        jobs = {"ours": lambda: run_program(*command), "textbook": lambda: train_epoch(network, csv, lines)}
        times = measure_in_turn(jobs, options.runs)
    theirs = [seconds * TEXTBOOK_EPOCHS * count / lines for seconds in times["textbook"]]
    return [
        Row("python train_model.py", times["ours"], "s"),
        Row(f"textbook, {TEXTBOOK_EPOCHS} epochs (from {lines:,} of {count:,} records of one epoch)", theirs, "s"),
        ratio("textbook / train_model.py", theirs, times["ours"], at_least=16),
    ]


def run_program(program: str, *options: str) -> None:
    """Run a program of the project."""
    line = [sys.executable, str(PROJECT / program), *options]
    ended = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    if ended.returncode:
        raise RuntimeError(f"{program} ended with status {ended.returncode}:\n{ended.stderr}")


def single(train: Records, test: Records, options: argparse.Namespace) -> list[Row]:
    """Time one step on one record: the project's class against the textbook's, on the same parsed records."""
    count = 200 if options.quick else 2000
    inputs, targets = train.inputs[:count], train.targets[:count]  # (n, 784), (n, 10)
    ours = new_network(Settings(momentum=0), train)
    theirs = TextbookNetwork(inputs.shape[1], 200, 10, learning_rate=0.1, seed=0)
    doubles = inputs.astype(float), targets.astype(float)
    jobs = {
        "this project": lambda: list(map(ours.train, inputs, targets)),
        "textbook": lambda: list(map(theirs.train, *doubles)),
    }
    with one_thread():
        times = measure_in_turn(jobs, 3 * options.runs)
    rows = [Row(name, [1e6 * seconds / count for seconds in times[name]], "µs a record") for name in jobs]
    return [*rows, ratio("textbook / this project", times["textbook"], times["this project"], at_least=4)]


def distort(train: Records, test: Records, options: argparse.Namespace) -> list[Row]:
    """Time epochs on distorted copies and on the records themselves, without the first, which loads and starts more."""
    times: dict[Distortion | None, list[float]] = {None: [], FOR_DIGITS: []}
    for _ in range(options.runs):
        for distortion in times:
            settings = Settings(epochs=2 if options.quick else 6, distortion=distortion)
            epochs = train_epochs(new_network(settings, train), train, settings)
            ends = [time.perf_counter() for _ in epochs]
            times[distortion] += np.diff(ends).tolist()
    rows = [Row("epoch", times[None], "s"), Row("epoch with distortions", times[FOR_DIGITS], "s")]
    return [*rows, ratio("epoch with distortions / epoch", times[FOR_DIGITS], times[None], at_most=1.25)]


def committee(train: Records, test: Records, options: argparse.Namespace) -> list[Row]:
    """Time the training of two networks one after the other, and side by side in processes that have started before."""
    settings = [Settings(epochs=1 if options.quick else 10, seed=seed) for seed in member_seeds(0, 2)]

    def train_with(jobs: int) -> None:
        list(train_side_by_side(settings, train, test, jobs, report=lambda *_: None))

    times = measure_in_turn({"--jobs 1": partial(train_with, 1), "--jobs 2": partial(train_with, 2)}, options.runs)
    rows = [Row(f"two networks, {name}", seconds, "s") for name, seconds in times.items()]
    return [*rows, ratio("--jobs 1 / --jobs 2", times["--jobs 1"], times["--jobs 2"], at_least=1.7)]


def this_project(records: Records, seed: int) -> Iterator[Answers]:
    """Train the project's class for three epochs; validation records chose the settings for so short a training."""
    settings = Settings(learning_rate=0.2, epochs=3, batch_size=BATCH_SIZE, seed=seed)
    network = new_network(settings, records)
    for _ in train_epochs(network, records, settings):
        yield lambda inputs: network.query(inputs).argmax(axis=1)


def scikit_learn(records: Records, seed: int) -> Iterator[Answers]:
    """Train scikit-learn's class with Adam as it is set by default; `partial_fit` is one epoch in mini-batches."""
    network = MLPClassifier((200,), activation="logistic", batch_size=BATCH_SIZE, random_state=seed)
    while True:
        network.partial_fit(records.inputs, records.labels, classes=np.arange(len(records.class_names)))
        yield network.predict


def pytorch(records: Records, seed: int) -> Iterator[Answers]:
    """Train with PyTorch: tensors in memory, no loader between them and the network, and the fused Adam."""
    torch: Any = importlib.import_module("torch")  # not among the requirements: a large library for one comparison
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    inputs, labels = torch.from_numpy(records.inputs), torch.from_numpy(records.labels.astype(np.int64))
    layers = torch.nn.Linear(inputs.shape[1], 200), torch.nn.Sigmoid(), torch.nn.Linear(200, len(records.class_names))
    network = torch.nn.Sequential(*layers)
    loss, optimiser = torch.nn.CrossEntropyLoss(), torch.optim.Adam(network.parameters(), lr=0.003, fused=True)
    while True:
        for rows in torch.randperm(len(inputs)).split(BATCH_SIZE):
            optimiser.zero_grad()
            loss(network(inputs[rows]), labels[rows]).backward()
            optimiser.step()
        yield lambda inputs: network(torch.from_numpy(inputs)).argmax(1).numpy()


def reach(train: Records, test: Records, options: argparse.Namespace) -> list[Row]:
    """Time each competitor's training until the goal, in turn, with another seed each time."""
    few, goal = train.take(np.arange(1000)), 0.4 if options.quick else 0.975
    curves: dict[str, list[Curve]] = {name: [] for name in COMPETITORS}
    with one_thread():
        for start in COMPETITORS.values():
            next(start(few, 0))  # libraries load the rest of themselves when first used
        for seed in range(options.runs):
            for name, start in COMPETITORS.items():
                curves[name].append(measure_curve(start(train, seed), test, goal))
                curves[name].sort(key=lambda points: seconds_until(goal, points))
    times = {name: [seconds_until(goal, points) for points in runs] for name, runs in curves.items()}
    rows = [Row(f"{name} to {100 * goal:g} %", values, "s") for name, values in times.items()]
    rows += [
        ratio(f"{name} / this project", times[name], times["this project"], at_least=BARS[name])
        for name in [*times][1:]
    ]
    if options.picture:
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        draw_accuracies({name: runs[len(runs) // 2] for name, runs in curves.items()}, goal, options.picture)
    return rows


def measure_curve(epochs: Iterator[Answers], test: Records, goal: float) -> Curve:
    """Train until the goal is reached; the clock runs while an epoch does, not while the test records are read."""
    points: Curve = []
    seconds = 0.0
    while len(points) < MAX_EPOCHS and seconds_until(goal, points) == math.inf:
        started = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):  # nobody pays for a progress bar
            answers = next(epochs, None)
        seconds += time.perf_counter() - started
        if answers is None:
            break
        points.append((seconds, float((answers(test.inputs) == test.labels).mean())))
    return points


def seconds_until(goal: float, points: Curve) -> float:
    """Return the seconds of training until the goal, infinity where it was not reached."""
    return points[-1][0] if points and points[-1][1] >= goal else math.inf


COMPETITORS = {"this project": this_project, "scikit-learn": scikit_learn}
if find_spec("torch"):
    COMPETITORS["PyTorch"] = pytorch
BARS = {"scikit-learn": 3.0, "PyTorch": 1.5}
SECTIONS = {one.__name__: one for one in (speed, reach, single, distort, committee)}

if __name__ == "__main__":
    sys.exit(main())
