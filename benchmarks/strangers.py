"""Measure what confidence is worth: whether 90 % sure is right in 9 of 10 cases, and whether strange drawings get less.

The letters are those of OpenCV's Hershey fonts that look like no digit, turned, slanted, bent and drawn with pens of
many widths; the scribbles are smooth curves through random points. All go through drawing/preparation.py.
"""

import argparse
import os
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from confidence import UNSURE_BELOW, confidence
from data.data_sets import load, shipped_model
from data.distortion import Distortion, distort
from data.pictures import find_pictures
from data.records import scale
from drawing.decoding import decode
from drawing.preparation import prepare
from neural_network import NeuralNetwork

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]

CANVAS = 280  # pixels
LETTERS = "ACEFHKMNPRUVWXacefkmnrtuvwx"  # without those that somebody might take for a digit: O, I, S, Z, T, b, y, …
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)  # fmt: skip
AS_BY_HAND = Distortion(rotation=10, scale=0.1, slant=0.2, alpha=0.6, sigma=4)
BINS = 15  # of the calibration error, as many drawings in each


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what the network's confidence is worth.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    parser.add_argument(
        "--drawings", type=Path, default=Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "unipen",
        metavar="FOLDER", help="drawings of digits with a labels.csv (default: drawings/unipen in DIGITS_MIRROR)",
    )  # fmt: skip
    parser.add_argument("--count", type=int, default=2000, help="letters, and as many scribbles (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the letters and scribbles (default: 0)")
    options = parser.parse_args()
    network = NeuralNetwork.load(options.model)

    test = load("mnist", "test")
    found = find_pictures(options.drawings, network.class_names)
    drawn = np.stack([prepare(decode(picture.path.read_bytes())).ravel() for picture in found])
    digits = {
        "MNIST test digits": (test.inputs, test.labels),
        options.drawings.name: (scale(drawn), np.array([picture.label for picture in found])),
    }
    random = np.random.default_rng(options.seed)
    strangers = {"letters": letters(options.count, random), "scribbles": scribbles(options.count, random)}

    sure: dict[str, Floats] = {}
    print(f"{'':<20} accuracy   unsure   right of the sure   calibration error")
    for name, (inputs, labels) in digits.items():
        outputs = network.query(inputs)  # (n, classes)
        right, sure[name] = outputs.argmax(axis=1) == labels, confidence(network, outputs)
        unsure = sure[name] < UNSURE_BELOW
        error = calibration_error(sure[name], right)
        print(f"{name:<20} {right.mean():>8.2%} {unsure.mean():>8.1%} {right[~unsure].mean():>19.2%} {error:>19.2%}")
    everything = np.concatenate(list(sure.values()))
    both = []
    for name, pixels in strangers.items():
        both.append(confidence(network, network.query(scale(pixels))))
        unsure = (both[-1] < UNSURE_BELOW).mean()
        print(f"{name:<20} {'':>8} {unsure:>8.1%}   AUROC against all digits {auroc(everything, both[-1]):.2%}")
    print(f"AUROC of all digits against letters and scribbles: {auroc(everything, np.concatenate(both)):.2%}")
    for name, values in sure.items():
        print(f"AUROC of {name}: {auroc(values, np.concatenate(both)):.2%}")
    return 0


def letters(count: int, random: np.random.Generator) -> Pixels:
    """Return letters as pixels (count, 784)."""
    drawn = []
    for _ in range(count):
        text, font = str(random.choice(list(LETTERS))), int(random.choice(FONTS))
        canvas = np.zeros((CANVAS, CANVAS), np.uint8)
        thickness = int(random.integers(4, 18))
        cv2.putText(canvas, text, (70, 190), font, random.uniform(3, 6), 255, thickness, cv2.LINE_AA)
        drawn.append(prepare(canvas).ravel())
    return distort(np.stack(drawn), AS_BY_HAND, int(random.integers(2**31)))


def scribbles(count: int, random: np.random.Generator) -> Pixels:
    """Return scribbles as pixels (count, 784): curves that turn many times."""
    drawn = []
    for _ in range(count):
        turns = int(random.integers(10, 20))
        corners = np.cumsum(random.normal(0, 60, (turns, 2)), axis=0)
        steps = np.linspace(0, turns - 1, 40 * turns)
        path = np.stack([np.interp(steps, np.arange(turns), axis) for axis in corners.T], axis=1)
        path = cv2.GaussianBlur(path, (1, 0), sigmaX=0.1, sigmaY=12)
        path = 40 + 200 * (path - path.min(axis=0)) / np.ptp(path, axis=0).max()
        canvas = np.zeros((CANVAS, CANVAS), np.uint8)
        points = np.rint(path * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, int(random.integers(4, 18)), cv2.LINE_AA, 4)
        drawn.append(prepare(canvas).ravel())
    return np.stack(drawn)


def auroc(digits: Floats, others: Floats) -> float:
    """Return how often a digit has the higher confidence of the two."""
    truth = np.concatenate([np.ones(len(digits)), np.zeros(len(others))])
    return float(roc_auc_score(truth, np.concatenate([digits, others])))


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: what confidence and accuracy differ by, over bins of equal numbers.

    Source: Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI, 2015.
    """
    bins = np.array_split(np.argsort(confidence), BINS)
    return float(sum(len(rows) * abs(confidence[rows].mean() - right[rows].mean()) for rows in bins) / len(right))


if __name__ == "__main__":
    sys.exit(main())
