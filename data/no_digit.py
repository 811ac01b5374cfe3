"""Examples of what is no digit: letters, several digits in one, parts of digits, scribbles, blobs, lines, textures.

A network that learns low targets for all of them can say that a drawing is no digit. What people do write as a digit
is left out, by the tables `LOOK_ALIKES` and `DIGIT_PARTS`: learning it as no digit would cost real digits.
Every example is drawn and prepared as the server prepares what people draw.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from data.pen_strokes import PEN_WIDTHS, draw
from data.records import NO_CLASS, PIXELS, SIDE, DataError, Pixels
from data.scribbles import blob, ruling, scribble, texture
from data.styles import HEIGHT, Points, Strokes, fill_in, measure, move, resize
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
# The parts that are cut from a digit, at most half of it, and which of them are digits themselves.
SIDES = {"left": (-1, 0), "right": (1, 0), "lower": (0, -1), "upper": (0, 1)}
DIGIT_PARTS = {
    (0, "left"): "an arc: a 1",
    (0, "right"): "an arc: a 1 or a 7",
    **{(1, side): "a line, or a hook: a 1 or a 7" for side in SIDES},
    (2, "left"): "little more than its foot",
    (2, "right"): "an arc: a 1 or a 7",
    (2, "upper"): "a hook: a 7",
    (3, "left"): "the ends of its arcs alone: specks",
    (3, "right"): "a flat 3",
    (3, "upper"): "a hook: a 7, or a 2",
    (3, "lower"): "a hook: a 7, or a small 3",
    (4, "right"): "its stem: a 1",
    (4, "upper"): "with its bar a small 4",
    (4, "lower"): "its stem: a 1, or with its bar a 7",
    (5, "left"): "with the beginning of its bow a 5",
    (5, "right"): "an arc: a 1, 3 or 7",
    (5, "lower"): "a hook: a 3 or a 7",
    (6, "left"): "an arc: a 1",
    (6, "right"): "its bowl: a 0",
    (6, "upper"): "a line or an arc: a 1",
    (6, "lower"): "its bowl: a 0",
    **{(7, side): "a hook or a line: a 7 or a 1" for side in SIDES},
    (8, "right"): "a 3",
    (8, "upper"): "a ring: a 0, or with a tail a 9",
    (8, "lower"): "a ring: a 0, or with a tail a 6",
    (9, "left"): "with its tail a 9",
    (9, "right"): "its stem: a 1 or a 7",
    (9, "upper"): "a ring: a 0",
    (9, "lower"): "its stem: a 1",
}
NO_STACK = {0: "a ring: part of an 8, 6 or 9 with another one", 1: "a stem: stays a 1, or part of a 4, 7 or 9"}
# Shares of each kind: of what is drawn from people's strokes, and of what needs none.
MIXTURE = {
    "letter": 0.5,
    "pair": 0.14,
    "stack": 0.03,
    "neighbour": 0.05,
    "part": 0.06,
    "scribble": 0.13,
    "ruling": 0.02,
    "blob": 0.03,
    "texture": 0.04,
}
STRANGE_MIXTURE = {"pair of pictures": 0.35, "scribble": 0.4, "ruling": 0.06, "blob": 0.09, "texture": 0.1}

GAPS = -0.15, 0.3  # between two digits, for their height; what is further off is not taken for the same drawing
WIDE_GAPS = 0.24, 0.32  # beside a narrow one: a 1 that touches another digit makes a new one of it
NARROW = 0.4  # width for its height
STRAIGHT = 0.2  # breadth for its length, as standard deviations of its ink, below which it is a 1
SLIMMEST = {"scribble": 0.3, "blob": 0.45, "texture": 0.45}  # the same where ink is filled
PART_SHARES = 0.35, 0.5  # of a digit's width or height that a part keeps
ATTEMPTS = 200


def pair(first: Strokes, second: Strokes, random: np.random.Generator) -> Strokes:
    """Return two digits beside one another, about equally high, from overlapping a little to clearly apart."""
    left, right = _bring_to_height(first), _bring_to_height(second)
    right = [stroke * random.uniform(0.75, 1.15) for stroke in right]
    gap = random.uniform(*(WIDE_GAPS if is_narrow(left) or is_narrow(right) else GAPS)) * HEIGHT
    start = np.concatenate(left)[:, 0].max() + gap - np.concatenate(right)[:, 0].min()
    rise = random.normal(0, 0.06) * HEIGHT + (HEIGHT - measure(right)[1]) / 2
    return [*left, *move(right, start, rise)]


def stack(upper: Strokes, lower: Strokes, random: np.random.Generator) -> Strokes:
    """Return one digit above another, clearly apart. `NO_STACK` says which ones must not be used."""
    above, below = _bring_to_height(upper), _bring_to_height(lower)
    aside = (measure(below)[0] - measure(above)[0]) / 2 + random.normal(0, 0.1) * HEIGHT
    rise = HEIGHT * (1 + random.uniform(0.1, 0.3))
    return [*move(above, aside, rise), *below]


def part(strokes: Strokes, label: int, random: np.random.Generator) -> Strokes | None:
    """Return a part of a digit that is none itself, cut off by a line.

    Returns None where `DIGIT_PARTS` leaves nothing, and for a narrow part, which would be a 1.
    """
    sides = [side for side in SIDES if (label, side) not in DIGIT_PARTS]
    piece = cut(strokes, sides[random.integers(len(sides))], random) if sides else None
    return None if piece is None or is_narrow(piece) else piece


def cut(strokes: Strokes, side: str, random: np.random.Generator) -> Strokes | None:
    """Return what a line across leaves of the strokes at one of the `SIDES`; None where it leaves no stroke."""
    points = [fill_in(stroke) for stroke in resize(strokes)]
    direction = np.array(SIDES[side], float) + random.normal(0, 0.08, 2)  # (2,)
    places = np.concatenate(points) @ direction  # (n,)
    border = places.max() - random.uniform(*PART_SHARES) * np.ptp(places)
    pieces = []
    for stroke in points:
        beyond = stroke @ direction >= border  # (points,)
        changes = np.flatnonzero(np.diff(beyond)) + 1
        runs = np.split(stroke, changes)[int(not beyond[0]) :: 2]
        pieces += [run for run in runs if len(run) > 3]
    return pieces or None


def make_neighbour(digit: Strokes, other: Strokes, random: np.random.Generator) -> Strokes | None:
    """Return a digit beside half of another one; None where either is too narrow or the half is too low."""
    at_left = random.random() < 0.5
    half = cut(other, "right" if at_left else "left", random)
    if half is None or max(np.ptp(stroke[:, 1]) for stroke in half) < 0.7 * HEIGHT or is_narrow(digit):
        return None  # a low half would be no more than dirt beside a digit
    digit, half = _bring_to_height(digit), _bring_to_height(half)
    left, right = (half, digit) if at_left else (digit, half)
    start = np.concatenate(left)[:, 0].max() + random.uniform(*WIDE_GAPS) * HEIGHT
    shift = start - np.concatenate(right)[:, 0].min()
    return [*left, *move(right, shift, 0)]


def is_narrow(strokes: Strokes) -> bool:
    """Tell whether strokes may be a 1, or may become a part of another digit when they touch it."""
    width, height = measure(strokes)
    return width < NARROW * height


def _bring_to_height(strokes: Strokes) -> list[Points]:
    """Return the strokes `HEIGHT` high, or half as high and wide if they are lying, such as a dash."""
    strokes = resize(strokes)
    width, height = measure(strokes)
    factor = HEIGHT / max(height, 0.5 * width)
    return [stroke * factor for stroke in strokes]


def finish(picture: Image, slimmest: float = STRAIGHT) -> Pixels | None:
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
    kinds = _choose_kinds(MIXTURE, count, random)
    for number, kind in enumerate(tqdm(kinds, desc="Drawing", unit=" pictures", leave=False, disable=None)):
        rows[number, 1:] = _try(makers[kind], random, SLIMMEST.get(kind, STRAIGHT))
    return rows


def make_strange(pixels: Pixels, count: int, seed: int) -> Pixels:
    """Return (count, 784) pixels of what is no digit and needs no strokes, the kinds mixed as in `STRANGE_MIXTURE`.

    Two of `pixels` (n, 784), which show a digit each, become one picture. The same seed gives the same pictures.
    """
    makers = {**_STRANGE, "pair of pictures": lambda random: _put_side_by_side(pixels, random)}
    random = np.random.default_rng(seed)
    made = [
        _try(makers[kind], random, SLIMMEST.get(kind, STRAIGHT))
        for kind in _choose_kinds(STRANGE_MIXTURE, count, random)
    ]
    return np.array(made, np.uint8).reshape(count, PIXELS)


def _choose_kinds(mixture: Mapping[str, float], count: int, random: np.random.Generator) -> list[str]:
    """Return `count` kinds in random order, as many of each as the mixture says."""
    ends = np.rint(np.cumsum(list(mixture.values())) * count).astype(int)
    return list(random.permutation(np.repeat(list(mixture), np.diff(ends, prepend=0))))


def _try(make: Maker, random: np.random.Generator, slimmest: float) -> Pixels:
    """Return the pixels (784,) of the first picture that can be used."""
    for _ in range(ATTEMPTS):
        picture = make(random)
        pixels = None if picture is None else finish(picture, slimmest)
        if pixels is not None:
            return pixels
    raise DataError(f"nothing that is no digit could be made in {ATTEMPTS} attempts; are these digits and letters?")


def _with_pen(write: Writer) -> Maker:
    """Return what draws the strokes with a pen that suits their height, not the width of several digits."""

    def make(random: np.random.Generator) -> Image | None:
        strokes = write(random)
        if strokes is None:
            return None
        strokes = resize(strokes)
        width = np.exp(random.uniform(*np.log(PEN_WIDTHS))) * np.clip(measure(strokes)[1] / HEIGHT, 0.3, 1)
        return draw(strokes, max(width, PEN_WIDTHS[0]))

    return make


def _make_makers(digits: Sequence[Written], letters: Sequence[Written]) -> dict[str, Maker]:
    """Return what makes a picture of each kind in `MIXTURE`."""
    by_letter: dict[str, list[Written]] = {}
    for letter in letters:
        if letter.label.isalpha() and letter.label not in LOOK_ALIKES:
            by_letter.setdefault(letter.label, []).append(letter)
    if not digits or not by_letter:
        raise DataError(f"needs digits and letters that look like none, got {len(digits)} and {len(by_letter)}.")
    names = sorted(by_letter)
    stackable = [digit for digit in digits if int(digit.label) not in NO_STACK]

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
    return _STRANGE | {kind: _with_pen(write) for kind, write in writers.items()}


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
