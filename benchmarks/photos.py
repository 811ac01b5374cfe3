"""Measure what the network loses when a drawing arrives as a phone photo: `python -m benchmarks.photos FOLDER`.

Each drawing is put as pen ink on a sheet of paper, with texture, ruled or squared lines, a table edge, uneven light, a
shadow, a slight turn, blur, noise and JPEG; then the network reads both the clean drawing and the photo.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data.data_sets import shipped_model
from data.pictures import find_pictures
from data.records import PIXELS, scale
from drawing.decoding import decode
from drawing.images import Grey, Image, NoInk, crop
from drawing.preparation import prepare, steps
from neural_network import NeuralNetwork

INKS = [(40, 35, 35), (130, 50, 30), (45, 35, 170), (95, 95, 95), (70, 60, 60)]  # B, G, R
LINES = [(225, 190, 150), (195, 195, 195), (170, 160, 230), (190, 165, 120)]  # B, G, R
Random = np.random.Generator


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


def photograph(image: Image, random: Random) -> bytes:
    """Return a JPEG file that shows the digit of a drawing on paper."""
    ink = crop(steps(image)["ink"])
    long = int(random.choice([400, 640, 800, 1200, 1600]))
    height, width = (long, long * 3 // 4) if random.random() < 0.5 else (long * 3 // 4, long)
    side = int(min(height, width) * random.uniform(0.2, 0.65))
    size = [max(1, round(n * side / max(ink.shape))) for n in ink.shape[::-1]]
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if side < max(ink.shape) else cv2.INTER_LINEAR)
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
    picture = cv2.GaussianBlur(
        picture * make_light(height, width, random), (0, 0), random.uniform(0.3, 0.0012 * long + 0.4)
    )
    picture += random.normal(0, random.uniform(1, 6), picture.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(55, 96))]
    return cv2.imencode(".jpg", np.clip(picture, 0, 255).astype(np.uint8), quality)[1].tobytes()


def read_photo(file: bytes) -> Grey:
    """Return the digit on a photo, (28, 28), or nothing but paper where no ink is found."""
    try:
        return prepare(decode(file))
    except NoInk:
        return np.zeros((28, 28), np.uint8)


def main() -> None:
    """Print the accuracy on the drawings and on their photos, and the difference."""
    parser = argparse.ArgumentParser(description="Measure what is lost when a drawing arrives as a phone photo.")
    parser.add_argument("folder", type=Path, help="folder of drawings, as for evaluate.py --images")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="trained model (default: %(default)s)")
    parser.add_argument("--every", type=int, default=5, help="take every n-th drawing (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="makes other photos (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the photos that are read wrongly to it")
    options = parser.parse_args()
    network = NeuralNetwork.load(options.model)
    found = find_pictures(options.folder, network.class_names)[:: options.every]
    drawings = [decode(picture.path.read_bytes()) for picture in found]
    photos = [photograph(image, np.random.default_rng([options.seed, n])) for n, image in enumerate(drawings)]
    clean, seen = (
        np.reshape(digits, (-1, PIXELS)) for digits in (list(map(prepare, drawings)), list(map(read_photo, photos)))
    )  # (n, 784)
    labels = np.array([picture.label for picture in found])  # (n,)
    right = [network.query(scale(pixels)).argmax(axis=1) == labels for pixels in (clean, seen)]  # 2 x (n,)
    accuracies = [part.mean() for part in right]
    print(f"drawings: {accuracies[0]:.2%} of {len(found)} right")
    print(f"photos:   {accuracies[1]:.2%} right, {(~seen.any(axis=1)).sum()} refused as no ink")
    print(f"loss:     {100 * (accuracies[0] - accuracies[1]):.2f} points")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number in np.flatnonzero(right[0] & ~right[1]):
            (options.keep / f"{number:05d}_{labels[number]}.jpg").write_bytes(photos[number])


if __name__ == "__main__":
    main()
