"""What may be a digit in a line: pieces that stand next to one another, with their shape, their place and their ends."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.digit import normalise_stroke, place
from drawing.images import Grey, crop
from drawing.pieces import EDGE, Pieces
from drawing.writing import Ints

# All for the height of a digit, and for the ink of an upright stroke, which a 1 has.
MAX_WIDTH = 1.5
MIN_SIDE, MIN_SIZE = 0.25, 0.6
MAX_GAP = 0.3  # between pieces that are one digit
MAX_HIGH_GAP, HIGH = 0.12, 0.55  # between those that are both high, as two digits are
MAX_PIECES = 12  # of one digit
SHAPE = *EDGE, "joined", "width", "height", "offset", "ink", "overlap"

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Candidates:
    """The n candidates of a line.

    ends: (n, 2) the first piece of each, and the first one after it; boxes: (n, 4) left, top, right, bottom in pixels
    of the line's ink; shapes: (n, 10), by `SHAPE`: the cuts at both ends together; whether several areas are joined;
    the logarithm of the width for the height, and of the height for that of a digit; how far the middle is from that
    of the line; the ink; how much of the width lies above or below other pieces.
    """

    ends: Ints
    boxes: Ints
    shapes: Floats


@dataclass
class _Group:
    """Pieces first ... after - 1, while they grow: a box, a span, a size, the areas that they belong to."""

    first: int
    after: int
    box: list[int]
    span: list[float]
    size: int
    areas: set[int]


def find_candidates(pieces: Pieces) -> Candidates:
    """Return all that may be a digit, by its first piece and then its last."""
    groups = [group for first in range(len(pieces.boxes)) for group in _grow(pieces, first)]
    ends = np.array([(group.first, group.after) for group in groups], np.int64).reshape(-1, 2)
    boxes = np.array([group.box for group in groups], np.int64).reshape(-1, 4)
    return Candidates(ends, boxes, _measure_shapes(pieces, groups))


def _grow(pieces: Pieces, first: int) -> Iterator[_Group]:
    """Yield the groups that begin with a piece and may be a digit, each with one piece more than the one before."""
    boxes, spans, areas = pieces.boxes, pieces.spans, pieces.areas
    group = _Group(first, first, [1 << 30, 1 << 30, 0, 0], [np.inf, -np.inf], 0, set())
    for number in range(first, min(first + MAX_PIECES, len(boxes))):
        (left, top, right, bottom), (start, end) = boxes[number].tolist(), spans[number].tolist()
        area = int(areas[number])
        if group.areas and area not in group.areas:
            gap = np.hypot(max(0, start - group.span[1]), max(0, top - group.box[3], group.box[1] - bottom))
            high = min(bottom - top, group.box[3] - group.box[1]) > HIGH * pieces.height
            if gap > (MAX_HIGH_GAP if high else MAX_GAP) * pieces.height:
                return
        old = group.box
        group.box = [min(old[0], left), min(old[1], top), max(old[2], right), max(old[3], bottom)]
        group.span = [min(group.span[0], start), max(group.span[1], end)]
        group = _Group(first, number + 1, group.box, group.span, group.size + int(pieces.sizes[number]), group.areas | {area})
        width, height = group.span[1] - group.span[0], group.box[3] - group.box[1]
        whole = len(group.areas) == 1 and np.count_nonzero(areas == area) == group.after - first
        if width > MAX_WIDTH * max(pieces.height, height) and not whole:
            return
        enough = group.size >= MIN_SIZE * pieces.height * pieces.stroke or whole
        if enough and max(group.box[2] - group.box[0], height) >= MIN_SIDE * pieces.height:
            yield group


def _measure_shapes(pieces: Pieces, groups: list[_Group]) -> Floats:
    """Return the shapes (n, 10) of groups of pieces, by `SHAPE`."""
    numbers = np.arange(len(pieces.boxes))
    same = pieces.areas == pieces.areas[:, None]
    before = np.where(same & (numbers < numbers[:, None]), numbers, -1).max(axis=1)  # (pieces,) of the same area
    behind = np.where(same & (numbers > numbers[:, None]), numbers, 1 << 30).min(axis=1)
    left_of = np.maximum.accumulate(np.append(-np.inf, pieces.spans[:, 1]))  # how far the pieces before reach
    right_of = np.minimum.accumulate(np.append(pieces.spans[:, 0], np.inf)[::-1])[::-1]
    middle = np.average(pieces.boxes[:, [1, 3]].mean(axis=1), weights=pieces.sizes)
    shapes = np.empty((len(groups), len(SHAPE)))
    for shape, group in zip(shapes, groups, strict=True):
        inside = slice(group.first, group.after)
        edges = pieces.edges[inside]
        shape[:4] = edges[:, 0].T @ (before[inside] < group.first) + edges[:, 1].T @ (behind[inside] >= group.after)
        (start, end), (_, top, _, bottom) = group.span, group.box
        width, height = max(end - start, 1), bottom - top
        overlaps = left_of[group.first] - start, end - right_of[group.after]
        shape[4:] = (
            len(group.areas) > 1,
            np.clip(np.log(width / height), -2.5, 1),
            np.log(height / pieces.height),
            abs((top + bottom) / 2 - middle) / pieces.height,
            min(group.size / pieces.height / pieces.stroke, 8),
            sum(min(max(overlap, 0) / width, 1) for overlap in overlaps),
        )
    return shapes


def draw(ink: Grey, pieces: Pieces, candidates: Candidates) -> Grey:
    """Return what the network sees of each candidate in a line's ink, (n, 784) uint8."""
    pixels = np.empty((len(candidates.ends), 784), np.uint8)
    for row, (first, after), (left, top, right, bottom) in zip(pixels, candidates.ends.tolist(), candidates.boxes.tolist(), strict=True):
        around = slice(max(0, top - 1), bottom + 1), slice(max(0, left - 1), right + 1)
        mask = cv2.inRange(pieces.parts[around], first + 1, after)
        row[:] = place(normalise_stroke(crop(cv2.bitwise_and(ink[around], mask)))).ravel()
    return pixels
