"""Measure what corrections do: to the writer who gave them, and to everybody else; and how long one takes.

`writers` lets 30 people correct what the network misreads of their first drawings and scores their last ones, which
nobody corrected, beside the single gradient step that such projects usually take. `speed` times one correction among
many. What a server under load keeps of them is measured by workers.py.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import charts
from data.data_sets import load, shipped_model
from data.pictures import find_pictures
from data.records import Pixels, Records, scale, targets
from drawing.decoding import decode
from drawing.preparation import prepare
from neural_network import NeuralNetwork
from teaching.teacher import Teacher

PART = 125  # drawings of each writer that are corrected, and then as many that are scored
NAIVE_RATE = 0.1  # of the default training


@dataclass(frozen=True)
class Drawings:
    """The drawings of one writer, in the order in which they were drawn: pixels (n, 784), labels (n,)."""

    pixels: Pixels
    labels: Pixels


@dataclass
class Course:
    """What the corrections of a writer came to: values after 0, 1, 2 … of them, and in the end."""

    errors: list[int] = field(default_factory=list)  # on the last drawings
    accuracies: list[float] = field(default_factory=list)  # on MNIST
    seconds: list[float] = field(default_factory=list)
    fixed: int = 0  # corrected drawings that were answered rightly at once
    kept: float = 1.0  # share of them that are in the end


class SingleStep:
    """Takes one step of gradient descent at the usual rate on the corrected drawing alone."""

    def __init__(self, model: Path) -> None:
        """Start from the trained model."""
        self.network = NeuralNetwork.load(model)
        self.network.learning_rate, self.network.momentum = NAIVE_RATE, 0.0

    def teach(self, pixels: Pixels, label: int) -> None:
        """Take the step."""
        self.network.train(scale(pixels), targets(np.array([label], np.uint8), len(self.network.class_names))[0])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what corrections do.")
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help=f"one of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--drawings",
        type=Path,
        metavar="FOLDER",
        help="drawings with a labels.csv that names writers (default: drawings/pen in DIGITS_MIRROR)",
    )
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    parser.add_argument("--writers", metavar="NAME", nargs="+", help="only these (default: all)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where the picture of the errors is saved")
    options = parser.parse_args()
    folder = options.drawings or Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "pen"
    if not (folder / "labels.csv").exists():
        print(f"error: there is no {folder / 'labels.csv'}; name a folder with --drawings.", file=sys.stderr)
        return 1
    drawings = [*read_drawings(folder, options.writers)]
    for part in options.part or PARTS:
        PARTS[part](options, drawings)
    return 0


def read_drawings(folder: Path, names: list[str] | None) -> Iterator[Drawings]:
    """Yield the drawings of each writer, prepared as the server does it."""
    listed = find_pictures(folder, "0123456789")
    for writer in sorted({picture.writer for picture in listed if not names or picture.writer in names}):
        own = [picture for picture in listed if picture.writer == writer]
        pixels = np.stack([prepare(decode(picture.path.read_bytes())).ravel() for picture in own])
        yield Drawings(pixels, np.array([picture.label for picture in own], np.uint8))


def measure_writers(options: argparse.Namespace, drawings: list[Drawings]) -> None:
    """Let each writer correct the network, and score it; print the means, and draw the picture."""
    test, courses = load("mnist", "test"), {"this project": list[Course](), "single step": list[Course]()}
    before = accuracy(NeuralNetwork.load(options.model), test)
    for own in tqdm(drawings, desc="Writers", leave=False, disable=None):
        with open_teacher(options.model) as teacher:
            courses["this project"].append(correct(own, test, teacher))
        courses["single step"].append(correct(own, test, SingleStep(options.model)))
    print(f"{len(drawings)} writers; accuracy on the MNIST test digits before: {before:.2%}")
    for name, taken in courses.items():
        first, last = (np.array([one.errors[place] for one in taken]) for place in (0, -1))
        drops = 100 * (before - np.array([one.accuracies[-1] for one in taken]))
        counts = np.array([len(one.seconds) for one in taken])
        fewer = 1 - np.mean((last / np.maximum(first, 1))[first > 0])  # of writers who had any
        fixed, kept = sum(one.fixed for one in taken), np.average([one.kept for one in taken], weights=counts)
        time_each = 1000 * np.median(np.concatenate([one.seconds for one in taken]))
        print(
            f"{name}: {counts.mean():.1f} corrections each; errors on the last {PART} drawings {first.sum()} -> "
            f"{last.sum()}, {1 - last.sum() / first.sum():.1%} fewer (mean over writers who had any: {fewer:.1%})\n"
            f"    MNIST {drops.mean():.2f} points down on average, {drops.max():.2f} at worst; corrected drawings "
            f"right at once {fixed / counts.sum():.1%}, in the end {kept:.1%}; {time_each:.0f} ms a correction"
        )
    if options.picture:
        errors = {name: [[count / PART for count in one.errors] for one in taken] for name, taken in courses.items()}
        losses = {name: [[before - now for now in one.accuracies] for one in taken] for name, taken in courses.items()}
        charts.corrections(errors, losses, options.picture)


def correct(own: Drawings, test: Records, teacher: Teacher | SingleStep) -> Course:
    """Correct every wrong answer to the first drawings, and score the last."""
    course, corrected, inputs = Course(), list[int](), scale(own.pixels)

    def wrong(rows: slice | list[int]) -> NDArray[np.bool_]:
        return teacher.network.query(inputs[rows]).argmax(axis=1) != own.labels[rows]

    def score() -> None:
        course.errors.append(int(wrong(slice(-PART, None)).sum()))
        course.accuracies.append(accuracy(teacher.network, test))

    score()
    for row in range(PART):
        if wrong([row])[0]:
            started = time.perf_counter()
            teacher.teach(own.pixels[row], int(own.labels[row]))
            course.seconds.append(time.perf_counter() - started)
            course.fixed += int(not wrong([row])[0])
            corrected.append(row)
            score()
    course.kept = 1 - float(wrong(corrected).mean()) if corrected else 1.0
    return course


def accuracy(network: NeuralNetwork, test: Records) -> float:
    """Return the share of test records that are answered rightly."""
    return float((network.query(test.inputs).argmax(axis=1) == test.labels).mean())


def measure_speed(options: argparse.Namespace, drawings: list[Drawings]) -> None:
    """Time one more correction, and taking one back, among many."""
    pixels, labels = (np.concatenate([getattr(own, name) for own in drawings]) for name in ("pixels", "labels"))
    order = np.random.default_rng(0).permutation(len(labels))
    known = NeuralNetwork.load(options.model).query(scale(pixels[order])).argmax(axis=1) == labels[order]
    order = order[np.argsort(known, kind="stable")]  # first what is misread
    with open_teacher(options.model) as teacher:
        for stored in (0, 20, 100, 200, 400):
            have, times = teacher.count(), list[list[float]]()
            teacher.teach_rows(pixels[order[have:stored]], labels[order[have:stored]])
            for row in order[stored : stored + 15]:
                began = time.perf_counter()
                number = teacher.teach(pixels[row], int(labels[row])).correction.id
                learnt = time.perf_counter()
                teacher.take_back(number)
                times.append([learnt - began, time.perf_counter() - learnt])
            one_more, back = 1000 * np.median(times, axis=0)
            began = time.perf_counter()
            if stored:
                teacher.take_back(teacher.page(-1)[stored // 2].id)
            middle = f", one from the middle {1000 * (time.perf_counter() - began):.0f} ms" if stored else ""
            print(f"{stored} stored: one more {one_more:.0f} ms, taken back {back:.0f} ms{middle}")


@contextmanager
def open_teacher(model: Path) -> Iterator[Teacher]:
    """Teach a copy of the model in an empty folder: no data set is anywhere near while it learns."""
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "model.npz"
        copied.write_bytes(model.read_bytes())
        yield Teacher(copied, Path(folder) / "corrections.db", timeout=None)


PARTS = {"writers": measure_writers, "speed": measure_speed}

if __name__ == "__main__":
    sys.exit(main())
