"""The pictures of training and evaluation, drawn with matplotlib. Nothing here measures anything.

Pictures of digits come as inputs (n, 784), class names as a sequence of texts, and each function writes one PNG file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

BLUE, ORANGE, GREY = "#2a6fbb", "#d9601a", "#6b6b6b"
SIDE = 28
WRONG_SHOWN, UNSURE_SHOWN = 24, 16  # of one's own pictures
MISTAKES_SHOWN = 40
MISREAD_SHOWN = 24  # numbers
Inputs = NDArray[np.float32]
Floats = NDArray[np.floating]
Labels = NDArray[np.integer]
Shares = Mapping[str, Sequence[Sequence[float]]]


@dataclass(frozen=True)
class Answer:
    """An answer: pixels (784,) from 0 to 255, the names of two classes, confidence and membership (0 to 1)."""

    pixels: NDArray[np.uint8]
    truth: str
    answer: str
    confidence: float
    membership: float

    @property
    def is_right(self) -> bool:
        """Whether the answer is what the picture shows."""
        return self.truth == self.answer

    @property
    def title(self) -> str:
        """The answer in words: true class, answer, confidence, membership; long names stand on a line of their own."""
        names = f"{self.answer}?" if self.is_right else f"{self.truth} → {self.answer}"
        return f"{names}{chr(10) if len(names) > 6 else ' '}({self.confidence:.0%}, {self.membership:.0%})"


@dataclass(frozen=True)
class Misread:
    """A misread number: its picture, each digit that was read with its box, what it is, what was read, how surely.

    The boxes are left, top, width and height in pixels; the confidence is 0 to 1.
    """

    drawing: NDArray[np.integer]
    digits: Sequence[tuple[str, tuple[int, int, int, int]]]
    truth: str
    text: str
    confidence: float

    @property
    def title(self) -> str:
        """The answer in words."""
        text = " / ".join(self.text.splitlines()) or "nothing"
        space = " " if len(self.truth + text) < 36 else "\n"
        return f"{self.truth} read as{space}{text} ({100 * self.confidence:.0f} % sure)"


def draw_learning_curve(history: Sequence[dict[str, float]], path: Path) -> None:
    """Draw losses and accuracy of each epoch: `number`, `loss`, `validation_loss`, `validation_accuracy` (0 to 1)."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [epoch["number"] for epoch in history]
    left.plot(epochs, [epoch["loss"] for epoch in history], "o-", color=ORANGE, label="training, during the epoch")
    left.plot(epochs, [epoch["validation_loss"] for epoch in history], "o-", color=BLUE, label="validation, after it")
    left.set(xlabel="epoch", ylabel="cross-entropy per record (nats)", title="Loss", ylim=(0, None))
    left.legend(frameon=False)
    accuracies = [100 * epoch["validation_accuracy"] for epoch in history]
    best = int(np.argmin([epoch["validation_loss"] for epoch in history]))
    right.plot(epochs, accuracies, "o-", color=BLUE)
    label = f"least loss: {accuracies[best]:.2f} %"
    right.plot(epochs[best], accuracies[best], "o", color=ORANGE, markersize=9, label=label)
    right.set(xlabel="epoch", ylabel="accuracy (%)", title="Validation accuracy")
    right.legend(frameon=False, loc="lower right")
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
    save(figure, path)


def draw_confusion_matrix(matrix: Sequence[Sequence[int]], class_names: Sequence[str], path: Path) -> None:
    """Draw how often each class (row) was answered with each class (column); the mistakes carry the colour."""
    counts = np.array(matrix)  # (classes, classes)
    mistakes = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    figure = Figure(figsize=(7.5, 7), layout="constrained")
    axes = figure.subplots()
    axes.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()))
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            dark = mistakes[row, column] > 0.6 * mistakes.max()
            text = axes.text(column, row, f"{counts[row, column]}", ha="center", va="center")
            text.set(color="white" if dark else "black", weight="bold" if row == column else "normal")
    ticks = range(len(class_names))
    axes.set_xticks(ticks, class_names, rotation=45 if max(map(len, class_names)) > 2 else 0, ha="center")
    axes.set_yticks(ticks, class_names)
    axes.set(xlabel="answer of the network", ylabel="true class", title="Confusion matrix (number of test records)")
    save(figure, path)


