"""What the notebooks of the course share: their digits, figures, tables, and the check of an exercise.

Mathematics is not here: each notebook builds its own before your eyes, or calls the project's.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Markdown, display
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from charts import BLUE, ORANGE
from data.data_sets import load
from data.download import DownloadError
from data.records import Records
from neural_network import Floats
from notebooks.checks import CHECKS

SEED = 0
AGAINST_FOR = LinearSegmentedColormap.from_list("against and for", [ORANGE, "white", BLUE])
SMALLEST = 300  # pixels that a figure has at least on either side
DPI = 110
right_answers: set[str] = set()  # numbers of the exercises that are answered rightly


@dataclass(frozen=True)
class Digits:
    """The digits of the course: to learn from and to validate with. `large` tells MNIST from the small digits."""

    name: str
    large: bool
    learnt: Records
    validation: Records


def set_up() -> None:
    """Prepare figures, and keep to one thread: two add up a sum in another order each time."""
    threadpool_limits(1)
    plt.rcParams.update({"figure.dpi": DPI, "font.size": 11, "figure.constrained_layout.use": True})
    plt.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
    plt.rcParams.update({"figure.figsize": (5.4, 3.6), "axes.titlesize": 11})


def load_digits() -> Digits:
    """Return MNIST, or where it cannot be downloaded, the small digits of scikit-learn."""
    try:
        name, records = "MNIST", load("mnist", "train")
    except DownloadError:
        print("MNIST cannot be downloaded: going on with the small digits that come with scikit-learn.")
        name, records = "the small digits", load("digits", "train")
    count = len(records.labels)
    order, held_out = np.random.default_rng(SEED).permutation(count), 5000 if count > 10_000 else 400
    print(f"{name}: {count - held_out:,} digits to learn from, {held_out:,} to validate with")
    return Digits(name, count > 10_000, records.take(order[held_out:]), records.take(order[:held_out]))


def show(figure: Figure, alternative: str) -> None:
    """Show a figure, with a text for those who cannot see it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    plt.close(figure)
    picture = {"image/png": buffer.getvalue(), "text/plain": alternative}
    display(picture, raw=True, metadata={"image/png": {"alt": alternative}})


def show_pictures(
    pictures: ArrayLike, titles: Sequence[object], alternative: str, name: str = "input", signed: bool = False
) -> None:
    """Show pictures (n, 784), at most five in a row; `name` is what the colours mean.

    Values are 0 (paper) to 1 (ink). If `signed`, blue is above zero (ink speaks for) and orange below (against).
    """
    pictures = np.asarray(pictures).reshape(-1, 28, 28)
    columns = min(5, len(pictures))
    rows = -(-len(pictures) // columns)
    width = max(1.05, 2.7 / columns)  # inches of each picture
    figure, grid = plt.subplots(rows, columns, figsize=(width * columns + 1.2, max(2.8, 1.35 * rows)), squeeze=False)
    limit = float(np.quantile(np.abs(pictures), 0.995)) if signed else 1.0
    colours, lowest = (AGAINST_FOR, -limit) if signed else ("gray_r", 0.0)
    for axes in grid.flat[len(pictures) :]:
        axes.remove()
    for axes, picture, title in zip(grid.flat, pictures, titles, strict=False):
        image = axes.imshow(picture, cmap=colours, vmin=lowest, vmax=limit)
        axes.set_title(str(title))
        axes.axis("off")
    figure.colorbar(image, ax=list(grid.flat[: len(pictures)]), extend="both" if signed else "neither", label=name)
    show(figure, alternative)


def show_table(*lines: Sequence[object]) -> None:
    """Show a table; the first line holds the names of its columns."""
    texts = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    display(Markdown("\n".join(f"| {' | '.join(map(str, line))} |" for line in texts)))


def spread(values: ArrayLike, unit: str = "%") -> str:
    """Return mean and standard deviation of some runs as text; shares, 0 to 1, become percent."""
    values = np.asarray(values, float) * (100 if unit == "%" else 1)
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f} {unit}".strip()


def accuracy(outputs: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the share of `outputs` (n, classes) that are largest at the place of the label."""
    return float((outputs.argmax(axis=1) == labels).mean())


def mini_batches(count: int, size: int, random: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return the numbers from 0 to `count`, shuffled, in parts of `size`."""
    order = random.permutation(count)
    return [order[start : start + size] for start in range(0, count, size)]


def slopes_by_differences(loss: Callable[[], float], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope of `loss()` for each of `weights`, which are moved a little up and down, one at a time."""
    slopes = np.zeros_like(weights)
    for place in np.ndindex(weights.shape):
        kept = weights[place]
        weights[place] = kept + 1e-5
        above = loss()
        weights[place] = kept - 1e-5
        slopes[place] = (above - loss()) / 2e-5
        weights[place] = kept
    return slopes


def boundary(answer: Callable[[Floats], Floats], side: int = 120) -> tuple[Floats, Floats]:
    """Return points (side²,  2) of the plane from 0 to 1, and what `answer` says there, (side, side)."""
    x, y = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    points = np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)
    return points, np.asarray(answer(points)).reshape(side, side)


def check(number: str, answer: object = ..., prediction: object = ...) -> None:
    """Say whether the answer to an exercise is right, and if not, what to think about."""
    right_answers.discard(number)
    if any(part is ... for part in (answer if isinstance(answer, tuple) else (answer,))):
        print(f"Exercise {number}: not answered yet.")
        return
    if prediction is ...:
        print(f"Exercise {number}: write down your prediction first. A wrong one costs nothing.")
        return
    try:
        complaint = CHECKS[number](answer)
    except Exception as error:  # it is the reader's own code that may fail, in any way
        complaint = f"it ends with {type(error).__name__}: {error}"
    if complaint:
        print(f"Exercise {number}: not yet. Perhaps: {complaint}")
        return
    right_answers.add(number)
    print(f"Exercise {number}: right. You predicted: {prediction}")


def count_right(notebook: str) -> None:
    """Print how many exercises of this notebook have been answered rightly."""
    numbers = {number for number in CHECKS if number.startswith(f"{notebook}.")}
    print(f"You have answered {len(numbers & right_answers)} of {len(numbers)} exercises rightly.")
