"""Reading a number with a network: what is written on a picture, and how sure that is.

How a picture is parted into digits is in drawing/number.py, how sure the network is of one digit in confidence.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from confidence import UNSURE_BELOW, confidence, is_unsure, membership
from data.csv_files import DIGITS
from data.records import PIXELS, DataError, scale
from neural_network import NeuralNetwork

if TYPE_CHECKING:
    from drawing.images import Image
    from drawing.number import Number

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Reading:
    """A number as a network read it, and the confidence and membership of its digits, (digits,) each from 0 to 1."""

    number: "Number"
    confidences: Floats
    memberships: Floats

    @property
    def unsure(self) -> bool:
        """Whether a person should look at it: at the number, at one of its digits, or since there is none."""
        doubtful = is_unsure(self.confidences, self.memberships)  # (digits,)
        return not self.number.text or self.number.confidence < UNSURE_BELOW or bool(doubtful.any())


def check_digits(network: NeuralNetwork, model: Path) -> None:
    """Raise `DataError` where the network of the file `model` cannot read numbers."""
    if network.wih.shape[1] != PIXELS:
        raise DataError(
            f"{model} takes {network.wih.shape[1]} inputs, a digit becomes {PIXELS}; choose another --model."
        )
    if network.class_names != DIGITS:
        raise DataError(f"{model} knows no digits but {', '.join(network.class_names)}; choose another --model.")


def make_judge(network: NeuralNetwork) -> Callable[[NDArray[np.uint8]], Floats]:
    """Return how the network rates what may be a digit: a function from pixels (n, 784) to outputs (n, classes)."""
    return lambda pixels: network.query(scale(pixels))


def read_image(network: NeuralNetwork, image: "Image") -> Reading:
    """Return the number on a picture. Takes and raises what `drawing.number.read_number` does."""
    from drawing.number import read_number  # OpenCV is slow to import, and --help does without it

    number = read_number(image, make_judge(network))
    outputs = np.array([digit.outputs for digit in number.digits]).reshape(-1, len(network.class_names))
    return Reading(number, confidence(network, outputs), membership(outputs))
