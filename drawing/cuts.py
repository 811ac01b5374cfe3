"""Where one area of ink may be several digits that touch: paths from its top to its bottom.

Two kinds of paths are tried. One is the cheapest path through a gap in the middle row; it leans and bends, so it finds
thin joints, and gaps beneath strokes that overhang. The other joins a notch in the upper outline with one in the lower.
The numbers below were chosen on made-up numbers: with them, most can be read with the right pieces.
Source: Wang, Jean, "Segmentation of merged characters by neural networks and shortest path", Pattern Recognition 27,
1994; Casey, Lecolinet, "A survey of methods and strategies in character segmentation", IEEE PAMI 18, 1996.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.images import Grey
from drawing.writing import INK

LEAN = 0.3  # what a step to the side costs a path, in pixels of full ink
THICK = 0.5, 0.75  # widths of a stroke, to the nearest paper: what is thicker than a stroke is two strokes, and
JOINT = 0.1  # costs so much of what ink costs
HOLE = 0.1  # what a pixel inside a loop costs: few digits touch twice
APART = 0.45  # of the height of a digit: the two notches of a cut are nearer to one another
AROUND = 0.5  # of the height: how far to both sides a notch is compared with what is beside it
# What makes a path rank higher: a deep notch, strokes and loops that it crosses, ink on both sides of it.
RANK = {"depth": 1.8, "runs": -1.2, "holes": -1.0, "side": 2.5}
MIN_RANK, MAX_SIDE = 1.2, 2
MIN_INK = 0.7  # on either side of a cut, for that of an upright stroke
MIN_BETWEEN = 0.2  # the same, between two cuts

Columns = NDArray[np.int64]
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Cuts:
    """Paths through ink (rows, width): their columns (n, rows), from left to right, and what is known of them.

    length: (n,) of ink on the path; runs: (n,) how many strokes it crosses; depth: (n,) of the deeper one of the
    notches that it begins and ends in.
    """

    columns: Columns
    length: Floats
    runs: Floats
    depth: Floats


@dataclass(frozen=True)
class _Outline:
    """Of an area of ink: where it encloses paper, (rows, width); the rows (width,) of its upper and its lower edge."""

    holes: Grey
    edges: tuple[Floats, Floats]  # the lower one is counted from the bottom


def find_cuts(ink: Grey, height: float, stroke: float) -> Cuts:
    """Return where an area of ink (rows, width) can be cut; its slant is taken out, its number of rows odd.

    height: of a digit, and stroke: its width, both in pixels. The lengths that are returned are in widths of the
    stroke, at most 6, and the depths in heights.
    """
    outline = _find_outline(ink)
    columns = _find_paths(_measure_cost(ink, outline, stroke), outline, height)
    cuts = _describe(ink, outline, columns, height)
    length, depth = np.minimum(cuts.length / stroke, 6), np.clip(cuts.depth / height, -0.5, 1)
    holes = outline.holes[np.arange(len(ink)), columns].sum(axis=1) / height
    lefts = np.cumsum(ink, axis=1, dtype=np.float32)[np.arange(len(ink)), columns]  # (n, rows): the ink to the left
    lefts /= height * stroke * 255
    before, whole = lefts.sum(axis=1), float(ink.sum()) / (height * stroke * 255)
    side = np.minimum(np.minimum(before, whole - before), MAX_SIDE)
    rank = np.column_stack([depth, cuts.runs, holes, side]) @ np.array([*RANK.values()])
    chosen: list[int] = []
    for number in np.argsort(-rank, kind="stable").tolist():
        good = rank[number] > MIN_RANK and MIN_INK < before[number] < whole - MIN_INK
        if good and all(np.abs(lefts[number] - lefts[other]).sum() > MIN_BETWEEN for other in chosen):
            chosen.append(number)
    chosen.sort(key=lambda number: before[number])
    # Paths may cross, but pieces stand side by side.
    return Cuts(np.sort(columns[chosen], axis=0), length[chosen], cuts.runs[chosen], depth[chosen])


def _find_outline(ink: Grey) -> _Outline:
    filled = cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    cv2.floodFill(filled, None, (0, 0), 255, INK, INK, 4)
    dark = ink > INK
    empty = ~dark.any(axis=0)
    upper, lower = (np.where(empty, len(ink), part.argmax(axis=0)).astype(np.float64) for part in (dark, dark[::-1]))
    return _Outline(filled[1:-1, 1:-1] <= INK, (upper, lower))


def _measure_cost(ink: Grey, outline: _Outline, stroke: float) -> Grey:
    """Return what a path pays for each pixel, (rows, width)."""
    inside = cv2.distanceTransform(cv2.inRange(ink, INK + 1, 255), cv2.DIST_L2, 3) / stroke  # (rows, width)
    joint = np.clip((inside - THICK[0]) / (THICK[1] - THICK[0]), 0, 1)
    return (ink / np.float32(255) * (1 - (1 - JOINT) * joint) + HOLE * outline.holes).astype(np.float32)


def _find_paths(cost: Grey, outline: _Outline, height: float) -> Columns:
    """Return the columns of all paths that are tried, (n, rows)."""
    last, middle = len(cost) - 1, len(cost) // 2
    total = _accumulate(np.stack([cost[: middle + 1], cost[middle:][::-1]], axis=1))  # from the top, from the bottom
    columns = _find_valleys(total[-1, 0] + total[-1, 1] - cost[middle])  # (n,)
    above, below = _follow(total, columns)
    paths = np.vstack([above, below[-2::-1]]).T  # (n, rows)
    upper, lower = ([(column, edge[column]) for column in _find_valleys(-edge)] for edge in outline.edges)
    pairs = [
        np.interp(np.arange(len(cost)), [top, max(last - bottom, top + 1)], [left, right])
        for left, top in upper
        for right, bottom in lower
        if abs(left - right) < APART * height
    ]
    return np.vstack([paths, np.rint(pairs).astype(np.int64).reshape(-1, len(cost))])


def _accumulate(cost: Grey) -> Grey:
    """Return the cost of the cheapest path from the first row to each pixel, (rows, 2, width) as `cost`."""
    total = cost.copy()
    for before, row in pairwise(total):
        best, aside = before.copy(), before + np.float32(LEAN)
        np.minimum(best[:, 1:], aside[:, :-1], out=best[:, 1:])
        np.minimum(best[:, :-1], aside[:, 1:], out=best[:, :-1])
        row += best
    return total


def _find_valleys(values: Floats) -> Columns:
    """Return the places (n,) of local minima, of level ones the middle, without those at the ends."""
    change = np.flatnonzero(np.diff(values))  # the last of each level part
    first, last = np.append(0, change + 1), np.append(change, len(values) - 1)
    levels = values[first]
    low = np.flatnonzero((levels[1:-1] < levels[:-2]) & (levels[1:-1] < levels[2:])) + 1
    return (first[low] + last[low]) // 2


def _follow(total: Grey, columns: Columns) -> tuple[Columns, Columns]:
    """Return the cheapest paths, (rows, n), from both ends of an area to `columns` (n,) in the last of their rows."""
    padded = np.pad(total[:-1], ((0, 0), (0, 0), (1, 1)), constant_values=np.inf)
    left, ahead, right = padded[..., :-2] + np.float32(LEAN), padded[..., 1:-1], padded[..., 2:] + np.float32(LEAN)
    steps = (right < np.minimum(ahead, left)).astype(np.int8) - (
        (left < ahead) & (left <= right)
    )  # (rows - 1, 2, width)
    paths = np.empty((len(total), 2, len(columns)), np.int64)
    paths[-1] = columns
    both = np.arange(2)[:, None]
    for row in range(len(steps) - 1, -1, -1):
        paths[row] = paths[row + 1] + steps[row, both, paths[row + 1]]
    return paths[:, 0], paths[:, 1]


def _describe(ink: Grey, outline: _Outline, columns: Columns, height: float) -> Cuts:
    """Return the paths `columns` (n, rows) with what is known of them, lengths in pixels."""
    crossed = ink[np.arange(len(ink)), columns]  # (n, rows)
    dark = crossed > INK
    runs = dark[:, 0] + (dark[:, 1:] & ~dark[:, :-1]).sum(axis=1)
    steps = np.hypot(1, np.diff(columns, axis=1, append=columns[:, -1:]))
    depths, numbers = [], np.arange(len(columns))
    for on_ink, path, edge in ((dark, columns, outline.edges[0]), (dark[:, ::-1], columns[:, ::-1], outline.edges[1])):
        first = on_ink.argmax(axis=1)  # (n,)
        depths.append(first - _measure_surroundings(edge, max(1, round(AROUND * height)))[path[numbers, first]])
    return Cuts(columns, (crossed * steps).sum(axis=1) / 255, runs, np.maximum(*depths))


def _measure_surroundings(edge: Floats, reach: int) -> Floats:
    """Return the row that the ink reaches on both sides of each column: the lower one of the two sides."""
    row, window = edge.astype(np.float32)[None], np.ones((1, reach + 1), np.uint8)
    left, right = (cv2.erode(row, window, anchor=(end, 0))[0] for end in (reach, 0))
    return np.maximum(left, right)
