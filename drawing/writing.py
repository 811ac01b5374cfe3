"""The areas of ink on a picture in lines of writing, from top to bottom, without frames, ruled lines and specks."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.images import WORK_SIDE, DrawingError, Grey, NoInk, crop, halve

INK = 64  # of 255; what is lighter is the edge of a stroke
SPECK = 0.01  # of the largest area; smaller ones are no writing
MAX_FRAMES, FRAMED = 4, 0.3  # around one another; the height of something in a frame, for that of the frame
FLAT, LONG = 4, 1.5  # a ruled line is so many times as wide as high, and as wide as the highest area is high
CORNER = 0.15  # of a frame's sides: where it has ink
BESIDE, NEAR = 0.35, 12  # areas of a line: of their heights, what they have in common; heights, how far they are apart
STACKED = 0.15  # of the height: areas of one digit, one above the other, are nearer, as the loops of an 8
MAX_AREAS = 200
TOO_MUCH = "there is too much on this picture; send one number of at most 32 digits"

Ints = NDArray[Any]


@dataclass(frozen=True)
class Line:
    """A line of writing: its ink (height, width), the number of the area at each pixel, and its areas.

    areas: the numbers (n,) of its areas; boxes: (n, 5) left, top, width, height and size of each, in pixels. The ink
    was cut out at `left` and `top`, and has 1 pixel for each `scale` pixels of the picture's ink. is_all: whether the
    picture has no other line, frame or ruled line.
    """

    ink: Grey
    labels: Grey
    areas: Ints
    boxes: Ints
    left: int
    top: int
    scale: int
    is_all: bool

    @property
    def height(self) -> float:
        """The height of its digits: half of the ink is in areas that are at least as high."""
        order = np.argsort(self.boxes[:, 3])
        ink = np.cumsum(self.boxes[order, 4])
        return float(self.boxes[order, 3][np.searchsorted(ink, ink[-1] / 2)])


def find_lines(ink: Grey) -> list[Line]:
    """Return the lines of writing in `ink` (height, width), from top to bottom, at least one.

    The ink is halved until all writing is lower than `WORK_SIDE`. Raises NoInk where there is none, DrawingError where
    there is too much.
    """
    left, top, _, _ = cv2.boundingRect(ink)
    ink, scale = crop(ink), 1
    labels, boxes, is_writing = _find_writing(ink)
    while boxes[is_writing, 3].max() >= WORK_SIDE:
        ink, scale = _halve_ink(ink), 2 * scale
        labels, boxes, is_writing = _find_writing(ink)
    with_lines, ink = ink, _erase_ruled_lines(ink, boxes[is_writing])
    if ink is not with_lines:
        labels, boxes, is_writing = _find_writing(ink)
    is_large = boxes[:, 4] >= SPECK * boxes[is_writing, 4].max()
    is_large[0] = False
    areas = np.flatnonzero(is_writing & is_large)
    if len(areas) > MAX_AREAS:
        raise DrawingError(TOO_MUCH)
    line = Line(ink, labels, areas, boxes[areas], left, top, scale, is_all=True)
    groups = _group(line)
    if ink is with_lines and not groups.any() and (is_writing == is_large)[is_large].all():
        return [line]
    lines = [_take(line, groups == group) for group in np.unique(groups)]
    return sorted(lines, key=lambda line: line.top + line.scale * len(line.ink) / 2)


def _find_writing(ink: Grey) -> tuple[Grey, Ints, NDArray[np.bool_]]:
    """Return the number of the area at each pixel, (areas, 5) as OpenCV describes them, and which are writing (areas,).

    Number 0 is the paper; frames and ruled lines are no writing. Raises NoInk where there is nothing else.
    """
    dark = cv2.inRange(ink, INK + 1, 255)
    if not cv2.countNonZero(dark):
        raise NoInk
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(dark)
    left, top, width, height, _ = boxes.T
    is_writing = np.arange(len(boxes)) > 0
    for area in np.argsort(-width[1:] * height[1:])[:MAX_FRAMES] + 1:
        x, y, right, bottom = left[area], top[area], left[area] + width[area], top[area] + height[area]
        inside = is_writing & (left > x) & (top > y) & (left + width < right) & (top + height < bottom)
        is_frame = height[inside].max(initial=0) > FRAMED * height[area]
        if is_frame and _has_corners(labels[y:bottom, x:right] == area):
            is_writing = inside
    is_flat = width > FLAT * height
    highest = height[is_writing & ~is_flat].max(initial=0)
    return labels, boxes, is_writing & ~(is_flat & (width > LONG * highest)) if highest else is_writing


def _halve_ink(ink: Grey) -> Grey:
    """Return the ink half as large; strokes too thin to survive that are widened."""
    small = halve(ink)
    if 2 * cv2.countNonZero(cv2.inRange(small, 128, 255)) >= cv2.countNonZero(small):
        return small
    return halve(cv2.dilate(ink, np.ones((2, 2), np.uint8)))


def _erase_ruled_lines(ink: Grey, boxes: Ints) -> Grey:
    """Return the ink without lines that run straight through several digits, or `ink` itself where there are none."""
    for left, top, width, height, _ in boxes[boxes[:, 2] > FLAT * boxes[:, 3]].tolist():
        area = np.s_[top : top + height, left : left + width]
        dark = cv2.inRange(ink[area], INK + 1, 255)
        ruled = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, round(LONG * height)), np.uint8))
        thickness = int((ruled > 0).sum(axis=0).max())
        if thickness == 0 or height < 3 * thickness:  # the area is no more than a line
            continue
        rest = cv2.subtract(dark, ruled)
        reach = np.ones((thickness + 1, 1), np.uint8)
        above, below = (cv2.dilate(rest, reach, anchor=(0, end)) for end in (0, len(reach) - 1))
        strokes = cv2.bitwise_and(above, below)  # those that cross the line
        kept = cv2.bitwise_or(cv2.bitwise_not(cv2.dilate(ruled, np.ones((3, 3), np.uint8))), strokes)
        ink = ink.copy()
        ink[area] &= kept
    return ink


def _has_corners(mask: Grey) -> bool:
    """Tell whether an area reaches into all four corners of its box, as a frame does and a 0 does not."""
    high, wide = (max(1, round(CORNER * side)) for side in mask.shape)
    halves = mask[:high], mask[-high:]
    return all(part.any() for half in halves for part in (half[:, :wide], half[:, -wide:]))


def _group(line: Line) -> Ints:
    """Return the line (n,) of each area, from 0: high areas that are beside one another, and what is next to them."""
    left, top, width, height, _ = line.boxes.T
    right, bottom = left + width, top + height
    high = height >= 0.5 * line.height
    common = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)  # (n, n); what is below 0 is a gap
    aside = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    beside = (common > BESIDE * np.minimum(height[:, None], height)) & (aside < NEAR * line.height)
    stacked = (common > -STACKED * line.height) & (-aside > 0.5 * np.minimum(width[:, None], width))
    groups, linked = np.arange(np.count_nonzero(high)), (beside | stacked)[high][:, high]
    while (groups != (lowest := np.where(linked, groups, len(groups)).min(axis=1))).any():
        groups = lowest
    far = np.hypot(np.maximum(aside, 0), np.maximum(-common, 0))[:, high]
    return groups[far.argmin(axis=1)]


def _take(line: Line, chosen: NDArray[np.bool_]) -> Line:
    """Return a line cut out with some of its areas (n,) alone."""
    areas, boxes = line.areas[chosen], line.boxes[chosen].copy()
    left, top = boxes[:, :2].min(axis=0).tolist()
    right, bottom = (boxes[:, :2] + boxes[:, 2:4]).max(axis=0).tolist()
    boxes[:, :2] -= left, top
    labels = line.labels[top:bottom, left:right]
    mask = cv2.dilate(np.isin(labels, areas).astype(np.uint8), np.ones((3, 3), np.uint8))
    place = {"left": line.left + left * line.scale, "top": line.top + top * line.scale}
    return Line(line.ink[top:bottom, left:right] * mask, labels, areas, boxes, **place, scale=line.scale, is_all=False)
