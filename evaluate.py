"""Score a trained model on the test records of a data set, and draw what it gets right and wrong.

The test records are looked at here and nowhere else: no choice made during training has seen them. It also measures
how far the model can be taken at its word, with pictures of something else: is it sure of those?
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from confidence import reliability
from data.csv_files import MAX_CLASSES
from data.data_sets import DATA_SETS, MNIST, default_model, load, shipped_model
from data.distortion import Affine
from data.files import PROJECT, short_path
from data.model_files import load_model
from data.pictures import find_files, find_pictures
from data.records import NO_CLASS, PIXELS, DataError, Pixels, Records, scale, targets
from explanation import backquery
from neural_network import NeuralNetwork
from scoring import (
    Answers,
    Certainty,
    PicturesResult,
    Result,
    class_report,
    compare,
    compare_pictures,
    confusions,
    interpret,
    measure_certainty,
    query_views,
    rows_to_look_at,
    to_tell_apart,
)

if TYPE_CHECKING:
    import charts

CONFUSIONS_SHOWN = 10
OTHERS = 1000  # pictures of something else that are made up: a few seconds for them


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
    text = "pictures of something else (default: records with label 255, or made-up scribbles and pairs)"
    parser.add_argument("--others", type=Path, metavar="FOLDER", help=text)
    clothes = short_path(shipped_model("fashion"))
    text = f"the model to score (default: {short_path(default_model())}, or for fashion, if you have none, {clothes})"
    parser.add_argument("--model", type=Path, metavar="FILE", help=text)
    text = f"for pictures (default: {short_path(PROJECT / 'report')})"
    parser.add_argument("--report", type=Path, metavar="FOLDER", help=text)
    text = "average the answers to each record and to copies of it that are turned and moved a little; not for pictures"
    parser.add_argument("--views", action="store_true", help=text)
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
    strange = read_others(options, records)  # (others, 784)
    records = records.take(np.flatnonzero(records.labels != NO_CLASS))

    started = time.perf_counter()
    outputs = query_views(network, records, find_views(name) if options.views else ())  # (n, classes)
    seconds = time.perf_counter() - started
    answers = interpret(network, outputs)
    others = interpret(network, network.query(scale(strange)))
    result = compare(str(options.model), name, records, answers.predicted, seconds)
    certainty = measure_certainty(answers, records.labels, others)
    if options.json:
        print(json.dumps(asdict(result) | asdict(certainty), indent=2))
    else:
        print_result(result, network, records, answers)
        print_certainty(certainty)
        print_score(result)
        low, high = result.confidence_interval
        print(f"95 % confidence interval: {low * 100:.2f} % to {high * 100:.2f} %")
    if folder := report_folder(options):
        draw(folder, result, network, records, answers)
        draw_certainty(folder, answers, records.labels, others, certainty)


def find_views(name: str) -> tuple[Affine, ...]:
    """Return how the records of a data set are viewed; those of CSV files as digits are."""
    return DATA_SETS.get(name, MNIST).views


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
    labels = records.labels[records.labels != NO_CLASS]
    if not len(labels):
        raise DataError(f"{name} has no label but {NO_CLASS}, none of the classes; give a CSV file of the classes too.")
    if labels.max() >= len(network.class_names):
        raise DataError(f"{model} knows {len(network.class_names)} classes, but {name} has label {labels.max()}.")


def print_result(result: Result, network: NeuralNetwork, records: Records, answers: Answers) -> None:
    """Print what was scored, and what is taken for what."""
    nodes = "-".join(str(layer) for layer in (network.wih.shape[1], *network.who.shape[::-1]))
    learnt = network.training.get("dataset", "unknown data")
    print(f"Model: {short_path(Path(result.model))}, {nodes} nodes, trained on {learnt}")
    print(f"Data: {result.dataset}, {result.total:,} test records, scored in {result.seconds:.3f} s\n")
    print(class_report(records, answers.predicted))
    print("Most frequent confusions:")
    for truth, answer, count in confusions(result.confusion_matrix)[:CONFUSIONS_SHOWN]:
        print(f"{count:>6} x {records.class_names[truth]} taken for {records.class_names[answer]}")


def print_score(result: Result | PicturesResult) -> None:
    """Print the figures that matter most."""
    print(f"Score: {result.correct}/{result.total}")
    print(f"Performance: {result.accuracy * 100:.2f} %")


def score_pictures(options: argparse.Namespace, network: NeuralNetwork) -> None:
    """Score a folder of one's own pictures, and draw those that a person should look at."""
    if network.wih.shape[1] != PIXELS:
        raise DataError(f"{options.model} takes {network.wih.shape[1]} inputs, a picture becomes {PIXELS}.")
    found = find_pictures(options.images, network.class_names)
    pixels, unreadable = prepare_files([picture.path for picture in found])
    readable = [picture for picture in found if str(picture.path) not in unreadable]
    records = Records(pixels, np.array([picture.label for picture in readable], np.uint8), network.class_names)
    answers = interpret(network, network.query(records.inputs))
    others = interpret(network, network.query(scale(read_others(options, records))))
    certainty = measure_certainty(answers, records.labels, others)
    right = [picture for picture, row in zip(readable, answers.predicted == records.labels, strict=True) if row]
    result = compare_pictures(str(options.model), str(options.images), found, right, unreadable)
    if options.json:
        print(json.dumps(asdict(result) | asdict(certainty), indent=2))
    else:
        print_pictures_result(result)
        print_certainty(certainty)
        print_score(result)
    if folder := report_folder(options):
        draw_certainty(folder, answers, records.labels, others, certainty)
        draw_answers_to_look_at([picture.path for picture in readable], records, answers, folder / "look_at.png")


