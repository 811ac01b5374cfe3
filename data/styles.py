"""Styles that are added to somebody's digit: a slash through a 0, an upstroke on a 1, a bar through a 7, a curl on a 6.

People of other countries write digits in other ways, and collections of strokes hold few of them. Each style takes the
strokes of a digit and returns others; those that do not suit a digit return it as it was. Drawing is left to
pen_strokes.py.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[Any]  # (points, 2): x to the right and y upwards
Strokes = Sequence[Points]
Style = Callable[[Strokes, np.random.Generator], Strokes]

HEIGHT = 1000.0  # of a digit that came out of `resize`
NARROWEST = 0.35  # width of a digit for its height; thick pens would close the holes of a narrower one


def resize(strokes: Strokes) -> list[Points]:
    """Return the strokes with their lowest x and y at 0, and `HEIGHT` high, or as wide if they are wider than high."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in strokes])
    lowest = points.min(axis=0)
    factor = HEIGHT / max(*(points.max(axis=0) - lowest), 1e-9)
    return [(np.asarray(stroke, float) - lowest) * factor for stroke in strokes]


def measure(strokes: Strokes) -> tuple[float, float]:
    """Return the width and the height of the strokes."""
    width, height = np.ptp(np.concatenate(strokes), axis=0)
    return float(width), float(height)


