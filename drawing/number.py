"""A number of several digits on a picture: found, parted into digits, and read by a judge, such as the network.

Pieces of ink (pieces.py) make candidates for digits (candidates.py). The judge rates all of them at once, and the best
path through them (path.py) is the number. One digit is a number as well: it becomes the pixels of preparation.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drawing.candidates import Candidates, draw, find_candidates
from drawing.digit import cut_out_digit, normalise_stroke, place
from drawing.images import DrawingError, Grey, Image, NoInk
from drawing.path import find_path
from drawing.pieces import Pieces, part_line
from drawing.preparation import find_ink
from drawing.writing import TOO_MUCH, Ints, Line, find_lines

MAX_DIGITS = 32  # in a line
MAX_CANDIDATES = 500  # on a picture
Floats = NDArray[np.floating]
Judge = Callable[[NDArray[np.uint8]], Floats]  # takes pixels (n, 784), returns outputs (n, classes) from 0 to 1


@dataclass(frozen=True)
class Digit:
    """One digit: its class, the judge's outputs (classes,), its box and its pixels (28, 28).

    box: left, top, width and height in pixels of the picture as it came.
    """

    label: int
    outputs: Floats
    box: tuple[int, int, int, int]
    pixels: Grey


@dataclass(frozen=True)
class Number:
    """What is written on a picture: digits from left to right, and line after line.

    text: the digits, with a line break between lines; confidence: how sure all of it is, 0 to 1; steps: pictures by
    name, from the ink to the pieces.
    """

    text: str
    digits: list[Digit]
    lines: int
    confidence: float
    steps: dict[str, Image]


@dataclass(frozen=True)
class PartedLine:
    """A line of writing, its pieces, what may be a digit in it, and what the judge is shown of that, (n, 784)."""

    line: Line
    pieces: Pieces
    candidates: Candidates
    pixels: Grey


def read_number(image: Image, judge: Judge) -> Number:
    """Return the number on a picture, as `judge` reads its digits; it is asked once, for all candidates.

    Takes the pictures that `preparation.steps` takes, and raises what it does; DrawingError too where there are more
    than `MAX_DIGITS` digits in a line. The text is empty where nothing looks like a digit.
    """
    picture, ink = find_ink(image)
    lines = part_picture(ink)
    outputs = judge(np.concatenate([line.pixels for line in lines]))  # (candidates, classes)
    size = image.shape[1] / ink.shape[1], image.shape[0] / ink.shape[0]
    digits, texts, confidence, start = [], [], 1.0, 0
    for line in lines:
        answers = outputs[start : start + len(line.pixels)]
        start += len(line.pixels)
        path = find_path(line.pieces, line.candidates, answers)
        if len(path.classes) > MAX_DIGITS:
            raise DrawingError(f"there are {len(path.classes)} digits in a line; send at most {MAX_DIGITS}")
        for number, label in zip(path.candidates, path.classes, strict=True):
            box = _place_box(line.line, line.candidates.boxes[number], size)
            digits.append(Digit(label, answers[number], box, line.pixels[number].reshape(28, 28)))
        texts += ["".join(map(str, path.classes))] if path.classes else []
        confidence *= path.confidence
    parts = np.max([line.pieces.parts for line in lines], axis=0)
    steps = {"picture": picture, "ink": ink, "pieces": np.where(parts, 55 + parts * 73 % 200, 0).astype(np.uint8)}
    return Number("\n".join(texts), digits, len(texts), confidence, steps)


def part_picture(ink: Grey) -> list[PartedLine]:
    """Return the lines of writing in `ink` (height, width), parted; those without anything like a digit are left out.

    Raises NoInk where there is no such line, DrawingError where there is too much.
    """
    parted: list[PartedLine] = []
    for line in find_lines(ink):
        pieces = part_line(line)
        candidates = find_candidates(pieces)
        if len(candidates.ends) + sum(len(before.pixels) for before in parted) > MAX_CANDIDATES:
            raise DrawingError(TOO_MUCH)
        pixels = draw(line.ink, pieces, candidates)
        is_all = candidates.ends[:, 1] - candidates.ends[:, 0] == len(pieces.boxes)
        for number in np.flatnonzero(is_all & line.is_all):
            pixels[number] = place(normalise_stroke(cut_out_digit(ink))).ravel()  # as if it were one digit
        if len(pixels):
            parted.append(PartedLine(line, pieces, candidates, pixels))
    if not parted:
        raise NoInk
    return parted


def _place_box(line: Line, box: Ints, size: tuple[float, float]) -> tuple[int, int, int, int]:
    """Return left, top, width and height in the picture of a box (4,) in a line's ink."""
    left, top, right, bottom = np.rint((box * line.scale + [line.left, line.top] * 2) * (size * 2)).astype(int).tolist()
    return left, top, right - left, bottom - top
