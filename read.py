"""Read numbers from pictures: `python read.py PICTURE…` prints what is written on each of them.

How a number is parted into digits is in drawing/number.py.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from confidence import UNSURE_BELOW, confidence, is_unsure, membership
from data.csv_files import DIGITS
from data.data_sets import default_model
from data.files import short_path
from data.model_files import load_model
from data.records import PIXELS, DataError, scale
from neural_network import NeuralNetwork

STANDARD_INPUT = "-"


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 where a picture could not be read."""
    options = parse(argv)
    try:
        with threadpool_limits(1):
            network = load_digits(options.model)
            answers = [read_picture(network, picture) for picture in options.pictures]
    except (DataError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(answers, indent=2))
    else:
        for answer in answers:
            print(f"{answer['picture']}: {describe(answer)}")
    return 0 if all(answer.get("text") for answer in answers) else 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="Print the numbers that are written on pictures.")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="PNG, JPEG or WebP; - for standard input")
    text = f"(default: {short_path(default_model())})"
    parser.add_argument("--model", type=Path, default=default_model(), metavar="FILE", help=text)
    parser.add_argument("--json", action="store_true", help="print one JSON list, with each digit and its place")
    return parser.parse_args(argv)


def load_digits(path: Path) -> NeuralNetwork:
    """Return the network of a model file. Raises `DataError` where it reads no digits."""
    network = load_model(path)
    if network.class_names != DIGITS or network.wih.shape[1] != PIXELS:
        raise DataError(f"{path} knows no digits but {', '.join(network.class_names)}; choose another --model.")
    return network


def read_picture(network: NeuralNetwork, picture: str) -> dict[str, Any]:
    """Return what is written on a picture, ready for JSON; `problem` says why nothing could be read."""
    from drawing.decoding import decode  # OpenCV is slow to import, and --help does without it
    from drawing.images import DrawingError
    from drawing.number import read_number

    try:
        content = sys.stdin.buffer.read() if picture == STANDARD_INPUT else Path(picture).read_bytes()
        number = read_number(decode(content), lambda pixels: network.query(scale(pixels)))
    except (DrawingError, OSError) as error:
        return {"picture": picture, "text": "", "problem": getattr(error, "strerror", None) or str(error)}
    if not number.text:
        return {"picture": picture, "text": "", "problem": "no digit found"}
    outputs = np.stack([digit.outputs for digit in number.digits])  # (digits, classes)
    confidences, memberships = confidence(network, outputs), membership(outputs)  # (digits,), (digits,)
    unsure = number.confidence < UNSURE_BELOW or is_unsure(confidences, memberships).any()
    return {
        "picture": picture,
        "text": number.text,
        "confidence": number.confidence,
        "unsure": bool(unsure),
        "lines": number.lines,
        "digits": [
            {"label": str(digit.label), "confidence": float(one), "digit": float(share), "box": digit.box}
            for digit, one, share in zip(number.digits, confidences, memberships, strict=True)
        ],
    }


def describe(answer: dict[str, Any]) -> str:
    """Return an answer in words, on one line."""
    if not answer["text"]:
        return answer["problem"]
    text = " / ".join(answer["text"].splitlines())
    return f"{text} (not sure: {answer['confidence']:.0%})" if answer["unsure"] else text


if __name__ == "__main__":
    sys.exit(main())
