"""Measure what the network loses when a drawing arrives as a phone photo.

Each drawing is put as pen ink on a sheet of paper, with texture, ruled or squared lines, a table edge, uneven light, a
shadow, a slight turn, blur, noise and JPEG; then the network reads both the clean drawing and the photo.
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.data_sets import shipped_model
from data.pictures import pictures
from data.records import scale
from drawing import preparation
from neural_network import NeuralNetwork

INKS = [(40, 35, 35), (130, 50, 30), (45, 35, 170), (95, 95, 95), (70, 60, 60)]  # B, G, R
LINES = [(225, 190, 150), (195, 195, 195), (170, 160, 230), (190, 165, 120)]  # B, G, R


def clean_ink(image: preparation.Image) -> preparation.Grey:
    """Return the drawing of a canvas as light ink on 0, cut out tightly."""
    ink = preparation.steps(image)["ink"]
    x, y, width, height = cv2.boundingRect(ink)
    return ink[y : y + height, x : x + width]


def paper(height: int, width: int, digit_side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a sheet of plain, ruled or squared paper, (height, width, 3) float32, BGR, 0...255."""
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = rng.uniform(215, 250) * rng.uniform(0.94, 1.0, 3)
    for grain in (2, 9, 60):
        texture = rng.normal(0, 1, (height // grain + 2, width // grain + 2)).astype(np.float32)
        smooth = cv2.resize(texture, (width, height), interpolation=cv2.INTER_CUBIC)
        sheet += rng.uniform(0.5, 2.5) * smooth[..., None]
    kind = rng.choice(["plain", "ruled", "squared"], p=[0.3, 0.35, 0.35])
    if kind != "plain":
        step = max(8, digit_side * rng.uniform(0.25, 1.2))
        colour = np.array(LINES[rng.integers(len(LINES))]) * rng.uniform(0.85, 1.05)
        thick = int(rng.integers(1, 2 + max(1, round(max(height, width) / 500))))
        for at in np.arange(rng.uniform(0, step), height, step):
            cv2.line(sheet, (0, round(at)), (width, round(at)), colour.tolist(), thick)
        if kind == "squared":
            for at in np.arange(rng.uniform(0, step), width, step):
                cv2.line(sheet, (round(at), 0), (round(at), height), colour.tolist(), thick)
    return sheet


def turned(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the sheet as a hand-held camera sees it: a turn of up to 5 degrees, a little perspective, a table."""
    height, width = picture.shape[:2]
    centre, angle, grow = (width / 2, height / 2), rng.uniform(-5, 5), rng.uniform(1.12, 1.2)
    matrix = np.vstack([cv2.getRotationMatrix2D(centre, angle, grow), [0, 0, 1]])
    tilt = np.eye(3)
    tilt[2, :2] = rng.uniform(-0.04, 0.04, 2) / (width, height)
    table = rng.uniform(30, 110) * rng.uniform(0.6, 1.0, 3)
    if rng.random() < 0.3:
        edge = int(rng.uniform(0.08, 0.14) * width)
        picture = picture.copy()
        picture[:, :edge] = table
    return cv2.warpPerspective(
        picture, tilt @ matrix, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=tuple(table)
    )


def light(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return the brightness of every place, (height, width, 1): gradient, vignette, often a shadow."""
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    bright = 1 + rng.uniform(0, 0.25) * (np.cos(turn) * xs + np.sin(turn) * ys)
    bright *= 1 - rng.uniform(0, 0.2) * (xs**2 + ys**2)
    if rng.random() < 0.6:
        shadow = np.ones((height, width), np.float32)
        corners = (rng.uniform(-0.3, 1.3, (4, 2)) * (width, height)).astype(np.int32)
        cv2.fillConvexPoly(shadow, cv2.convexHull(corners), float(rng.uniform(0.5, 0.85)))
        bright *= cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.003, 0.04) * max(height, width))
    return (rng.uniform(0.6, 1.02) * bright)[..., None]


def photograph(image: preparation.Image, rng: np.random.Generator) -> bytes:
    """Return a JPEG file that shows the digit of a drawing on paper."""
    ink = clean_ink(image)
    long = int(rng.choice([400, 640, 800, 1200, 1600]))
    height, width = (long, long * 3 // 4) if rng.random() < 0.5 else (long * 3 // 4, long)
    side = int(min(height, width) * rng.uniform(0.2, 0.65))
    size = [max(1, round(n * side / max(ink.shape))) for n in ink.shape[::-1]]
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if side < max(ink.shape) else cv2.INTER_LINEAR)
    top = int(rng.uniform(0.2 * height, max(0.2 * height + 1, 0.8 * height - ink.shape[0])))
    left = int(rng.uniform(0.2 * width, max(0.2 * width + 1, 0.8 * width - ink.shape[1])))
    top, left = min(top, height - ink.shape[0]), min(left, width - ink.shape[1])
    cover = np.zeros((height, width, 1), np.float32)
    cover[top : top + ink.shape[0], left : left + ink.shape[1], 0] = ink / np.float32(255)
    sheet = paper(height, width, side, rng)
    patchy = cv2.resize(rng.uniform(0.7, 1, (height // 6, width // 6)).astype(np.float32), (width, height))
    cover *= patchy[..., None]
    colour = np.array(INKS[rng.integers(len(INKS))], np.float32) * rng.uniform(0.8, 1.2)
    picture = turned(sheet * (1 - cover) + np.minimum(sheet, colour) * cover, rng) * light(height, width, rng)
    blur = rng.uniform(0.3, 0.0012 * long + 0.4)
    picture = cv2.GaussianBlur(picture, (0, 0), blur)
    picture += rng.normal(0, rng.uniform(1, 6), picture.shape)
    file = cv2.imencode(
        ".jpg", np.clip(picture, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 96))]
    )[1]
    return file.tobytes()


def main(argv: list[str] | None = None) -> int:
    """Run the command line: print the accuracy on the drawings, on their photos, and the difference."""
    parser = argparse.ArgumentParser(description="Measure what is lost when a drawing arrives as a phone photo.")
    parser.add_argument("folder", type=Path, help="folder of drawings, as for evaluate.py --images")
    parser.add_argument("--model", type=Path, default=shipped_model(), help="trained model (default: %(default)s)")
    parser.add_argument("--every", type=int, default=5, help="take every n-th drawing (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="makes other photos (default: %(default)s)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the photos that are read wrongly to it")
    options = parser.parse_args(argv)
    network = NeuralNetwork.load(options.model)
    found = pictures(options.folder, network.class_names)[:: options.every]
    labels = np.array([picture.label for picture in found])
    clean, seen = np.zeros((2, len(found), preparation.SIDE, preparation.SIDE), np.uint8)
    files, seconds, refused = [], [], 0
    for number, picture in enumerate(found):
        image = preparation.decode(picture.path.read_bytes())
        clean[number] = preparation.prepare(image)
        files.append(photograph(image, np.random.default_rng([options.seed, number])))
        photo = preparation.decode(files[-1])
        started = time.perf_counter()
        try:
            seen[number] = preparation.prepare(photo)
        except preparation.NoInk:
            refused += 1
        seconds.append(time.perf_counter() - started)
    right_clean, right_seen = (right(network, pixels, labels) for pixels in (clean, seen))  # (n,), (n,)
    print(f"drawings: {right_clean.mean():.2%} of {len(found)} right")
    print(f"photos:   {right_seen.mean():.2%} right, {refused} refused as no ink")
    print(f"loss:     {100 * (right_clean.mean() - right_seen.mean()):.2f} points")
    print(f"prepared in {1000 * np.median(seconds):.1f} ms a photo (median)")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number in np.flatnonzero(right_clean & ~right_seen).tolist():
            (options.keep / f"{number:05d}_{labels[number]}.jpg").write_bytes(files[number])
    return 0


def right(network: NeuralNetwork, pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Tell which of `pixels` (n, 28, 28) the network reads as their `labels` (n,)."""
    return network.query(scale(pixels.reshape(len(pixels), -1))).argmax(axis=1) == labels


if __name__ == "__main__":
    sys.exit(main())
