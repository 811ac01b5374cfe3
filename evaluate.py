"""Score a trained model on the test records of a data set, and draw what it gets right and wrong.

The test records are looked at here and nowhere else: no choice made during training has seen them.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from confidence import confidence
from data.csv_files import MAX_CLASSES
from data.data_sets import DATA_SETS, default_model, load, shipped_model
from data.files import PROJECT, short_path
from data.model_files import load_model
from data.pictures import Picture, find_pictures
from data.records import PIXELS, DataError, Records, scale, targets
from explanation import backquery
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


@dataclass(frozen=True)
class Answer:
    """The network's answer to a picture: the (28, 28) pixels that it saw, a label, and how sure it was (0 to 1)."""

    picture: Picture
    pixels: NDArray[np.uint8]
    label: int
    confidence: float

    @property
    def right(self) -> bool:
        """Whether that is what the picture shows."""
        return self.label == self.picture.label


@dataclass(frozen=True)
class PicturesResult:
    """What was measured on a folder of pictures: shares are 0 to 1, `unreadable` has a reason for each path."""

    model: str
    images: str
    total: int
    correct: int
    accuracy: float
    accuracy_over_writers: float
    per_writer: dict[str, dict[str, float]]
    unreadable: dict[str, str]


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
    text = "a data set by name (default: the one the model learnt from)"
    data.add_argument("--dataset", choices=DATA_SETS, help=text)
    text = "your own pictures, named like 7.png or 7/a.png, or with a labels.csv (path,label,writer)"
    data.add_argument("--images", type=Path, metavar="FOLDER", help=text)
    clothes = short_path(shipped_model("fashion"))
    text = f"the model to score (default: {short_path(default_model())}, or for fashion, if you have none, {clothes})"
    parser.add_argument("--model", type=Path, metavar="FILE", help=text)
    text = f"for pictures (default: {short_path(PROJECT / 'report')})"
    parser.add_argument("--report", type=Path, metavar="FOLDER", help=text)
    parser.add_argument("--json", action="store_true", help="print one JSON object; pictures only with --report")
    options = parser.parse_args(argv)
    options.model = options.model or default_model(options.dataset or "mnist")
    return options


def run(options: argparse.Namespace) -> None:
    """Load, score, print and draw."""
    if not options.model.exists():
        raise DataError(f"there is no model at {options.model}; train one with: python train_model.py")
    network = load_model(options.model)
    if options.images:
        score_pictures(options, network)
    else:
        score_records(options, network)


def score_records(options: argparse.Namespace, network: NeuralNetwork) -> None:
    """Score the test records of a data set."""
    name, records = test_records(options, network)
    check_fit(network, options.model, records, name)

    started = time.perf_counter()
    outputs = network.query(records.inputs)  # (n, classes)
    seconds = time.perf_counter() - started
    answers = outputs.argmax(axis=1)  # (n,)
    result = compare(str(options.model), name, records, answers, seconds)
    if options.json:
        print(json.dumps(asdict(result), indent=2))
    else:
        print_result(result, network, records, answers)
    if folder := report_folder(options):
        draw(folder, result, network, records, outputs)


def report_folder(options: argparse.Namespace) -> Path | None:
    """Return the folder for pictures, made where it does not exist, or None where none are wanted."""
    if options.json and not options.report:
        return None
    folder = options.report or PROJECT / "report"
    folder.mkdir(parents=True, exist_ok=True)
    print(f"Pictures: {short_path(folder)}", file=sys.stderr if options.json else sys.stdout)
    return folder


def test_records(options: argparse.Namespace, network: NeuralNetwork) -> tuple[str, Records]:
    """Return the test records that were asked for, and what to call them."""
    if options.csv:
        # A CSV file has numbers for its classes; the model has their names, and check_fit says whether all of them.
        unknown = [""] * (MAX_CLASSES - len(network.class_names))
        records = load(options.csv, "test", [*network.class_names, *unknown])
        return " ".join(map(str, options.csv)), replace(records, class_names=network.class_names)
    learnt = str(network.training.get("dataset"))
    name = options.dataset or (learnt if learnt in DATA_SETS else "mnist")
    return name, load(name, "test")


def check_fit(network: NeuralNetwork, model: Path, records: Records, name: str) -> None:
    """Raise `DataError` where the model knows other classes or sizes than the records have."""
    inputs, pixels = network.wih.shape[1], records.pixels.shape[1]
    if inputs != pixels:
        raise DataError(
            f"{model} takes {inputs} inputs, but {name} has {pixels} pixels a picture; choose another --model."
        )
    if network.class_names != records.class_names:
        known, needed = (", ".join(names) for names in (network.class_names, records.class_names))
        raise DataError(
            f"{model} knows {known}, but {name} has {needed}; choose another --model or --dataset, or name CSV files."
        )
    if records.labels.max() >= len(network.class_names):
        raise DataError(
            f"{model} knows {len(network.class_names)} classes, but {name} has label {records.labels.max()}."
        )


def compare(model: str, dataset: str, records: Records, answers: NDArray[np.int64], seconds: float) -> Result:
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
    form = {"digits": 3, "zero_division": 0, "output_dict": as_dictionary}
    return classification_report(records.labels, answers, labels=range(len(names)), target_names=names, **form)


