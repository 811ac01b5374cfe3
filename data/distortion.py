"""Distorted copies of pictures: rotated, scaled, slanted, shifted, bent, with a thicker or a thinner stroke.

A network that never meets the same picture twice learns shapes instead of pixels. Sixty thousand pictures take
less time than training on them once, so that every epoch can have its own. Labels, files and networks are left out.
Source: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to visual document
analysis", ICDAR, 2003.
"""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIDE = 28
CENTRE = (SIDE - 1) / 2  # of the picture, in pixels from the middle of the first
FIELD_SIDE = 512  # of the field of displacements from which every picture gets a window
PIECE = 128  # pictures at a time, so that they stay in the cache of the processor
PER_STEP = 1.7  # pixels that a stroke gains where each pixel takes the value of its brightest neighbour
ROWS, COLUMNS = np.indices((SIDE, SIDE)).reshape(2, -1) - CENTRE  # (784,) each, from the middle of the picture
# (6, 784 * 2): how much of each number of a matrix (3, 2) goes into the two coordinates of every pixel
GRID = np.kron([COLUMNS, ROWS, np.ones(SIDE * SIDE)], np.eye(2)).astype(np.float32)
NO_SECOND_MAP: Any = None  # both coordinates are in the first; the hints of OpenCV do not know that case
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))  # a pixel and its four neighbours


@dataclass(frozen=True)
class Distortion:
    """How strongly pictures are distorted. What is 0 is left out; everything else varies evenly up to the value.

    Any negative or infinite value, a sigma of 0 and a mirror above 1 raise `ValueError`.
    """

    rotation: float = 0.0  # degrees to either side
    scale: float = 0.0  # of height and width, each for itself: 0.1 is from 1 / 1.1 to 1.1
    slant: float = 0.0  # pixels to either side for each pixel upwards
    shift: float = 0.0  # pixels to either side, upwards and downwards
    alpha: float = 0.0  # pixels by which the elastic field moves a point, root mean square on each axis
    sigma: float = 4.0  # pixels over which the elastic field is smoothed: neighbours move alike
    stroke_width: float = 0.0  # pixels that a stroke becomes thicker or thinner
    mirror: float = 0.0  # share of the pictures that have left and right exchanged

    def __post_init__(self) -> None:
        if not all(0 <= value < math.inf for value in astuple(self)) or self.sigma == 0 or self.mirror > 1:
            raise ValueError(f"strengths must be finite numbers from 0 up, sigma above 0, mirror up to 1, got {self}")

    @property
    def moves(self) -> bool:
        """Tell whether pixels change their places, other than by a change of the stroke."""
        return any((self.rotation, self.scale, self.slant, self.shift, self.alpha, self.mirror))

    def scaled(self, factor: float) -> "Distortion":
        """Return this distortion, `factor` times as strong; sigma is no strength, and no more pictures are mirrored."""
        names = ("rotation", "scale", "slant", "shift", "alpha", "stroke_width")
        stronger = {name: getattr(self, name) * factor for name in names}
        return replace(self, **stronger, mirror=self.mirror * min(factor, 1))


FOR_DIGITS = Distortion(rotation=8, scale=0.1, slant=0.12, shift=0.8, alpha=0.8, sigma=4, stroke_width=0.5)
FOR_CLOTHES = Distortion(shift=0.5, scale=0.03, mirror=0.5)  # they lie straight and fill the picture


