"""The best way through a line: every piece is a part of one digit, or a mark that is left out (a dot, a dash).

The score of a path is a weighted sum of what a judge says of each of its digits, of the digits' shapes, places and ends,
and of the marks. The shares of all paths come to 1, so that the share of the best one is how sure it is.
Source: Sarawagi, Cohen, "Semi-Markov conditional random fields for information extraction", NIPS, 2004; Zhou, Wang,
Tian, Liu, Nakagawa, "Handwritten Chinese/Japanese text recognition using semi-Markov conditional random fields", IEEE
PAMI 35, 2013.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from drawing.candidates import SHAPE, Candidates
from drawing.pieces import Pieces
from drawing.writing import Ints

FLOOR = 1e-3  # outputs are taken for at least this, and for at most 1 less this
ONE = 1  # the class that may be narrow
Floats = NDArray[np.floating]

# `python -m benchmarks.numbers fit` finds the weights.
DIGIT_WEIGHTS = {
    "output": 1.3,
    "others": 0.52,
    "digit": -0.66,
    "cuts": -1.06,
    "length": 0.19,
    "runs": -0.81,
    "depth": 1.06,
    "joined": -1.05,
    "width": -1.74,
    "height": 1.1,
    "offset": -2.01,
    "ink": 4.23,
    "overlap": -1.94,
    "ink squared": -0.42,
    "height squared": -1.56,
    "one": 1.27,
}
MARK_WEIGHTS = {
    "mark": 0.86,
    "height": -0.98,
    "height squared": -0.86,
    "cuts": -1.82,
}


@dataclass(frozen=True)
class Path:
    """Candidates from left to right: their numbers (n,), the class of each, and how sure all of it is, 0 to 1."""

    candidates: list[int]
    classes: list[int]
    confidence: float


def describe_digits(candidates: Candidates, outputs: Floats) -> Floats:
    """Return what `DIGIT_WEIGHTS` weighs of each candidate in each class, (n, classes, 16), given `outputs` (n, classes)."""
    outputs = np.clip(outputs.astype(np.float64), FLOOR, 1 - FLOOR)
    low = np.log1p(-outputs)
    values = np.empty((*outputs.shape, len(DIGIT_WEIGHTS)))
    values[:, :, 0] = np.log(outputs)
    values[:, :, 1] = low.sum(axis=1, keepdims=True) - low
    values[:, :, 2] = 1
    values[:, :, 3:-3] = candidates.shapes[:, None]
    width, height, ink = (candidates.shapes[:, SHAPE.index(name)] for name in ("width", "height", "ink"))
    is_one = np.arange(outputs.shape[1]) == ONE
    values[:, :, 3 + SHAPE.index("width")] = width[:, None] * ~is_one
    values[:, :, -3], values[:, :, -2], values[:, :, -1] = ink[:, None] ** 2, height[:, None] ** 2, is_one
    return values


def describe_marks(pieces: Pieces) -> Floats:
    """Return what `MARK_WEIGHTS` weighs of each piece, (pieces, 4), where it is left out."""
    heights = (pieces.boxes[:, 3] - pieces.boxes[:, 1]) / pieces.height
    return np.column_stack([np.ones(len(heights)), heights, heights**2, pieces.edges[:, :, 0].sum(axis=1)])


def find_path(pieces: Pieces, candidates: Candidates, outputs: Floats) -> Path:
    """Return the best path through a line, given the judge's `outputs` (n, classes) for its candidates."""
    scores = describe_digits(candidates, outputs) @ np.array([*DIGIT_WEIGHTS.values()])  # (n, classes)
    marks = describe_marks(pieces) @ np.array([*MARK_WEIGHTS.values()])  # (pieces,)
    best, total = [0.0], [0.0]  # of all paths that end before each piece: the highest score, the logarithm of the sum
    steps: list[int] = []  # the last step of the best one: a candidate, or -1 for a mark
    arriving: list[list[int]] = [[] for _ in range(len(marks) + 1)]
    for number, after in enumerate(candidates.ends[:, 1].tolist()):
        arriving[after].append(number)
    firsts = candidates.ends[:, 0].tolist()
    highest, sums = scores.max(axis=1, initial=-np.inf), logsumexp(scores, axis=1)
    for after, mark in enumerate(marks.tolist(), 1):
        ways = [(best[-1] + mark, -1)] + [(best[firsts[number]] + highest[number], number) for number in arriving[after]]
        score, step = max(ways)
        paths = [total[-1] + mark] + [total[firsts[number]] + sums[number] for number in arriving[after]]
        best.append(score)
        total.append(float(np.logaddexp.reduce(paths)))
        steps.append(step)
    path: list[int] = []
    after = len(marks)
    while after:
        step = steps[after - 1]
        path += [step] if step >= 0 else []
        after = firsts[step] if step >= 0 else after - 1
    path.reverse()
    return Path(path, scores[path].argmax(axis=1).tolist(), float(np.exp(best[-1] - total[-1])))
