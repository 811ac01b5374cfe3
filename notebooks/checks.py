"""The checks of the 30 exercises. They hold the answers: look at them after you have tried.

A check takes an answer, and returns nothing where it is right, or what to think about where it is not. It accepts every
right answer: another way of writing it, and numbers that differ by rounding.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Check = Callable[[Any], str]
CHECKS: dict[str, Check] = {}


def exercise(number: str) -> Callable[[Check], Check]:
    """Enter a check under the number of its exercise."""

    def enter(check: Check) -> Check:
        CHECKS[number] = check
        return check

    return enter


def compare(answer: Any, right: Any, otherwise: str, tolerance: float = 1e-3, mistakes: Mapping[Any, str] = {}) -> str:
    """Return nothing if `answer` is as near to `right` as the tolerance; what a usual mistake is, if it is one."""
    given = np.asarray(answer, float)
    for value, meaning in mistakes.items():
        if given.shape == np.shape(value) and np.allclose(given, value, rtol=0, atol=tolerance):
            return meaning
    if given.shape != np.shape(right):
        return f"the shape is {given.shape}, and should be {np.shape(right)}."
    return "" if np.allclose(given, right, rtol=0, atol=tolerance) else otherwise


# 0. Slopes and matrices


@exercise("0.1")
def _slope_of_a_cube(slope: Any) -> str:
    return compare(slope, 12, "divide by the whole distance moved.", 0.05, {8: "8 is the value at 2, not the slope."})


@exercise("0.2")
def _central_difference(function: Any) -> str:
    got = [function(lambda x: x**3, 2.0, nudge) for nudge in (0.1, 0.01)]
    mistakes = {(12.61, 12.0601): "this nudges upwards only.", (24.02, 24.0002): "the distance is twice the nudge."}
    return compare(got, (12.01, 12.0001), "nudge up and down, and divide by the distance.", 1e-6, mistakes)


@exercise("0.3")
def _chain(slope: Any) -> str:
    return compare(slope, 24, "two slopes, multiplied.", 0.01, {12: "the inner slope is missing.", 8: "that is y itself."})


@exercise("0.4")
def _too_large(rate: Any) -> str:
    """The height 25 steps later, by its formula: each step multiplies each distance by a factor."""
    height = (5 * (1 - 2 * rate) ** 25) ** 2 + 2 * (3 * (1 - 4 * rate) ** 25) ** 2
    return "" if rate > 0 and height > 1000 else f"after 25 steps with it, the height is {height:.3g}."


@exercise("0.5")
def _shape(shape: Any) -> str:
    mistakes = {(200, 100): "this lies on its side.", (784, 784): "the two in the middle disappear, not those outside."}
    return compare(shape, (100, 200), "cross out the two numbers in the middle.", 0, mistakes)


@exercise("0.6")
def _weighted_sums(function: Any) -> str:
    inputs, weights = np.arange(10.0).reshape(5, 2), np.array([[1.0, 2], [0, 1], [-3, 1]])
    right = [[sum(a * b for a, b in zip(row, one, strict=True)) for one in weights] for row in inputs]
    return compare(function(inputs, weights), right, "each row of inputs with each row of weights.", 1e-6)