def distort(pixels: Pixels, distortion: Distortion, seed: int | Sequence[int]) -> Pixels:
    """Return a distorted copy of each of `pixels` (n, 784), 0 to 255; the same seed returns the same pixels.

    Parts of a digit that leave the picture are lost, and what comes in is 0. With nothing to do it returns `pixels`
    themselves. Another shape or type raises `ValueError`.
    """
    if pixels.ndim != 2 or pixels.shape[1] != SIDE * SIDE or pixels.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8 of shape (n, {SIDE * SIDE}), got {pixels.dtype} {pixels.shape}")
    if not (distortion.moves or distortion.stroke_width):
        return pixels
    random = np.random.default_rng(seed)
    growth = random.uniform(-distortion.stroke_width, distortion.stroke_width, len(pixels))  # (n,) pixels
    matrices = _matrices(distortion, random, len(pixels))  # (n, 3, 2)
    field = _field(distortion, random)  # (FIELD_SIDE, FIELD_SIDE, 2)
    windows = np.moveaxis(sliding_window_view(field, (SIDE, SIDE), axis=(0, 1)), 2, -1)  # (tops, lefts, 28, 28, 2)
    tops, lefts = random.integers(0, windows.shape[:2], (len(pixels), 2)).T  # (n,) each
    width = SIDE + _gap(matrices, field)

    result = np.empty(pixels.shape, np.uint8)  # (n, 784)
    for start in range(0, len(pixels), PIECE):
        piece = slice(start, start + PIECE)
        sheet = _sheet(pixels[piece], width)  # (28, piece, width)
        if distortion.stroke_width:
            sheet = _grown(sheet, growth[piece])
        if not distortion.moves:
            result[piece] = sheet[:, :, :SIDE].swapaxes(0, 1).reshape(-1, SIDE * SIDE)
            continue
        matrices[piece, 2, 0] += width * np.arange(sheet.shape[1])  # where on the sheet each picture begins
        sources = matrices[piece].reshape(-1, 6) @ GRID  # (piece, 784 * 2): for every pixel, where it comes from
        if distortion.alpha:
            sources += windows[tops[piece], lefts[piece]].reshape(sources.shape)
        maps = sources.reshape(-1, SIDE * SIDE, 2)  # one row a picture: OpenCV is quicker with long rows
        result[piece] = cv2.remap(sheet.reshape(SIDE, -1), maps, NO_SECOND_MAP, cv2.INTER_LINEAR)
    return result


def _matrices(distortion: Distortion, random: np.random.Generator, count: int) -> Floats:
    """Return (count, 3, 2): times (x, y, 1) from the middle of a copy, where in the picture that point comes from."""

    def draw(strength: float) -> NDArray[np.float64]:
        return random.uniform(-strength, strength, count)  # (count,)

    angle, slant = np.radians(draw(distortion.rotation)), draw(distortion.slant)
    across, down = np.exp([draw(math.log1p(distortion.scale)), draw(math.log1p(distortion.scale))])
    across *= np.where(random.random(count) < distortion.mirror, -1, 1)
    cos, sin = np.cos(angle), np.sin(angle)
    rotated = np.array([[cos, -sin], [sin, cos]])  # (2, 2, count): by x and y, to x and y
    rotated[:, 0] += slant * rotated[:, 1]
    rotated[:, 0] *= across
    rotated[:, 1] *= down
    shifts = CENTRE + np.array([[draw(distortion.shift), draw(distortion.shift)]])  # (1, 2, count)
    return np.concatenate([rotated, shifts]).transpose(2, 0, 1).astype(np.float32)


def _field(distortion: Distortion, random: np.random.Generator) -> Floats:
    """Return displacements (FIELD_SIDE, FIELD_SIDE, 2) in pixels: noise that is smoothed, as by Simard et al."""
    field = np.zeros((FIELD_SIDE, FIELD_SIDE, 2), np.float32)
    if distortion.alpha:
        noise = random.standard_normal(field.shape, np.float32)
        cv2.GaussianBlur(noise, (0, 0), distortion.sigma, dst=field)
        field *= distortion.alpha / field.std()
    return field


def _gap(matrices: Floats, field: Floats) -> int:
    """Return the columns between two pictures on a sheet, so wide that no copy reaches into the next picture."""
    across = CENTRE * np.abs(matrices[:, :2, 0]).sum(axis=1) + np.abs(matrices[:, 2, 0] - CENTRE)  # (n,)
    return math.ceil(across.max(initial=CENTRE) + np.abs(field[:, :, 0]).max() - CENTRE) + 2


