"""What may be a digit in a line: neighbouring pieces, with their shape, their place in the line and their ends."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.digit import normalise_stroke, place
from drawing.images import Grey, crop
from drawing.pieces import EDGE, Pieces
from drawing.writing import Ints

# For the height of a digit, and for the ink of an upright stroke, which a 1 has.
MAX_WIDTH, MIN_SIDE, MIN_INK = 1.5, 0.25, 0.6
MAX_GAP = 0.3  # between pieces that are one digit
MAX_HIGH_GAP, HIGH = 0.12, 0.55  # between those side by side that are both high, as two digits are
MAX_PIECES = 12  # of one digit
SHAPE = *EDGE, "joined", "width", "height", "offset", "ink", "overlap"

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Candidates:
    """The n candidates of a line, by their first piece and then by their last.

    ends: (n, 2) the first piece of each, and the first one after it; boxes: (n, 4) left, top, right, bottom in pixels
    of the line's ink; shapes: (n, 10), by `SHAPE`: the cuts at both ends together; whether several areas are joined;
    the logarithm of the width for the height, and of the height for that of a digit; how far the middle is from that
    of the line; the ink; how much of the width lies above or below other pieces.
    """

    ends: Ints
    boxes: Ints
    shapes: Floats


def find_candidates(pieces: Pieces) -> Candidates:
    """Return all that may be a digit: from each piece on, as many pieces as are near enough and not too wide."""
    count = len(pieces.boxes)
    first = np.arange(count)[:, None]
    steps = first + np.arange(min(MAX_PIECES, count))  # (pieces, steps): the last piece of each group
    last = np.minimum(steps, count - 1)
    boxes, spans = pieces.boxes[last], pieces.spans[last]
    low, high = np.minimum.accumulate(boxes[..., :2], axis=1), np.maximum.accumulate(boxes[..., 2:], axis=1)
    start, end = np.minimum.accumulate(spans[..., 0], axis=1), np.maximum.accumulate(spans[..., 1], axis=1)
    height, width = high[..., 1] - low[..., 1], np.maximum(end - start, 1)
    before, behind = _find_neighbours(pieces.areas)
    joined = np.logical_or.accumulate(pieces.areas[last] != pieces.areas[:, None], axis=1)
    whole = ~joined & (before[:, None] < 0) & (behind[last] == count)

    # How far each piece is from those before it, if it is not of the same area.
    across = np.maximum(spans[:, 1:, 0] - end[:, :-1], 0)
    down = np.maximum(boxes[:, 1:, 1] - high[:, :-1, 1], low[:, :-1, 1] - boxes[:, 1:, 3])
    both_high = np.minimum(boxes[:, 1:, 3] - boxes[:, 1:, 1], height[:, :-1]) > HIGH * pieces.height
    reach = np.where(both_high & (across > 0), MAX_HIGH_GAP, MAX_GAP) * pieces.height
    ends_here = (steps >= count) | (width > MAX_WIDTH * np.maximum(height, pieces.height)) & ~whole
    ends_here[:, 1:] |= (before[last[:, 1:]] < first) & (np.hypot(across, np.maximum(down, 0)) > reach)

    ink = np.cumsum(pieces.sizes[last], axis=1) / (pieces.height * pieces.stroke)
    large = np.maximum(height, high[..., 0] - low[..., 0]) >= MIN_SIDE * pieces.height
    chosen = ~np.logical_or.accumulate(ends_here, axis=1) & large & (whole | (ink >= MIN_INK))
    middle = np.average(pieces.boxes[:, [1, 3]].mean(axis=1), weights=pieces.sizes)
    shapes = np.dstack(
        [
            _add_edges(pieces, last),
            joined,
            np.clip(np.log(width / height), -2.5, 1),
            np.log(height / pieces.height),
            np.abs((low[..., 1] + high[..., 1]) / 2 - middle) / pieces.height,
            np.minimum(ink, 8),
            _measure_overlap(pieces, last, start, end) / width,
        ]
    )
    ends = np.dstack([np.broadcast_to(first, last.shape), last + 1])
    return Candidates(ends[chosen], np.dstack([low, high])[chosen], shapes[chosen])


def _find_neighbours(areas: Ints) -> tuple[Ints, Ints]:
    """Return the piece (n,) of the same area before each piece, or -1, and the one behind it, or n."""
    numbers, same = np.arange(len(areas)), areas == areas[:, None]
    before = np.where(same & (numbers < numbers[:, None]), numbers, -1).max(axis=1)
    behind = np.where(same & (numbers > numbers[:, None]), numbers, len(areas)).min(axis=1)
    return before, behind


def _add_edges(pieces: Pieces, last: Ints) -> Floats:
    """Return what is known of the cuts around each group of pieces, (pieces, steps, 4)."""
    first = np.arange(len(last))[:, None]
    before, behind = _find_neighbours(pieces.areas)
    lefts = pieces.edges[last, 0] * (before[last] < first)[..., None]  # (pieces, steps, 4)
    inside = np.tri(last.shape[1], dtype=bool)  # (steps, steps): which pieces a group has
    is_end = inside & (behind[last][:, None, :] > last[..., None])  # (pieces, steps, steps)
    return np.cumsum(lefts, axis=1) + is_end @ pieces.edges[last, 1]


def _measure_overlap(pieces: Pieces, last: Ints, start: Floats, end: Floats) -> Floats:
    """Return how many columns of each group lie above or below pieces at its left or right, (pieces, steps)."""
    left = np.maximum.accumulate(
        np.append(-np.inf, pieces.spans[:, 1])
    )  # (pieces + 1,): where those before a piece end
    right = np.minimum.accumulate(np.append(pieces.spans[:, 0], np.inf)[::-1])[::-1]
    wide = np.maximum(end - start, 1)
    return np.clip(left[: len(last), None] - start, 0, wide) + np.clip(end - right[last + 1], 0, wide)


def draw(ink: Grey, pieces: Pieces, candidates: Candidates) -> Grey:
    """Return what a network sees of each candidate in a line's ink, (n, 784) uint8."""
    pixels = np.empty((len(candidates.ends), 784), np.uint8)
    ends, boxes = candidates.ends.tolist(), candidates.boxes.tolist()
    for row, (first, after), (left, top, right, bottom) in zip(pixels, ends, boxes, strict=True):
        around = slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1)
        mask = cv2.inRange(pieces.parts[around], first + 1, after)
        row[:] = place(normalise_stroke(crop(cv2.bitwise_and(ink[around], mask)))).ravel()
    return pixels
