"""One digit from its ink: cut out, brought to the stroke width of MNIST, placed on 28 x 28 pixels."""

import cv2
import numpy as np

from drawing.images import WORK_SIDE, Grey, Image, NoInk, crop, halve

SIDE, BOX, CENTRE = 28, 20, 14  # MNIST: the picture, the box of the digit, the pixel of the centre of mass
STROKE_WIDTHS = (2.2, 3.2)  # in pixels of the 28; half of MNIST has 2.0...2.8, nine in ten 1.6...3.8
MIN_WORK_SIDE = 64  # longer side of a digit, at least, while its stroke is looked at


def cut_out_digit(ink: Grey) -> Grey:
    """Return the digit alone, cut out: the largest area, and what is near it and as large as a stroke."""
    for _ in range(2):  # what lay far off kept the digit small the first time
        ink = crop(ink)
        small = _reduce(ink)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.inRange(small, 65, 255))
        if count == 1:
            raise NoInk
        keep = _find_parts(stats[1:]) if count > 2 else np.array([True])
        if keep.all():
            break
        mask = cv2.dilate(np.append(False, keep)[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
        ink = ink * cv2.resize(mask, ink.shape[::-1], interpolation=cv2.INTER_NEAREST)
        small = crop(small * mask)
    return small


def _find_parts(stats: Image) -> Image:
    """Return (n,) bool: which of the areas, (n, 5) as OpenCV describes them, belong to the digit."""
    left, top, width, height, area = stats.T  # (n,) each
    right, bottom = left + width, top + height
    keep, before = area == area.max(), 0
    while keep.sum() > before:
        before = keep.sum()
        x0, y0, x1, y1 = left[keep].min(), top[keep].min(), right[keep].max(), bottom[keep].max()
        reach = 0.3 * max(x1 - x0, y1 - y0)
        near = (left < x1 + reach) & (right > x0 - reach) & (top < y1 + reach) & (bottom > y0 - reach)
        inside = (left >= x0) & (right <= x1) & (top >= y0) & (bottom <= y1)
        keep |= near & (area >= 0.1 * area.max()) | inside
    return keep


def _reduce(ink: Grey, widen: bool = False) -> Grey:
    """Return the ink halved until it is small enough to work on; strokes too thin to survive that are widened."""
    small = ink
    while max(small.shape) >= WORK_SIDE:
        small = halve(cv2.dilate(small, np.ones((2, 2), np.uint8)) if widen else small)
    if small is ink or widen or 2 * cv2.countNonZero(cv2.inRange(small, 128, 255)) >= cv2.countNonZero(small):
        return small
    return _reduce(ink, widen=True)


def normalise_stroke(digit: Grey) -> Grey:
    """Return the digit itself if its stroke is as wide as MNIST's, otherwise a thicker or thinner copy of it."""
    factor = max(1.0, MIN_WORK_SIDE / max(digit.shape))
    size = [max(1, round(n * factor)) for n in digit.shape[::-1]]
    work = cv2.resize(digit, size, interpolation=cv2.INTER_LINEAR) if factor > 1 else digit
    margin = max(size) // 8  # room to grow
    work = cv2.copyMakeBorder(work, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
    mask = cv2.threshold(work, 127, 1, cv2.THRESH_BINARY)[1]
    if not cv2.countNonZero(mask):
        return digit
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)  # (height, width), 1 at the edge
    width = _estimate_width(cv2.mean(inside, mask)[0])
    spine = max(max(cv2.boundingRect(mask)[2:]) - width, 1.0)  # longer side of a stroke without width
    low, high = (target * spine / (BOX - target) for target in STROKE_WIDTHS)
    if width < low:
        outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)
        stroke = (low - width) / 2 + 1 - outside
    elif width > high:
        reach = np.ones(2 * [max(size) // 20 * 2 + 1], np.uint8)
        most = 0.6 * cv2.dilate(inside, reach)  # what is thin already loses less
        stroke = inside - np.minimum(most, (width - high) / 2)
    else:
        return digit
    return cv2.convertScaleAbs(np.maximum(stroke, 0), alpha=255)


def _estimate_width(mean: float) -> float:
    """Return the width w of a stroke, given the mean distance of its pixels to its edge: mean = (w + 1)^2 / 4w."""
    half = 2 * mean - 1
    return half + max(half * half - 1, 0.0) ** 0.5


def place(ink: Image) -> Grey:
    """Place ink, (height, width) from 0 to 255 and light on 0, on (28, 28) pixels the way MNIST did.

    The longer side of all that is not 0 becomes 20 by area averaging; a move by whole pixels then brings the
    centre of mass to (14, 14), as far as the digit stays on the picture. Raises NoInk if all is 0.
    """
    tight = crop(ink).astype(np.float32)
    if not tight.size:
        raise NoInk
    factor = BOX / max(tight.shape)
    height, width = (max(1, round(side * factor)) for side in tight.shape)
    small = cv2.resize(tight, (width, height), interpolation=cv2.INTER_AREA)  # one side is 20
    mass = max(float(small.sum()), 1e-9)
    top = round(CENTRE - float(small.sum(axis=1) @ np.arange(height)) / mass)
    left = round(CENTRE - float(small.sum(axis=0) @ np.arange(width)) / mass)
    top, left = min(max(top, 0), SIDE - height), min(max(left, 0), SIDE - width)
    pixels = np.zeros((SIDE, SIDE), np.uint8)  # (28, 28)
    pixels[top : top + height, left : left + width] = np.rint(small)
    return pixels
