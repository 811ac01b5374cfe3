"""What clients get, ready for JSON: answers to drawings and numbers, corrections, what the network is."""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from confidence import NO_CLASS_BELOW, confidence, is_unsure, membership
from data.csv_files import DIGITS
from data.records import scale, targets
from drawing.images import Grey, Image, NoInk, shrink
from drawing.number import Box, Digit, Number, count_digits
from drawing.preparation import steps
from explanation import backquery, integrate_gradients
from neural_network import NeuralNetwork
from reading import Reading, make_judge, read_image
from teaching.store import Correction

Floats = NDArray[np.floating]

NODES_FOR, NODES_AGAINST = 7, 5  # hidden nodes that are described with an answer
SHOWN_SIDE = 280  # a step of a large photo is shrunk to this before it is sent


class NoNumbersError(ValueError):
    """A network that reads no numbers, since it knows other classes than the ten digits."""


def picture_json(network: NeuralNetwork, image: Image, wanted: Collection[str] = ()) -> dict[str, object]:
    """Answer a picture as one digit, with the `wanted` parts, and tell where more digits than one are on it.

    Takes and raises what `preparation.steps` does.
    """
    pictures = steps(image)
    answer = answer_json(network, pictures, wanted)
    if network.class_names == DIGITS:
        seen = count_digits(pictures["ink"], make_judge(network))
        if seen is None or seen > 1:
            answer |= {"unsure": True, "digits_seen": seen}
    return answer


def answer_json(
    network: NeuralNetwork, pictures: Mapping[str, Image], wanted: Collection[str] = ()
) -> dict[str, object]:
    """Put the last of `pictures` to the network, and write down its answer with the `wanted` parts."""
    pixels = [*pictures.values()][-1].reshape(1, -1)  # (1, 784)
    hidden, outputs = network.forward(scale(pixels))  # (1, hidden), (1, classes)
    answer = _rate(network, outputs)[0] | {"class_names": network.class_names}
    if "pixels" in wanted:
        answer["pixels"] = _list_pixels(pixels)
    if "hidden" in wanted:
        answer["hidden"] = hidden[0].tolist()
    if "why" in wanted:
        answer["why"] = _to_per_cent(integrate_gradients(network, scale(pixels), int(outputs.argmax())))
    if "nodes" in wanted:
        answer |= _describe_nodes(network, hidden[0], int(outputs.argmax()))
    if "steps" in wanted and len(pictures) > 1:
        answer["steps"] = _show(pictures)
    return answer


def read_picture(network: NeuralNetwork, image: Image) -> Reading:
    """Return the number on a picture. Takes and raises what `read_number` does, and NoNumbersError."""
    check_digits(network)
    return read_image(network, image)


def _describe_nodes(network: NeuralNetwork, hidden: Floats, answer: int) -> dict[str, object]:
    """Return which nodes of `hidden` (hidden,) add most to the answer and which take most, and what all of them do."""
    adds = network.who * hidden  # (classes, hidden)
    order = np.argsort(-adds[answer])
    if len(order) > NODES_FOR + NODES_AGAINST:
        order = np.concatenate([order[:NODES_FOR], order[-NODES_AGAINST:]])
    return {
        "nodes": [
            {
                "node": node,
                "output": float(hidden[node]),
                "adds": np.round(adds[:, node], 3).tolist(),
                "weights": _to_per_cent(network.wih[node]),
            }
            for node in order.tolist()
        ],
        "firing": int((hidden > 0.5).sum()),
        "speaks_for": float(np.maximum(adds[answer], 0).sum()),
        "speaks_against": float(np.minimum(adds[answer], 0).sum()),
    }


def _to_per_cent(values: Floats) -> list[int]:
    """Return `values` in per cent of the largest of them, -100 to 100."""
    largest = float(np.abs(values).max()) or 1.0
    return np.rint(100 / largest * values).astype(int).tolist()


def read_pixels(network: NeuralNetwork, pixels: Grey) -> Reading:
    """Return the one digit that prepared `pixels` (28, 28) are. Raises NoInk where all are 0, and NoNumbersError."""
    check_digits(network)
    if not pixels.any():
        raise NoInk
    outputs = network.query(scale(pixels.reshape(1, -1)))  # (1, classes)
    confidences = confidence(network, outputs)  # (1,)
    left, top, width, height = cv2.boundingRect(np.rint(pixels).astype(np.uint8))
    digit = Digit(int(outputs.argmax()), outputs[0], (left, top, width, height), pixels)
    number = Number(str(digit.label), float(confidences[0]), [digit], [], [digit], pixels, pixels, [])
    return Reading(number, confidences, membership(outputs))


