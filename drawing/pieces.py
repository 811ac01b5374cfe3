"""A line of writing in pieces, from left to right: areas of ink, and parts of areas that may be several digits.

Digits that touch are cut by cuts.py. Which pieces make a digit together is left to candidates.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.cuts import Cuts, find_cuts
from drawing.images import DrawingError, Grey
from drawing.writing import INK, TOO_MUCH, Ints, Line

CUT_HEIGHT = 56  # pixels of a digit, at most, while cuts are looked for
CUT_WIDTH, CUT_LEAST, CUT_INK = 0.55, 0.5, 2.6  # for a digit's height, and an upright stroke's ink: less is not cut
MAX_SLANT = 0.6  # columns for each row
MAX_PIECES = 200
EDGE = "cuts", "length", "runs", "depth"  # what is known of the ends of a piece: how many are cut, and how

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Pieces:
    """The n pieces of a line, from left to right, in pixels of its ink (height, width).

    parts: (height, width), the number of the piece, from 1, at each pixel of ink and beside it; boxes: (n, 4) left,
    top, right, bottom; spans: (n, 2) left and right without the slant; sizes: (n,) pixels; areas: (n,) the area that a
    piece belongs to; edges: (n, 2, 4) its left and right end, by `EDGE`, 0 where it is not cut. height: of a digit;
    stroke: its width.
    """

    parts: Grey
    boxes: Ints
    spans: Floats
    sizes: Ints
    areas: Ints
    edges: Floats
    height: float
    stroke: float


@dataclass(frozen=True)
class _Piece:
    mask: Grey
    left: int
    top: int
    place: float  # in its line
    span: Floats
    area: int
    edges: Floats


@dataclass(frozen=True)
class _Hand:
    """How a line is written: the height of its digits, the width of its stroke, columns to the left for each row."""

    height: float
    stroke: float
    slant: float


def part_line(line: Line) -> Pieces:
    """Return the pieces of a line. Raises DrawingError where there are too many."""
    hand = _Hand(line.height, _measure_stroke(line.ink), _measure_slant(line.ink))
    areas = zip(line.areas.tolist(), line.boxes, strict=True)
    pieces = [piece for area, box in areas for piece in _part_area(line, area, box, hand)]
    if len(pieces) > MAX_PIECES:
        raise DrawingError(TOO_MUCH)
    pieces.sort(key=lambda piece: piece.place)
    parts, boxes = np.zeros(line.ink.shape, np.uint8), []
    for number, piece in enumerate(pieces, 1):
        left, top, (height, width) = piece.left, piece.top, piece.mask.shape
        parts[top : top + height, left : left + width][piece.mask] = number
        x, y, wide, high = cv2.boundingRect(piece.mask.astype(np.uint8))
        boxes.append((left + x, top + y, left + x + wide, top + y + high))
    return Pieces(
        parts=np.where(parts, parts, cv2.dilate(parts, np.ones((3, 3), np.uint8))),
        boxes=np.array(boxes),
        spans=np.array([piece.span for piece in pieces]),
        sizes=np.array([np.count_nonzero(piece.mask) for piece in pieces]),
        areas=np.array([piece.area for piece in pieces]),
        edges=np.array([piece.edges for piece in pieces]),
        height=hand.height,
        stroke=hand.stroke,
    )


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


def _part_area(line: Line, area: int, box: Ints, hand: _Hand) -> Iterator[_Piece]:
    """Yield the pieces of one area, from left to right."""
    left, top, width, height, size = box.tolist()
    within = slice(top, top + height), slice(left, left + width)
    mask = line.labels[within] == area
    shifts = -hand.slant * (np.arange(top, top + height) - len(line.ink) / 2)  # (height,) columns to the right
    span = _find_span(mask, shifts)
    high = min(height, hand.height)
    wide = span[1] - span[0] > CUT_WIDTH * high and size > CUT_INK * high * hand.stroke
    if not wide or height <= max(CUT_LEAST * hand.height, 2 * hand.stroke):  # one digit, or a dash
        yield _Piece(mask, left, top, float(span.mean()) + left, span + left, area, np.zeros((2, len(EDGE))))
        return
    scale = min(1.0, CUT_HEIGHT / hand.height)
    upright = _stand_up(line.ink[within] * mask, shifts, span, scale)
    cuts = find_cuts(upright, hand.height * scale, hand.stroke * scale)
    rows = np.arange(height) * len(upright) // height
    place = -np.inf
    for part, edges in _cut(mask, (cuts.columns[:, rows] + 0.5) / scale + span[0] + shifts, cuts):
        part_span = _find_span(part, shifts) + left
        place = max(place, float(part_span.mean()))  # the pieces of an area stay in order
        yield _Piece(part, left, top, place, part_span, area, edges)


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


def _cut(mask: Grey, columns: Floats, cuts: Cuts) -> Iterator[tuple[Grey, Floats]]:
    """Yield the parts of a mask (height, width) between cuts at `columns` (n, height), and the ends (2, 4) of each."""
    number = (np.arange(mask.shape[1]) >= columns[:, :, None]).sum(axis=0)  # (height, width): cuts to the left
    found = [(after, part) for after in range(len(columns) + 1) if (part := mask & (number == after)).any()]
    known = np.column_stack([np.ones(len(columns)), cuts.length, np.minimum(cuts.runs, 4), cuts.depth])  # (n, 4)
    uncut = np.zeros(len(EDGE))
    lefts = [uncut, *(known[after - 1] for after, _ in found[1:])]
    for (_, part), left, right in zip(found, lefts, [*lefts[1:], uncut], strict=True):
        yield part, np.array([left, right])
