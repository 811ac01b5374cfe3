"""Where one area of ink may be several digits that touch: paths from its top to its bottom.

Two kinds of paths are tried. One is the cheapest path through a gap in the middle row; it leans and bends, so it finds
thin joints, and gaps beneath strokes that overhang. The other joins a notch in the upper outline with one in the lower.
Source: Wang, Jean, "Segmentation of merged characters by neural networks and shortest path", Pattern Recognition 27,
1994; Casey, Lecolinet, "A survey of methods and strategies in character segmentation", IEEE PAMI 18, 1996.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d

from drawing.images import Grey

INK = 64  # of 255; what is lighter is the edge of a stroke
LEAN = 0.12  # what a step to the side costs a path, in pixels of full ink
HOLE = 0.1  # what a pixel inside a loop costs: few digits touch twice
REACH = 0.45  # of the height of a digit: how far apart the two notches of a cut may be
AROUND = 0.5  # of the height: how far a notch is looked at
MIN_RANK = -0.15
MIN_SIDE = 0.7  # vertical strokes' worth of ink on either side of a cut: a 1 has 1
MIN_BETWEEN = 0.2  # the same, between two cuts

Columns = NDArray[np.int64]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Cuts:
    """Paths through ink (height, width): their columns (n, height), from left to right, and what they are like.

    length: (n,) of ink that they cross, in widths of the stroke; runs: (n,) how many strokes they cross; depths:
    (n, 2) of the notches that they begin and end in, in heights of a digit; holes: (n,) heights of loops that they
    cross.
    """

    columns: Columns
    length: Floats
    runs: Floats
    depths: Floats
    holes: Floats

    def take(self, rows: Columns) -> "Cuts":
        """Return these cuts alone, in this order."""
        return Cuts(self.columns[rows], self.length[rows], self.runs[rows], self.depths[rows], self.holes[rows])


def find_cuts(ink: Grey, height: float, stroke: float) -> Cuts:
    """Return the cuts through an area of ink (rows, width), whose slant is taken out, from left to right.

    height: of a digit, and stroke: its width, both in pixels.
    """
    holes, outlines = _find_holes(ink), [_find_outline(ink), _find_outline(ink[::-1])]
    columns = _find_paths(ink, holes, outlines, height)
    tops = [_find_tops(outline, max(1, round(AROUND * height))) for outline in outlines]
    cuts = _describe(ink, holes, tops, columns)
    cuts = Cuts(columns, cuts.length / stroke, cuts.runs, np.clip(cuts.depths / height, -0.5, 1), cuts.holes / height)
    rank = cuts.depths.max(axis=1, initial=-1) - 0.2 * cuts.runs + 0.13 * np.minimum(cuts.length, 6) - 0.2 * cuts.holes
    unit = height * stroke * 255  # the ink of a vertical stroke
    lefts = np.cumsum(ink, axis=1)[np.arange(len(ink)), columns].astype(np.float64)  # (n, rows)
    before, whole = lefts.sum(axis=1), float(ink.sum())
    good = (rank > MIN_RANK) & (np.minimum(before, whole - before) > MIN_SIDE * unit)
    chosen: list[int] = []
    for number in np.argsort(-rank, kind="stable"):
        if good[number] and all(abs(lefts[number] - lefts[n]).sum() > MIN_BETWEEN * unit for n in chosen):
            chosen.append(int(number))
    cuts = cuts.take(np.array(sorted(chosen, key=lambda number: before[number]), np.int64))
    cuts.columns.sort(axis=0)  # paths may cross, but pieces stand side by side
    return cuts


def _find_paths(ink: Grey, holes: Grey, outlines: list[Floats], height: float) -> Columns:
    """Return the columns of all paths that are tried, (n, rows)."""
    cost = ink.astype(np.float32) / 255 + np.float32(HOLE) * holes  # (rows, width)
    middle = len(cost) // 2
    down, up = _accumulate(cost[: middle + 1]), _accumulate(cost[middle:][::-1])
    columns = _find_valleys(down[-1] + up[-1] - cost[middle])  # (n,)
    paths = np.hstack([_follow(down, columns)[:, ::-1], _follow(up, columns)[:, 1:]])  # (n, rows)
    rows, last = np.arange(len(ink)), len(ink) - 1
    upper, lower = ([(column, outline[column]) for column in _find_valleys(-outline)] for outline in outlines)
    pairs = [
        np.interp(rows, [top, max(last - bottom, top + 1)], [left, right])
        for left, top in upper
        for right, bottom in lower
        if abs(left - right) < REACH * height
    ]
    return np.vstack([paths, np.rint(pairs).astype(np.int64).reshape(-1, len(ink))])


def _find_holes(ink: Grey) -> Grey:
    """Return where ink encloses paper, (rows, width) of bool."""
    filled = cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    cv2.floodFill(filled, None, (0, 0), 255, INK, INK, 4)
    return filled[1:-1, 1:-1] <= INK


def _find_outline(ink: Grey) -> Floats:
    """Return the row (width,) of the first ink in each column."""
    dark = ink > INK
    return np.where(dark.any(axis=0), dark.argmax(axis=0), len(ink)).astype(np.float64)


def _accumulate(cost: Grey) -> Grey:
    """Return the cost of the cheapest path from the first row to each pixel, (rows, width)."""
    total = cost.copy()
    for before, row in zip(total[:-1], total[1:], strict=True):
        best = before.copy()
        aside = before + LEAN
        np.minimum(best[1:], aside[:-1], out=best[1:])
        np.minimum(best[:-1], aside[1:], out=best[:-1])
        row += best
    return total


def _find_valleys(values: Floats) -> Columns:
    """Return the places (n,) of local minima, of level ones the middle, without those at the ends."""
    change = np.flatnonzero(np.diff(values))  # the last of each level part
    if len(change) < 2:
        return np.zeros(0, np.int64)
    first, last = np.append(0, change + 1), np.append(change, len(values) - 1)
    levels = values[first]
    low = np.flatnonzero((levels[1:-1] < levels[:-2]) & (levels[1:-1] < levels[2:])) + 1
    return (first[low] + last[low]) // 2


def _follow(total: Grey, columns: Columns) -> Columns:
    """Return the columns of the cheapest paths, (n, rows), from the last row at `columns` (n,) back to the first."""
    padded = np.pad(total, ((0, 0), (1, 1)), constant_values=np.inf)
    aside = padded + LEAN
    paths = np.empty((len(total), len(columns)), np.int64)
    paths[0] = columns
    for step, row in enumerate(range(len(total) - 2, -1, -1), 1):
        before = paths[step - 1]  # its own place in `padded` is one to the right
        ahead, left, right = padded[row, before + 1], aside[row, before], aside[row, before + 2]
        paths[step] = before + np.where(left < np.minimum(ahead, right), -1, np.where(right < ahead, 1, 0))
    return paths.T


def _describe(ink: Grey, holes: Grey, outlines: list[Floats], columns: Columns) -> Cuts:
    """Return the paths `columns` (n, rows) with what they are like, in pixels."""
    rows, numbers = np.arange(len(ink)), np.arange(len(columns))
    crossed = ink[rows, columns]  # (n, rows)
    dark = crossed > INK
    runs = dark[:, 0] + (dark[:, 1:] & ~dark[:, :-1]).sum(axis=1)
    steps = np.hypot(1, np.diff(columns, axis=1, append=columns[:, -1:]))
    depths = []
    for hidden, path, outline in ((dark, columns, outlines[0]), (dark[:, ::-1], columns[:, ::-1], outlines[1])):
        first = hidden.argmax(axis=1)  # (n,)
        depths.append(first - outline[path[numbers, first]])
    return Cuts(columns, (crossed * steps).sum(axis=1) / 255, runs, np.column_stack(depths), holes[rows, columns].sum(axis=1))


def _find_tops(outline: Floats, reach: int) -> Floats:
    """Return how high the ink reaches within `reach` columns to both sides of each column: the lower of the two."""
    size = reach + 1
    left, right = (minimum_filter1d(part, size, origin=(size - 1) // 2) for part in (outline, outline[::-1]))
    return np.maximum(left, right[::-1])