def check_digits(network: NeuralNetwork) -> None:
    """Raise NoNumbersError for a network that knows other classes than the ten digits."""
    if network.class_names != DIGITS:
        names = ", ".join(network.class_names)
        raise NoNumbersError(f"the model that runs reads no numbers, for it knows {names}; ask /query instead")


def number_json(network: NeuralNetwork, reading: Reading, wanted: Collection[str] = ()) -> dict[str, object]:
    """Write down a number with the `wanted` parts."""
    number, digits = reading.number, _list_digits(network, reading.number)
    if "pixels" in wanted:
        for digit, seen in zip(digits, number.digits, strict=True):
            digit["pixels"] = _list_pixels(seen.pixels)
    answer: dict[str, object] = {
        "text": number.text,
        "confidence": number.confidence,
        "unsure": reading.unsure,
        "lines": number.lines,
        "class_names": network.class_names,
        "digits": digits,
        "left_out": [_name_sides(box) for box in number.left_out],
    }
    if "steps" in wanted:
        answer |= {"steps": _show(number.steps), "candidates": _list_candidates(network, number)}
    return answer


def _list_digits(network: NeuralNetwork, number: Number) -> list[dict[str, Any]]:
    """Return the digits of a number, each as an answer of its own with its label, line and box."""
    if not number.digits:
        return []
    lines = [line for line, text in enumerate(number.text.splitlines()) for _ in text]
    answers = _rate(network, np.stack([digit.outputs for digit in number.digits]))
    return [
        answer | {"label": network.class_names[digit.label], "line": line, "box": _name_sides(digit.box)}
        for answer, digit, line in zip(answers, number.digits, lines, strict=True)
    ]


def _list_candidates(network: NeuralNetwork, number: Number) -> list[dict[str, Any]]:
    """Return all that may have been a digit, and which of it was chosen."""
    chosen = {digit.box for digit in number.digits}
    return [
        {
            "label": network.class_names[candidate.label],
            "digit": float(candidate.outputs.max()),
            "box": _name_sides(candidate.box),
            "chosen": candidate.box in chosen,
        }
        for candidate in number.candidates
    ]


def _rate(network: NeuralNetwork, outputs: Floats) -> list[dict[str, Any]]:
    """Return what the `outputs` (n, classes) of the network say, an answer for each row."""
    confidences, memberships = confidence(network, outputs), membership(outputs)  # (n,), (n,)
    rows = zip(outputs, confidences, memberships, is_unsure(confidences, memberships), strict=True)
    return [
        {
            "label": network.class_names[row.argmax()],
            "confidence": float(sure),
            "digit": float(share),
            "is_digit": bool(share >= NO_CLASS_BELOW),
            "unsure": bool(unsure),
            "outputs": row.tolist(),
        }
        for row, sure, share, unsure in rows
    ]


def _name_sides(box: Box) -> dict[str, int]:
    return dict(zip(("x", "y", "width", "height"), box, strict=True))


def _list_pixels(pixels: NDArray[Any]) -> list[int]:
    return np.rint(pixels).astype(int).ravel().tolist()


def _show(pictures: Mapping[str, Image]) -> list[dict[str, str]]:
    return [{"name": name, "image": data_url(picture)} for name, picture in pictures.items()]


def correction_json(correction: Correction, class_names: Sequence[str]) -> dict[str, object]:
    """Describe a correction."""
    return {
        "id": correction.id,
        "label": correction.name(class_names),
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


def file_url(file: bytes) -> str:
    """Return a picture file as a data URL."""
    kind = "jpeg" if file[:2] == b"\xff\xd8" else "webp" if file[:4] == b"RIFF" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"


def data_url(picture: Image) -> str:
    """Return `picture` as a PNG in a data URL, large ones shrunk to be looked at."""
    _, file = cv2.imencode(".png", shrink(picture, SHOWN_SIDE))
    return file_url(file.tobytes())
