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
MAX_FLATNESS = 3  # width for its own height: a digit has at most 2, a dash more
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

    def take(self, numbers: Ints) -> "Candidates":
        """Return those candidates alone."""
        return Candidates(self.ends[numbers], self.boxes[numbers], self.shapes[numbers])


@dataclass(frozen=True)
class _Groups:
    """Neighbouring pieces: from each piece on, 1, 2, 3 … of them; all arrays are (pieces, steps) or begin so.

    last: the last piece; low, high: (…, 2) left and top, right and bottom; start, end: left and right without the
    slant; ink: for that of an upright stroke; joined: whether it is of several areas; whole: whether it is one area.
    """

    last: Ints
    low: Ints
    high: Ints
    start: Floats
    end: Floats
    ink: Floats
    joined: Ints
    whole: Ints

    @property
    def height(self) -> Ints:
        return self.high[..., 1] - self.low[..., 1]

    @property
    def width(self) -> Floats:
        """The width without the slant."""
        return np.maximum(self.end - self.start, 1)


def find_candidates(pieces: Pieces) -> Candidates:
    """Return all that may be a digit: from each piece on, as many pieces as are near enough and not too wide."""
    groups = _group(pieces)
    chosen = _tell_possible(pieces, groups)
    middle = np.average(pieces.boxes[:, [1, 3]].mean(axis=1), weights=pieces.sizes)
    shape = (
        _add_edges(pieces, groups),
        groups.joined,
        np.clip(np.log(groups.width / groups.height), -2.5, 1),
        np.log(groups.height / pieces.height),
        np.abs((groups.low[..., 1] + groups.high[..., 1]) / 2 - middle) / pieces.height,
        np.minimum(groups.ink, 8),
        _measure_overlap(pieces, groups),
    )
    first = np.broadcast_to(np.arange(len(groups.last))[:, None], groups.last.shape)
    ends, boxes = np.dstack([first, groups.last + 1]), np.dstack([groups.low, groups.high])
    return Candidates(ends[chosen], boxes[chosen], np.dstack(shape)[chosen])


def _group(pieces: Pieces) -> _Groups:
    """Return all groups of at most `MAX_PIECES`; those that reach beyond the line have its last piece several times."""
    count = len(pieces.boxes)
    first = np.arange(count)[:, None]
    last = np.minimum(first + np.arange(min(MAX_PIECES, count)), count - 1)  # (pieces, steps)
    boxes, spans = pieces.boxes[last], pieces.spans[last]
    before, behind = _find_neighbours(pieces.areas)
    joined = np.logical_or.accumulate(pieces.areas[last] != pieces.areas[:, None], axis=1)
    return _Groups(
        last=last,
        low=np.minimum.accumulate(boxes[..., :2], axis=1),
        high=np.maximum.accumulate(boxes[..., 2:], axis=1),
        start=np.minimum.accumulate(spans[..., 0], axis=1),
        end=np.maximum.accumulate(spans[..., 1], axis=1),
        ink=np.cumsum(pieces.sizes[last], axis=1) / (pieces.height * pieces.stroke),
        joined=joined,
        whole=~joined & (before[:, None] < 0) & (behind[last] == count),
    )


def _find_neighbours(areas: Ints) -> tuple[Ints, Ints]:
    """Return the piece (n,) of the same area before each piece, or -1, and the one behind it, or n."""
    numbers, same = np.arange(len(areas)), areas == areas[:, None]
    before = np.where(same & (numbers < numbers[:, None]), numbers, -1).max(axis=1)
    behind = np.where(same & (numbers > numbers[:, None]), numbers, len(areas)).min(axis=1)
    return before, behind


def _tell_possible(pieces: Pieces, groups: _Groups) -> Ints:
    """Return which groups may be a digit, (pieces, steps): large enough, not too wide, no piece far from the others."""
    first, last = np.arange(len(groups.last))[:, None], groups.last
    height, boxes, spans = groups.height, pieces.boxes[last[:, 1:]], pieces.spans[last[:, 1:]]
    # How far each piece is from those before it, if it is of another area.
    across = np.maximum(spans[..., 0] - groups.end[:, :-1], 0)
    down = np.maximum(boxes[..., 1] - groups.high[:, :-1, 1], groups.low[:, :-1, 1] - boxes[..., 3])
    both_high = np.minimum(boxes[..., 3] - boxes[..., 1], height[:, :-1]) > HIGH * pieces.height
    reach = np.where(both_high & (across > 0), MAX_HIGH_GAP, MAX_GAP) * pieces.height
    is_new = _find_neighbours(pieces.areas)[0][last[:, 1:]] < first
    is_far = is_new & (np.hypot(across, np.maximum(down, 0)) > reach)

    is_wide = (groups.width > MAX_WIDTH * np.maximum(height, pieces.height)) & ~groups.whole
    ended = is_wide | (last < first + np.arange(last.shape[1]))
    ended[:, 1:] |= is_far
    is_large = np.maximum(height, groups.high[..., 0] - groups.low[..., 0]) >= MIN_SIDE * pieces.height
    is_dash = groups.width > MAX_FLATNESS * height
    is_possible = is_large & ~is_dash & (groups.whole | (groups.ink >= MIN_INK))
    return ~np.logical_or.accumulate(ended, axis=1) & is_possible


def _add_edges(pieces: Pieces, groups: _Groups) -> Floats:
    """Return what is known of the cuts around each group, (pieces, steps, 4)."""
    first, last = np.arange(len(groups.last))[:, None], groups.last
    before, behind = _find_neighbours(pieces.areas)
    lefts = pieces.edges[last, 0] * (before[last] < first)[..., None]  # (pieces, steps, 4)
    inside = np.tri(last.shape[1], dtype=bool)  # (steps, steps): which pieces a group has
    is_end = inside & (behind[last][:, None, :] > last[..., None])  # (pieces, steps, steps)
    return np.cumsum(lefts, axis=1) + is_end @ pieces.edges[last, 1]


def _measure_overlap(pieces: Pieces, groups: _Groups) -> Floats:
    """Return how much of each group's width lies above or below pieces at its left or right, (pieces, steps)."""
    left = np.maximum.accumulate(np.append(-np.inf, pieces.spans[:, 1]))  # where those before each piece end
    right = np.minimum.accumulate(np.append(pieces.spans[:, 0], np.inf)[::-1])[::-1]
    before, behind = left[: len(groups.last), None] - groups.start, groups.end - right[groups.last + 1]
    return np.clip(before / groups.width, 0, 1) + np.clip(behind / groups.width, 0, 1)


def draw(ink: Grey, pieces: Pieces, candidates: Candidates) -> Grey:
    """Return what a network sees of each candidate in a line's ink, (n, 784) uint8."""
    pixels = np.empty((len(candidates.ends), 784), np.uint8)
    ends, boxes = candidates.ends.tolist(), candidates.boxes.tolist()
    for row, (first, after), (left, top, right, bottom) in zip(pixels, ends, boxes, strict=True):
        around = slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1)
        mask = cv2.inRange(pieces.parts[around], first + 1, after)
        row[:] = place(normalise_stroke(crop(cv2.bitwise_and(ink[around], mask)))).ravel()
    return pixels
