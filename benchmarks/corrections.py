"""Measure what corrections do: to the writer who gave them, and to everybody else; and how long one takes.

`writers` lets 30 people correct what the network misreads of their first drawings and scores their last ones, which
nobody corrected, beside the single gradient step that such projects usually take. `speed` times one correction among
many. What a server under load keeps of them is measured by hold.py.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from tqdm import tqdm

import charts
from benchmarks.drawings import accuracy, prepare_all, read_drawings
from benchmarks.measuring import measure_seconds
from data.data_sets import load, shipped_model
from data.options import whole_number
from data.records import DataError, Pixels, Records, scale, targets
from neural_network import NeuralNetwork
from teaching.teacher import Teacher

PART = 125  # drawings of each writer that are corrected, and then as many that are scored
NAIVE_RATE = 0.1  # of the default training
Drawings = dict[
    str, tuple[Pixels, Pixels]
]  # of each writer, in the order they were drawn: pixels (n, 784), labels (n,)


@dataclass
class Course:
    """What the corrections of a writer came to: values after 0, 1, 2 … of them, and in the end."""

    errors: list[int] = field(default_factory=list)  # on the last drawings
    accuracies: list[float] = field(default_factory=list)  # on MNIST
    fixed: int = 0  # corrected drawings that were answered rightly at once
    kept: float = 1.0  # share of them that are in the end


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what corrections do.")
    parser.add_argument("part", choices=PARTS)
    pen = Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "pen"
    text = "drawings with a labels.csv that names writers (default: %(default)s)"
    parser.add_argument("--drawings", type=Path, default=pen, metavar="FOLDER", help=text)
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE", help="(default: %(default)s)")
    parser.add_argument("--writers", metavar="NAME", nargs="+", help="only these (default: all)")
    text = "leave out writers with fewer errors on the last drawings before they correct (default: %(default)s)"
    parser.add_argument("--least-errors", type=whole_number(0), default=0, metavar="N", help=text)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where the picture of the errors is saved")
    options = parser.parse_args()
    try:
        images, labels, writers = read_drawings(options.drawings)
        pixels, names = prepare_all(images), np.array(writers)
        rows = {name: names == name for name in sorted({*writers} & {*(options.writers or writers)})}
        PARTS[options.part](options, {name: (pixels[own], labels[own]) for name, own in rows.items()})
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def measure_writers(options: argparse.Namespace, drawings: Drawings) -> None:
    """Let each writer correct the network, and score it; print the means, and draw the picture."""
    test, courses = load("mnist", "test"), {"this project": list[Course](), "single step": list[Course]()}
    network = NeuralNetwork.load(options.model)
    before = accuracy(network, test.inputs, test.labels)
    drawings = {name: own for name, own in drawings.items() if count_errors(network, own) >= options.least_errors}
    if not drawings:
        raise DataError(f"no writer has {options.least_errors} errors; choose a lower --least-errors.")
    for own in tqdm(drawings.values(), desc="Writers", leave=False, disable=None):
        with open_teacher(options.model) as teacher:
            courses["this project"].append(correct(own, test, teacher))
        courses["single step"].append(correct(own, test, single_step(options.model)))
    print(f"{len(drawings)} writers; accuracy on the MNIST test digits before: {before:.2%}")
    for name, taken in courses.items():
        first, last = (np.array([one.errors[place] for one in taken]) for place in (0, -1))
        drops = 100 * (before - np.array([one.accuracies[-1] for one in taken]))
        counts = np.array([len(one.errors) - 1 for one in taken])
        fewer = 1 - np.mean((last / np.maximum(first, 1))[first > 0])  # of writers who had any
        fixed, kept = sum(one.fixed for one in taken), np.average([one.kept for one in taken], weights=counts)
        print(
            f"{name}: {counts.mean():.1f} corrections each; errors on the last {PART} drawings {first.sum()} -> "
            f"{last.sum()}, {1 - last.sum() / first.sum():.1%} fewer (mean over writers who had any: {fewer:.1%})\n"
            f"    MNIST {drops.mean():.2f} points down on average, {drops.max():.2f} at worst; corrected drawings "
            f"right at once {fixed / counts.sum():.1%}, in the end {kept:.1%}"
        )
    if options.picture:
        errors = {name: [[count / PART for count in one.errors] for one in taken] for name, taken in courses.items()}
        losses = {name: [[before - now for now in one.accuracies] for one in taken] for name, taken in courses.items()}
        charts.draw_corrections(errors, losses, options.picture)


def count_errors(network: NeuralNetwork, own: tuple[Pixels, Pixels]) -> int:
    """Return how many of a writer's last drawings are misread."""
    pixels, labels = own
    return int((network.query(scale(pixels[-PART:])).argmax(axis=1) != labels[-PART:]).sum())


