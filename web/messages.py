"""What clients send and get: pictures as files or data URLs, pixels as numbers, answers and corrections as JSON.

Nothing that comes from a stranger is trusted: what is not as it should be raises an error that tells what to send.
"""

import base64
import io
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import cv2
import flask
import numpy as np
from flask import current_app, request
from numpy.typing import NDArray
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.http import parse_date

from confidence import NO_CLASS_BELOW, confidence, is_unsure, membership
from data.records import PIXELS, scale, targets
from drawing.decoding import count_pixels, decode
from drawing.encoding import shrink_file
from drawing.images import DrawingError, NoInk, shrink
from drawing.preparation import prepare, steps
from explanation import backquery
from neural_network import NeuralNetwork
from teaching.store import Correction

Picture = NDArray[Any]  # (height, width) or (height, width, 3), 0 to 255

PICTURES = ("image/png", "image/jpeg", "image/webp")
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


def read_request() -> Mapping[str, Picture]:
    """Return the steps from the picture of the request to its pixels, 0 to 255; of plain inputs, the pixels alone."""
    kind = request.mimetype
    if kind == "application/json":
        body = parse_object(request.get_data())
        return {"pixels": parse_pixels(body["inputs"])} if "inputs" in body else prepare_in_turn(picture_file(body))
    if kind == "multipart/form-data":
        if "image" not in request.files:
            raise ImageError("The form must have a picture file in its field image.")
        return prepare_in_turn(request.files["image"].read())
    if kind in PICTURES:
        return prepare_in_turn(request.get_data())
    raise UnsupportedMediaType(f"Send application/json, multipart/form-data or one of {', '.join(PICTURES)}.")


def prepare_in_turn(file: bytes) -> Mapping[str, Picture]:
    """Return the steps from a picture file to its pixels, as soon as it is its turn."""
    with current_app.extensions["turns"].take(count_pixels(file)):
        return steps(decode(file))


def parse_correction(body: dict[str, object]) -> tuple[NDArray[np.uint8], bytes | None]:
    """Return the pixels (784,) of a corrected drawing, and a small picture file of it where one came.

    Raises what reading a picture does.
    """
    if "inputs" not in body:
        file = picture_file(body)
        with current_app.extensions["turns"].take(count_pixels(file)):
            return prepare(decode(file)).reshape(-1), shrink_file(file)
    pixels = np.rint(parse_pixels(body["inputs"])).astype(np.uint8)
    if not pixels.any():
        raise NoInk
    return pixels, None


def answer_json(
    network: NeuralNetwork, pictures: Mapping[str, Picture], wanted: Collection[str] = ()
) -> dict[str, object]:
    """Put the last of `pictures` to the network, and write down its answer with the `wanted` parts."""
    pixels = [*pictures.values()][-1].reshape(1, -1)  # (1, 784)
    hidden, outputs = (layer[0] for layer in network.forward(scale(pixels)))  # (hidden,), (classes,)
    confidences, memberships = confidence(network, outputs[None]), membership(outputs[None])  # (1,), (1,)
    answer: dict[str, object] = {
        "label": network.class_names[outputs.argmax()],
        "confidence": float(confidences[0]),
        "digit": float(memberships[0]),
        "is_digit": bool(memberships[0] >= NO_CLASS_BELOW),
        "unsure": bool(is_unsure(confidences, memberships)[0]),
        "class_names": network.class_names,
        "outputs": outputs.tolist(),
    }
    if "pixels" in wanted:
        answer["pixels"] = np.rint(pixels[0]).astype(int).tolist()
    if "hidden" in wanted:
        answer["hidden"] = hidden.tolist()
    if "steps" in wanted and len(pictures) > 1:
        answer["steps"] = [{"name": name, "image": data_url(picture)} for name, picture in pictures.items()]
    return answer


def correction_json(correction: Correction, class_names: Sequence[str]) -> dict[str, object]:
    """Describe a correction."""
    return {
        "id": correction.id,
        "label": class_names[correction.label],
        "said": class_names[correction.predicted],
        "confidence": correction.confidence,
        "created": correction.created,
        "pixels": correction.pixels.tolist(),
    }


def network_json(network: NeuralNetwork) -> dict[str, object]:
    """Describe a network by what it imagines each class to look like, and by what it was trained on."""
    count = len(network.class_names)
    imagined = backquery(network, targets(np.arange(count, dtype=np.uint8), count))  # (classes, 784)
    return {
        "class_names": network.class_names,
        "hidden_nodes": len(network.wih),
        "imagined": np.rint(imagined * 255).astype(int).tolist(),
        "training": training_json(network),
    }


def model_json(network: NeuralNetwork, file: Path) -> dict[str, object]:
    """Describe a model by its file, its nodes and its training."""
    return {
        "file": file.name,
        "nodes": [network.wih.shape[1], *network.who.shape[::-1]],
        "class_names": network.class_names,
        "training": training_json(network),
    }


def training_json(network: NeuralNetwork) -> object:
    """Return what the model file says of its training; JSON has no word for NaN, so that becomes null."""
    return json.loads(json.dumps(network.training), parse_constant=lambda _: None)


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
    """Return the number of the class that the `label` of the JSON object `body` names."""
    given = body.get("label")
    name = str(given) if type(given) is int else given  # type(), for True is an int
    if name not in class_names:
        raise LabelError(f"label must be one of {', '.join(class_names)}, as text")
    return class_names.index(str(name))


def parse_count(values: Mapping[str, str], name: str, default: int, most: int = LARGEST) -> int:
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


def parse_parts(names: Sequence[str]) -> set[str]:
    """Return the parts of the answer that were asked for, as in ["pixels,hidden", "steps"]."""
    wanted = {name for text in names for name in text.split(",") if name}
    if not wanted <= set(PARTS):
        raise PartError(f"include must name some of {', '.join(PARTS)}, separated by commas")
    return wanted


def data_url(picture: Picture) -> str:
    """Return `picture` as a PNG in a data URL, large ones shrunk to be looked at."""
    _, file = cv2.imencode(".png", shrink(picture, SHOWN_SIDE))
    return file_url(file.tobytes())