def prepare_files(paths: list[Path]) -> tuple[Pixels, dict[str, str]]:
    """Return the pixels (n, 784) of those picture files that can be read, and the reason for each that cannot.

    Raises `DataError` where none can be read.
    """
    from drawing.decoding import decode  # OpenCV is slow to import, and --help does without it
    from drawing.images import DrawingError
    from drawing.preparation import prepare

    pixels, unreadable = [], {}
    for path in paths:
        try:
            pixels.append(prepare(decode(path.read_bytes())))  # (28, 28)
        except DrawingError as error:
            unreadable[str(path)] = str(error)
    if not pixels:
        raise DataError(f"none of {len(paths)} pictures can be read; {paths[0]}: {unreadable[str(paths[0])]}.")
    return np.stack(pixels).reshape(-1, PIXELS), unreadable


def read_others(options: argparse.Namespace, records: Records) -> Pixels:
    """Return pixels (n, 784) of something else: the pictures in --others, or records that say so, or made-up ones."""
    from data.no_digit import make_strange  # OpenCV again

    if options.others:
        pixels, unreadable = prepare_files(find_files(options.others))
        for path, reason in unreadable.items():
            print(f"{path} is left out: {reason}", file=sys.stderr)
        return pixels
    strange = records.pixels[records.labels == NO_CLASS]
    return strange if len(strange) else make_strange(records.pixels, OTHERS, seed=0)


def print_pictures_result(result: PicturesResult) -> None:
    """Print what was scored, and for each writer how well."""
    print(f"Model: {short_path(Path(result.model))}")
    print(f"Pictures of: {result.images}")
    for path, reason in result.unreadable.items():
        print(f"{path}: {reason}")
    if len(result.per_writer) > 1:
        print("\nwriter                     right     of   accuracy")
        for writer, counts in result.per_writer.items():
            print(f"{writer[:24]:<24} {counts['correct']:>7} {counts['total']:>6} {100 * counts['accuracy']:>8.2f} %")
        print(f"\nMean over {len(result.per_writer)} writers: {100 * result.accuracy_over_writers:.2f} %")


def print_certainty(certainty: Certainty) -> None:
    """Print how far the model can be taken at its word."""
    print(f"\nUnsure: {certainty.unsure * 100:.2f} %")
    if certainty.right_of_sure is not None:
        print(f"Right, of the sure answers: {certainty.right_of_sure * 100:.2f} %")
    print(f"Calibration error: {certainty.calibration_error * 100:.2f} %")
    print(f"Of {certainty.others:,} pictures of something else, answered surely: ", end="")
    print(f"{certainty.others_answered_surely * 100:.2f} %")
    print(f"Area under the ROC curve: {certainty.auroc * 100:.2f} %\n")


def draw(folder: Path, result: Result, network: NeuralNetwork, records: Records, answers: Answers) -> None:
    """Write the pictures of records into `folder`."""
    import charts  # matplotlib is slow to import, and --help does without it

    names = records.class_names
    wrong, _ = rows_to_look_at(answers, records.labels)
    ideal = targets(np.arange(len(names), dtype=np.uint8), len(names))  # (classes, classes)
    charts.draw_confusion_matrix(result.confusion_matrix, names, folder / "confusion_matrix.png")
    shown = name_answers(records, answers, wrong[: charts.MISTAKES_SHOWN])
    charts.draw_misclassified_records(shown, folder / "misclassified.png")
    charts.draw_imagined_inputs(backquery(network, ideal), names, folder / "imagined.png")
    charts.draw_data_set(records.inputs, records.labels, names, folder / "data_set.png")


def draw_certainty(folder: Path, answers: Answers, labels: Pixels, others: Answers, certainty: Certainty) -> None:
    """Write the reliability diagram and the ROC curve into `folder`."""
    from sklearn.metrics import roc_curve

    import charts

    means, accuracies, counts = reliability(answers.confidences, answers.predicted == labels)
    path = folder / "reliability.png"
    charts.draw_reliability_diagram(means, accuracies, int(counts.max()), certainty.calibration_error, path)
    others_kept, kept, _ = roc_curve(*to_tell_apart(answers, others))
    surely = certainty.others_answered_surely, 1 - certainty.unsure
    charts.draw_roc_curve((others_kept, kept), certainty.auroc, surely, folder / "roc_curve.png")


def draw_answers_to_look_at(paths: list[Path], records: Records, answers: Answers, path: Path) -> None:
    """Draw the answers that a person should look at, each with the picture as it came."""
    import charts
    from drawing.decoding import decode

    wrong, unsure = rows_to_look_at(answers, records.labels)
    rows = np.concatenate([wrong[: charts.WRONG_SHOWN], unsure[: charts.UNSURE_SHOWN]])
    if len(rows):
        drawings = [decode(paths[row].read_bytes()) for row in rows]
        charts.draw_answers_to_look_at(drawings, name_answers(records, answers, rows), path)


def name_answers(records: Records, answers: Answers, rows: NDArray[np.int64]) -> list["charts.Answer"]:
    """Return some of the answers with the names of their classes."""
    import charts

    names = records.class_names
    return [
        charts.Answer(
            records.pixels[row],
            names[records.labels[row]],
            names[answers.predicted[row]],
            answers.confidences[row],
            answers.memberships[row],
        )
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
