"""The programs as a user runs them: how well they learn, how fast against the textbook, what one waits for."""

import json
import math
import shutil
import sys
import time
from pathlib import Path
from statistics import fmean

from threadpoolctl import threadpool_limits

from benchmarks import textbook
from benchmarks.bench import Bench, counted, progress
from benchmarks.measuring import Row, in_turn, peak_memory, ratio, seconds
from neural_network import NeuralNetwork

TEXTBOOK_EPOCHS = 10

# What is trained with which options, on which seeds, and the accuracy in % that it has to reach
TRAININGS: tuple[tuple[str, tuple[str, ...], tuple[int, ...], float], ...] = (
    ("MNIST, default options", ("--dataset", "mnist"), (0, 1, 2), 97.8),
    ("MNIST, one record a step", ("--dataset", "mnist", "--batch-size", "1"), (0,), 97.4),
    (
        "Fashion-MNIST, learning rate 0.05, 20 epochs",
        ("--dataset", "fashion", "--learning-rate", "0.05", "--epochs", "20"),
        (0, 1, 2),
        88.5,
    ),
)


def accuracy(bench: Bench) -> list[Row]:
    """Train with the command line and score with `evaluate.py --json`, one row a way of training."""
    rows = []
    for what, options, usual, bar in TRAININGS[:1] if bench.quick else TRAININGS:
        seeds = (0, 1, 2) if bench.all_seeds else usual[: bench.runs]
        scores = [100 * score_of_training(bench, options, seed) for seed in seeds]
        rows.append(Row(f"{what}: mean of {counted(len(seeds), 'seed')}", [fmean(scores)], "%", at_least=bar))
        if len(seeds) > 1:
            rows += [Row(f"… seed {seed}", [score], "%") for seed, score in zip(seeds, scores, strict=True)]
    return rows


def score_of_training(bench: Bench, options: tuple[str, ...], seed: int) -> float:
    """Return the share (0 to 1) of the test records that a new training gets right."""
    progress(f"accuracy: train_model.py {' '.join(options)} --seed {seed}")
    bench.train_model(*options, "--seed", str(seed))
    return json.loads(bench.run("evaluate.py", "--json"))["accuracy"]


def speed(bench: Bench) -> list[Row]:
    """Time the whole command against the textbook way: from the CSV file to the trained network.

    The textbook's epochs all cost the same, so a tenth of one is measured and counted a hundred times.
    """
    csv = Path(shutil.copy2(bench.data / "mnist_train.csv", bench.scratch))  # its cache comes and goes
    count = len(bench.train.labels)
    lines, epochs = (count, TEXTBOOK_EPOCHS) if bench.full else (math.ceil(count / 10), 1)

    network = textbook.TextbookNetwork(784, 200, 10, learning_rate=0.1, seed=0)

    def command() -> None:
        progress("speed: train_model.py")
        bench.train_model(DIGITS_DATA=csv.parent)

    def by_the_textbook() -> None:
        progress(f"speed: the textbook, {lines:,} records, {counted(epochs, 'epoch')}")
        with threadpool_limits(1):  # its products are too small to gain from a second thread
            for _ in range(epochs):
                textbook.train_epoch(network, csv, lines)

    first = seconds(command)
    measured = [(seconds(command), seconds(by_the_textbook)) for _ in range(bench.runs)]
    ours = [pair[0] for pair in measured]
    theirs = [pair[1] * TEXTBOOK_EPOCHS * count / (lines * epochs) for pair in measured]
    share = "all of it" if bench.full else f"from {lines:,} of {count:,} records of one epoch"
    return [
        Row("python train_model.py", ours, "s"),
        Row("… the first time, parsing the CSV", [first], "s"),
        Row(f"textbook, 10 epochs ({share})", theirs, "s"),
        ratio("textbook / train_model.py", theirs, ours, at_least=25),
    ]


def score(bench: Bench) -> list[Row]:
    """Time what a user waits for besides the training, and measure the memory that the training takes."""
    progress("score: train_model.py, evaluate.py, --help")
    bench.train_model()
    network = NeuralNetwork.load(bench.model)
    with threadpool_limits(2):
        query = in_turn({"query": lambda: network.query(bench.test.inputs)}, 3 * bench.runs)["query"]
    waits = in_turn(
        {
            "evaluate": lambda: bench.run("evaluate.py", "--report", bench.scratch / "report"),
            "help": lambda: bench.run("train_model.py", "--help"),
        },
        bench.runs,
    )
    return [
        Row(f"query of {len(bench.test.labels):,} digits, 2 threads", query, "s", at_most=0.15),
        Row("python evaluate.py, with all pictures", waits["evaluate"], "s", at_most=6),
        Row("python train_model.py --help", waits["help"], "s", at_most=0.6),
        *memory(bench),
        *without_mnist(bench),
    ]


def memory(bench: Bench) -> list[Row]:
    """Measure the peak memory of the training, where the system tells it."""
    if sys.platform == "win32":
        progress("score: Windows does not tell the peak memory of a program that has ended")
        return []
    csv = Path(shutil.copy2(bench.data / "mnist_train.csv", bench.scratch))
    csv.with_name(csv.name + ".cache").unlink(missing_ok=True)
    variables = {"DIGITS_DATA": csv.parent, "DIGITS_MODEL": bench.model}
    names = ("… the first time, parsing the CSV", "peak memory of python train_model.py")
    measured = []
    for name in names:
        progress(f"score: {name}")
        measured.append(Row(name, [peak_memory("train_model.py", **variables)], "MB", at_most=600))
    return measured[::-1]


def without_mnist(bench: Bench) -> list[Row]:
    """Time training and evaluation on a machine that has neither MNIST nor a network, and score what comes of it."""
    nowhere = "http://127.0.0.1:9"  # a port that nobody listens on
    empty = bench.scratch / "empty"
    empty.mkdir()
    alone: dict[str, str | Path] = {
        "DIGITS_DATA": empty,
        "DIGITS_MIRROR": nowhere,
        "http_proxy": nowhere,
        "https_proxy": nowhere,
    }
    times, scores = [], []
    for _ in range(bench.runs):
        progress("score: without MNIST and without a network")
        started = time.perf_counter()
        bench.train_model(**alone)
        bench.run("evaluate.py", "--report", bench.scratch / "report", **alone)
        times.append(time.perf_counter() - started)
        scores.append(100 * json.loads(bench.run("evaluate.py", "--json", **alone))["accuracy"])
    return [
        Row("train_model.py && evaluate.py without MNIST and network", times, "s", at_most=15),
        Row("… right of the 360 bundled test digits", scores, "%"),
    ]
