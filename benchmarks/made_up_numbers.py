"""Numbers made of single digits that one person wrote: side by side on a wavy line, slanted, some of them touching.

What belongs to which digit is known, so that a way to part numbers can be fitted, and measured, on any amount of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.unipen import Character

HEIGHT, WIDTH = 280, 700  # pixels of the picture
MARGIN = 5  # pixels
MAX_DIGIT = 210  # pixels of a digit's height
PEN_WIDTHS = 0.03, 0.16  # for the height of a digit
SHARE_WITH_MARK, SHARE_BROKEN = 0.25, 0.15  # of numbers
MARK = -1  # the owner of a dot, a comma, a dash
FINE = 4  # bits of a pixel's fractions that OpenCV is given

Random = np.random.Generator
Points = NDArray[np.floating]  # (points, 2): x to the right, y upwards; a digit is about 1 high
Strokes = list[Points]
Hand = list[tuple[str, Strokes]]  # what one person wrote: each digit with its strokes


@dataclass(frozen=True)
class MadeUp:
    """A picture (280, 700) uint8, its text, and the owner of each pixel of ink: 1 is the first digit, `MARK` a mark.

    touching: how many digits touch the one before them.
    """

    picture: NDArray[np.uint8]
    text: str
    owners: NDArray[np.int8]
    touching: int


def collect_hands(characters: Sequence[Character]) -> dict[str, Hand]:
    """Return what each person wrote, of those with ten digits or more; the median of a person's heights becomes 1."""
    written: dict[str, Hand] = {}
    for character in characters:
        if character.label.isdecimal():
            strokes = [np.asarray(stroke, float) for stroke in character.strokes]
            written.setdefault(character.writer, []).append((character.label, strokes))
    hands = {}
    for writer, hand in sorted(written.items()):
        sizes = np.array([np.ptp(np.concatenate(strokes), axis=0) for _, strokes in hand])  # (n, 2)
        sizes /= (unit := max(float(np.median(sizes[:, 1])), 1e-9))
        usual = (sizes[:, 1] > 0.4) & (sizes[:, 1] < 1.8) & (sizes[:, 0] < 1.6)
        digits = [(label, [stroke / unit for stroke in strokes]) for label, strokes in hand]
        if usual.sum() >= 10:
            hands[writer] = [digits[number] for number in np.flatnonzero(usual)]
    return hands


def make_numbers(
    hands: dict[str, Hand], lengths: tuple[int, int], gaps: tuple[float, float], random: Random
) -> Iterator[MadeUp]:
    """Yield numbers without end, each of one hand, with `lengths` and `gaps` from the first to the second.

    A gap is the distance between the boxes of two digits before they are slanted, for the height of a digit.
    """
    writers = sorted(hands)
    while True:
        hand = hands[writers[random.integers(len(writers))]]
        digits = [hand[n] for n in random.integers(len(hand), size=random.integers(lengths[0], lengths[1] + 1))]
        parts = [_vary(strokes, random) for _, strokes in digits]
        owners = list(range(1, len(parts) + 1))
        if random.random() < SHARE_BROKEN:
            parts[0] = _break(parts[0], random)
        if random.random() < SHARE_WITH_MARK:
            place = int(random.integers(1, len(parts) + 1))
            parts.insert(place, _make_mark(random))
            owners.insert(place, MARK)
        pen = float(np.exp(random.uniform(*np.log(PEN_WIDTHS))))
        layers = _draw(_write(parts, pen, gaps, random), pen, random)
        yield _combine(layers, owners, "".join(label for label, _ in digits), random)


def _vary(strokes: Strokes, random: Random) -> Strokes:
    """Return a digit, a little larger or smaller, whose lowest points are about at 0."""
    size, up = np.exp(random.normal(0, 0.15)), random.normal(0, 0.05)
    lowest = np.concatenate(strokes)[:, 1].min()
    return [(stroke - np.array([0, lowest])) * size + np.array([0, up]) for stroke in strokes]


