"""A number of several digits: a picture is parted into what may be digits, a judge rates that, the best path is read.

The judge is the network, or any other function: this file needs none of its own. The lines of writing (writing.py) are
parted into pieces (pieces.py), neighbouring pieces make candidates (candidates.py), and the best path through them
(path.py) is the number. One digit is a number as well, and becomes the same pixels as in preparation.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from drawing.candidates import Candidates, draw, find_candidates
from drawing.digit import SIDE, cut_out_digit, normalise_stroke, place
from drawing.images import DrawingError, Grey, Image, NoInk
from drawing.path import find_path
from drawing.pieces import Pieces, part_line
from drawing.preparation import find_ink
from drawing.writing import TOO_MUCH, Ints, Line, find_lines

MAX_DIGITS = 32  # in a line
MAX_CANDIDATES = 500  # on a picture
Floats = NDArray[np.floating]
Judge = Callable[[NDArray[np.uint8]], Floats]  # takes pixels (n, 784), returns outputs (n, classes) from 0 to 1
Box = tuple[int, int, int, int]  # left, top, width and height in pixels of the picture as it came


@dataclass(frozen=True)
class Digit:
    """One digit, or a candidate for one: its class, the judge's outputs (classes,), its box and its pixels (28, 28)."""

    label: int
    outputs: Floats
    box: Box
    pixels: Grey


@dataclass(frozen=True)
class Number:
    """What is written on a picture: digits from left to right, and line after line.

    text: with a line break between lines; confidence: how sure all of it is, 0 to 1; lines: that have digits;
    left_out: what was taken for dots, commas or dashes; candidates: all that the judge rated; steps: pictures by name.
    """

    text: str
    confidence: float
    digits: list[Digit]
    lines: int
    left_out: list[Box]
    candidates: list[Digit]
    steps: dict[str, Image]


@dataclass(frozen=True)
class PartedLine:
    """A line of writing, its pieces, what may be a digit in it, and what the judge sees of that, (n, 784)."""

    line: Line
    pieces: Pieces
    candidates: Candidates
    pixels: Grey


def read_number(image: Image, judge: Judge) -> Number:
    """Return the number on a picture as `judge`, which is asked once, rates its digits.

    Takes the pictures that `preparation.steps` takes, and raises what it does; also DrawingError where there are more
    than `MAX_DIGITS` digits in a line. The text is empty where nothing is a digit.
    """
    picture, ink = find_ink(image)
    lines = part_picture(ink)
    counts = [len(line.pixels) for line in lines]
    outputs = np.split(judge(np.concatenate([line.pixels for line in lines])), np.cumsum(counts)[:-1])
    paths = [find_path(line.pieces, line.candidates, rated) for line, rated in zip(lines, outputs, strict=True)]
    longest = max(len(path.classes) for path in paths)
    if longest > MAX_DIGITS:
        raise DrawingError(f"there are {longest} digits in a line; send at most {MAX_DIGITS}")
    factors = image.shape[1] / ink.shape[1], image.shape[0] / ink.shape[0]
    candidates: list[Digit] = []
    digits: list[Digit] = []
    left_out: list[Box] = []
    for line, rated, path in zip(lines, outputs, paths, strict=True):
        boxes = _place_boxes(line.line, line.candidates.boxes, factors)
        rows = zip(rated.argmax(axis=1).tolist(), rated, boxes, line.pixels.reshape(-1, SIDE, SIDE), strict=True)
        found = [Digit(*row) for row in rows]
        candidates += found
        digits += [replace(found[n], label=label) for n, label in zip(path.candidates, path.classes, strict=True)]
        left_out += _place_boxes(line.line, line.pieces.boxes[path.marks], factors)
    texts = ["".join(map(str, path.classes)) for path in paths if path.classes]
    confidence = float(np.prod([path.confidence for path in paths]))
    parts = np.max([line.pieces.parts for line in lines], axis=0)
    steps = {"picture": picture, "ink": ink, "pieces": np.where(parts, 55 + parts * 73 % 200, 0).astype(np.uint8)}
    return Number("\n".join(texts), confidence, digits, len(texts), left_out, candidates, steps)


def part_picture(ink: Grey) -> list[PartedLine]:
    """Return the lines of writing in `ink` (height, width), from top to bottom, without those that have no candidate.

    Raises NoInk where no line has one, DrawingError where there is too much.
    """
    parted: list[PartedLine] = []
    for line in find_lines(ink):
        pieces = part_line(line)
        candidates = find_candidates(pieces)
        if sum(len(before.pixels) for before in parted) + len(candidates.ends) > MAX_CANDIDATES:
            raise DrawingError(TOO_MUCH)
        pixels = draw(line.ink, pieces, candidates)
        is_all = candidates.ends[:, 1] - candidates.ends[:, 0] == len(pieces.boxes)
        if line.is_all and is_all.any():
            pixels[is_all] = place(normalise_stroke(cut_out_digit(ink))).ravel()  # as a picture of one digit
        if len(pixels):
            parted.append(PartedLine(line, pieces, candidates, pixels))
    if not parted:
        raise NoInk
    return parted


def _place_boxes(line: Line, boxes: Ints, factors: tuple[float, float]) -> list[Box]:
    """Return boxes (n, 4) of a line in the picture as it came, which is `factors` times as wide and high as its ink."""
    corners = boxes * line.scale + np.array([line.left, line.top, line.left, line.top])
    corners = np.rint(corners * np.array([*factors, *factors])).astype(int)  # (n, 4) left, top, right, bottom
    return [(left, top, right - left, bottom - top) for left, top, right, bottom in corners.tolist()]
