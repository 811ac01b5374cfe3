"""What clients send: pictures as files or data URLs, pixels as numbers, labels, and which parts they want.

Nothing that comes from a stranger is trusted: what is not as it should be raises an error that tells what to send.
"""

import base64
import io
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import IO, TypeVar

import flask
import numpy as np
from flask import current_app, request
from numpy.typing import NDArray
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_date

from data.records import NO_CLASS, NO_CLASS_NAME, PIXELS
from drawing.decoding import count_pixels, decode
from drawing.encoding import shrink_file
from drawing.images import DrawingError, Image, NoInk
from drawing.preparation import prepare

Seen = TypeVar("Seen")

PICTURES = ("image/png", "image/jpeg", "image/webp")
LARGEST = 2**53  # JavaScript counts exactly as far as this
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


class Request(flask.Request):
    """A request whose files stay in memory: they are bounded anyway, and the disk of temporary files may be full."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return io.BytesIO()


def forget_impossible_dates() -> None:
    """Take away dates that no calendar has, as RFC 9110 asks for; their year may have 20 digits."""
    for name in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE"):
        try:
            parse_date(request.environ.get(name))
        except (ValueError, OverflowError):
            del request.environ[name]


def json_body() -> dict[str, object]:
    """Return the JSON object of a request that must have one."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    return parse_object(request.get_data())


def read_request() -> bytes | NDArray[np.float32]:
    """Return the picture file of the request, still encoded, or the pixels (28, 28), 0 to 255, that came instead."""
    kind = request.mimetype
    if kind == "application/json":
        body = parse_object(request.get_data())
        return parse_pixels(body["inputs"]).reshape(28, 28) if "inputs" in body else picture_file(body)
    if kind == "multipart/form-data":
        if "image" not in request.files:
            raise ImageError("The form must have a picture file in its field image.")
        return request.files["image"].read()
    if kind in PICTURES:
        return request.get_data()
    raise UnsupportedMediaType(f"Send application/json, multipart/form-data or one of {', '.join(PICTURES)}.")


def look_in_turn(file: bytes, look: Callable[[Image], Seen]) -> Seen:
    """Return what `look` makes of a picture file, as soon as it is its turn."""
    with current_app.extensions["turns"].take(count_pixels(file)):
        return look(decode(file))


def parse_correction(body: dict[str, object]) -> tuple[NDArray[np.uint8], bytes | None]:
    """Return the pixels (784,) of a corrected drawing, and a small picture file of it where one came.

    Raises what reading a picture does.
    """
    if "inputs" not in body:
        file = picture_file(body)
        return look_in_turn(file, lambda image: (prepare(image).reshape(-1), shrink_file(file)))
    pixels = np.rint(parse_pixels(body["inputs"])).astype(np.uint8)
    if not pixels.any():
        raise NoInk
    return pixels, None


def parse_object(body: bytes) -> dict[str, object]:
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


def parse_pixels(values: object) -> NDArray[np.float32]:
    """Return `values`, a list of 784 numbers from 0 to 255, as an array (784,)."""
    if not isinstance(values, list) or len(values) != PIXELS:
        raise InputsError(f"inputs must be a list of {PIXELS} numbers")
    for place, value in enumerate(values):
        # type() and not isinstance(), for True is an int; NaN is not between 0 and 255 either
        if type(value) not in (int, float) or not 0 <= value <= 255:
            raise InputsError(f"inputs must be finite numbers from 0 to 255, which inputs[{place}] is not")
    return np.array(values, np.float32)


def parse_label(body: dict[str, object], class_names: Sequence[str]) -> int:
    """Return the number of the class that the `label` of the JSON object `body` names, `NO_CLASS` for none of them."""
    given = body.get("label")
    name = str(given) if type(given) is int else given  # type(), for True is an int
    if name not in (*class_names, NO_CLASS_NAME):
        raise LabelError(f"label must be one of {', '.join(class_names)}, as text, or {NO_CLASS_NAME}")
    return class_names.index(str(name)) if name in class_names else NO_CLASS


def parse_count(values: Mapping[str, str], name: str, default: int, most: int = LARGEST, least: int = 1) -> int:
    """Return the whole number from `least` to `most` that the address has for `name`, or else the `default`."""
    text = values.get(name)
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,16}", text) or not least <= int(text) <= most:
        raise CountError(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def parse_parts(possible: Collection[str]) -> set[str]:
    """Return the parts of the answer that the address asks for, as in include=pixels,hidden&include=steps."""
    wanted = {name for text in request.args.getlist("include") for name in text.split(",") if name}
    if not wanted <= set(possible):
        raise PartError(f"include must name some of {', '.join(possible)}, separated by commas")
    return wanted