def draw_reliability_diagram(means: Floats, accuracies: Floats, count: int, error: float, path: Path) -> None:
    """Draw the accuracy of bins of `count` answers against their mean confidence, (bins,) each from 0 to 1.

    Most answers are surer than 99 %, so the axes are logarithmic in what is missing to 100 %. `error` is between both.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=GREY, linewidth=0.8, linestyle=":")
    axes.plot(100 - 100 * means, 100 - 100 * accuracies, "o", color=BLUE, clip_on=False)
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set(xlabel="confidence (%)", ylabel="accuracy (%)", aspect="equal", xlim=(100, 0), ylim=(100, 0))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([100, 50, 20, 10, 1, 0.1, 0], labels=["0", "50", "80", "90", "99", "99.9", "100"])
    axes.set_title(f"Calibration error: {error:.2%}\nanswers a dot: {count:,}; dotted: as sure as right", fontsize=10)
    save(figure, path)


def draw_roc_curve(rates: tuple[Floats, Floats], auroc: float, surely: tuple[float, float], path: Path) -> None:
    """Draw the ROC curve: the shares (0 to 1) of other pictures, and of those that show a class, taken for a class.

    The dot is the share of each that is answered `surely`.
    """
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    others, pictures = rates
    axes.plot(100 * others, 100 * pictures, color=BLUE, label="by the largest output")
    label = f"answered surely: {surely[0]:.1%} and {surely[1]:.1%}"
    axes.plot(100 * surely[0], 100 * surely[1], "o", color=ORANGE, markersize=8, label=label)
    axes.set(
        xlabel="something else, taken for a class (%)", ylabel="pictures of a class, taken for one (%)", aspect="equal"
    )
    axes.set(xlim=(-2, 102), ylim=(-2, 102))
    axes.set_title(f"ROC curve: the area under it is {auroc:.2%}", fontsize=10)
    axes.legend(frameon=False, loc="lower right")
    save(figure, path)


def draw_misclassified_records(mistakes: Sequence[Answer], path: Path) -> None:
    """Draw the first mistakes, in their order."""
    rows, columns = MISTAKES_SHOWN // 8, 8
    figure = Figure(figsize=(1.45 * columns, 1.75 * rows + 0.6), layout="constrained")
    figure.suptitle("Misclassified, the surest first: true class → answer (confidence, largest output)")
    grid = figure.subplots(rows, columns)
    for axes in grid.flat:
        axes.axis("off")
    for axes, mistake in zip(grid.flat, mistakes, strict=False):
        axes.imshow(mistake.pixels.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(mistake.title, fontsize=8)
    save(figure, path)


def draw_answers_to_look_at(drawings: Sequence[NDArray[np.integer]], answers: Sequence[Answer], path: Path) -> None:
    """Draw one's own pictures with answers that a person should look at, each beside the pixels that it became.

    `drawings` are what `show_drawing` takes.
    """
    columns = 4
    rows = -(-len(drawings) // columns)
    figure = Figure(figsize=(3.1 * columns, 1.75 * rows + 0.6), layout="constrained")
    figure.suptitle("Wrong, the surest first, then unsure: true class → answer (confidence, largest output)")
    grid = figure.subplots(rows, 2 * columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for left, right, drawing, answer in zip(grid.flat[::2], grid.flat[1::2], drawings, answers, strict=False):
        show_drawing(left, drawing)
        right.imshow(answer.pixels.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=255)
        left.set_title(answer.title, fontsize=9, loc="left", color=GREY if answer.is_right else ORANGE)
    save(figure, path)


def draw_misread_numbers(numbers: Sequence[Misread], count: int, path: Path) -> None:
    """Draw `numbers`, the first of `count` that were misread, with the digits that were read and their boxes."""
    width, height = 4.0, 1.75  # inches
    columns = min(3, len(numbers))
    rows = -(-len(numbers) // columns)
    size = width * columns, (height + 0.4) * rows + 0.5
    figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(h_pad=0.1))  # titles belong to what is below them
    some = "" if len(numbers) == count else f", {len(numbers)} of {count}"
    figure.suptitle(f"Misread, the surest first{some}")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, number in zip(grid.flat, numbers, strict=False):
        show_drawing(axes, number.drawing)
        bottom, right = number.drawing.shape[:2]
        inch = max(right / width, bottom / height)  # in pixels of the drawing
        axes.set_ylim(bottom - 0.5, -0.2 * inch)  # room for labels
        frame = Rectangle((-0.5, -0.5), right, bottom, fill=False, edgecolor=GREY, linewidth=0.3, clip_on=False)
        axes.add_patch(frame)
        for label, (left, top, wide, high) in number.digits:
            box = Rectangle((left - 0.5, top - 0.5), wide, high, fill=False, edgecolor=BLUE, linewidth=0.8)
            axes.add_patch(box)
            place = left + wide / 2, top - 0.04 * inch
            text = axes.text(*place, label, color=BLUE, fontsize=9, ha="center", va="bottom")
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
        axes.set_title(number.title, fontsize=9, loc="left", color=ORANGE)
    save(figure, path)


def draw_imagined_inputs(inputs: Inputs, class_names: Sequence[str], path: Path) -> None:
    """Draw what the network imagines for each class: one picture of `inputs` (classes, 784) a class."""
    columns = -(-len(inputs) // 2)
    figure = Figure(figsize=(1.7 * columns, 4.2), layout="constrained")
    figure.suptitle("What the network imagines for each class (backquery)")
    for axes, picture, name in zip(figure.subplots(2, columns).flat, inputs, class_names, strict=False):
        show_digit(axes, picture)
        axes.set_title(name, fontsize=10)
    save(figure, path)


def draw_data_set(inputs: Inputs, labels: Labels, class_names: Sequence[str], path: Path, samples: int = 10) -> None:
    """Draw the first records of each class, and how many records each class has."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    sheet = np.zeros((len(class_names) * SIDE, samples * SIDE), np.float32)
    for label in range(len(class_names)):
        for column, record in enumerate(np.flatnonzero(labels == label)[:samples]):
            cell = np.s_[label * SIDE : (label + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
            sheet[cell] = inputs[record].reshape(SIDE, SIDE)
    left.imshow(sheet, cmap="gray_r", vmin=0, vmax=1)
    left.set_yticks(np.arange(len(class_names)) * SIDE + SIDE / 2, class_names)
    left.set_xticks([])
    left.set(title="Samples", ylabel="class")
    counts = np.bincount(labels, minlength=len(class_names))
    right.barh(range(len(class_names)), counts, color=BLUE)
    right.set_yticks(range(len(class_names)), class_names)
    right.invert_yaxis()
    right.set(title="Labels", xlabel="number of records", ylabel="class")
    save(figure, path)


def draw_distorted_copies(inputs: Inputs, copies: Inputs, path: Path) -> None:
    """Draw one row for each of `inputs` (n, 784): the picture itself, then its distorted `copies` (n, k, 784)."""
    rows, columns = copies.shape[:2]
    figure = Figure(figsize=(0.8 * (columns + 1), 0.8 * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns + 1, squeeze=False)
    for axes, pictures in zip(grid, np.concatenate([inputs[:, None], copies], axis=1), strict=True):
        for number, picture in enumerate(pictures):
            show_digit(axes[number], picture)
            axes[number].spines[:].set_color(GREY if number else ORANGE)
    grid[0, 0].set_title("original", fontsize=9)
    grid[0, 1].set_title("distorted copies", fontsize=9, loc="left")
    save(figure, path)


def draw_accuracies(curves: Mapping[str, Sequence[tuple[float, float]]], goal: float, path: Path) -> None:
    """Draw each competitor's epochs: the seconds of training until then, and the accuracy (0 to 1) on the test records.

    The first curve carries the colour of the project; seconds are drawn by their logarithm.
    """
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.axhline(100 * goal, color="black", linewidth=0.8, linestyle=":")
    for (name, points), colour in zip(curves.items(), (BLUE, ORANGE, GREY), strict=False):
        seconds, accuracies = np.array(points).T  # (epochs,), (epochs,)
        label = f"{name}: {100 * accuracies[-1]:.2f} % after {seconds[-1]:.1f} s"
        axes.plot(seconds, 100 * accuracies, "o-", color=colour, label=label)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="seconds of training", ylabel="accuracy on the test digits (%)")
    axes.set_title(f"Each dot is an epoch; the dotted line is {100 * goal:g} %")
    figure.legend(frameon=False, loc="outside lower center", ncols=3, fontsize=8)
    save(figure, path)


def draw_corrections(errors: Shares, losses: Shares, path: Path) -> None:
    """Draw what corrections do: errors on the writer's later drawings, and what is lost on everybody else's digits.

    Both give for each way of learning, for each writer, the share (0 to 1) after 0, 1, 2 … corrections.
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, shares in ((left, errors), (right, losses)):
        longest = max(len(values) for writers in shares.values() for values in writers)
        for colour, (name, writers) in zip((BLUE, ORANGE), shares.items(), strict=False):
            held = 100 * np.array([[*values, *[values[-1]] * (longest - len(values))] for values in writers])
            axes.plot(held.mean(axis=0), "o-", color=colour, markersize=4, label=f"{name}, mean of the writers")
            axes.plot(held.max(axis=0), "--", color=colour, label=f"{name}, worst writer")
        axes.set(xlabel="corrections given by the writer", xlim=(0, longest - 1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set(title="The writer's later drawings", ylabel="errors (%)", ylim=(0, None))
    right.set(title="Everybody else: MNIST test digits", ylabel="accuracy lost (percentage points)")
    left.legend(frameon=False)
    save(figure, path)


def show_drawing(axes: Axes, drawing: NDArray[np.integer]) -> None:
    """Show a picture (height, width), or (height, width, channels) in OpenCV's order: blue, green, red, alpha."""
    colours = drawing if drawing.ndim == 2 else drawing[:, :, [2, 1, 0, 3][: drawing.shape[2]]]
    axes.imshow(colours, cmap="gray")


def show_digit(axes: Axes, inputs: Inputs) -> None:
    """Show one picture (784,) as dark ink on white paper."""
    axes.imshow(inputs.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
    axes.set_xticks([])
    axes.set_yticks([])


def save(figure: Figure, path: Path) -> None:
    """Write the figure as a PNG picture."""
    figure.savefig(path, dpi=130)
