"""Examples of what is no digit: letters, several digits in one, parts of digits, scribbles, blobs, lines, textures.

A network that learns low targets for all of them can say that a drawing is no digit. What people do write as a digit
is left out, by the tables `LOOK_ALIKES` here and `DIGIT_PARTS` in pieces.py: learning it would cost real digits.
Every example is drawn and prepared as the server prepares what people draw.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.pen_strokes import PEN_WIDTHS, draw
from data.pieces import GAPS, NARROW, NO_STACK, WIDE_GAPS, is_lying, make_neighbour, pair, part, stack
from data.records import NO_CLASS, PIXELS, SIDE, DataError, Pixels
from data.scribbles import blob, ruling, scribble, texture
from data.styles import HEIGHT, Strokes, measure, resize
from drawing.images import Image, NoInk, crop
from drawing.preparation import steps

Writer = Callable[[np.random.Generator], Strokes | None]  # makes strokes, or None where an attempt fails
Maker = Callable[[np.random.Generator], Image | None]  # makes a picture, or None


class Written(Protocol):
    """A character of pen_strokes.py or unipen.py."""

    @property
    def label(self) -> Any: ...  # noqa: D102

    @property
    def strokes(self) -> Sequence[NDArray[Any]]: ...  # noqa: D102


LOOK_ALIKES = {
    "O": "a 0",
    "o": "a 0",
    "D": "a 0 of a hand that begins with a straight stroke",
    "Q": "a 0 with a slash, or a 2 with a loop",
    "I": "a 1, with and without lines at its ends",
    "l": "a 1",
    "i": "a 1 where its dot is missing or too small to be kept",
    "j": "a 1 that bends, where its dot is missing",
    "|": "a 1",
    "Z": "a 2, or a 7 with a bar and a foot",
    "z": "a 2; written with a loop below, a 3",
    "y": "a 4 that is left open, or a 9",
    "S": "a 5",
    "s": "a 5",
    "G": "a 6, or a 9 with a bend",
    "b": "a 6",
    "B": "an 8",
    "g": "a 9, or an 8 where its loops are closed",
    "q": "a 9",
}


@dataclass(frozen=True)
class Kind:
    """A kind of what is no digit: its share of the examples, and how slim its ink may be at least.

    Slimness is breadth for length, as standard deviations of the ink. What is slimmer, and upright, could be a 1: a
    straight stroke of a letter that was cut wrongly, or what a thick pen fills.
    """

    share: float
    slimmest: float = 0.2


MIXTURE = {  # of what is drawn from people's strokes
    "letter": Kind(0.5),
    "pair": Kind(0.14),
    "stack": Kind(0.03),
    "neighbour": Kind(0.05),
    "part": Kind(0.06, slimmest=0.3),
    "scribble": Kind(0.13, slimmest=0.3),
    "ruling": Kind(0.02, slimmest=0.3),
    "blob": Kind(0.03, slimmest=0.45),
    "texture": Kind(0.04, slimmest=0.45),
}
STRANGE_MIXTURE = {  # of what needs no strokes
    "pair of pictures": Kind(0.35),
    "scribble": Kind(0.4, slimmest=0.3),
    "ruling": Kind(0.06, slimmest=0.3),
    "blob": Kind(0.09, slimmest=0.45),
    "texture": Kind(0.1, slimmest=0.45),
}
ATTEMPTS = 200  # at one picture; half of the parts and three quarters of the neighbours fail


def finish(picture: Image, slimmest: float) -> Pixels | None:
    """Return a picture as (784,) pixels; None where no ink is left, only a part of it, or what is slim as a 1.

    Preparation leaves out what lies far from the largest stroke. What then remains of two digits is one digit, and
    what remains of an i is a 1.
    """
    try:
        found = steps(picture)
    except NoInk:
        return None
    ink, digit, pixels = crop(found["ink"]), found["digit"], found["pixels"]
    kept = digit.shape[1] / digit.shape[0] / (ink.shape[1] / ink.shape[0])
    if not 0.8 < kept < 1.25 or _is_slim(pixels, slimmest):
        return None
    return pixels.ravel()


def _is_slim(pixels: Pixels, slimmest: float) -> bool:
    """Tell whether the ink of (28, 28) pixels is slimmer than `slimmest`, breadth for length, and not lying."""
    rows, columns = np.nonzero(pixels > 64)
    if len(rows) < 2:
        return True
    spread, axes = np.linalg.eigh(np.cov(columns, rows))  # ascending
    is_lying = abs(axes[0, 1]) > np.cos(np.radians(25))
    return bool(spread[0] < slimmest**2 * spread[1]) and not is_lying


def draw_no_digits(digits: Sequence[Written], letters: Sequence[Written], count: int, seed: int) -> Pixels:
    """Return rows (count, 785) of what is no digit, the kinds mixed as in `MIXTURE`, each with a pen of its own.

    Letters are chosen evenly by letter; those in `LOOK_ALIKES` are left out, and so is what is no letter. The same
    seed gives the same rows. Raises `DataError` where no digit or no letter is left.
    """
    makers = _make_makers(digits, letters)
    random = np.random.default_rng(seed)
    rows = np.full((count, 1 + PIXELS), NO_CLASS, np.uint8)  # (count, 785)
    kinds = choose_kinds(MIXTURE, count, random)
    for number, kind in enumerate(tqdm(kinds, desc="Drawing", unit=" pictures", leave=False, disable=None)):
        rows[number, 1:] = _try(makers[kind], random, MIXTURE[kind].slimmest)
    return rows


def make_strange(pixels: Pixels, count: int, seed: int) -> Pixels:
    """Return (count, 784) pixels of what is no digit and needs no strokes, the kinds mixed as in `STRANGE_MIXTURE`.

    Two of `pixels` (n, 784), which show a digit each, become one picture. The same seed gives the same pictures.
    Raises `DataError` where no row of `pixels` shows anything.
    """
    pixels = pixels[pixels.any(axis=1)]
    if not len(pixels):
        raise DataError("needs pictures of digits to make pairs of, and all of them are empty.")
    makers = {**_STRANGE, "pair of pictures": lambda random: _put_side_by_side(pixels, random)}
    random = np.random.default_rng(seed)
    made = [
        _try(makers[kind], random, STRANGE_MIXTURE[kind].slimmest)
        for kind in choose_kinds(STRANGE_MIXTURE, count, random)
    ]
    return np.array(made, np.uint8).reshape(count, PIXELS)


def choose_kinds(mixture: Mapping[str, Kind], count: int, random: np.random.Generator) -> list[str]:
    """Return `count` kinds in random order, as many of each as the mixture says."""
    ends = np.rint(np.cumsum([kind.share for kind in mixture.values()]) * count).astype(int)
    return list(random.permutation(np.repeat(list(mixture), np.diff(ends, prepend=0))))


def _try(make: Maker, random: np.random.Generator, slimmest: float) -> Pixels:
    """Return the pixels (784,) of the first picture that can be used."""
    for _ in range(ATTEMPTS):
        picture = make(random)
        pixels = None if picture is None else finish(picture, slimmest)
        if pixels is not None:
            return pixels
    raise DataError(f"nothing that is no digit could be made in {ATTEMPTS} attempts; are these digits and letters?")


def _with_pen(write: Writer, rows: int = 1) -> Maker:
    """Return what draws the strokes with a pen that suits their height, or that of each of several `rows`."""

    def make(random: np.random.Generator) -> Image | None:
        strokes = write(random)
        if strokes is None:
            return None
        strokes = resize(strokes)
        width = np.exp(random.uniform(*np.log(PEN_WIDTHS))) * np.clip(measure(strokes)[1] / HEIGHT, 0.3, 1) / rows
        return draw(strokes, max(width, PEN_WIDTHS[0]))

    return make


def _make_makers(digits: Sequence[Written], letters: Sequence[Written]) -> dict[str, Maker]:
    """Return what makes a picture of each kind in `MIXTURE`."""
    by_letter: dict[str, list[Written]] = {}
    for letter in letters:
        if letter.label.isalpha() and letter.label not in LOOK_ALIKES:
            by_letter.setdefault(letter.label, []).append(letter)
    names = sorted(by_letter)
    digits = [digit for digit in digits if not is_lying(digit.strokes)]
    stackable = [digit for digit in digits if int(digit.label) not in NO_STACK]
    if not names or not stackable:
        raise DataError(
            f"needs digits from 2 to 9 and letters that look like no digit, got {len(stackable)} and {len(names)}."
        )

    def pick(random: np.random.Generator, among: Sequence[Written] = digits) -> Written:
        return among[int(random.integers(len(among)))]

    def several(random: np.random.Generator) -> Strokes:
        two = pair(pick(random).strokes, pick(random).strokes, random)
        return pair(two, pick(random).strokes, random) if random.random() < 0.2 else two

    writers: dict[str, Writer] = {
        "letter": lambda random: pick(random, by_letter[names[random.integers(len(names))]]).strokes,
        "pair": several,
        "stack": lambda random: stack(pick(random, stackable).strokes, pick(random, stackable).strokes, random),
        "neighbour": lambda random: make_neighbour(pick(random).strokes, pick(random).strokes, random),
        "part": lambda random: part((digit := pick(random)).strokes, int(digit.label), random),
    }
    return _STRANGE | {kind: _with_pen(write, 1 + (kind == "stack")) for kind, write in writers.items()}


def _put_side_by_side(pixels: Pixels, random: np.random.Generator) -> Image:
    """Return two of the pictures as one, about equally high, with the same gaps as `pair`."""
    left, right = (crop(pixels[random.integers(len(pixels))].reshape(SIDE, SIDE)) for _ in range(2))
    high = 80
    sizes = [(max(4, round(high * each.shape[1] / max(each.shape[0], 8))), high) for each in (left, right)]
    narrower = min(width for width, _ in sizes) / high - 0.1  # without the pen
    gap = round(random.uniform(*(WIDE_GAPS if narrower < NARROW else GAPS)) * high)
    paper = np.zeros((high + 40, sizes[0][0] + sizes[1][0] + gap + 40), np.uint8)
    for start, each, size in zip((20, 20 + sizes[0][0] + gap), (left, right), sizes, strict=True):
        top = 20 + round(random.uniform(-8, 8))
        place = paper[top : top + high, start : start + size[0]]
        np.maximum(place, cv2.resize(each, size, interpolation=cv2.INTER_CUBIC), out=place)
    return paper


_STRANGE: dict[str, Maker] = {
    "scribble": _with_pen(scribble),
    "ruling": _with_pen(ruling),
    "blob": blob,
    "texture": texture,
}
