"""What a trained network looks for: from its answers back to the inputs that it imagines."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from neural_network import Floats, NeuralNetwork, records


def backquery(network: NeuralNetwork, targets: ArrayLike) -> Floats:
    """Go from `targets`, (output,) or (n, output), back to the inputs, 0.01 to 0.99, that the network imagines.

    The matrices are used transposed, as they are for the errors: a picture of the weights, not an inverse.
    """
    final_outputs = np.clip(records(targets, network.who.shape[0], "targets"), 0.01, 0.99)  # (n, output)
    hidden_outputs = _stretch(logit(final_outputs) @ network.who)  # (n, hidden)
    inputs = _stretch(logit(hidden_outputs) @ network.wih)  # (n, input)
    return inputs.reshape((*np.shape(targets)[:-1], -1))


def _stretch(values: Floats) -> Floats:
    """Bring each row of `values` (n, nodes) to at most 0.01 to 0.99, with 0 at 0.5: what is neither for nor against."""
    return 0.5 + 0.49 * values / np.maximum(np.abs(values).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
