"""Several digits in one drawing, and parts of digits: strokes of people put together and cut so that no digit is left.

Some of what comes of cutting and joining is a digit again: the right half of an 8 is a 3, two rings above one another
are an 8. The tables `DIGIT_PARTS` and `NO_STACK` name what is never made, with the reasons. Strokes are in the units of
styles.py: x to the right and y upwards, `HEIGHT` high.
"""

import numpy as np

from data.styles import HEIGHT, Points, Strokes, fill_in, is_ring, measure, move, resize

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
    (4, "left"): "with the end of its bar a 1 that has a foot, or a 2",
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

GAPS = -0.15, 0.3  # between two digits, for their height; what is further off is not taken for the same drawing
WIDE_GAPS = 0.24, 0.32  # beside a narrow one: a 1 that touches another digit makes a new one of it
NARROW, LYING = 0.4, 1.8  # width for its height
PART_SHARES = 0.33, 0.45  # of a digit's width or height that a part keeps


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

    Returns None where `DIGIT_PARTS` leaves nothing, for a narrow part, which would be a 1, and for a ring, a 0.
    """
    sides = [side for side in SIDES if (label, side) not in DIGIT_PARTS]
    piece = cut(strokes, sides[random.integers(len(sides))], random) if sides else None
    return None if piece is None or is_narrow(piece) or is_ring(piece) else piece


def cut(strokes: Strokes, side: str, random: np.random.Generator) -> Strokes | None:
    """Return what a line leaves of the strokes at one of the `SIDES`; None where it leaves no stroke.

    Lines from top to bottom are as slanted as the digit: otherwise half of a slanted 8 holds one of its rings.
    """
    points = [fill_in(stroke) for stroke in resize(strokes)]
    every = np.concatenate(points)  # (n, 2)
    covariance = np.cov(every.T)  # (2, 2)
    slant = np.clip(covariance[0, 1] / max(covariance[1, 1], 1), -1, 1)
    right, up = SIDES[side]
    direction = np.array([right, up - right * slant]) + random.normal(0, 0.05, 2)  # (2,)
    places = every @ direction  # (n,)
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


def is_lying(strokes: Strokes) -> bool:
    """Tell whether strokes are far wider than high, as are dashes that collections of digits hold by mistake."""
    width, height = measure(strokes)
    return width > LYING * height


def _bring_to_height(strokes: Strokes) -> list[Points]:
    """Return the strokes `HEIGHT` high, or less for lying ones."""
    strokes = resize(strokes)
    width, height = measure(strokes)
    factor = HEIGHT / max(height, width / LYING)
    return [stroke * factor for stroke in strokes]