def single_step(model: Path) -> SimpleNamespace:
    """Return what teaches the model by one step of gradient descent on the corrected drawing alone."""
    network = NeuralNetwork.load(model)
    network.learning_rate, network.momentum = NAIVE_RATE, 0.0
    wanted = targets(np.arange(10, dtype=np.uint8), 10)  # (10, 10)
    return SimpleNamespace(network=network, teach=lambda pixels, label: network.train(scale(pixels), wanted[label]))


def correct(own: tuple[Pixels, Pixels], test: Records, teacher: Teacher | SimpleNamespace) -> Course:
    """Correct every wrong answer to the first drawings, and score the last."""
    course, corrected, (pixels, labels) = Course(), list[int](), own
    inputs = scale(pixels)

    def right(rows: slice | list[int]) -> float:
        return accuracy(teacher.network, inputs[rows], labels[rows])

    def score() -> None:
        course.errors.append(round(PART * (1 - right(slice(-PART, None)))))
        course.accuracies.append(accuracy(teacher.network, test.inputs, test.labels))

    score()
    for row in range(PART):
        if not right([row]):
            teacher.teach(pixels[row], int(labels[row]))
            course.fixed += int(right([row]))
            corrected.append(row)
            score()
    course.kept = right(corrected) if corrected else 1.0
    return course


def measure_speed(options: argparse.Namespace, drawings: Drawings) -> None:
    """Time one more correction, and taking one back, among many."""
    pixels, labels = (np.concatenate(parts) for parts in zip(*drawings.values(), strict=True))
    order = np.random.default_rng(0).permutation(len(labels))
    known = NeuralNetwork.load(options.model).query(scale(pixels[order])).argmax(axis=1) == labels[order]
    order = order[np.argsort(known, kind="stable")]  # first what is misread
    with open_teacher(options.model) as teacher:
        for stored in (20, 100, 200, 400):
            rows, times = order[teacher.count() : stored], list[list[float]]()
            teacher.teach_rows(pixels[rows], labels[rows])
            for row in order[stored : stored + 15]:
                learnt = measure_seconds(partial(teacher.teach, pixels[row], int(labels[row])))
                times.append([learnt, measure_seconds(partial(teacher.take_back, teacher.page(1)[0].id))])
            one_more, back = 1000 * np.median(times, axis=0)
            undone = 1000 * measure_seconds(partial(teacher.take_back, teacher.page(-1)[stored // 2].id))
            print(f"{stored} stored: one more {one_more:.0f} ms, undone {back:.0f} ms, from the middle {undone:.0f} ms")


@contextmanager
def open_teacher(model: Path) -> Iterator[Teacher]:
    """Teach a copy of the model in an empty folder: no data set is anywhere near while it learns."""
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copyfile(model, Path(folder) / "model.npz"))
        yield Teacher(copied, Path(folder) / "corrections.db", timeout=None)


PARTS = {"writers": measure_writers, "speed": measure_speed}

if __name__ == "__main__":
    sys.exit(main())
