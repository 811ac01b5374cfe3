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

import numpy as np
from threadpoolctl import threadpool_limits

import report
from data.csv_files import MAX_CLASSES
from data.data_sets import DATA_SETS, MNIST, default_model, load, shipped_model
from data.distortion import Affine
from data.files import PROJECT, short_path
from data.model_files import load_model
from data.pictures import NumberPicture, check_readable, find_files, find_numbers, find_pictures, prepare_files
from data.records import NO_CLASS, PIXELS, DataError, Pixels, Records, scale
from neural_network import NeuralNetwork
from reading import check_digits, read_image
from scoring import (
    Answers,
    Certainty,
    Group,
    NumberAnswers,
    NumberScore,
    NumbersResult,
    PicturesResult,
    Result,
    class_report,
    compare,
    compare_numbers,
    compare_pictures,
    confusions,
    interpret,
    measure_certainty,
    query_views,
)

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
    text = (
        "your own pictures, named like 7.png or 7/a.png, or with a labels.csv (path,label,writer); a label such as 407"
    )
    text += " makes it a folder of numbers"
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
    if options.images and (numbers := find_numbers(options.images, network.class_names)):
        score_numbers(options, network, numbers)
    elif options.images:
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
        report.draw_records(folder, result, network, records, answers)
        report.draw_certainty(folder, answers, records.labels, others, certainty)


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
        report.draw_certainty(folder, answers, records.labels, others, certainty)
        report.draw_answers_to_look_at([picture.path for picture in readable], records, answers, folder / "look_at.png")


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


def score_numbers(options: argparse.Namespace, network: NeuralNetwork, found: list[NumberPicture]) -> None:
    """Score the pictures of numbers that were `found` in a folder, and draw those that were misread."""
    if options.views or options.others:
        raise DataError(f"{options.images} has numbers of several digits; leave out --views and --others for it.")
    check_digits(network, options.model)
    answers = read_numbers(network, [picture.path for picture in found])
    result = compare_numbers(str(options.model), str(options.images), found, answers)
    if options.json:
        print(json.dumps(asdict(result), indent=2))
    else:
        print_numbers_result(result)
    if folder := report_folder(options):
        report.draw_numbers(folder, network, found, answers)


def read_numbers(network: NeuralNetwork, paths: list[Path]) -> NumberAnswers:
    """Return what is written in picture files. Raises `DataError` where none can be read."""
    from drawing.decoding import decode
    from drawing.images import DrawingError

    texts, confidences, unsure, unreadable = [""] * len(paths), np.zeros(len(paths)), np.ones(len(paths), bool), {}
    for row, path in enumerate(paths):
        try:
            reading = read_image(network, decode(path.read_bytes()))
        except DrawingError as error:
            unreadable[str(path)] = str(error)
        else:
            texts[row], confidences[row], unsure[row] = reading.number.text, reading.number.confidence, reading.unsure
    check_readable(paths, unreadable)
    return NumberAnswers(texts, confidences, unsure, unreadable)


def print_pictures_result(result: PicturesResult) -> None:
    """Print what was scored, and for each writer how well."""
    print_heading(result)
    if len(result.per_writer) > 1:
        print("\nwriter                     right     of   accuracy")
        for writer, counts in result.per_writer.items():
            print(f"{writer[:24]:<24} {counts['correct']:>7} {counts['total']:>6} {100 * counts['accuracy']:>8.2f} %")
        print(f"\nMean over {len(result.per_writer)} writers: {100 * result.accuracy_over_writers:.2f} %")


def print_heading(result: PicturesResult | NumbersResult) -> None:
    """Print what was scored, and what could not be read."""
    print(f"Model: {short_path(Path(result.model))}")
    print(f"Pictures of: {result.images}")
    for path, reason in result.unreadable.items():
        print(f"{path}: {reason}")


def print_numbers_result(result: NumbersResult) -> None:
    """Print how well numbers are read: by their length, by writer, over all."""
    print_heading(result)
    print_scores("digits", result.per_length)
    if len(result.per_writer) > 1:
        print_scores("writer", result.per_writer)
        means = [100 * result.over_writers[name] for name in ("exact", "count_right", "digit_error_rate")]
        name = f"mean over {len(result.per_writer)} writers"
        print("{:<32} {:>14.2f} % {:>10.2f} % {:>11.2f} %".format(name, *means))
    print_sureness(result)
    print(f"\nScore: {result.correct}/{result.total}")
    print(f"Entirely right: {100 * result.exact:.2f} %")
    print(f"Count right: {100 * result.count_right:.2f} %")
    print(f"Digit error rate: {100 * result.digit_error_rate:.2f} %")


def print_scores(group: str, scores: dict[Group, NumberScore]) -> None:
    """Print a table with a row for each of the `scores`; a `group` is what they are told apart by."""
    print(f"\n{group:<24}      of  entirely right  count right  digit errors")
    for name, score in scores.items():
        shares = 100 * score.exact, 100 * score.count_right, 100 * score.digit_error_rate
        print("{:<24} {:>7} {:>14.2f} % {:>10.2f} % {:>11.2f} %".format(str(name)[:24], score.total, *shares))


def print_sureness(result: Certainty | NumbersResult) -> None:
    """Print how sure the model is, and how rightly."""
    print(f"\nUnsure: {result.unsure * 100:.2f} %")
    if result.right_of_sure is not None:
        print(f"Right, of the sure answers: {result.right_of_sure * 100:.2f} %")
    print(f"Calibration error: {result.calibration_error * 100:.2f} %")


def print_certainty(certainty: Certainty) -> None:
    """Print how far the model can be taken at its word."""
    print_sureness(certainty)
    print(f"Of {certainty.others:,} pictures of something else, answered surely: ", end="")
    print(f"{certainty.others_answered_surely * 100:.2f} %")
    print(f"Area under the ROC curve: {certainty.auroc * 100:.2f} %\n")


if __name__ == "__main__":
    sys.exit(main())
