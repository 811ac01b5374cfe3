"""Weights as small pictures for the page: a byte each, 0 the most negative, 128 nothing, 255 the most positive."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray


def encode_weights(weights: NDArray[Any]) -> str:
    """Return rows of weights (n, pixels) as Base64, each row brought to its own largest weight."""
    largest = np.abs(np.nan_to_num(weights)).max(axis=1, keepdims=True)  # (n, 1)
    with np.errstate(all="ignore"):  # a row of zeros, weights that are infinite
        return encode_signed(np.nan_to_num(weights / largest))


def encode_signed(values: NDArray[Any]) -> str:
    """Return values from -1 to 1 as Base64 of a byte each."""
    return base64.b64encode((np.clip(values, -1, 1) * 127 + 128).astype(np.uint8).tobytes()).decode()
