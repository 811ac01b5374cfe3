"""Whole trainings and single steps against the textbook way; epochs, committees, and the machine's matrix product."""

import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import sgemm

from benchmarks.bench import Bench, show_progress
from benchmarks.measuring import Row, measure_in_turn, ratio
from benchmarks.textbook import TextbookNetwork, train_epoch
from data.csv_files import write_csv
from data.distortion import FOR_DIGITS, Distortion
from data.files import PROJECT
from data.records import Records
from training import Settings, member_seeds, new_network, one_thread, train_epochs, train_side_by_side

TEXTBOOK_EPOCHS = 10
SIZES = (100, 128, 256)  # of mini-batches


def speed(bench: Bench) -> list[Row]:
    """Time the whole command against the textbook way: from the CSV file to the trained network.

    The textbook's epochs all cost the same, so a tenth of one is measured and counted a hundred times.
    """
    csv, count = bench.scratch / "train.csv", len(bench.train.labels)
    write_csv(csv, np.column_stack([bench.train.labels, bench.train.pixels]))
    lines = math.ceil(count / 10)
    network = TextbookNetwork(784, 200, 10, learning_rate=0.1, seed=0)
    options = ["--output", str(bench.scratch / "model.npz"), "--epochs", "1" if bench.quick else "10"]

    def train_by_the_textbook() -> None:
        with one_thread():
            train_epoch(network, csv, lines)

    def train_by_command() -> None:
        run_program("train_model.py", csv, *options)

    jobs = {"ours": train_by_command, "textbook": train_by_the_textbook}
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
    jobs: dict[str, Callable[[], object]] = {
        "this project": partial(take_steps, ours.train, list(zip(inputs, targets, strict=True))),
        "textbook": partial(
            take_steps, theirs.train, list(zip(inputs.astype(float), targets.astype(float), strict=True))
        ),
    }
    with one_thread():
        times = measure_in_turn(jobs, 3 * bench.runs)
    rows = [Row(name, [1e6 * seconds / count for seconds in times[name]], "µs a record") for name in jobs]
    return [*rows, ratio("textbook / this project", times["textbook"], times["this project"], at_least=4)]


def take_steps(train: Callable[..., object], records: Sequence[tuple[NDArray[np.floating], ...]]) -> None:
    """Take one step after another, each on the inputs and targets of one record or mini-batch."""
    for inputs, targets in records:
        train(inputs, targets)


def distortions(bench: Bench) -> list[Row]:
    """Time epochs on distorted copies and on the records themselves, without the first, which loads and starts more."""
    times: dict[Distortion | None, list[float]] = {None: [], FOR_DIGITS: []}
    for _ in range(bench.runs):
        for distortion in times:
            show_progress(f"distort: {'plain' if distortion is None else 'distorted'} epochs")
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
        show_progress(f"committee: two networks, --jobs {jobs}")
        list(train_side_by_side(settings, bench.train, bench.test, jobs, report=lambda *_: None))

    times = measure_in_turn({"--jobs 1": partial(train, 1), "--jobs 2": partial(train, 2)}, bench.runs)
    rows = [Row(f"two networks, {name}", seconds, "s") for name, seconds in times.items()]
    return [*rows, ratio("--jobs 1 / --jobs 2", times["--jobs 1"], times["--jobs 2"], at_least=1.7)]


def sgemm_share(bench: Bench) -> list[Row]:
    """Compare the floating point operations a second of `train` with those of one large matrix product.

    Only the products of `train` are counted, but the time is all of it: checks, sigmoids, momentum.
    """
    side = 512 if bench.quick else 4096
    random = np.random.default_rng(0)
    a, b, c = (np.asfortranarray(random.random((side, side), dtype=np.float32)) for _ in range(3))
    jobs: dict[str, Callable[[], object]] = {"sgemm": lambda: sgemm(1, a, b, 0, c, overwrite_c=True)}
    counts = {"sgemm": 2 * side**3}
    for size in SIZES:
        jobs[f"train {size}"], counts[f"train {size}"] = training_job(bench.train, size)
    show_progress("sgemm")
    with one_thread():
        times = measure_in_turn(jobs, 5 * bench.runs)
    rates = {name: [counts[name] / seconds / 1e9 for seconds in times[name]] for name in jobs}
    rows = [Row(f"sgemm {side} x {side}", rates["sgemm"], "GFLOP/s")]
    for size in SIZES:
        share = [100 * value for value in ratio("", rates[f"train {size}"], rates["sgemm"]).values]
        rows.append(Row(f"train, batch size {size}", rates[f"train {size}"], "GFLOP/s"))
        rows.append(Row("… of sgemm", share, "%", at_least=50))
    return rows


def training_job(train: Records, size: int) -> tuple[Callable[[], object], int]:
    """Return a training on some 10,000 records in batches of `size`, and the operations of its matrix products."""
    starts = range(0, min(10_000, len(train.labels)) - size + 1, size)
    batches = [(train.inputs[start : start + size], train.targets[start : start + size]) for start in starts]
    network = new_network(Settings(batch_size=size), train)
    return partial(take_steps, network.train, batches), len(batches) * size * count_operations(784, 200, 10)


def count_operations(input_nodes: int, hidden_nodes: int, output_nodes: int) -> int:
    """Return the multiplications and additions of the matrix products in one record's share of a training step."""
    forward = input_nodes * hidden_nodes + hidden_nodes * output_nodes
    backward = hidden_nodes * output_nodes  # the errors of the hidden nodes
    gradients = forward  # one value a weight and record
    return 2 * (forward + backward + gradients)
