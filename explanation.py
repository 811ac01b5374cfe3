"""Why a trained network answers as it does, and what it looks for: from its answers back to the inputs."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from data.records import scale
from neural_network import Floats, NeuralNetwork, records


def backquery(network: NeuralNetwork, targets: ArrayLike) -> Floats:
    """Go from `targets`, (output,) or (n, output), back to the inputs, 0.01 to 0.99, that the network imagines.

    The matrices are used transposed, as they are for the errors: a picture of the weights, not an inverse.
    """
    final_outputs = np.clip(records(targets, network.who.shape[0], "targets"), 0.01, 0.99)  # (n, output)
    hidden_outputs = _stretch(logit(final_outputs) @ network.who)  # (n, hidden)
    inputs = _stretch(logit(hidden_outputs) @ network.wih)  # (n, input)
    return inputs.reshape((*np.shape(targets)[:-1], -1))


def final_gradients(network: NeuralNetwork, inputs: Floats, answer: int) -> Floats:
    """Return how the input of output node `answer` changes with each of `inputs` (n, input), as (n, input)."""
    hidden_outputs, _ = network.forward(inputs)  # (n, hidden)
    return (network.who[answer] * hidden_outputs * (1 - hidden_outputs)) @ network.wih


def integrate_gradients(network: NeuralNetwork, inputs: ArrayLike, answer: int, steps: int = 16) -> Floats:
    """Return what each of `inputs` (input,) adds to or takes from the input of output node `answer`, as (input,).

    The gradients are averaged on the way from a picture without ink, since many hidden nodes are too sure of the whole
    drawing for their slope to say anything there. Together the values come near the difference between the two.
    Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML, 2017. What else was compared:
    python -m benchmarks.why
    """
    whole = records(inputs, network.wih.shape[1], "inputs")[0]  # (input,)
    paper = scale(np.zeros(len(whole), np.uint8))  # (input,)
    shares = (np.arange(steps, dtype=np.float32)[:, None] + 0.5) / steps  # (steps, 1)
    return final_gradients(network, paper + shares * (whole - paper), answer).mean(axis=0) * (whole - paper)


def _stretch(values: Floats) -> Floats:
    """Bring each row of `values` (n, nodes) to at most 0.01 to 0.99, with 0 at 0.5: what is neither for nor against."""
    return 0.5 + 0.49 * values / np.maximum(np.abs(values).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
