"""Measure what confidence is worth: whether 90 % sure is right in 9 of 10 cases, and whether strange drawings get less.

The letters are those of OpenCV's Hershey fonts that look like no digit, turned, slanted, bent and drawn with pens of
many widths; the scribbles are smooth curves through random points. All go through drawing/preparation.py.
"""

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from confidence import UNSURE_BELOW, confidence
from data.data_sets import load, shipped_model
from data.distortion import Distortion, distort
from data.pictures import find_pictures
from data.records import Pixels, scale
from drawing.decoding import decode
from drawing.preparation import prepare
from neural_network import NeuralNetwork

Floats = NDArray[np.floating]

CANVAS = 280  # pixels
LETTERS = [*"ACEFHKMNPRUVWXacefkmnrtuvwx"]  # without those that somebody might take for a digit: O, I, S, Z, T, b, y, …
FONT_NAMES = "SIMPLEX", "COMPLEX", "TRIPLEX", "SCRIPT_SIMPLEX", "SCRIPT_COMPLEX"
FONTS = [getattr(cv2, f"FONT_HERSHEY_{name}") for name in FONT_NAMES]
STRANGERS = 2000  # letters, and as many scribbles
AS_BY_HAND = Distortion(rotation=10, scale=0.1, slant=0.2, alpha=0.6, sigma=4)
BINS = 15  # of the calibration error, as many drawings in each


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what the network's confidence is worth.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    unipen = Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "unipen"
    text = "drawings of digits with a labels.csv (default: drawings/unipen in DIGITS_MIRROR)"
    parser.add_argument("--drawings", type=Path, default=unipen, metavar="FOLDER", help=text)
    options = parser.parse_args()
    network = NeuralNetwork.load(options.model)
    digits = measure_digits(network, options.drawings)
    strangers = measure_strangers(network, np.random.default_rng(0))
    all_digits = np.concatenate([*digits.values()])
    for name, confidences in strangers.items():
        unsure = (confidences < UNSURE_BELOW).mean()
        print(f"{name:<20} {'':>8} {unsure:>8.1%}   AUROC against all digits {auroc(all_digits, confidences):.2%}")
    all_strangers = np.concatenate([*strangers.values()])
    for name, confidences in {"all digits": all_digits, **digits}.items():
        print(f"AUROC of {name} against letters and scribbles: {auroc(confidences, all_strangers):.2%}")


def measure_digits(network: NeuralNetwork, folder: Path) -> dict[str, Floats]:
    """Print how MNIST's test digits and the drawings in `folder` are read, and return the confidences (n,) of each."""
    test, found = load("mnist", "test"), find_pictures(folder, network.class_names)
    drawings = np.stack([prepare(decode(picture.path.read_bytes())).ravel() for picture in found])  # (n, 784)
    labels = np.array([picture.label for picture in found])
    confidences: dict[str, Floats] = {}
    print(f"{'':<20} accuracy   unsure   right of the sure   calibration error")
    both = {"MNIST test digits": (test.inputs, test.labels), folder.name: (scale(drawings), labels)}
    for name, (inputs, truth) in both.items():
        outputs = network.query(inputs)  # (n, classes)
        right, confidences[name] = outputs.argmax(axis=1) == truth, confidence(network, outputs)
        unsure = confidences[name] < UNSURE_BELOW
        error = calibration_error(confidences[name], right)
        print(f"{name:<20} {right.mean():>8.2%} {unsure.mean():>8.1%} {right[~unsure].mean():>19.2%} {error:>19.2%}")
    return confidences


def measure_strangers(network: NeuralNetwork, random: np.random.Generator) -> dict[str, Floats]:
    """Return the confidences (n,) of letters and of scribbles."""
    letters = np.stack([prepare(draw_letter(random)).ravel() for _ in range(STRANGERS)])
    letters = distort(letters, AS_BY_HAND, int(random.integers(2**31)))
    scribbles = np.stack([prepare(draw_scribble(random)).ravel() for _ in range(STRANGERS)])
    strangers = {"letters": letters, "scribbles": scribbles}
    return {name: confidence(network, network.query(scale(pixels))) for name, pixels in strangers.items()}


def draw_letter(random: np.random.Generator) -> Pixels:
    """Return a canvas with a letter."""
    text, font = str(random.choice(LETTERS)), int(random.choice(FONTS))
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    thickness = int(random.integers(4, 18))
    cv2.putText(canvas, text, (70, 190), font, random.uniform(3, 6), 255, thickness, cv2.LINE_AA)
    return canvas


def draw_scribble(random: np.random.Generator) -> Pixels:
    """Return a canvas with a curve that turns many times."""
    turns = int(random.integers(10, 20))
    corners = np.cumsum(random.normal(0, 60, (turns, 2)), axis=0)
    steps = np.linspace(0, turns - 1, 40 * turns)
    path = np.stack([np.interp(steps, np.arange(turns), axis) for axis in corners.T], axis=1)
    path = cv2.GaussianBlur(path, (1, 0), sigmaX=0.1, sigmaY=12)
    path = 40 + 200 * (path - path.min(axis=0)) / np.ptp(path, axis=0).max()
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    points = np.rint(path * 16).astype(np.int32)
    cv2.polylines(canvas, [points], False, 255, int(random.integers(4, 18)), cv2.LINE_AA, 4)
    return canvas


def auroc(digits: Floats, others: Floats) -> float:
    """Return how often a digit has the higher confidence of the two."""
    return float(roc_auc_score([1] * len(digits) + [0] * len(others), np.concatenate([digits, others])))


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: what confidence and accuracy differ by, over bins of equal numbers.

    Source: Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI, 2015.
    """
    bins = np.array_split(np.argsort(confidence), BINS)
    return float(sum(len(rows) * abs(confidence[rows].mean() - right[rows].mean()) for rows in bins) / len(right))


if __name__ == "__main__":
    main()
