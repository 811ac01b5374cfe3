"""Score a trained model on the test records of a data set, and draw what it gets right and wrong.

The test records are looked at here and nowhere else: no choice made during training has seen them.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.files import PROJECT, model_path
from data.mnist import NAMES, DataError, Records, load
from neural_network import NeuralNetwork

CONFUSIONS_SHOWN = 10


@dataclass(frozen=True)
class Result:
    """What was measured: shares are 0 to 1, the matrix is (true class, answer), `seconds` is the time of the query."""

    model: str
    dataset: str
    correct: int
    total: int
    accuracy: float
    confidence_interval: tuple[float, float]  # of 95 %, after Wilson
    seconds: float
    confusion_matrix: list[list[int]]
    classes: dict[str, dict[str, float]]


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    options = parse(argv)
    try:
        with threadpool_limits(1):  # enough for one query, and never slowed down by what else the machine does
            run(options)
    except (DataError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="Score a trained model and draw what it gets right and wrong.")
    data = parser.add_mutually_exclusive_group()
    data.add_argument("csv", nargs="*", type=Path, default=[], help="CSV files: a label and 784 pixels a row")
    data.add_argument("--dataset", choices=NAMES, help="a data set by name (default: the one the model learnt from)")
    parser.add_argument(
        "--model", type=Path, default=model_path(), metavar="FILE", help="the model to score (default: %(default)s)"
    )
    parser.add_argument("--report", type=Path, metavar="FOLDER", help=f"for pictures (default: {PROJECT / 'report'})")
    parser.add_argument("--json", action="store_true", help="print one JSON object; pictures only with --report")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> None:
    """Load, score, print and draw."""
    if not options.model.exists():
        raise DataError(f"there is no model at {options.model}; train one with: python train_model.py")
    network = NeuralNetwork.load(options.model)
    name, records = test_records(options, network)
    check_fit(network, options.model, records, name)

    started = time.perf_counter()
    outputs = network.query(records.inputs)  # (n, classes)
    seconds = time.perf_counter() - started
    answers = outputs.argmax(axis=1)  # (n,)
    result = measured(str(options.model), name, records, answers, seconds)
    if options.json:
        print(json.dumps(asdict(result), indent=2))
    else:
        print_result(result, network, records, answers)
    if options.report or not options.json:
        folder = options.report or PROJECT / "report"
        draw(folder, result, network, records, outputs)
        print(f"Pictures: {folder}", file=sys.stderr if options.json else sys.stdout)


def test_records(options: argparse.Namespace, network: NeuralNetwork) -> tuple[str, Records]:
    """Return the test records that were asked for, and what to call them."""
    if options.csv:
        records = load(options.csv, "test")
        # A CSV file has numbers for its classes; the model knows what they stand for.
        return " ".join(map(str, options.csv)), Records(records.inputs, records.labels, network.class_names)
    learnt = str(network.training.get("dataset"))
    name = options.dataset or (learnt if learnt in NAMES else "mnist")
    return name, load(name, "test")


def check_fit(network: NeuralNetwork, model: Path, records: Records, name: str) -> None:
    """Raise `DataError` where the model knows other classes or sizes than the records have."""
    inputs, pixels = network.wih.shape[1], records.inputs.shape[1]
    if inputs != pixels:
        raise DataError(
            f"{model} takes {inputs} inputs, but {name} has {pixels} pixels a picture; choose another --model."
        )
    if network.class_names != records.class_names:
        known, needed = (", ".join(names) for names in (network.class_names, records.class_names))
        raise DataError(f"{model} knows {known}, but {name} has {needed}; choose another --model or --dataset.")
    if records.labels.max() >= len(network.class_names):
        raise DataError(
            f"{model} knows {len(network.class_names)} classes, but {name} has label {records.labels.max()}."
        )


def measured(model: str, dataset: str, records: Records, answers: NDArray[np.int64], seconds: float) -> Result:
    """Compare `answers` (n,) with the labels."""
    from scipy.stats import binomtest  # these two are slow to import, and --help does without them
    from sklearn.metrics import confusion_matrix

    correct, total = int((answers == records.labels).sum()), len(answers)
    interval = binomtest(correct, total).proportion_ci(0.95, method="wilson")
    matrix = confusion_matrix(records.labels, answers, labels=range(len(records.class_names)))
    classes = class_report(records, answers, as_dictionary=True)
    bounds = float(interval.low), float(interval.high)
    return Result(model, dataset, correct, total, correct / total, bounds, seconds, matrix.tolist(), classes)


def class_report(records: Records, answers: NDArray[np.int64], as_dictionary: bool = False):
    """Return scikit-learn's precision, recall and F1 of each class, as text or as a dictionary."""
    from sklearn.metrics import classification_report

    names = records.class_names
    return classification_report(
        records.labels, answers, labels=range(len(names)), target_names=names,
        digits=3, zero_division=0, output_dict=as_dictionary,
    )  # fmt: skip


def print_result(result: Result, network: NeuralNetwork, records: Records, answers: NDArray[np.int64]) -> None:
    """Print the figures as text."""
    nodes = "-".join(str(layer) for layer in (network.wih.shape[1], *network.who.shape[::-1]))
    low, high = result.confidence_interval
    print(f"Model: {result.model}, {nodes} nodes, trained on {network.training.get('dataset', 'unknown data')}")
    print(f"Data: {result.dataset}, {result.total:,} test records, scored in {result.seconds:.3f} s\n")
    print(class_report(records, answers))
    print("Most frequent confusions:")
    for truth, answer, count in confusions(result.confusion_matrix)[:CONFUSIONS_SHOWN]:
        print(f"{count:>6} x {records.class_names[truth]} taken for {records.class_names[answer]}")
    print(f"\nScore: {result.correct}/{result.total}")
    print(f"Performance: {result.accuracy * 100:.2f} %")
    print(f"95 % confidence interval: {low * 100:.2f} % to {high * 100:.2f} %")


def confusions(matrix: list[list[int]]) -> list[tuple[int, int, int]]:
    """Return (true class, answer, count) of all wrong answers, the most frequent first."""
    wrong = [
        (truth, answer, count)
        for truth, row in enumerate(matrix)
        for answer, count in enumerate(row)
        if truth != answer and count
    ]
    return sorted(wrong, key=lambda entry: -entry[2])


def draw(folder: Path, result: Result, network: NeuralNetwork, records: Records, outputs: NDArray[np.float32]) -> None:
    """Write the pictures into `folder`, which is made where it does not exist."""
    import charts  # matplotlib is slow to import, and --help does without it

    folder.mkdir(parents=True, exist_ok=True)
    names = records.class_names
    answers, confidences = outputs.argmax(axis=1), outputs.max(axis=1)  # (n,), (n,)
    wrong = np.flatnonzero(answers != records.labels)
    wrong = wrong[np.argsort(-confidences[wrong])]  # the surest mistakes first
    ideal = np.where(np.eye(len(names), dtype=bool), np.float32(0.99), np.float32(0.01))  # (classes, classes)
    charts.confusion_matrix(result.confusion_matrix, names, folder / "confusion_matrix.png")
    charts.misclassified(
        records.inputs[wrong], records.labels[wrong], answers[wrong], confidences[wrong], names,
        folder / "misclassified.png",
    )  # fmt: skip
    charts.imagined(network.backquery(ideal), names, folder / "imagined.png")
    charts.data_set(records.inputs, records.labels, names, folder / "data_set.png")


if __name__ == "__main__":
    sys.exit(main())
