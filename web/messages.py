"""What clients send and get in JSON: pictures as data URLs, pixels as numbers, names of the parts of an answer.

Nothing that comes from a stranger is trusted: what is not as it should be raises an error that tells what to send.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data.records import PIXELS
from drawing.images import DrawingError, shrink

Picture = NDArray[Any]  # (height, width) or (height, width, 3), 0 to 255

PARTS = ("pixels", "hidden", "steps")
LARGEST = 2**53  # JavaScript counts exactly as far as this
SHOWN_SIDE = 280  # a step of a large photo is shrunk to this before it is sent
DATA_URL = re.compile(r"data:image/(?:png|jpeg|webp)(?:;[\w.+=-]+)*;base64,", re.ASCII | re.IGNORECASE)


class JsonError(ValueError):
    """A body that is not a JSON object."""


class ImageError(ValueError):
    """A request without a picture."""


class InputsError(ValueError):
    """Inputs that are not one number from 0 to 255 for each pixel."""


class LabelError(ValueError):
    """A label that names none of the classes."""


class CountError(ValueError):
    """A number in the address that is none."""


class PartError(ValueError):
    """A part of the answer that was asked for and does not exist."""


def parsed(body: bytes) -> dict[str, object]:
    """Return the JSON object that `body` holds."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):  # malformed, not Unicode, numbers of thousands of digits; too deeply nested
        raise JsonError("The body is not JSON.") from None
    if not isinstance(value, dict):
        raise JsonError('the body must be a JSON object, as in {"imageData": "data:image/png;base64,…"}')
    return value


def picture_file(body: dict[str, object]) -> bytes:
    """Return the picture file that the JSON object `body` holds as a data URL, still encoded as PNG, JPEG or WebP."""
    url = body.get("imageData")
    if not isinstance(url, str):
        raise ImageError("imageData must be there, and be text: a data URL as canvas.toDataURL() gives it")
    prefix = DATA_URL.match(url)
    if not prefix:
        raise DrawingError("imageData must begin with data:image/png;base64, or the same with jpeg or webp")
    try:
        return base64.b64decode(url[prefix.end() :], validate=True)
    except ValueError:
        raise DrawingError("what follows base64, in imageData is not Base64") from None


def pixels(values: object) -> NDArray[np.float32]:
    """Return `values`, a list of 784 numbers from 0 to 255, as an array (784,)."""
    if not isinstance(values, list) or len(values) != PIXELS:
        raise InputsError(f"inputs must be a list of {PIXELS} numbers")
    for place, value in enumerate(values):
        # type() and not isinstance(), for True is an int; NaN is not between 0 and 255 either
        if type(value) not in (int, float) or not 0 <= value <= 255:
            raise InputsError(f"inputs must be finite numbers from 0 to 255, which inputs[{place}] is not")
    return np.array(values, np.float32)


def label(body: dict[str, object], class_names: Sequence[str]) -> int:
    """Return the number of the class that the `label` of the JSON object `body` names."""
    given = body.get("label")
    name = str(given) if type(given) is int else given  # type(), for True is an int
    if name not in class_names:
        raise LabelError(f"label must be one of {', '.join(class_names)}, as text")
    return class_names.index(str(name))


def count(values: Mapping[str, str], name: str, default: int, most: int = LARGEST) -> int:
    """Return the whole number from 1 up that the address has for `name`, at most `most`; else the `default`."""
    text = values.get(name)
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,16}", text) or not 1 <= int(text) <= most:
        raise CountError(f"{name} must be a whole number from 1 to {most}")
    return int(text)


def file_url(file: bytes) -> str:
    """Return a picture file as a data URL."""
    kind = "jpeg" if file[:2] == b"\xff\xd8" else "webp" if file[:4] == b"RIFF" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"


def parts(names: Sequence[str]) -> set[str]:
    """Return the parts of the answer that were asked for, as in ["pixels,hidden", "steps"]."""
    wanted = {name for text in names for name in text.split(",") if name}
    if not wanted <= set(PARTS):
        raise PartError(f"include must name some of {', '.join(PARTS)}, separated by commas")
    return wanted


def data_url(picture: Picture) -> str:
    """Return `picture` as a PNG in a data URL, large ones shrunk to be looked at."""
    _, file = cv2.imencode(".png", shrink(picture, SHOWN_SIDE))
    return file_url(file.tobytes())