def print_result(result: Result, network: NeuralNetwork, records: Records, answers: NDArray[np.int64]) -> None:
    """Print the figures as text."""
    nodes = "-".join(str(layer) for layer in (network.wih.shape[1], *network.who.shape[::-1]))
    low, high = result.confidence_interval
    learnt = network.training.get("dataset", "unknown data")
    print(f"Model: {short_path(Path(result.model))}, {nodes} nodes, trained on {learnt}")
    print(f"Data: {result.dataset}, {result.total:,} test records, scored in {result.seconds:.3f} s\n")
    print(class_report(records, answers))
    print("Most frequent confusions:")
    for truth, answer, count in confusions(result.confusion_matrix)[:CONFUSIONS_SHOWN]:
        print(f"{count:>6} x {records.class_names[truth]} taken for {records.class_names[answer]}")
    print(f"\nScore: {result.correct}/{result.total}")
    print(f"Performance: {result.accuracy * 100:.2f} %")
    print(f"95 % confidence interval: {low * 100:.2f} % to {high * 100:.2f} %")


def score_pictures(options: argparse.Namespace, network: NeuralNetwork) -> None:
    """Score a folder of one's own pictures, and draw those that were answered wrongly."""
    if network.wih.shape[1] != PIXELS:
        raise DataError(f"{options.model} takes {network.wih.shape[1]} inputs, a picture becomes {PIXELS}.")
    found = find_pictures(options.images, network.class_names)
    answers, unreadable = answer_pictures(found, network)
    result = result_of_pictures(options, found, answers, unreadable)
    if options.json:
        print(json.dumps(asdict(result), indent=2))
    else:
        print_pictures_result(result)
    wrong = sorted((answer for answer in answers if not answer.right), key=lambda answer: -answer.confidence)
    if (folder := report_folder(options)) and wrong:
        draw_misread(wrong, network.class_names, folder / "misread.png")


def answer_pictures(found: list[Picture], network: NeuralNetwork) -> tuple[list[Answer], dict[str, str]]:
    """Return the answers to those pictures that can be read, and the reason for each path that cannot."""
    from drawing.decoding import decode  # OpenCV is slow to import, and --help does without it
    from drawing.images import DrawingError
    from drawing.preparation import prepare

    answers, unreadable = [], {}
    for picture in found:
        try:
            pixels = prepare(decode(picture.path.read_bytes()))  # (28, 28)
        except DrawingError as error:
            unreadable[str(picture.path)] = str(error)
            continue
        outputs = network.query(scale(pixels.reshape(1, -1)))  # (1, classes)
        answers.append(Answer(picture, pixels, int(outputs.argmax()), float(confidence(network, outputs)[0])))
    return answers, unreadable


def draw_misread(wrong: list[Answer], names: Sequence[str], path: Path) -> None:
    """Draw the first of the wrong answers, each with the picture as it came."""
    import charts  # matplotlib is slow to import, and --help does without it
    from drawing.decoding import decode

    shown = wrong[: charts.MISREAD_SHOWN]
    charts.draw_misread_pictures(
        [decode(answer.picture.path.read_bytes()) for answer in shown],
        [charts.Mistake(a.pixels, names[a.picture.label], names[a.label], a.confidence) for a in shown],
        path,
    )


def result_of_pictures(
    options: argparse.Namespace, found: list[Picture], answered: list[Answer], unreadable: dict[str, str]
) -> PicturesResult:
    """Count the right answers, of all pictures and of each writer's; one that cannot be read counts as wrong."""
    totals = Counter(picture.writer for picture in found)
    rights = Counter(answer.picture.writer for answer in answered if answer.right)
    per_writer = {
        writer: {"total": total, "correct": rights[writer], "accuracy": rights[writer] / total}
        for writer, total in sorted(totals.items())
    }
    return PicturesResult(
        model=str(options.model),
        images=str(options.images),
        total=len(found),
        correct=rights.total(),
        accuracy=rights.total() / len(found),
        accuracy_over_writers=fmean(writer["accuracy"] for writer in per_writer.values()),
        per_writer=per_writer,
        unreadable=unreadable,
    )


def print_pictures_result(result: PicturesResult) -> None:
    """Print the figures as text."""
    print(f"Model: {short_path(Path(result.model))}")
    print(f"Pictures of: {result.images}\n")
    for path, reason in result.unreadable.items():
        print(f"{path}: {reason}")
    if len(result.per_writer) > 1:
        print("writer                     right     of   accuracy")
        for writer, counts in result.per_writer.items():
            print(f"{writer[:24]:<24} {counts['correct']:>7} {counts['total']:>6} {100 * counts['accuracy']:>8.2f} %")
        print(f"\nMean over {len(result.per_writer)} writers: {100 * result.accuracy_over_writers:.2f} %")
    print(f"Score: {result.correct}/{result.total}")
    print(f"Performance: {100 * result.accuracy:.2f} %")


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
    """Write the pictures into `folder`."""
    import charts  # matplotlib is slow to import, and --help does without it

    names = records.class_names
    answers, confidences = outputs.argmax(axis=1), confidence(network, outputs)  # (n,), (n,)
    wrong = np.flatnonzero(answers != records.labels)
    wrong = wrong[np.argsort(-confidences[wrong])][: charts.MISTAKES_SHOWN]  # the surest mistakes first
    mistakes = [
        charts.Mistake(records.pixels[row], names[records.labels[row]], names[answers[row]], confidences[row])
        for row in wrong
    ]
    ideal = targets(np.arange(len(names), dtype=np.uint8), len(names))  # (classes, classes)
    charts.draw_confusion_matrix(result.confusion_matrix, names, folder / "confusion_matrix.png")
    charts.draw_misclassified_records(mistakes, folder / "misclassified.png")
    charts.draw_imagined_inputs(backquery(network, ideal), names, folder / "imagined.png")
    charts.draw_data_set(records.inputs, records.labels, names, folder / "data_set.png")


if __name__ == "__main__":
    sys.exit(main())