def slash(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 0 with a line from its lower left to its upper right, rarely the other way; short ones stay inside.

    Only a ring of one stroke is changed, here and in the other styles of a 0: others may have a slash.
    """
    strokes = resize(strokes)
    if not is_ring(strokes):
        return strokes
    size = np.array(measure(strokes))
    lean = 1.0 if random.random() < 0.9 else -1.0
    reach = random.uniform(0.25, 0.65, 2)  # from the middle, of the width and the height
    end = reach * size * (lean, 1)
    end[0] = max(abs(end[0]), 0.12 * HEIGHT) * lean
    middle = size / 2 + random.normal(0, 0.03, 2) * size
    return [*strokes, _bend(middle - end, middle + end, random)]


def inner_bar(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 0 with a line across or down its middle."""
    strokes = resize(strokes)
    if not is_ring(strokes):
        return strokes
    size = np.array(measure(strokes))
    middle = size / 2 + random.normal(0, 0.03, 2) * size
    across = random.random() < 0.6
    end = size * (random.uniform(0.25, 0.65) * np.array([across, not across]) + random.normal(0, 0.03, 2))
    return [*strokes, _bend(middle - end, middle + end, random)]


def inner_dot(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 0 with a dot in its middle, if it is wide enough for one."""
    strokes = resize(strokes)
    size = np.array(measure(strokes))
    if size[0] < 0.5 * HEIGHT or not is_ring(strokes):
        return strokes
    middle = size / 2 + random.normal(0, 0.03, 2) * size
    return [*strokes, middle + random.normal(0, 15, (3, 2))]


def flag(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 1 whose stem begins with a thin upstroke from the lower left, 30 to 100 % as high as the stem.

    An upstroke that is there is replaced. The higher it is, the smaller is the angle between it and the stem.
    """
    return _add_upstroke(strokes, random, highest=1.0)


def _add_upstroke(strokes: Strokes, random: np.random.Generator, highest: float) -> Strokes:
    strokes = resize(strokes)
    stem, others = _find_stem(strokes)
    right, height = stem[0] - stem[-1]
    rise = random.uniform(0.3, highest) * height
    run = rise * (random.uniform(0.4, 1.35 - 0.5 * rise / HEIGHT) + np.clip(right / max(height, 1), 0, 0.5))
    upstroke = _bend(stem[0] - (run, rise), stem[0], random)
    return [np.concatenate([upstroke, stem[1:]]), *others]


def foot(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 1 with a line under it."""
    strokes = resize(strokes)
    stem, _ = _find_stem(strokes)
    half = random.uniform(0.15, 0.4, 2) * HEIGHT
    rise = random.normal(0, 0.03, 2) * HEIGHT
    return [*strokes, _bend(stem[-1] - (half[0], rise[0]), stem[-1] + (half[1], rise[1]), random)]


def flag_and_foot(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 1 with an upstroke and a line under it; the upstroke ends well above the line."""
    return foot(_add_upstroke(strokes, random, highest=0.65), random)


def bar(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 7 with a line through its stem, a little slanted.

    A 7 of several strokes may have one, and stays as it is.
    """
    strokes = resize(strokes)
    if len(strokes) > 1:
        return strokes
    width, height = measure(strokes)
    path = fill_in(strokes[0])
    level = random.uniform(0.35, 0.6) * height
    crossing = path[np.abs(path[:, 1] - level).argmin()]
    direction = np.array([1, random.normal(0.1, 0.12)]) * max(width, 0.5 * HEIGHT)
    left, right = random.uniform(0.2, 0.4, 2)
    return [*strokes, _bend(crossing - left * direction, crossing + right * direction, random)]


def curl(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a 6 whose upper end bends over to the right and curls in, if the curl stays clear of the bowl."""
    strokes = resize(strokes)
    number = int(np.argmax([max(stroke[0, 1], stroke[-1, 1]) for stroke in strokes]))
    stroke = fill_in(strokes[number])
    if stroke[-1, 1] > stroke[0, 1]:
        stroke = stroke[::-1]
    away = stroke[0] - stroke[min(8, len(stroke) - 1)]
    start = np.arctan2(away[1], away[0])
    turn = np.radians(random.uniform(110, 270))
    heading = start - np.linspace(0, turn, 30)  # (30,), clockwise
    steps = random.uniform(0.06, 0.15) * HEIGHT * turn / 30 * np.linspace(1.3, 0.7, 30)
    arc = stroke[0] + np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * steps[:, None], axis=0)  # (30, 2)
    if not 0 < start < np.radians(120) or stroke[0, 1] < 0.85 * HEIGHT or arc[:, 1].min() < 0.65 * HEIGHT:
        return strokes
    return [*strokes[:number], np.concatenate([arc[::-1], stroke]), *strokes[number + 1 :]]


def narrow(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """Return a digit 0.45 to 0.75 times as wide, unless it is narrow already."""
    strokes = resize(strokes)
    width, height = measure(strokes)
    factor = max(random.uniform(0.45, 0.75), min(1.0, NARROWEST * height / max(width, 1e-9)))
    return [stroke * (factor, 1) for stroke in strokes]


def is_ring(strokes: Strokes) -> bool:
    """Tell whether the strokes are one whose ends are near one another."""
    gap = strokes[0][-1] - strokes[0][0]
    return len(strokes) == 1 and float(np.hypot(*gap)) < 0.5 * max(measure(strokes))


def _find_stem(strokes: Strokes) -> tuple[Points, list[Points]]:
    """Return the stem of a 1 from top to bottom, without what is before and after it, and the others."""
    number = int(np.argmax([np.ptp(stroke[:, 1]) for stroke in strokes]))
    stroke = strokes[number]
    if stroke[-1, 1] > stroke[0, 1] + 0.5 * np.ptp(stroke[:, 1]):  # written upwards
        stroke = stroke[::-1]
    stem = stroke[int(stroke[:, 1].argmax()) :]
    stem = stem[: int(stem[:, 1].argmin()) + 1]
    return stem, [*strokes[:number], *strokes[number + 1 :]]


def move(strokes: Strokes, right: float, up: float) -> list[Points]:
    """Return the strokes moved to the right and upwards."""
    return [stroke + np.array([right, up]) for stroke in strokes]


def fill_in(stroke: Points, spacing: float = 0.01 * HEIGHT) -> Points:
    """Return the stroke with a point every `spacing` along it."""
    steps = np.hypot(*np.diff(stroke, axis=0).T)  # (points - 1,)
    way = np.append(0.0, np.cumsum(steps))
    at = np.linspace(0, way[-1], max(2, int(way[-1] / spacing)))
    return np.column_stack([np.interp(at, way, stroke[:, axis]) for axis in (0, 1)])


def _bend(start: Points, end: Points, random: np.random.Generator) -> Points:
    """Return a line (9, 2) from start to end that is bent a little, as a hand draws it."""
    share = np.linspace(0, 1, 9)[:, None]  # (9, 1)
    aside = (end - start)[::-1] * (-1, 1) * random.normal(0, 0.06)
    return start + (end - start) * share + aside * 4 * share * (1 - share)


STYLES: dict[int, tuple[Style, ...]] = {
    0: (slash, slash, slash, inner_bar, inner_dot),
    1: (flag, flag, flag_and_foot, foot),
    3: (narrow,),
    6: (curl,),
    7: (bar,),
    8: (narrow,),
    9: (narrow,),
}


def restyle(strokes: Strokes, label: int, random: np.random.Generator) -> Strokes:
    """Return the strokes of a digit in one of the styles of its label; as they were if it has none."""
    styles = STYLES.get(label)
    return styles[random.integers(len(styles))](strokes, random) if styles else strokes
