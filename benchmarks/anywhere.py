"""Measure whether place, size and colour matter: MNIST's test digits, enlarged and put anywhere on a canvas.

Each digit is drawn larger on a canvas of 280 x 280, where it takes 0.3 to 0.95 of the side, dark on light or light on
dark, and goes through drawing/preparation.py. The network reads it beside the digit as it is in MNIST.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data.data_sets import load, shipped_model
from data.records import scale
from drawing.preparation import prepare
from neural_network import NeuralNetwork

CANVAS = 280  # pixels
SHARES = 0.3, 0.95  # of its side, for the longer side of a digit


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure whether place, size and colour of a digit matter.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    options = parser.parse_args()
    test = load("mnist", "test")
    network = NeuralNetwork.load(options.model)
    random = np.random.default_rng(0)
    drawn = [
        prepare(drawing(pixels.reshape(28, 28), random)).ravel()
        for pixels in tqdm(np.rint((test.inputs - 0.01) * (255 / 0.99)).astype(np.uint8), disable=None, leave=False)
    ]
    plain, anywhere = (
        float((network.query(inputs).argmax(axis=1) == test.labels).mean())
        for inputs in (test.inputs, scale(np.stack(drawn)))
    )
    print(f"As they are in MNIST:           {plain:.2%}")
    print(f"Enlarged, anywhere, any colour: {anywhere:.2%}")
    print(f"Lost: {100 * (plain - anywhere):.2f} points (bar: 0.5)")
    return 0


def drawing(image: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Return the digit in `image` (28, 28) as somebody might have drawn it on a canvas (280, 280)."""
    x, y, width, height = cv2.boundingRect(image)
    factor = random.uniform(*SHARES) * CANVAS / max(width, height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    digit = cv2.resize(image[y : y + height, x : x + width], size, interpolation=cv2.INTER_CUBIC)
    left, top = (random.integers(0, CANVAS - side + 1) for side in size)
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = digit
    return canvas if random.random() < 0.5 else 255 - canvas


if __name__ == "__main__":
    sys.exit(main())
