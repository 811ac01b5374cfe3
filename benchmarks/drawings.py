"""Read a folder of drawings, and made-up phone photos of them: `python -m benchmarks.drawings --drawings FOLDER`."""

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data.data_sets import shipped_model
from data.pictures import find_pictures
from data.records import PIXELS, DataError, Pixels, scale
from drawing.decoding import decode
from drawing.images import Image, NoInk, crop
from drawing.preparation import prepare, steps
from neural_network import NeuralNetwork

Floats = NDArray[np.floating]
Random = np.random.Generator

INKS = [(40, 35, 35), (130, 50, 30), (45, 35, 170), (95, 95, 95), (70, 60, 60)]  # B, G, R
LINES = [(225, 190, 150), (195, 195, 195), (170, 160, 230), (190, 165, 120)]  # B, G, R
EVERY = 5  # every 5th drawing is photographed


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Read a folder of drawings, and made-up phone photos of them.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE", help="(default: %(default)s)")
    unipen = Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "unipen"
    text = "digits with a labels.csv (default: %(default)s)"
    parser.add_argument("--drawings", type=Path, default=unipen, metavar="FOLDER", help=text)
    options = parser.parse_args()
    try:
        measure_photos(NeuralNetwork.load(options.model), options.drawings)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def read_drawings(folder: Path) -> tuple[list[Image], Pixels, list[str]]:
    """Return the drawings in `folder` in a fixed order: as they came, their labels (n,), and who drew them."""
    found = find_pictures(folder, "0123456789")
    images = [decode(picture.path.read_bytes()) for picture in found]
    return images, np.array([picture.label for picture in found], np.uint8), [picture.writer for picture in found]


def prepare_all(images: Iterable[Image]) -> Pixels:
    """Return what the network sees of pictures, (n, 784): of those without ink, nothing."""
    prepared = []
    for image in images:
        prepared.append(np.zeros(PIXELS, np.uint8))
        with suppress(NoInk):
            prepared[-1] = prepare(image).ravel()
    return np.stack(prepared)


def accuracy(network: NeuralNetwork, inputs: Floats, labels: Pixels) -> float:
    """Return the share (0 to 1) of inputs (n, 784) that are answered rightly."""
    return float((network.query(inputs).argmax(axis=1) == labels).mean())


def measure_photos(network: NeuralNetwork, folder: Path) -> None:
    """Print the accuracy on drawings, and on photos of them."""
    images, labels, _ = read_drawings(folder)
    images, labels = images[::EVERY], labels[::EVERY]
    photos = (decode(photograph(image, np.random.default_rng([0, n]))) for n, image in enumerate(images))
    clean, seen = (accuracy(network, scale(prepare_all(kind)), labels) for kind in (images, photos))
    print(f"{len(labels)} drawings: {clean:.2%} right; photos of them: {seen:.2%}")
    print(f"Lost: {100 * (clean - seen):.2f} points (bar: 3)")


def make_paper(height: int, width: int, digit_side: int, random: Random) -> Image:
    """Return a sheet of plain, ruled or squared paper, (height, width, 3) float32, 0...255."""
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = random.uniform(215, 250) * random.uniform(0.94, 1.0, 3)
    for grain in (2, 9, 60):
        texture = random.normal(0, 1, (height // grain + 2, width // grain + 2)).astype(np.float32)
        smooth = cv2.resize(texture, (width, height), interpolation=cv2.INTER_CUBIC)
        sheet += random.uniform(0.5, 2.5) * smooth[..., None]
    kind = random.choice(["plain", "ruled", "squared"], p=[0.3, 0.35, 0.35])
    if kind == "plain":
        return sheet
    step = max(8, digit_side * random.uniform(0.25, 1.2))
    colour = (np.array(LINES[random.integers(len(LINES))]) * random.uniform(0.85, 1.05)).tolist()
    thick = int(random.integers(1, 2 + max(1, round(max(height, width) / 500))))
    for y in np.arange(random.uniform(0, step), height, step):
        cv2.line(sheet, (0, round(y)), (width, round(y)), colour, thick)
    if kind == "squared":
        for x in np.arange(random.uniform(0, step), width, step):
            cv2.line(sheet, (round(x), 0), (round(x), height), colour, thick)
    return sheet


def turn(picture: Image, random: Random) -> Image:
    """Return the sheet as a hand-held camera sees it: a turn of up to 5 degrees, a little perspective, a table."""
    height, width = picture.shape[:2]
    angle, factor = random.uniform(-5, 5), random.uniform(1.12, 1.2)
    matrix = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), angle, factor), [0, 0, 1]])
    tilt = np.eye(3)
    tilt[2, :2] = random.uniform(-0.04, 0.04, 2) / (width, height)
    table = random.uniform(30, 110) * random.uniform(0.6, 1.0, 3)
    if random.random() < 0.3:
        picture[:, : int(random.uniform(0.08, 0.14) * width)] = table
    return cv2.warpPerspective(picture, tilt @ matrix, (width, height), borderValue=tuple(table))


