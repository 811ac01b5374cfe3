"""Measure whether place, size and colour matter: `python -m benchmarks.anywhere`.

Each of MNIST's test digits is enlarged on a canvas of 280 x 280, where it takes 0.3 to 0.95 of the side, dark on light
or light on dark, and prepared by drawing/preparation.py. The network reads it beside the digit as it is in MNIST.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from data.data_sets import load, shipped_model
from data.records import Pixels, scale
from drawing.preparation import prepare
from neural_network import NeuralNetwork

CANVAS = 280  # pixels
SHARES = 0.3, 0.95  # of its side, for the longer side of a digit


def draw_anywhere(image: Pixels, random: np.random.Generator) -> Pixels:
    """Return the digit in `image` (28, 28) as somebody might have drawn it on a canvas (280, 280)."""
    x, y, width, height = cv2.boundingRect(image)
    factor = random.uniform(*SHARES) * CANVAS / max(width, height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    digit = cv2.resize(image[y : y + height, x : x + width], size, interpolation=cv2.INTER_CUBIC)
    left, top = (random.integers(0, CANVAS - side + 1) for side in size)
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = digit
    return canvas if random.random() < 0.5 else 255 - canvas


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure whether place, size and colour of a digit matter.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    network = NeuralNetwork.load(parser.parse_args().model)
    test = load("mnist", "test")
    random = np.random.default_rng(0)
    images = tqdm(test.pixels.reshape(-1, 28, 28), disable=None, leave=False)
    prepared = np.stack([prepare(draw_anywhere(image, random)).ravel() for image in images])  # (n, 784)
    answers = (network.query(inputs).argmax(axis=1) for inputs in (test.inputs, scale(prepared)))
    plain, anywhere = (float((answer == test.labels).mean()) for answer in answers)
    print(f"As they are in MNIST:           {plain:.2%}")
    print(f"Enlarged, anywhere, any colour: {anywhere:.2%}")
    print(f"Lost: {100 * (plain - anywhere):.2f} points (bar: 0.5)")


if __name__ == "__main__":
    main()
