"""How sure the network is, in such a way that of the answers it is 90 % sure of, nine in ten are right.

The outputs of the network are ten separate opinions. They become shares of one whole, softened or sharpened by one
number, the temperature, which training finds on validation records and the model file carries.
Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML, 2017; how it is found: Clarté,
Loureiro, Krzakala, Zdeborová, "Expectation consistency for calibration of neural networks", UAI, 2023.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit, softmax

from neural_network import NeuralNetwork

UNSURE_BELOW = 0.9  # a person should look at answers with less: most letters and scribbles, few digits
TEMPERATURES = 0.2, 5.0  # what is tried
Floats = NDArray[np.floating]


def confidence(network: NeuralNetwork, outputs: Floats) -> NDArray[np.float64]:
    """Return how sure the network is of its answers, (n,) from 0 to 1, by its `outputs` (n, classes)."""
    return softmax(final_inputs(outputs) / network.training.get("temperature", 1.0), axis=1).max(axis=1)


def fit_temperature(outputs: Floats, labels: NDArray[np.uint8]) -> float:
    """Return the temperature with which `outputs` (n, classes) are as sure, on the mean, as they are right.

    `labels` (n,) are the right classes.
    """
    from scipy.optimize import brentq  # slow to import, and needed after a training alone

    reached = final_inputs(outputs)
    right = (reached.argmax(axis=1) == labels).sum()
    share_right = (right + 1) / (len(labels) + 2)  # the rule of succession: nobody is always right

    def excess(temperature: float) -> float:
        return float(softmax(reached / temperature, axis=1).max(axis=1).mean() - share_right)

    lowest, highest = TEMPERATURES
    if excess(lowest) <= 0:
        return lowest
    return highest if excess(highest) >= 0 else float(brentq(excess, lowest, highest))


def final_inputs(outputs: Floats) -> NDArray[np.float64]:
    """Return what reached the output nodes; 0 and 1, to which float32 rounds sure answers, would be infinitely far."""
    return logit(np.clip(outputs.astype(np.float64), 1e-6, 1 - 1e-6))
