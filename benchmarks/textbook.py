"""The textbook way to train on MNIST, written out plainly: what the project's speed is compared with.

One record a step, in double precision, with column vectors; and a CSV file that is opened and parsed anew in every
epoch. The class is as good a teacher as the project's own, and needs none of its helpers.
"""

from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Doubles = NDArray[np.float64]


class TextbookNetwork:
    """Three layers of nodes, joined by the weights `wih` (hidden, input) and `who` (output, hidden), in float64."""

    def __init__(self, input_nodes: int, hidden_nodes: int, output_nodes: int, learning_rate: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.wih = random.normal(0.0, input_nodes**-0.5, (hidden_nodes, input_nodes))
        self.who = random.normal(0.0, hidden_nodes**-0.5, (output_nodes, hidden_nodes))
        self.lr = learning_rate

    def train(self, inputs_list: Doubles, targets_list: Doubles) -> None:
        """Take one step on one record, (input,) and (output,)."""
        inputs = np.array(inputs_list, ndmin=2).T  # (input, 1)
        targets = np.array(targets_list, ndmin=2).T  # (output, 1)
        hidden_outputs = expit(np.dot(self.wih, inputs))  # (hidden, 1)
        final_outputs = expit(np.dot(self.who, hidden_outputs))  # (output, 1)

        output_errors = targets - final_outputs  # (output, 1)
        hidden_errors = np.dot(self.who.T, output_errors)  # (hidden, 1)
        self.who += self.lr * np.dot(output_errors * final_outputs * (1.0 - final_outputs), hidden_outputs.T)
        self.wih += self.lr * np.dot(hidden_errors * hidden_outputs * (1.0 - hidden_outputs), inputs.T)

    def query(self, inputs_list: Doubles) -> Doubles:
        """Answer one record (input,) with (output, 1)."""
        inputs = np.array(inputs_list, ndmin=2).T  # (input, 1)
        hidden_outputs = expit(np.dot(self.wih, inputs))  # (hidden, 1)
        return expit(np.dot(self.who, hidden_outputs))  # (output, 1)


def parse_line(line: str) -> tuple[Doubles, Doubles]:
    """Return the inputs (784,) and the targets (10,) of one line of a CSV file without a header."""
    values = line.split(",")
    inputs = np.asarray(values[1:], dtype=float) / 255.0 * 0.99 + 0.01  # (784,)
    targets = np.zeros(10) + 0.01  # (10,)
    targets[int(values[0])] = 0.99
    return inputs, targets


def train_epoch(network: TextbookNetwork, path: Path, lines: int | None = None) -> None:
    """Train on the first `lines` of a CSV file, on all of them by default, once."""
    with path.open() as file:
        for line in islice(file, lines):
            network.train(*parse_line(line))
