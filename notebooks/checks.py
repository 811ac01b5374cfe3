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
    """Work out the height 25 steps later by its formula: each step multiplies each distance by a factor."""
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


# 2. Back-propagation


@exercise("2.1")
def _hidden_error(error: Any) -> str:
    mistakes = {0.5: "the slope of the hidden node is missing.", 0.175: "mind the sign of the second weight."}
    return compare(error, 0.125, "add up both ways, then times h · (1 − h).", 1e-3, mistakes)


def _records() -> tuple[Any, Any, Any, Any]:
    """Return hidden outputs (4, 5), final outputs (4, 3), targets (4, 3) and who (3, 5)."""
    random = np.random.default_rng(1)
    hidden, outputs, wanted = (random.uniform(0.1, 0.9, (4, nodes)) for nodes in (5, 3, 3))
    return hidden, outputs, wanted, random.normal(0, 1, (3, 5))


@exercise("2.2")
def _who_slopes(function: Any) -> str:
    hidden, outputs, wanted, _ = _records()
    right = [[-sum((wanted - outputs)[:, k] * hidden[:, j]) for j in range(5)] for k in range(3)]
    got = np.asarray(function(hidden, outputs, wanted))
    if got.shape == (3, 5) and np.allclose(got, np.negative(right)):
        return "the sign: this is the step, which goes against the slope."
    if got.shape == (3, 5) and np.allclose(got, np.divide(right, 4)):
        return "this is the mean over the records; here slopes are summed."
    return compare(got, right, "error at one end times output at the other.", 1e-6)


@exercise("2.3")
def _hidden_errors(function: Any) -> str:
    hidden, outputs, wanted, who = _records()
    errors = wanted - outputs
    got = np.asarray(function(errors, who, hidden))
    if got.shape == (4, 5) and np.allclose(got, errors @ who):
        return "the slope of the hidden nodes is missing."
    return compare(got, errors @ who * (hidden - hidden**2), "errors back through who, times the slopes.", 1e-6)


@exercise("2.4")
def _rate(rate: Any) -> str:
    return compare(rate, 0.01, "a sum is 50 times the mean.", 1e-5, {25: "then the steps are 2,500 times as long."})


@exercise("2.5")
def _all_alike(count: Any) -> str:
    return compare(count, 1, "train it and compare the rows of wih.", 0.1, {0: "no row differs from the first: so 1."})


@exercise("2.6")
def _shuffled(answer: Any) -> str:
    in_order, shuffled = map(float, answer)
    if not 0.7 < in_order <= 1:
        return "in order, a network reads at least 70 % here; give shares from 0 to 1."
    if shuffled < 0.5:
        return "have the validation digits been shuffled in the same way?"
    if in_order == shuffled:
        return "the two are exactly the same: was the second trained on shuffled pixels?"
    return "" if abs(in_order - shuffled) < 0.06 else "the two should differ by little."


# 3. Learning well


@exercise("3.1")
def _first_weights(deviation: Any) -> str:
    mistakes = {0.0025: "divide by the root of 400.", 20: "that is the size of the sum with weights of size 1."}
    return compare(deviation, 0.05, "the size of the sum is s times the root of 400.", 1e-4, mistakes)


@exercise("3.2")
def _momentum(function: Any) -> str:
    def walk(step: Any) -> Any:
        weights, velocity, path = np.zeros(2), np.zeros(2), []
        for slopes in np.array([[1.0, -2], [1, 3], [1, 0]]):
            weights, velocity = step(weights, velocity, slopes, 0.1, 0.8)
            path.append(weights)
        return np.array(path)

    def right(w: Any, v: Any, g: Any, rate: float, m: float) -> Any:
        return w + m * v - (1 - m) * rate * g, m * v - (1 - m) * rate * g

    got = walk(function)
    if got.shape == (3, 2) and np.allclose(got, walk(lambda w, v, g, r, m: (w + m * v - r * g, m * v - r * g))):
        return "the factor 1 - m is missing, so that the steps are five times as long in the end."
    if got.shape == (3, 2) and np.allclose(got, -walk(right)):
        return "the sign: a step goes against the slope."
    return compare(got, walk(right), "first the velocity, then the weights by the new velocity.", 1e-6)


