"""The best way through a line: every piece is a part of one digit, or a mark that is left out, such as a dot or a dash.

The score of a path is a weighted sum of what a judge says of each of its digits, of their shapes, places and ends, and
of its marks. The shares of all paths come to 1, so that the share of the best one tells how sure it is.
Source: Sarawagi, Cohen, "Semi-Markov conditional random fields for information extraction", NIPS, 2004; Zhou, Wang,
Tian, Liu, Nakagawa, "Handwritten Chinese/Japanese text recognition using semi-Markov conditional random fields", IEEE
PAMI 35, 2013.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drawing.candidates import SHAPE, Candidates
from drawing.pieces import Pieces
from drawing.writing import Ints

FLOOR = 1e-4  # outputs are taken for at least this, and for at most 1 less this
ONE = 1  # the class that may be narrow
JUDGED = 3  # of the weights of digits, the first: what a judge says
FEW = 8  # candidates are asked about without a choice, which would take longer
MAX_LACK = 7.0  # of the score of a path without what a judge says

# Found by `python -m benchmarks.numbers fit`, with a network that had learnt from other people.
DIGIT_WEIGHTS = {
    "output": 0.92,
    "sure": 0.46,
    "others": 0.05,
    "digit": -0.74,
    "cuts": -0.64,
    "length": 0.08,
    "runs": -0.61,
    "depth": -0.37,
    "joined": -1.0,
    "width": -0.89,
    "height": 1.66,
    "offset": -1.4,
    "ink": 3.21,
    "overlap": -1.82,
    "ink squared": -0.13,
    "height squared": -1.69,
    "one": 1.02,
}
MARK_WEIGHTS = {
    "mark": 0.9,
    "height": -0.92,
    "height squared": -0.65,
    "cuts": -1.72,
}
# Most pictures have one digit, more than of the made-up numbers. So what is all that is written and looks like a digit
# is preferred to a number; chosen on single digits, of which one in a thousand is parted then, and on made-up pairs.
ALONE = 3.0  # added to its score
SURE = 0.8  # its largest output is above this

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Path:
    """Candidates from left to right by their numbers, the class of each, the pieces that are left out, how sure it is.

    confidence: of all of it, 0 to 1.
    """

    candidates: list[int]
    classes: list[int]
    marks: list[int]
    confidence: float


def describe_digits(candidates: Candidates, outputs: Floats) -> Floats:
    """Return what `DIGIT_WEIGHTS` weighs, (n, classes, weights): each candidate as each class, given its `outputs`.

    outputs: (n, classes), what the judge says.
    """
    outputs = np.clip(outputs.astype(np.float64), FLOOR, 1 - FLOOR)
    low = np.log1p(-outputs)
    shape = dict(zip(SHAPE, candidates.shapes.T[:, :, None], strict=True))  # (n, 1) each
    is_one = np.arange(outputs.shape[1]) == ONE
    values = {
        "output": np.log(outputs),
        "sure": -low,
        "others": low.sum(axis=1, keepdims=True) - low,
        "digit": np.ones(1),
        **shape,
        "width": shape["width"] * ~is_one,
        "height squared": shape["height"] ** 2,
        "ink squared": shape["ink"] ** 2,
        "one": is_one,
    }
    described = np.empty((*outputs.shape, len(DIGIT_WEIGHTS)))
    for number, name in enumerate(DIGIT_WEIGHTS):
        described[:, :, number] = values[name]
    return described


def describe_marks(pieces: Pieces) -> Floats:
    """Return what `MARK_WEIGHTS` weighs, (pieces, weights): each piece as a mark."""
    heights = (pieces.boxes[:, 3] - pieces.boxes[:, 1]) / pieces.height
    return np.column_stack([np.ones(len(heights)), heights, heights**2, pieces.edges[:, :, 0].sum(axis=1)])


def find_likely(pieces: Pieces, candidates: Candidates) -> Ints:
    """Return the numbers (n,) of those candidates that may be on the best path, whatever the judge says of each.

    A path through each of the others is less likely than the best one by a factor of exp(`MAX_LACK`), shapes alone.
    """
    if len(candidates.ends) <= FEW:
        return np.arange(len(candidates.ends))
    weights = np.array([*DIGIT_WEIGHTS.values()])
    weights[:JUDGED] = 0
    scores = (describe_digits(candidates, np.ones((len(candidates.ends), 1 + ONE))) @ weights).max(
        axis=1, initial=-np.inf
    )
    marks = describe_marks(pieces) @ np.array([*MARK_WEIGHTS.values()])
    before = _find_best(candidates.ends, scores, marks)
    behind = _find_best(len(marks) - candidates.ends[:, ::-1], scores, marks[::-1])[::-1]
    through = before[candidates.ends[:, 0]] + scores + behind[candidates.ends[:, 1]]
    return np.flatnonzero(through > before[-1] - MAX_LACK)


def _find_best(ends: Ints, scores: Floats, marks: Floats) -> Floats:
    """Return the score of the best path to each place, (places,), given those of candidates (n,) and marks."""
    best = np.append(0.0, np.full(len(marks), -np.inf))
    for place, mark in enumerate(marks, 1):
        arriving = ends[:, 1] == place
        best[place] = np.max(best[ends[arriving, 0]] + scores[arriving], initial=best[place - 1] + mark)
    return best


def find_path(pieces: Pieces, candidates: Candidates, outputs: Floats) -> Path:
    """Return the best path through a line whose candidates a judge rated, `outputs` (n, classes)."""
    scores = describe_digits(candidates, outputs) @ np.array([*DIGIT_WEIGHTS.values()])  # (n, classes)
    is_all = candidates.ends[:, 1] - candidates.ends[:, 0] == len(pieces.boxes)
    scores[is_all & (outputs.max(axis=1) > SURE)] += ALONE
    marks = describe_marks(pieces) @ np.array([*MARK_WEIGHTS.values()])  # (pieces,)
    steps, confidence = _search(candidates.ends, scores, marks)
    chosen = [step for step in steps if step >= 0]
    covered = {piece for number in chosen for piece in range(*candidates.ends[number])}
    left_out = [piece for piece in range(len(marks)) if piece not in covered]
    return Path(chosen, scores[chosen].argmax(axis=1).tolist(), left_out, confidence)


def _search(ends: Ints, scores: Floats, marks: Floats) -> tuple[list[int], float]:
    """Return the best path, each step a candidate or -1 for a mark, and its share of all paths."""
    highest = scores.max(axis=1)
    sums = (highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))).tolist()  # over all classes
    top, firsts = highest.tolist(), ends[:, 0].tolist()
    arriving: list[list[int]] = [[] for _ in range(len(marks) + 1)]
    for number, after in enumerate(ends[:, 1].tolist()):
        arriving[after].append(number)
    best, total = [0.0], [0.0]  # of all paths to each place: highest score, logarithm of the sum of exponentials
    last_steps = [-1]  # of the best path to each place
    for place, mark in enumerate(marks.tolist(), 1):
        ways = [(best[firsts[number]] + top[number], number) for number in arriving[place]]
        score, step = max([(best[-1] + mark, -1), *ways])
        every = [total[firsts[number]] + sums[number] for number in arriving[place]]
        best.append(score)
        last_steps.append(step)
        total.append(float(np.logaddexp.reduce([total[-1] + mark, *every])))
    path: list[int] = []
    place = len(marks)
    while place:
        path.append(last_steps[place])
        place = firsts[path[-1]] if path[-1] >= 0 else place - 1
    return path[::-1], float(np.exp(best[-1] - total[-1]))
