"""The ink of a picture becomes lines of writing, and each line pieces from left to right.

A piece is an area of ink, or a part of an area that may be several digits that touch (cuts.py). Which pieces make a
digit together is left to number.py. Frames and ruled lines are left out here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.cuts import INK, Cuts, find_cuts
from drawing.images import WORK_SIDE, DrawingError, Grey, NoInk, halve

CUT_HEIGHT = 56  # pixels of a digit, at most, while cuts are looked for
CUT_WIDTH, CUT_INK = 0.65, 2.6  # for a digit's height, for an upright stroke's ink; areas with less are one digit
MAX_SLANT = 0.6  # columns for each row
SPECK = 0.08  # of the height of a digit; smaller areas are no writing
MAX_AREAS, MAX_PIECES = 100, 250  # in a line
EDGE = "cuts", "length", "runs", "depth"  # what is known of the ends of a piece: how many are cut, and how

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Writing:
    """Ink (height, width), the number of its area at each pixel, and (areas, 5) as OpenCV describes them.

    Number 0 is the paper. The ink was halved until each digit is lower than `WORK_SIDE`: `scale` times.
    """

    ink: Grey
    labels: Grey
    stats: Ints
    scale: int


@dataclass(frozen=True)
class Line:
    """A line of writing in n pieces, from left to right; all in pixels of `ink` (height, width).

    parts: (height, width), the number of the piece, from 1, at each pixel of ink and beside it; boxes: (n, 4) left,
    top, right, bottom; spans: (n, 2) left and right without the slant; areas: (n,); bodies: (n,) the area of ink that a
    piece belongs to; edges: (n, 2, 4) its left and right end, by `EDGE`, 0 where it is not cut. height: of a digit;
    stroke: its width.
    """

    ink: Grey
    parts: Grey
    boxes: Ints
    spans: Floats
    areas: Ints
    bodies: Ints
    edges: Floats
    height: float
    stroke: float


@dataclass(frozen=True)
class _Piece:
    place: float  # in its line
    body: int
    corner: tuple[int, int]
    mask: Grey
    span: Floats
    edges: Floats


@dataclass(frozen=True)
class _Hand:
    """How a line is written: the height of its digits, the width of its stroke, columns to the left per row down."""

    height: float
    stroke: float
    slant: float


def find_areas(ink: Grey) -> Writing:
    """Return the areas of `ink` (height, width). Raises NoInk where there is none."""
    scale = 1
    while True:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(ink, INK + 1, 255))
        heights = stats[1:, 3][stats[1:, 4] >= 0.1 * stats[1:, 4].max(initial=0)]
        if not len(heights):
            raise NoInk
        if heights.max() < WORK_SIDE:
            return Writing(ink, labels, stats, scale)
        ink, scale = halve(ink), 2 * scale


def part_line(writing: Writing, numbers: Ints) -> Line:
    """Return the line of those areas, by their `numbers` in `writing`, in pieces. Raises DrawingError for a crowd."""
    stats = writing.stats[numbers]  # (n, 5)
    order = np.argsort(stats[:, 3])
    ink_below = np.cumsum(stats[order, 4])
    height = float(stats[order, 3][np.searchsorted(ink_below, ink_below[-1] / 2)])  # the median over the ink
    hand = _Hand(height, _measure_stroke(writing.ink), _measure_slant(writing.ink))
    large = np.flatnonzero(stats[:, 2:4].max(axis=1) >= max(2, SPECK * height))
    if len(large) > MAX_AREAS:
        raise DrawingError("there is too much on this picture; send one line with at most 32 digits")
    pieces = [piece for number in numbers[large].tolist() for piece in _part_area(writing, number, hand)]
    pieces.sort(key=lambda piece: piece.place)
    return _join(writing.ink, pieces[:MAX_PIECES], hand)


def _measure_stroke(ink: Grey) -> float:
    """Return the width of the strokes: their area for half the length of their edges."""
    dark = cv2.inRange(ink, INK + 1, 255)
    area = cv2.countNonZero(dark)
    return max(1.0, 2 * area / max(area - cv2.countNonZero(cv2.erode(dark, np.ones((3, 3), np.uint8))), 1))


def _measure_slant(ink: Grey) -> float:
    """Return how many columns further to the left strokes are in each row, by those edges that are rather upright."""
    across, down = cv2.Sobel(ink, cv2.CV_32F, 1, 0), cv2.Sobel(ink, cv2.CV_32F, 0, 1)
    upright = np.abs(across) > np.abs(down)
    across, down = across[upright], down[upright]
    slant = float(across @ down) / max(float(across @ across), 1e-9)
    return min(max(slant, -MAX_SLANT), MAX_SLANT)


def _join(ink: Grey, pieces: list[_Piece], hand: _Hand) -> Line:
    parts = np.zeros(ink.shape, np.uint8)
    boxes = []
    for number, piece in enumerate(pieces, 1):
        (x, y), (high, wide) = piece.corner, piece.mask.shape
        parts[y : y + high, x : x + wide][piece.mask] = number
        left, top, width, height = cv2.boundingRect(piece.mask.astype(np.uint8))
        boxes.append((x + left, y + top, x + left + width, y + top + height))
    beside = cv2.dilate(parts, np.ones((3, 3), np.uint8))
    return Line(
        ink=ink,
        parts=np.where(parts, parts, beside),
        boxes=np.array(boxes),
        spans=np.array([piece.span for piece in pieces]),
        areas=np.array([cv2.countNonZero(piece.mask.astype(np.uint8)) for piece in pieces]),
        bodies=np.array([piece.body for piece in pieces]),
        edges=np.array([piece.edges for piece in pieces]),
        height=hand.height,
        stroke=hand.stroke,
    )


def _part_area(writing: Writing, number: int, hand: _Hand) -> Iterator[_Piece]:
    """Yield the pieces of one area, from left to right."""
    left, top, width, height, area = writing.stats[number].tolist()
    box = slice(top, top + height), slice(left, left + width)
    mask = writing.labels[box] == number
    shifts = -hand.slant * (np.arange(top, top + height) - writing.ink.shape[0] / 2)  # (height,) to the right
    masks, edges = [mask], np.zeros((1, 2, len(EDGE)))
    span = _find_span(mask, shifts)
    wide = span[1] - span[0] > CUT_WIDTH * hand.height and height > 0.5 * hand.height
    if wide and area > CUT_INK * hand.height * hand.stroke:
        scale = min(1.0, CUT_HEIGHT / hand.height)
        cuts = find_cuts(_stand_up(writing.ink[box] * mask, shifts, span, scale), hand.height * scale, hand.stroke * scale)
        rows = np.arange(height) * cuts.columns.shape[1] // height
        columns = (cuts.columns[:, rows] + 0.5) / scale + span[0] + shifts  # (n, height)
        masks, edges = _cut(mask, columns, cuts)
    place = -np.inf
    for part, ends in zip(masks, edges, strict=True):
        span = _find_span(part, shifts) + left
        place = max(place, float(span.mean()))  # the pieces of an area stay in order
        yield _Piece(place, number, (left, top), part, span, ends)


def _find_span(mask: Grey, shifts: Floats) -> Floats:
    """Return the first and the last column (2,) of a mask whose rows are moved to the left by `shifts`."""
    filled = mask.any(axis=1)
    left = mask.argmax(axis=1) - shifts
    right = mask.shape[1] - mask[:, ::-1].argmax(axis=1) - shifts
    return np.array([left[filled].min(), right[filled].max()])


def _stand_up(ink: Grey, shifts: Floats, span: Floats, scale: float) -> Grey:
    """Return ink without its slant, `scale` times as large, with an odd number of rows."""
    slant = (shifts[-1] - shifts[0]) / max(len(shifts) - 1, 1)
    matrix = np.array([[1, -slant, -shifts[0] - span[0]], [0, 1, 0]])
    upright = cv2.warpAffine(ink, matrix, (int(np.ceil(span[1] - span[0])) + 1, len(ink)))
    size = max(1, round(upright.shape[1] * scale)), round(len(ink) * scale) // 2 * 2 + 1
    return cv2.resize(upright, size, interpolation=cv2.INTER_AREA)


def _cut(mask: Grey, columns: Floats, cuts: Cuts) -> tuple[list[Grey], Floats]:
    """Return the parts of a mask (height, width) between cuts at `columns` (n, height), and their ends (n + 1, 2, 4)."""
    number = (np.arange(mask.shape[1]) >= columns[:, :, None]).sum(axis=0)  # (height, width): cuts to the left
    found = [(after, part) for after in range(len(columns) + 1) if (part := mask & (number == after)).any()]
    known = np.column_stack([np.ones(len(columns)), cuts.length, np.minimum(cuts.runs, 4), cuts.depth])  # (n, 4)
    edges = np.zeros((len(found), 2, len(EDGE)))
    for place, (after, _) in enumerate(found[1:], 1):
        edges[place, 0] = edges[place - 1, 1] = known[after - 1]
    return [part for _, part in found], edges
