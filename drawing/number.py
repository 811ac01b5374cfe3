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
from drawing.path import ONE, find_likely, find_path
from drawing.pieces import Pieces, part_line
from drawing.preparation import find_ink, steps_of_ink
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
class PartedLine:
    """A line of writing, its pieces, what may be a digit in it, and what the judge sees of that, (n, 784)."""

    line: Line
    pieces: Pieces
    candidates: Candidates
    pixels: Grey


@dataclass(frozen=True)
class Number:
    """What is written on a picture: digits from left to right, and line after line.

    text: with a line break between lines; confidence: how sure all of it is, 0 to 1; left_out: what was taken for
    marks, such as dots and dashes; candidates: all that the judge rated; parted: the lines of writing.
    """

    text: str
    confidence: float
    digits: list[Digit]
    left_out: list[Box]
    candidates: list[Digit]
    picture: Image
    ink: Grey
    parted: list[PartedLine]

    @property
    def lines(self) -> int:
        """How many lines have digits."""
        return len(self.text.splitlines())

    @property
    def steps(self) -> dict[str, Image]:
        """The steps from the picture to the number, by name and in order; pixels that came prepared have none.

        Those of one digit are the steps of `preparation.steps`; those of more end at "pieces", each in another grey.
        """
        if not self.parted:
            return {}
        if len(self.digits) == 1:
            one = steps_of_ink(self.picture, self.ink)
            if np.array_equal(one["pixels"], self.digits[0].pixels):
                return one
        pieces = np.zeros_like(self.ink)
        for parted in self.parted:
            line, parts = parted.line, parted.pieces.parts
            grey = (
                np.where(parts, 55 + parts * 73 % 200, 0).astype(np.uint8).repeat(line.scale, 0).repeat(line.scale, 1)
            )
            place = pieces[line.top : line.top + len(grey), line.left : line.left + grey.shape[1]]
            np.maximum(place, grey[: len(place), : place.shape[1]], out=place)
        return {"picture": self.picture, "ink": self.ink, "pieces": pieces}


def read_number(image: Image, judge: Judge) -> Number:
    """Return the number on a picture as `judge`, which is asked once at most, rates its digits.

    Takes the pictures that `preparation.steps` takes, and raises what it does; also DrawingError where there are more
    than `MAX_DIGITS` digits in a line. The text is empty where nothing is a digit.
    """
    picture, ink = find_ink(image)
    parted = part_picture(ink)
    factors = image.shape[1] / ink.shape[1], image.shape[0] / ink.shape[0]
    read = [_read_line(line, rated, factors) for line, rated in zip(parted, _ask(judge, parted), strict=True)]
    return Number(
        text="\n".join("".join(str(digit.label) for digit in digits) for _, digits, _, _ in read if digits),
        confidence=float(np.prod([confidence for confidence, _, _, _ in read])),
        digits=[digit for _, digits, _, _ in read for digit in digits],
        left_out=[box for _, _, boxes, _ in read for box in boxes],
        candidates=[candidate for _, _, _, candidates in read for candidate in candidates],
        picture=picture,
        ink=ink,
        parted=parted,
    )


def count_digits(ink: Grey, judge: Judge) -> int | None:
    """Return how many digits are in `ink` (height, width), or nothing where there is too much to tell."""
    try:
        found = _part(ink)
    except NoInk:
        return 0
    except DrawingError:
        return None
    if sum(len(candidates.ends) for _, _, candidates in found) == 1:
        return 1
    parted = [_show_candidates(ink, *line) for line in found]
    rated = zip(parted, _ask(judge, parted), strict=True)
    return sum(len(find_path(line.pieces, line.candidates, outputs).classes) for line, outputs in rated)


def _ask(judge: Judge, parted: list[PartedLine]) -> list[Floats]:
    """Return what `judge` says of the candidates of each line, (n, classes); it is not asked where there are none."""
    counts = [len(line.pixels) for line in parted]
    outputs = judge(np.concatenate([line.pixels for line in parted])) if any(counts) else np.empty((0, ONE + 1))
    return np.split(outputs, np.cumsum(counts)[:-1])


def _read_line(
    parted: PartedLine, outputs: Floats, factors: tuple[float, float]
) -> tuple[float, list[Digit], list[Box], list[Digit]]:
    """Return how sure a line is, its digits, the boxes of its marks, and its candidates."""
    path = find_path(parted.pieces, parted.candidates, outputs)
    if len(path.classes) > MAX_DIGITS:
        raise DrawingError(f"there are {len(path.classes)} digits in a line; send at most {MAX_DIGITS}")
    boxes = _place_boxes(parted.line, parted.candidates.boxes, factors)
    pixels = parted.pixels.reshape(-1, SIDE, SIDE)
    rows = zip(outputs.argmax(axis=1).tolist(), outputs, boxes, pixels, strict=True)
    candidates = [Digit(*row) for row in rows]
    digits = [replace(candidates[n], label=label) for n, label in zip(path.candidates, path.classes, strict=True)]
    if len(digits) == 1:
        digits = [candidates[path.candidates[0]]]  # one digit is read as it is where nobody looks for numbers
    return path.confidence, digits, _place_boxes(parted.line, parted.pieces.boxes[path.marks], factors), candidates


def part_picture(ink: Grey) -> list[PartedLine]:
    """Return the lines of writing in `ink` (height, width), from top to bottom.

    Raises NoInk where there is none, DrawingError where there is too much.
    """
    return [_show_candidates(ink, *parted) for parted in _part(ink)]


def _part(ink: Grey) -> list[tuple[Line, Pieces, Candidates]]:
    """Return the lines of writing in `ink`, their pieces, and what may be a digit in them; raises as above."""
    parted: list[tuple[Line, Pieces, Candidates]] = []
    for line in find_lines(ink):
        pieces = part_line(line)
        candidates = find_candidates(pieces)
        parted.append((line, pieces, candidates.take(find_likely(pieces, candidates))))
        if sum(len(candidates.ends) for _, _, candidates in parted) > MAX_CANDIDATES:
            raise DrawingError(TOO_MUCH)
    return parted


def _show_candidates(ink: Grey, line: Line, pieces: Pieces, candidates: Candidates) -> PartedLine:
    """Return a line with what the judge sees of its candidates."""
    pixels = draw(line.ink, pieces, candidates)
    is_all = candidates.ends[:, 1] - candidates.ends[:, 0] == len(pieces.boxes)
    if line.is_all and is_all.any():
        pixels[is_all] = place(normalise_stroke(cut_out_digit(ink))).ravel()  # as a picture of one digit
    return PartedLine(line, pieces, candidates, pixels)


def _place_boxes(line: Line, boxes: Ints, factors: tuple[float, float]) -> list[Box]:
    """Return boxes (n, 4) of a line in the picture as it came, which is `factors` times as wide and high as its ink."""
    corners = boxes * line.scale + np.array([line.left, line.top, line.left, line.top])
    corners = np.rint(corners * np.array([*factors, *factors])).astype(int)  # (n, 4) left, top, right, bottom
    return [(left, top, right - left, bottom - top) for left, top, right, bottom in corners.tolist()]