def _sheet(pixels: Pixels, width: int) -> Pixels:
    """Return the pictures side by side, (28, n, width), each with empty columns to its right."""
    sheet = np.zeros((SIDE, len(pixels), width), np.uint8)
    sheet[:, :, :SIDE] = pixels.reshape(-1, SIDE, SIDE).swapaxes(0, 1)
    return sheet


def _grown(sheet: Pixels, growth: NDArray[np.float64]) -> Pixels:
    """Return a sheet (28, n, width) with the strokes of each picture `growth` (n,) pixels thicker, or thinner below 0.

    A picture in which every pixel takes the value of its brightest neighbour has grown by about `PER_STEP`; in
    between lies a mixture of the two.
    """
    rows = sheet.reshape(SIDE, -1)  # (28, n * width)
    shares = np.clip(growth / PER_STEP, -1, 1) * 128  # (n,)
    columns = np.repeat(shares.astype(np.int16), sheet.shape[2])  # (n * width,): long rows are quicker
    neighbours = np.where(columns > 0, cv2.dilate(rows, CROSS), cv2.erode(rows, CROSS))
    change = np.subtract(neighbours, rows, dtype=np.int16)
    change *= np.abs(columns)
    change >>= 7
    change += rows
    return change.astype(np.uint8).reshape(sheet.shape)


@dataclass(frozen=True)
class Affine:
    """One distortion of a given strength, about the middle of the picture; the defaults leave a picture as it is."""

    rotation: float = 0.0  # degrees
    slant: float = 0.0  # pixels to the right for each pixel downwards
    width: float = 1.0  # factor
    height: float = 1.0  # factor
    right: float = 0.0  # pixels
    down: float = 0.0  # pixels


# A fractional factorial design: each distortion goes to both sides equally often and independently of the others, in
# the first two, four and all eight copies.
SIGNS = (1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, -1), (1, 1, -1), (-1, 1, 1), (1, -1, 1)


def balanced_copies(strength: float) -> tuple[Affine, ...]:
    """Return eight distortions of a digit; of strength 1, they turn it by 6 degrees and move it by a pixel."""
    return tuple(
        Affine(
            rotation=6.0 * strength * a,
            slant=0.12 * strength * b,
            width=1 + 0.08 * strength * c,
            height=1 + 0.08 * strength * a * b,
            right=strength * a * c,
            down=strength * b * c,
        )
        for a, b, c in SIGNS
    )


VIEWS_OF_DIGITS = Affine(), *balanced_copies(0.5)
VIEWS_OF_CLOTHES = tuple(
    Affine(width=side, right=right, down=down)
    for side in (1.0, -1.0)
    for right, down in ((0.0, 0.0), (0.7, 0.0), (-0.7, 0.0), (0.0, 0.7), (0.0, -0.7))
)


def transform(pixels: Pixels, distortions: Sequence[Affine]) -> Pixels:
    """Return the picture (784,) after each of the `distortions`, (len(distortions), 784): nothing is left to chance."""
    middle = np.array([CENTRE, CENTRE])
    copies = np.empty((len(distortions), SIDE, SIDE), np.uint8)
    for copy, by in zip(copies, distortions, strict=True):
        cos, sin = np.cos(np.deg2rad(by.rotation)), np.sin(np.deg2rad(by.rotation))
        matrix = np.array([[cos * by.width, by.slant - sin], [sin, cos * by.height]])
        moved = np.column_stack([matrix, middle - matrix @ middle + (by.right, by.down)])  # (2, 3)
        cv2.warpAffine(pixels.reshape(SIDE, SIDE), moved, (SIDE, SIDE), dst=copy)
    return copies.reshape(-1, SIDE * SIDE)
