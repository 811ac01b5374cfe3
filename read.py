"""Read numbers from pictures: `python read.py PICTURE…` prints what is written on each of them.

How a number is parted into digits is in drawing/number.py.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from data.data_sets import default_model
from data.files import short_path
from data.model_files import load_model
from data.records import DataError
from neural_network import NeuralNetwork
from reading import check_digits, read_image

STANDARD_INPUT = "-"


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 where a picture could not be read."""
    options = parse(argv)
    try:
        with threadpool_limits(1):
            network = load_model(options.model)
            check_digits(network, options.model)
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


def read_picture(network: NeuralNetwork, picture: str) -> dict[str, Any]:
    """Return what `POST /read` answers to a picture, ready for JSON, or as `problem` why nothing could be read."""
    from drawing.decoding import decode  # OpenCV is slow to import, and --help does without it
    from drawing.images import DrawingError
    from web.answers import number_json

    try:
        content = sys.stdin.buffer.read() if picture == STANDARD_INPUT else Path(picture).read_bytes()
        reading = read_image(network, decode(content))
    except (DrawingError, OSError) as error:
        return {"picture": picture, "text": "", "problem": getattr(error, "strerror", None) or str(error)}
    if not reading.number.text:
        return {"picture": picture, "text": "", "problem": "no digit found"}
    return {"picture": picture, **number_json(network, reading)}


def describe(answer: dict[str, Any]) -> str:
    """Return an answer in words, on one line."""
    if not answer["text"]:
        return answer["problem"]
    text = " / ".join(answer["text"].splitlines())
    return f"{text} (not sure: {answer['confidence']:.0%})" if answer["unsure"] else text


if __name__ == "__main__":
    sys.exit(main())
