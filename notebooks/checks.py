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
    return compare(
        slope, 24, "two slopes, multiplied.", 0.01, {12: "the inner slope is missing.", 8: "that is y itself."}
    )


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


# 1. From one neuron to a layer


@exercise("1.1")
def _one_neuron(output: Any) -> str:
    mistakes = {1.0986: "that is the sum; the sigmoid is still to come.", 0.25: "that is the chance of no.", 3: "odds."}
    return compare(output, 0.75, "add up, then turn odds into a chance.", 0.005, mistakes)


@exercise("1.2")
def _slope_from_output(function: Any) -> str:
    outputs = [0.5, 0.9, 0.99, 0.01]
    got = [function(output) for output in outputs]
    mistakes = {(0.2350, 0.2055, 0.1973, 0.25): "you are given the output: the sigmoid has been applied already."}
    return compare(got, [0.25, 0.09, 0.0099, 0.0099], "it follows from o alone.", 1e-4, mistakes)


@exercise("1.3")
def _recall(answer: Any) -> str:
    share, says_three, is_three = answer
    right = says_three[is_three].mean()
    mistakes = {
        (says_three == is_three).mean(): "that is the share of right answers to all digits.",
        is_three[says_three].mean(): "that is the share of 3s among the digits that it calls a 3 (precision).",
    }
    return compare(share, right, "look at the 3s alone.", 1e-3, mistakes)


@exercise("1.4")
def _and(answer: Any) -> str:
    first, second, bias = map(float, answer)
    wrong = [f"{a} and {b}" for a in (0, 1) for b in (0, 1) if (first * a + second * b + bias > 0) != (a + b == 2)]
    return f"it is wrong for the inputs {', '.join(wrong)}." if wrong else ""


@exercise("1.5")
def _merge(function: Any) -> str:
    random = np.random.default_rng(0)
    first, second, third = (random.normal(0, 1, shape) for shape in ((4, 6), (5, 4), (3, 5)))
    x = random.normal(0, 1, (2, 6))
    got = np.asarray(function(first, second, third))
    if got.shape != (3, 6):
        return f"its shape is {got.shape}, and should be (output, input)."
    return compare(x @ got.T, ((x @ first.T) @ second.T) @ third.T, "the last layer stands first.", 1e-6)


@exercise("1.6")
def _fence(count: Any) -> str:
    mistakes = {2: "two lines leave a way out.", 1: "one line divides; it does not fence in.", 4: "fewer can do it."}
    return compare(count, 3, "measure with each number, from 1 upwards.", 0.1, mistakes)
