"""Records: pictures as pixels with their labels, and what they become before the network sees them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SIDE = 28
PIXELS = SIDE * SIDE
NO_CLASS = 255  # the label of a picture that shows none of the classes, such as a letter among digits
NO_CLASS_NAME = "none"  # what people call it
LOW_TARGET = 0.01  # of the nodes that shall stay low; the other's is 1 less this: the sigmoid never reaches 0 and 1
VALIDATION_RECORDS = 5000  # at most, unless another number is asked for


class DataError(Exception):
    """Data that cannot be had or cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Records:
    """Pixels (n, 784) uint8, labels (n,) uint8, what each label stands for, and how close targets come to 0 and 1.

    The label `NO_CLASS` stands for none of the classes.
    """

    pixels: Pixels
    labels: Pixels
    class_names: tuple[str, ...]
    low_target: float = LOW_TARGET

    @cached_property
    def inputs(self) -> NDArray[np.float32]:
        """The pixels as inputs (n, 784) from 0.01 to 1.0: four times their memory, so they are made when asked for."""
        return scale(self.pixels)

    @cached_property
    def targets(self) -> NDArray[np.float32]:
        """The targets (n, classes) of the labels."""
        return targets(self.labels, len(self.class_names), self.low_target)

    def take(self, rows: NDArray[np.int64]) -> "Records":
        """Return the records with these row numbers, in this order."""
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])


def scale(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Bring `pixels` of any shape from 0 to 255 into 0.01 to 1.0.

    That inputs begin at 0.01 is a convention of this kind of network. An input of 0 would leave its weights alone for
    that record, and do no harm.
    """
    inputs = pixels.astype(np.float32)
    inputs *= np.float32(0.99 / 255)
    inputs += np.float32(0.01)
    return inputs


def targets(labels: Pixels, class_count: int, low_target: float = LOW_TARGET) -> NDArray[np.float32]:
    """Return (n, class_count): high at the node of the label and low elsewhere; all low where it is `NO_CLASS`."""
    is_label = labels[:, None] == np.arange(class_count)  # (n, class_count)
    return np.where(is_label, np.float32(1 - low_target), np.float32(low_target))


def hold_out(count: int, seed: int, most: int = VALIDATION_RECORDS) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide `count` records: return the row numbers for training and for validation, a tenth but at `most` so many.

    Every choice made during training looks at the validation part, so that the test part stays unseen.
    """
    if count < 10:
        raise DataError(
            f"{count} records are too few to train on: 10 are needed, so that one can be kept for validation."
        )
    rows = np.random.default_rng(seed).permutation(count)
    validation = min(count // 10, most)
    return rows[validation:], rows[:validation]
