"""The training program as a user runs it: how well it learns, and how fast against the textbook."""

import json
import math
from statistics import fmean

import numpy as np

from benchmarks.bench import Bench, run_program, show_progress
from benchmarks.measuring import Row, measure_seconds, ratio
from benchmarks.textbook import TextbookNetwork, train_epoch
from data.csv_files import write_csv
from training import one_thread

TEXTBOOK_EPOCHS = 10

# What is trained with which options, on which seeds, and the accuracy in % that it has to reach
TRAININGS: tuple[tuple[str, str, tuple[int, ...], float], ...] = (
    ("MNIST, default options", "--dataset mnist", (0, 1, 2), 97.8),
    ("MNIST, one record a step", "--dataset mnist --batch-size 1", (0,), 97.4),
    ("Fashion-MNIST, 20 epochs", "--dataset fashion --learning-rate 0.05 --epochs 20", (0, 1, 2), 88.5),
)
QUICK_TRAININGS = (("the digits of scikit-learn", "--dataset digits", (0,), 0.0),)


def accuracy(bench: Bench) -> list[Row]:
    """Train with the command line and score with `evaluate.py --json`, one row a way of training."""
    rows = []
    for what, options, seeds, bar in QUICK_TRAININGS if bench.quick else TRAININGS:
        scores = []
        for seed in seeds:
            show_progress(f"accuracy: train_model.py {options} --seed {seed}")
            bench.train_model(*options.split(), "--seed", str(seed))
            result = json.loads(run_program("evaluate.py", "--json", "--model", bench.model))
            scores.append(100 * result["accuracy"])
        rows.append(Row(f"{what}, mean of seeds 0 to {seeds[-1]}", [fmean(scores)], "%", at_least=bar))
        rows += [Row(f"… seed {seed}", [score], "%") for seed, score in zip(seeds, scores, strict=True)]
    return rows


def speed(bench: Bench) -> list[Row]:
    """Time the whole command against the textbook way: from the CSV file to the trained network.

    The textbook's epochs all cost the same, so a tenth of one is measured and counted a hundred times.
    """
    csv = bench.scratch / "train.csv"
    write_csv(csv, np.column_stack([bench.train.labels, bench.train.pixels]))
    count = len(bench.train.labels)
    lines = math.ceil(count / 10)
    network = TextbookNetwork(784, 200, 10, learning_rate=0.1, seed=0)

    def run_command() -> None:
        show_progress("speed: train_model.py")
        bench.train_model(csv)

    def train_by_the_textbook() -> None:
        show_progress(f"speed: the textbook, {lines:,} records")
        with one_thread():
            train_epoch(network, csv, lines)

    first = measure_seconds(run_command)
    pairs = [(measure_seconds(run_command), measure_seconds(train_by_the_textbook)) for _ in range(bench.runs)]
    ours = [pair[0] for pair in pairs]
    theirs = [pair[1] * TEXTBOOK_EPOCHS * count / lines for pair in pairs]
    return [
        Row("python train_model.py", ours, "s"),
        Row("… the first time, parsing the CSV", [first], "s"),
        Row(f"textbook, {TEXTBOOK_EPOCHS} epochs (from {lines:,} of {count:,} records of one epoch)", theirs, "s"),
        ratio("textbook / train_model.py", theirs, ours, at_least=16),
    ]
