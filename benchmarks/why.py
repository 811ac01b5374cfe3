"""Compare ways to say which ink decided: `python -m benchmarks.why --drawings FOLDER`.

Of each drawing, that tenth of the ink is removed that a way marks as strongest for the answer. The further the output
of that answer falls, the better the way has found what decided.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.drawings import prepare_all, read_drawings
from data.data_sets import shipped_model
from data.model_files import load_model
from data.records import PIXELS, SIDE, DataError, Pixels, scale
from explanation import final_gradients, integrate_gradients
from neural_network import Floats, NeuralNetwork

COUNT = 200  # drawings
SHARE = 0.1  # of the ink
PATCH = 1  # pixels to each side of the one that is covered
Way = Callable[[NeuralNetwork, Floats, int], NDArray[np.floating]]  # takes inputs (784,), an answer; returns (784,)
PAPER = scale(np.zeros(PIXELS, np.uint8))  # (784,)


def multiply_gradient(network: NeuralNetwork, inputs: Floats, answer: int) -> Floats:
    """Return gradient x input."""
    return final_gradients(network, inputs[None], answer)[0] * (inputs - PAPER)


def cover_patches(network: NeuralNetwork, inputs: Floats, answer: int) -> Floats:
    """Return by how much the input of the output node falls where a patch around a pixel is covered with paper."""
    covered = np.repeat(inputs.reshape(1, SIDE, SIDE), PIXELS, axis=0)  # (784, 28, 28)
    for place in range(PIXELS):
        row, column = divmod(place, SIDE)
        covered[place, max(0, row - PATCH) : row + PATCH + 1, max(0, column - PATCH) : column + PATCH + 1] = PAPER[0]
    whole, _ = network.forward(inputs[None])  # (1, hidden)
    hidden, _ = network.forward(covered.reshape(PIXELS, PIXELS))  # (784, hidden)
    return (whole - hidden) @ network.who[answer]


def multiply_weights(network: NeuralNetwork, inputs: Floats, answer: int) -> Floats:
    """Return the picture of the plain weights, followed from the answer back to the pixels, where there is ink."""
    return (network.who[answer] @ network.wih) * (inputs - PAPER)


def choose_at_random(_: NeuralNetwork, inputs: Floats, answer: int) -> NDArray[np.float64]:
    """Return random numbers, the same for the same drawing."""
    return np.random.default_rng([answer, int(1e6 * inputs.sum())]).random(PIXELS)


WAYS: dict[str, Way] = {
    "integrated gradients": integrate_gradients,
    "gradient x input": multiply_gradient,
    "occlusion by 3 x 3 pixels": cover_patches,
    "plain weights x input": multiply_weights,
    "random ink": choose_at_random,
}


def remove_ink(pixels: Pixels, strength: NDArray[np.floating], share: float) -> Pixels:
    """Return `pixels` (784,) without that `share` (0 to 1) of their ink where `strength` (784,) is largest."""
    order = np.argsort(np.where(pixels > 0, -strength, np.inf))
    removed = np.cumsum(pixels[order], dtype=float) < share * pixels.sum()
    return np.where(np.isin(np.arange(PIXELS), order[: removed.sum() + 1]), 0, pixels).astype(np.uint8)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compare ways to say which ink of a drawing decided.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE", help="(default: %(default)s)")
    pen = Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "pen"
    text = "digits with a labels.csv (default: %(default)s)"
    parser.add_argument("--drawings", type=Path, default=pen, metavar="FOLDER", help=text)
    options = parser.parse_args(argv)
    try:
        images, _, _ = read_drawings(options.drawings)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    chosen = np.random.default_rng(0).permutation(len(images))[:COUNT]
    with threadpool_limits(1, "blas"):
        compare(load_model(options.model), prepare_all(images[row] for row in chosen))
    return 0


def compare(network: NeuralNetwork, pixels: Pixels) -> None:
    """Print what each way comes to on drawings, `pixels` (n, 784)."""
    outputs = network.query(scale(pixels))  # (n, classes)
    answers, rows = outputs.argmax(axis=1), np.arange(len(pixels))
    print(f"{len(pixels)} drawings, whose answers have an output of {outputs[rows, answers].mean():.3f} on the mean.")
    print(f"| without {SHARE:.0%} of the ink, by | output | other answer | ms |\n| --- | --- | --- | --- |")
    for name, way in WAYS.items():
        start = time.perf_counter()
        strengths = [way(network, scale(one), int(answer)) for one, answer in zip(pixels, answers, strict=True)]
        milliseconds = 1000 * (time.perf_counter() - start) / len(pixels)
        left = [remove_ink(one, strength, SHARE) for one, strength in zip(pixels, strengths, strict=True)]
        after = network.query(scale(np.stack(left)))  # (n, classes)
        changed = (after.argmax(axis=1) != answers).mean()
        print(f"| {name} | {after[rows, answers].mean():.3f} | {changed:.1%} | {milliseconds:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
