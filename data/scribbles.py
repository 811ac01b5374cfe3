"""What people draw that is no digit and what a camera sees by accident: scribbles, signs, blobs, ruled lines, textures.

Whatever can be read as a digit is left out: a circle is a 0, an upright line a 1, a zigzag of three lines a 2, a short
curve anything. So curves are long, zigzags have many teeth, frames are double or crossed, blobs are not slim.
Scribbles and lines are strokes, x to the right and y upwards, about 1000 units large; blobs and textures are pictures.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from data.records import Pixels

Points = NDArray[np.float64]  # (points, 2)
Drawing = list[Points]

SIZE = 1000.0
TEXTURE_SIDE = 96  # pixels
LONGEST_DIGIT = 5.0  # path of a digit for its longer side; of 7,552 in UNIPEN the longest has 4.7


def scribble(random: np.random.Generator) -> Drawing:
    """Return the strokes of a scribble or a sign of one of the kinds in `SCRIBBLES`."""
    return SCRIBBLES[random.integers(len(SCRIBBLES))](random)


def curve(random: np.random.Generator) -> Drawing:
    """Return a smooth curve through random points that is longer than the path of any digit."""
    while True:
        corners = random.uniform(0, SIZE, (random.integers(7, 16), 2))
        line = smooth(corners)
        length = np.hypot(*np.diff(line, axis=0).T).sum()
        if length > LONGEST_DIGIT * np.ptp(line, axis=0).max():
            return [line]


def zigzag(random: np.random.Generator) -> Drawing:
    """Return a zigzag of at least five lines in any direction."""
    teeth = random.integers(6, 15)
    along = np.linspace(0, SIZE, teeth) + random.normal(0, 20, teeth)
    across = np.resize([0, 1], teeth) * random.uniform(400, 900) + random.normal(0, 40, teeth)
    line = rotate(np.column_stack([along, across]), random.uniform(0, 2 * np.pi))
    return [smooth(line) if random.random() < 0.3 else line]


def spiral(random: np.random.Generator) -> Drawing:
    """Return a spiral of 2 to 5 turns; one of less could be a 6 or a 9."""
    turns = random.uniform(2.2, 5)
    angle = np.linspace(0, 2 * np.pi * turns, 120) * random.choice([-1, 1]) + random.uniform(0, 2 * np.pi)
    radius = np.linspace(random.uniform(0, 0.05), 1, 120)[:, None] * SIZE / 2
    return [np.column_stack([np.cos(angle), np.sin(angle)]) * radius * (1, random.uniform(0.6, 1.4))]


def coil(random: np.random.Generator) -> Drawing:
    """Return circles with 3 to 8 turns, beside one another or of changing size: one place alone would be a 0."""
    turns = random.integers(3, 9)
    angle = np.linspace(0, 2 * np.pi * turns, 30 * turns)  # (n,)
    path = np.column_stack([np.cos(angle), np.sin(angle)]) * 200
    if random.random() < 0.5:
        path[:, 0] += np.linspace(0, random.uniform(0.8, 1.6) * 200 * turns, len(angle))
        path[:, 1] *= random.uniform(0.6, 1.6)
    else:
        path *= smooth(random.uniform(0, 1.2, (2 * turns, 2)), len(angle))
    return [rotate(path, random.uniform(-0.6, 0.6))]


def hatching(random: np.random.Generator) -> Drawing:
    """Return 4 to 9 parallel lines, often crossed by others."""
    lines = _parallels(int(random.integers(4, 10)), random)
    if random.random() < 0.5:
        lines += [line[:, ::-1] for line in _parallels(int(random.integers(3, 8)), random)]
    angle = random.uniform(0, 2 * np.pi)
    return [rotate(line, angle) for line in lines]


def cross(random: np.random.Generator) -> Drawing:
    """Return a cross or a star of 2 to 5 lines through one point, about as wide as high."""
    count = random.choice([2, 2, 3, 4, 5])
    angles = np.arange(count) * np.pi / count + random.uniform(0, np.pi) + random.normal(0, 0.08, count)
    ends = np.column_stack([np.cos(angles), np.sin(angles)]) * random.uniform(400, 500, (count, 1))
    middle = random.normal(0, 30, (count, 2))
    return [np.array([shift - end, shift + end]) for end, shift in zip(ends, middle, strict=True)]


def star(random: np.random.Generator) -> Drawing:
    """Return a star of five points, drawn in one stroke."""
    angles = np.arange(6) * 0.8 * np.pi + np.pi / 2 + random.normal(0, 0.1)
    return [np.column_stack([np.cos(angles), np.sin(angles)]) * 500 + random.normal(0, 35, (6, 2))]


def tick(random: np.random.Generator) -> Drawing:
    """Return a tick: a short line down and a long one up to the right."""
    short = (-random.uniform(250, 450), random.uniform(250, 450))
    long = (random.uniform(500, 900), random.uniform(600, 1000))
    return [np.array([short, (0, 0), long]) + random.normal(0, 20, (3, 2))]


def arrow(random: np.random.Generator) -> Drawing:
    """Return an arrow to any side but up and down: upright ones look like a 1 with an upstroke."""
    angle = random.uniform(-0.9, 0.9) + random.choice([0, np.pi])
    barb = random.uniform(150, 350, 2)
    head = np.array([(SIZE - barb[0], barb[1]), (SIZE, 0), (SIZE - barb[0], -barb[1])])
    shaft = np.array([(0.0, 0.0), (SIZE, 0)])
    return [rotate(line + random.normal(0, 20, line.shape), angle) for line in (shaft, head)]


def face(random: np.random.Generator) -> Drawing:
    """Return a face: a circle with two eyes and a mouth, sometimes a nose."""
    angle = np.linspace(0, 2 * np.pi, 40)
    outline = np.column_stack([np.cos(angle), np.sin(angle)]) * random.uniform(420, 520, 2)
    eyes = [np.array([(side, 160.0)]) + random.normal(0, 25, (3, 2)) for side in (-180, 180)]
    across = np.linspace(-1, 1, 9)
    mouth = np.column_stack([220 * across, -200 + random.uniform(-120, 120) * (across**2 - 0.5)])
    nose = [np.array([(0.0, 80), (random.uniform(-60, 60), -60)])] if random.random() < 0.5 else []
    return [outline, *eyes, mouth, *nose]


def house(random: np.random.Generator) -> Drawing:
    """Return a house: walls, a roof, a door."""
    wide, high, roof = random.uniform(600, 1000), random.uniform(400, 700), random.uniform(250, 450)
    walls = np.array([(0, 0), (wide, 0), (wide, high), (0, high), (0, 0)])
    top = np.array([(0, high), (wide / 2, high + roof), (wide, high)])
    door = np.array([(0.4, 0), (0.4, 0.6), (0.65, 0.6), (0.65, 0)]) * (wide, high)
    return [line + random.normal(0, 20, line.shape) for line in (walls, top, door)]


def dots(random: np.random.Generator) -> Drawing:
    """Return 4 to 12 dots, close enough to one another to be one drawing."""
    places = random.uniform(0, 700, (random.integers(4, 13), 2))
    return [place + random.normal(0, 12, (3, 2)) for place in places]


def strokes_anywhere(random: np.random.Generator) -> Drawing:
    """Return 4 to 9 short and long strokes, anywhere."""
    return [
        smooth(random.uniform(0, SIZE, 2) + random.normal(0, random.uniform(100, 350), (3, 2)), 12)
        for _ in range(random.integers(4, 10))
    ]


def ruling(random: np.random.Generator) -> Drawing:
    """Return ruled lines, a grid, or a frame that is crossed or double, turned a little."""
    kind = random.integers(3)
    if kind == 0:
        lines = _parallels(int(random.integers(1, 7)), random)
    elif kind == 1:
        lines = _parallels(int(random.integers(2, 6)), random)
        lines += [line[:, ::-1] for line in _parallels(int(random.integers(2, 6)), random)]
    else:
        lines = _frame(random)
    angle = random.normal(0, 0.08)
    return [rotate(line, angle) for line in lines]


def blob(random: np.random.Generator) -> Pixels:
    """Return a picture (128, 128) of a filled shape, smooth or with corners."""
    corners = random.integers(3, 12)
    angle = (np.arange(corners) + random.uniform(-0.4, 0.4, corners)) * 2 * np.pi / corners
    radius = random.uniform(0.5, 1, corners) if random.random() < 0.7 else np.ones(corners)
    points = np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]
    if random.random() < 0.6:
        points = smooth(np.vstack([points, points[:1]]))
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0) * random.uniform(50, 100, 2)
    picture = np.zeros((128, 128), np.uint8)
    cv2.fillPoly(picture, [np.rint(points + 14).astype(np.int32)], 255, cv2.LINE_AA)
    return picture


def texture(random: np.random.Generator) -> Pixels:
    """Return a picture (96, 96) as photos give: smooth noise of several sizes, a horizon, two tones or many."""
    side = TEXTURE_SIDE
    noise = np.zeros((side, side))
    for blur in random.uniform(1, 14, random.integers(1, 4)):
        layer = cv2.GaussianBlur(random.normal(0, 1, (side, side)), (0, 0), blur)
        noise += layer / layer.std()
    if random.random() < 0.4:  # a landscape: what is below the horizon is darker
        horizon = side * random.uniform(0.2, 0.8) + np.cumsum(random.normal(0, 1, side))
        noise += random.uniform(1, 4) * (np.arange(side)[:, None] < horizon)
    if random.random() < 0.5:
        return np.where(noise > np.quantile(noise, random.uniform(0.5, 0.85)), 255, 0).astype(np.uint8)
    return np.interp(noise, (noise.min(), noise.max()), (0, 255)).astype(np.uint8)


def smooth(corners: Points, count: int = 120) -> Points:
    """Return a smooth curve (count, 2) through the corners (at least 3, 2)."""
    at = np.linspace(0, 1, len(corners))
    return make_interp_spline(at, corners, k=min(3, len(corners) - 1))(np.linspace(0, 1, count))


def rotate(points: Points, angle: float) -> Points:
    """Return the points turned by `angle` (radians) about (0, 0), counter-clockwise."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([(cosine, sine), (-sine, cosine)])


def _parallels(count: int, random: np.random.Generator) -> Drawing:
    """Return lines across, one above another, that a hand drew beside a ruler or without."""
    wobble = random.choice([5, 40])
    levels = (np.arange(count) - (count - 1) / 2) * random.uniform(120, 260)
    ends = [np.array([(-SIZE / 2, level), (SIZE / 2, level)]) for level in levels]
    return [line + random.normal(0, wobble, (2, 2)) for line in ends]


def _frame(random: np.random.Generator) -> Drawing:
    """Return a frame within another one, or one whose corners are joined: one alone could be a 0 with corners."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) / 2
    square = corners * random.uniform(500, 1000, 2)
    if random.random() < 0.5:
        return [square, square * random.uniform(0.35, 0.6)]
    return [square, square[[0, 2]], square[[1, 3]]]


SCRIBBLES = (
    *(curve, curve, zigzag, zigzag, spiral, coil, coil, hatching, cross, star),
    *(tick, arrow, face, house, dots, strokes_anywhere, strokes_anywhere),
)