def make_light(height: int, width: int, random: Random) -> NDArray[Any]:
    """Return the brightness of every place, (height, width, 1): gradient, vignette, often a shadow."""
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = random.uniform(0, 2 * np.pi)
    bright = 1 + random.uniform(0, 0.25) * (np.cos(angle) * xs + np.sin(angle) * ys)
    bright *= 1 - random.uniform(0, 0.2) * (xs**2 + ys**2)
    if random.random() < 0.6:
        shadow = np.ones((height, width), np.float32)
        corners = (random.uniform(-0.3, 1.3, (4, 2)) * (width, height)).astype(np.int32)
        cv2.fillConvexPoly(shadow, cv2.convexHull(corners), float(random.uniform(0.5, 0.85)))
        bright *= cv2.GaussianBlur(shadow, (0, 0), random.uniform(0.003, 0.04) * max(height, width))
    return (random.uniform(0.6, 1.02) * bright)[..., None]


def photograph(image: Image, random: Random, is_number: bool = False) -> bytes:
    """Return a JPEG file that shows a drawing as pen ink on a sheet of paper, as a phone takes it.

    A digit is as long as 0.2 to 0.65 of the shorter side; a number is as high as that, but at most 0.6 of the sheet
    wide: the camera, which enlarges the middle of the sheet, sees all of it.
    """
    ink = crop(steps(image)["ink"])
    long = int(random.choice([400, 640, 800, 1200, 1600]))
    height, width = (long, long * 3 // 4) if random.random() < 0.5 else (long * 3 // 4, long)
    side = int(min(height, width) * random.uniform(0.2, 0.65))
    if is_number:
        side = int(min(side, 0.6 * width * ink.shape[0] / ink.shape[1]))
    longest = ink.shape[0] if is_number else max(ink.shape)
    size = [max(1, round(n * side / longest)) for n in ink.shape[::-1]]
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if side < longest else cv2.INTER_LINEAR)
    top, left = (
        min(int(random.uniform(0.2 * room, max(0.2 * room + 1, 0.8 * room - used))), room - used)
        for room, used in zip((height, width), ink.shape, strict=True)
    )
    cover = np.zeros((height, width, 1), np.float32)
    cover[top : top + ink.shape[0], left : left + ink.shape[1], 0] = ink / np.float32(255)
    sheet = make_paper(height, width, side, random)
    patchy = cv2.resize(random.uniform(0.7, 1, (height // 6, width // 6)).astype(np.float32), (width, height))
    cover *= patchy[..., None]
    colour = np.array(INKS[random.integers(len(INKS))], np.float32) * random.uniform(0.8, 1.2)
    picture = turn(sheet * (1 - cover) + np.minimum(sheet, colour) * cover, random)
    lit = picture * make_light(height, width, random)
    picture = cv2.GaussianBlur(lit, (0, 0), random.uniform(0.3, 0.0012 * long + 0.4))
    picture += random.normal(0, random.uniform(1, 6), picture.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(55, 96))]
    return cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), quality)[1].tobytes()


if __name__ == "__main__":
    sys.exit(main())
