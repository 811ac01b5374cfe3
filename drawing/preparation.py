"""A drawing, a scan or a phone photo becomes 28 x 28 pixels as MNIST made them.

The ink is found (canvas.py, photo.py), then the digit is cut out, brought to the stroke width of MNIST and placed
(digit.py). Scaling the pixels to network inputs is left to data/records.py.
"""

import cv2
import numpy as np

from drawing.canvas import find_canvas_ink, is_flat, measure_distance
from drawing.digit import cut_out_digit, normalise_stroke, place
from drawing.images import Grey, Image, NoInk, halve, to_uint8
from drawing.photo import find_photo_ink

LARGE = 2048 * 2048  # pixels; a larger picture of any kind is halved before anything else


def prepare(image: Image) -> Grey:
    """Return the digit on a picture as (28, 28) uint8 pixels, light ink on 0; takes and raises what `steps` does."""
    return steps(image)["pixels"]


def steps(image: Image) -> dict[str, Image]:
    """Return every step from a picture to its pixels, by name and in order.

    image: (height, width) or (height, width, 1...4), 8...4096 pixels a side; bool, integers 0...255, uint16,
        or floats 0...1 or 0...255; two channels are grey and alpha, four are B, G, R and alpha.
    Returns "picture" (without transparency), "ink" (light on 0), "digit" (cut out, without specks), "stroke"
    (brought to MNIST's width) and "pixels" (28, 28), all uint8. Large pictures are shrunk on the way.
    Raises NoInk where nothing is drawn, DrawingError for anything that is not such a picture.
    """
    return steps_of_ink(*find_ink(image))


def steps_of_ink(picture: Image, ink: Grey) -> dict[str, Image]:
    """Return the same steps from what `find_ink` returned; raises NoInk."""
    digit = cut_out_digit(ink)
    stroke = normalise_stroke(digit)
    return {"picture": picture, "ink": ink, "digit": digit, "stroke": stroke, "pixels": place(stroke)}


def find_ink(image: Image) -> tuple[Image, Grey]:
    """Return a picture without transparency, and its ink, light on 0; takes and raises what `steps` does."""
    image = to_uint8(image)
    if image.shape[0] * image.shape[1] > LARGE:
        image = halve(image)
    picture = _remove_transparency(image)  # (height, width) or (height, width, 3)
    distance = measure_distance(picture)  # (height, width)
    return picture, find_canvas_ink(distance) if is_flat(distance) else find_photo_ink(picture)


def _remove_transparency(image: Grey) -> Grey:
    """Return the picture without transparency, (height, width) or (height, width, 3)."""
    if image.ndim == 2 or image.shape[2] == 3:
        return image
    colours, alpha = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR), cv2.extractChannel(image, 3)
    lowest, highest = cv2.minMaxLoc(alpha)[:2]
    if highest == 0:
        raise NoInk
    if lowest == highest:
        return colours
    visible = cv2.inRange(alpha, int(0.9 * highest) + 1, 255)  # without the edges of strokes
    ranges = (cv2.minMaxLoc(channel, visible)[:2] for channel in cv2.split(colours))
    if max(high - low for low, high in ranges) < 64:
        return alpha  # strokes of one colour on a transparent canvas: alpha is the ink
    paper = np.median(colours[visible > 0], axis=0)  # (3,)
    for top in range(0, len(colours), 64):  # a few rows at a time, for these are floats
        share = alpha[top : top + 64, :, None] / np.float32(255)  # (rows, width, 1)
        colours[top : top + 64] = colours[top : top + 64] * share + paper * (1 - share)
    return colours
