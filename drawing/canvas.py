"""The ink of a canvas or a clean scan, whose paper has one colour: what differs from the border."""

import cv2
import numpy as np

from drawing.images import WORK_SIDE, Grey, NoInk, halve

FAINT = 12  # of 255; what differs less from the paper is not ink


def measure_distance(picture: Grey) -> Grey:
    """Return how far each pixel is from the colour of the border, in the channel that differs most."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])  # (n,) or (n, 3)
    paper = np.zeros(4)  # OpenCV's scalar
    paper[: picture[0, 0].size] = np.sort(border, axis=0)[len(border) // 2]  # the median
    distance = cv2.absdiff(picture, paper)
    if distance.ndim == 2:
        return distance
    blue, green, red = cv2.split(distance)
    return cv2.max(cv2.max(blue, green), red)


def is_flat(distance: Grey) -> bool:
    """Tell whether the paper has one colour, as on a canvas or a clean scan: the ink can be taken as it is."""
    peak = cv2.minMaxLoc(halve(distance))[1]  # averaged: one noisy pixel is not ink
    if peak < FAINT:
        raise NoInk
    distance = _sample(distance)
    if cv2.countNonZero(cv2.inRange(distance, 5, 255)) > 0.75 * distance.size:
        return False
    reach = np.ones(2 * [max(distance.shape) // 20 * 2 + 1], np.uint8)
    away = cv2.bitwise_not(cv2.dilate(cv2.inRange(distance, peak / 2, 255), reach))
    weak = cv2.inRange(distance, 5, peak / 2)  # neither paper nor ink: edges of strokes, or shadow, or noise
    if cv2.countNonZero(away) < 0.1 * away.size:  # a digit fills the picture, or noise does
        return cv2.countNonZero(weak) <= 0.2 * weak.size
    return cv2.countNonZero(cv2.bitwise_and(weak, away)) <= 0.05 * cv2.countNonZero(away)


def find_canvas_ink(distance: Grey) -> Grey:
    """Return the ink of a canvas, its antialiased edges kept grey; its own colour becomes 255."""
    sample = _sample(distance)
    values = np.sort(sample[sample >= FAINT])  # (n,), may be empty for a line of one pixel
    level = values[len(values) * 9 // 10] if len(values) else cv2.minMaxLoc(distance)[1]
    ink = cv2.convertScaleAbs(distance, alpha=255 / level)
    return cv2.threshold(ink, 20, 0, cv2.THRESH_TOZERO)[1]


def _sample(grey: Grey) -> Grey:
    """Return evenly spread pixels of a picture, as noisy as they were: enough to count on."""
    step = max(grey.shape) // WORK_SIDE + 1
    return np.ascontiguousarray(grey[::step, ::step])
