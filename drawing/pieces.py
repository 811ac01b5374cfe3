"""The ink of a line of writing becomes pieces: areas of ink, and parts of areas that may be several digits.

Pieces are small enough that each belongs to one digit; which ones make a digit together is left to number.py.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.cuts import INK, Cuts, find_cuts
from drawing.digit import WORK_SIDE
from drawing.images import Grey, NoInk, halve

CUT_HEIGHT = 56  # pixels of a digit, at most, while cuts are looked for
CUT_WIDTH, CUT_INK = 0.65, 2.6  # heights, and vertical strokes' worth of ink: narrower areas, and less ink, are one digit
MAX_SLANT = 0.6  # sideways for each pixel upwards
SPECK = 0.08  # heights; what is smaller is no writing
MAX_AREAS = 100  # of ink in a line
EDGE = ("count", "length", "runs", "depth", "second depth", "holes")  # what is known of a cut

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """A line of writing, parted into n pieces from left to right.

    parts: (height, width), the number of the piece, from 1, at each pixel of ink and around it; boxes: (n, 4) left,
    top, right, bottom; spans: (n, 2) left and right where the slant is taken out; areas: (n,) pixels; bodies: (n,)
    which area of ink a piece is of, and edges: (n, 2, 6) the cuts at its left and right, as `EDGE` says; 0 if none.
    height: of a digit; stroke: its width. All in pixels.
    """

    parts: Grey
    boxes: Ints
    spans: Floats
    areas: Ints
    bodies: Ints
    edges: Floats
    height: float
    stroke: float


def reduce_writing(ink: Grey) -> tuple[Grey, Grey, Ints, int]:
    """Return the ink, halved until each area is smaller than `WORK_SIDE`, the areas as labels and stats, and the scale."""
    scale = 1
    while True:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(ink, INK + 1, 255))
        if count == 1:
            raise NoInk
        large = stats[1:, 4] >= 0.1 * stats[1:, 4].max()
        if stats[1:][large, 3].max() < WORK_SIDE:
            return ink, labels, stats[1:], scale
        ink, scale = halve(ink), 2 * scale


def part_line(ink: Grey, labels: Grey, stats: Ints, rows: Ints) -> Line:
    """Return the pieces of a line of writing: those areas, by their `rows` in `stats`, that belong to it."""
    stats = stats[rows]
    areas = stats[:, 4]
    order = np.argsort(stats[:, 3])
    share = np.cumsum(areas[order])
    height = float(stats[order, 3][np.searchsorted(share, share[-1] / 2)])  # the median over the ink
    dark = cv2.inRange(ink, INK + 1, 255)
    edge = cv2.countNonZero(dark) - cv2.countNonZero(cv2.erode(dark, np.ones((3, 3), np.uint8)))
    stroke = max(1.0, 2 * cv2.countNonZero(dark) / max(edge, 1))
    slant = _estimate_slant(ink)
    keep = stats[:, 2:4].max(axis=1) >= max(2, SPECK * height)
    largest = np.argsort(-areas, kind="stable")[:MAX_AREAS]
    pieces = []
    for number in largest[keep[largest]]:
        pieces += _part_area(ink, labels, stats[number], int(rows[number]) + 1, (height, stroke, slant))
    pieces.sort(key=lambda piece: piece[0])
    parts = np.zeros(ink.shape, np.uint8)
    for number, (_, _, (x, y), mask, _, _) in enumerate(pieces, 1):
        parts[y : y + mask.shape[0], x : x + mask.shape[1]][mask] = number
    around = cv2.dilate(parts, np.ones((3, 3), np.uint8))
    boxes = []
    for _, _, (x, y), mask, _, _ in pieces:
        left, top, width, wide = cv2.boundingRect(mask.astype(np.uint8))
        boxes.append((x + left, y + top, x + left + width, y + top + wide))
    return Line(
        np.where(parts, parts, around),
        np.array(boxes),
        np.array([piece[4] for piece in pieces]),
        np.array([piece[3].sum() for piece in pieces]),
        np.array([piece[1] for piece in pieces]),
        np.array([piece[5] for piece in pieces]),
        height,
        stroke,
    )


def _estimate_slant(ink: Grey) -> float:
    """Return how far strokes lean: columns to the left for each row down, by the edges that are rather upright."""
    across, down = cv2.Sobel(ink, cv2.CV_32F, 1, 0), cv2.Sobel(ink, cv2.CV_32F, 0, 1)
    upright = np.abs(across) > np.abs(down)
    across, down = across[upright], down[upright]
    slant = float(across @ down) / max(float(across @ across), 1e-9)
    return min(max(slant, -MAX_SLANT), MAX_SLANT)


def _part_area(ink, labels, stat, label, measures):
    """Return the pieces of one area: (place in the line, area, corner, mask, span, edges) each."""
    height, stroke, slant = measures
    x, y, width, high, size = stat.tolist()
    mask = labels[y : y + high, x : x + width] == label
    rows = np.arange(high)
    shifts = -slant * (rows + y - ink.shape[0] / 2)  # upright column = column - shift
    marks = [mask]
    edges = np.zeros((1, 2, len(EDGE)))
    span = _find_span(mask, shifts)
    if span[1] - span[0] >= CUT_WIDTH * height and size >= CUT_INK * height * stroke and high >= 0.5 * height:
        scale = min(1.0, CUT_HEIGHT / height)
        left = int(span[0]) - 1
        matrix = np.array([[1, slant, -slant * (ink.shape[0] / 2 - y) - left], [0, 1, 0]])
        upright = cv2.warpAffine(ink[y : y + high, x : x + width] * mask, matrix, (int(span[1]) - left + 2, high))
        cuts = find_cuts(cv2.resize(upright, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else upright, height * scale, stroke * scale)
        if len(cuts.columns):
            at = np.minimum((rows * scale).astype(int), cuts.columns.shape[1] - 1)
            columns = (cuts.columns[:, at] + 0.5) / scale + left + shifts  # (n, high)
            number = (np.arange(width) >= columns[:, :, None]).sum(axis=0)  # (high, width)
            marks = [mask & (number == n) for n in range(len(columns) + 1)]
            there = [n for n, mark in enumerate(marks) if mark.any()]
            marks = [marks[n] for n in there]
            known = np.column_stack([np.ones(len(columns)), np.minimum(cuts.length, 6), np.minimum(cuts.runs, 4), cuts.depths.max(axis=1), cuts.depths.min(axis=1), cuts.holes])
            edges = np.zeros((len(marks), 2, len(EDGE)))
            for n, after in enumerate(there[1:]):
                edges[n, 1] = edges[n + 1, 0] = known[after - 1]
    pieces, place = [], -np.inf
    for mark, edge in zip(marks, edges, strict=True):
        span = _find_span(mark, shifts) + x
        place = max(place, span.mean())
        pieces.append((place, label, (x, y), mark, span, edge))
    return pieces


def _find_span(mask: Grey, shifts: Floats) -> Floats:
    """Return the first and the last column of a mask, each row moved to the left by its shift."""
    filled = mask.any(axis=1)
    left = mask.argmax(axis=1) - shifts
    right = mask.shape[1] - mask[:, ::-1].argmax(axis=1) - shifts
    return np.array([left[filled].min(), right[filled].max()])
