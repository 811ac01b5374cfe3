"""How sure the network is which class a picture shows, and whether it shows one of the classes at all.

The outputs of the network are ten separate opinions. As shares of one whole, they tell how sure the answer is: of the
answers that are 90 % sure, nine in ten are right. One number softens or sharpens the shares, the temperature, which
training finds on validation records and the model file carries. Since the opinions are separate, all can be low: then
the picture shows none of the classes.
Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML, 2017; how it is found: Clarté,
Loureiro, Krzakala, Zdeborová, "Expectation consistency for calibration of neural networks", UAI, 2023.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit, softmax

from neural_network import NeuralNetwork

UNSURE_BELOW = 0.9  # a person should look at answers with less confidence
# And those with less membership. Of 2,287 digits by people who were left out meanwhile, 3.7 % are then unsure, and of
# their letters, 4.4 % are sure. To measure both: python evaluate.py --images DIGITS --others LETTERS
NO_CLASS_BELOW = 0.8
TEMPERATURES = 0.2, 5.0  # what is tried
BINS = 15  # of the calibration error, with as many answers in each
Floats = NDArray[np.floating]


def confidence(network: NeuralNetwork, outputs: Floats) -> NDArray[np.float64]:
    """Return how sure the network is of its answers, (n,) from 0 to 1, by its `outputs` (n, classes)."""
    return softmax(final_inputs(outputs) / network.training.get("temperature", 1.0), axis=1).max(axis=1)


def membership(outputs: Floats) -> Floats:
    """Return how much each picture shows one of the classes at all, (n,) from 0 to 1, by its `outputs` (n, classes).

    It is the largest output. Networks that were trained with pictures of none of the classes know what it means.
    """
    return outputs.max(axis=1)


def is_unsure(confidences: Floats, memberships: Floats) -> NDArray[np.bool_]:
    """Tell which answers a person should look at, (n,): it may be another class, or none of them."""
    return (confidences < UNSURE_BELOW) | (memberships < NO_CLASS_BELOW)


def reliability(confidences: Floats, right: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return mean confidence, accuracy and number of the answers in each bin, (bins,), from the least sure upwards.

    The bins have equal numbers of answers. `confidences` and whether an answer is `right`, both (n,), are not empty.
    """
    bins = np.array_split(np.argsort(confidences, kind="stable"), min(BINS, len(right)))
    table = np.array([(confidences[rows].mean(), right[rows].mean(), len(rows)) for rows in bins])  # (bins, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def calibration_error(confidences: Floats, right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error: what confidence and accuracy differ by, over bins of equal numbers.

    Source: Naeini, Cooper, Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI, 2015.
    """
    means, accuracies, counts = reliability(confidences, right)
    return float(np.average(np.abs(means - accuracies), weights=counts))


def fit_temperature(outputs: Floats, labels: NDArray[np.uint8]) -> float:
    """Return the temperature with which `outputs` (n, classes) are as sure, on the mean, as they are right.

    `labels` (n,) are the right classes; each picture must show one.
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