def _break(strokes: Strokes, random: Random) -> Strokes:
    """Return a digit with a gap in the stroke that has most points, as a bad pen leaves it."""
    longest = max(range(len(strokes)), key=lambda number: len(strokes[number]))
    points = strokes[longest]
    gap = max(2, len(points) // 12)
    if len(points) < 3 * gap + 6:
        return strokes
    start = int(random.integers(3, len(points) - gap - 3))
    return [*strokes[:longest], points[:start], points[start + gap :], *strokes[longest + 1 :]]


def _make_mark(random: Random) -> Strokes:
    """Return a dot, a comma or a dash."""
    marks = [[(0, 0)], [(0.08, 0.05), (0, -random.uniform(0.05, 0.15))], [(0, 0.5), (random.uniform(0.15, 0.5), 0.5)]]
    return [np.array(marks[random.integers(len(marks))], float)]


def _write(parts: list[Strokes], pen: float, gaps: tuple[float, float], random: Random) -> list[Strokes]:
    """Return the strokes of digits and marks side by side, on a wavy line, and slanted."""
    usual, slant = random.uniform(*gaps), random.uniform(-0.2, 0.4)
    wave, length, phase = random.uniform(0, 0.12), random.uniform(2, 6), random.uniform(0, 2 * np.pi)
    slope = random.uniform(-0.08, 0.08)
    written, right = [], 0.0
    for strokes in parts:
        across = np.concatenate(strokes)[:, 0]
        up = wave * np.sin(2 * np.pi * right / length + phase) + slope * right
        placed = [stroke + np.array([right - across.min(), up]) for stroke in strokes]
        written.append([stroke + stroke[:, 1:] * np.array([slant, 0]) for stroke in placed])
        right += float(np.ptp(across)) + pen + np.clip(usual + random.uniform(-0.1, 0.1), *gaps)
    return written


def _draw(parts: list[Strokes], pen: float, random: Random) -> NDArray[np.uint8]:
    """Return each part on a picture of its own, (n, 280, 700), light ink on 0: all as large as fits, or smaller."""
    points = np.concatenate([stroke for strokes in parts for stroke in strokes])
    lowest, size = points.min(axis=0) - pen / 2, np.ptp(points, axis=0) + pen
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    largest = min(*(room / size), MAX_DIGIT)
    scale = random.uniform(max(0.4 * largest, min(35, largest)), largest)  # pixels for the height of a digit
    left, up = random.uniform(0, 1, 2) * (room - size * scale) + MARGIN
    layers = np.zeros((len(parts), HEIGHT, WIDTH), np.uint8)
    for layer, strokes in zip(layers, parts, strict=True):
        for stroke in strokes:
            x, y = ((stroke - lowest) * scale + np.array([left, up])).T
            line = np.rint(np.column_stack([x, HEIGHT - y]) * 2**FINE).astype(np.int32)
            line = np.vstack([line, line[-1:]])  # a dot, too, has a second point
            cv2.polylines(layer, [line], False, 255, max(2, round(pen * scale)), cv2.LINE_AA, FINE)
    return layers


def _combine(layers: NDArray[np.uint8], owners: list[int], text: str, random: Random) -> MadeUp:
    """Return the parts on one picture, dark on light or light on dark."""
    ink = layers.max(axis=0)
    owner = np.where(ink > 0, np.array(owners, np.int8)[layers.argmax(axis=0)], 0).astype(np.int8)
    dark = [layer > 64 for layer, number in zip(layers, owners, strict=True) if number != MARK]
    around = [cv2.dilate(layer.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for layer in dark]
    touching = sum(bool((before & after).any()) for before, after in zip(around[:-1], dark[1:], strict=True))
    return MadeUp(ink if random.random() < 0.4 else 255 - ink, text, owner, touching)
