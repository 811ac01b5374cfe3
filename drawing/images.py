"""What all of drawing/ shares: arrays of pixels, the errors, the sizes that are accepted, making a picture smaller."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from drawing import MAX_SIDE, MIN_SIDE

Image = npt.NDArray[Any]  # (height, width) or (height, width, channels), in OpenCV's order: B, G, R, alpha
Grey = npt.NDArray[Any]  # (height, width)

WORK_SIDE = 128  # pixels; enough to count on, and to look at the pieces and the stroke of a digit


class DrawingError(ValueError):
    """A picture that cannot be used. The message tells a person what to do."""


class NoInk(DrawingError):  # noqa: N818 - it is an answer, and what servers and pages call it
    """Nothing is drawn, so there is no digit to ask the network about."""

    def __init__(self) -> None:
        super().__init__("no ink: nothing is drawn here; draw one digit, dark on light or light on dark")


def check_size(height: int, width: int) -> None:
    """Raise DrawingError for a picture that is too small or too large."""
    if not (MIN_SIDE <= height <= MAX_SIDE and MIN_SIDE <= width <= MAX_SIDE):
        raise DrawingError(
            f"the picture is {width} x {height} pixels; send one from {MIN_SIDE} x {MIN_SIDE} "
            f"to {MAX_SIDE} x {MAX_SIDE}"
        )


def to_uint8(image: Image) -> Image:
    """Return the picture as uint8 0...255: (height, width) or (height, width, 3 or 4).

    Takes the arrays that `preparation.steps` takes. Raises DrawingError for others.
    """
    shape = image.shape if isinstance(image, np.ndarray) else ()
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (2,), (3,), (4,)):
        raise DrawingError(
            "a picture is an array (height, width) or (height, width, 1 to 4 channels); "
            f"got {shape or type(image).__name__}"
        )
    check_size(*image.shape[:2])
    if image.dtype == np.bool_:
        image = image * np.uint8(255)
    elif image.dtype == np.uint16:
        image = np.right_shift(image, 8, out=np.empty(image.shape, np.uint8), casting="unsafe")  # no large copy
    elif image.dtype != np.uint8:
        if image.dtype.kind not in "iuf" or not (image.min() >= 0 and image.max() <= 255):  # NaN fails too
            raise DrawingError("pixels are numbers 0...255 or 0...1 (or 0...65535 as uint16)")
        unit = image.dtype.kind == "f" and image.max() <= 1
        image = np.rint(image * (255.0 if unit else 1.0)).astype(np.uint8)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    elif image.ndim == 3 and image.shape[2] == 2:
        image = image[:, :, [0, 0, 0, 1]]
    return np.ascontiguousarray(image)


def shrink(picture: Image, side: int) -> Image:
    """Return `picture` with its longer side brought to `side` by area averaging; smaller ones stay as they are."""
    factor = side / max(picture.shape[:2])
    size = [max(1, round(n * factor)) for n in picture.shape[1::-1]]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if factor < 1 else picture


def halve(image: Image) -> Image:
    """Return the means of all squares of 2 x 2 pixels."""
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return cv2.resize(image, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)


def crop(ink: Grey) -> Grey:
    """Return the smallest rectangle that holds all that is not 0; it is empty where nothing is."""
    x, y, width, height = cv2.boundingRect(ink)
    return ink[y : y + height, x : x + width]