@exercise("3.3")
def _floor(loss: Any) -> str:
    mistakes = {0.105: "that is ln 0.9 alone; the other part counts as well.", 3.25: "that is ten outputs."}
    return compare(loss, 0.325, "put the target itself in place of the output.", 2e-3, mistakes)


@exercise("3.4")
def _by_heart(answer: Any) -> str:
    on_training, on_validation = map(float, answer)
    if max(on_training, on_validation) > 1 or on_validation < 0.4:
        return "give shares from 0 to 1, of a network that has learnt."
    if on_training < 0.97:
        return "on its own 300 digits it should read nearly all: are these the digits it learnt from?"
    return "" if on_training - on_validation > 0.01 else "on digits that it has not seen, it reads fewer."


@exercise("3.5")
def _wrong_labels(answer: Any) -> str:
    early, late = map(float, answer)
    if early > 0.5:
        return "is that the share of digits whose answer is their wrong label? Right answers are something else."
    return "" if 0.6 < late <= 1 else "after 100 epochs, most of the wrong labels are learnt."


@exercise("3.6")
def _committee(function: Any) -> str:
    final_inputs = np.random.default_rng(3).normal(0, 3, (3, 5, 10))
    right = 1 / (1 + np.exp(-final_inputs.mean(axis=0)))
    got = np.asarray(function(final_inputs))
    if got.shape == (5, 10) and np.allclose(got, (1 / (1 + np.exp(-final_inputs))).mean(axis=0)):
        return "this is the mean of the outputs; join takes the mean before the sigmoid."
    return compare(got, right, "the mean over the members, then the sigmoid.", 1e-6)


# 4. Trust and correction


@exercise("4.1")
def _centre_of_mass(function: Any) -> str:
    pixels = np.zeros((28, 28))
    pixels[4:6, 5:20] = 200
    pixels[6:20, 16:18] = 50
    rows, columns = np.indices(pixels.shape)
    right = np.average(rows, weights=pixels), np.average(columns, weights=pixels)
    mistakes = {
        right[::-1]: "row first, then column.",
        (rows[pixels > 0].mean(), columns[pixels > 0].mean()): "each pixel counts as much as it has ink.",
        (14 - 2.5, 12): "that is the middle of the frame.",
    }
    return compare(function(pixels), right, "the mean row and the mean column of the ink.", 1e-3, mistakes)


@exercise("4.2")
def _softmax(shares: Any) -> str:
    mistakes = {(0.5, 0.75): "these are two sigmoids; shares add up to 1.", (0, 1.0986): "take e to the power of each."}
    return compare(shares, (0.25, 0.75), "share out one whole as 1 to 3.", 0.005, mistakes)


@exercise("4.3")
def _confidence(function: Any) -> str:
    final = np.array([1.0, 3, -2, 0.5])

    def right(temperature: float) -> float:
        return float(np.exp(final / temperature).max() / np.exp(final / temperature).sum())

    got = [float(function(final, temperature)) for temperature in (0.5, 2.0, 5.0)]
    if np.allclose(got, [right(2.0), right(0.5), right(0.2)]):
        return "divide by the temperature: a high one makes the shares alike."
    return compare(got, [right(0.5), right(2.0), right(5.0)], "divide, softmax, largest.", 1e-4)


@exercise("4.4")
def _limit(answer: Any) -> str:
    limit, members = answer
    share = float((np.asarray(members) < limit).mean())
    return "" if 0.03 <= share <= 0.05 else f"below it lie {share:.1%} of the digits."


@exercise("4.5")
def _smallest_rate(answer: Any) -> str:
    rate, tried = answer
    if rate not in tried:
        return f"choose one of {list(tried)}."
    if tried[rate][0][0] != 0:
        return f"with it, the corrected drawing is still read as {tried[rate][0][0]}."
    smaller = [other for other, (answers, _) in tried.items() if other < rate and answers[0] == 0]
    return "there is a smaller one." if smaller else ""


@exercise("4.6")
def _ridge(weight: Any) -> str:
    mistakes = {1.5: "that fulfils the wish entirely: the ridge is missing.", 0.375: "x · r is 6."}
    return compare(weight, 0.75, "x · r, divided by x² + λ.", 1e-3, mistakes)
