"""A neural network with one hidden layer, written to be read and fast enough to be used.

It learns by gradient descent on the cross-entropy between its outputs and their targets. Left out on purpose are biases
and a choice of layers, losses and optimisers. Data belong to data/, epochs and mini-batches to training.py.
"""

import io
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.blas import sgemm
from scipy.special import expit as sigmoid

Floats = NDArray[np.float32]


class NeuralNetwork:
    """Three layers of nodes, joined by the weights `wih` (hidden, input) and `who` (output, hidden), in float32."""

    def __init__(
        self, input_nodes: int, hidden_nodes: int, output_nodes: int, learning_rate: float, seed: int | None = None
    ) -> None:
        """Draw normal weights, the same for the same `seed`; the classes are called 0, 1, 2 and so on."""
        for nodes in (input_nodes, hidden_nodes, output_nodes):
            if isinstance(nodes, bool) or not isinstance(nodes, (int, np.integer)) or nodes < 1:
                raise ValueError(f"numbers of nodes must be whole numbers from 1 up, got {nodes!r}")
        if not 0 < learning_rate < np.inf:
            raise ValueError(f"learning_rate must be a finite number above 0, got {learning_rate!r}")
        self.learning_rate, self.momentum = float(learning_rate), 0.0  # momentum: share of the last step that is kept
        self.class_names = tuple(map(str, range(output_nodes)))  # what the output nodes stand for
        self.training: dict[str, Any] = {}  # what the network learnt from, and how
        self.extras: dict[str, NDArray[Any]] = {}  # arrays that other programs keep in the model file
        random = np.random.default_rng(seed)
        # A spread of nodes ** -0.5 keeps what reaches a node near 1, where the sigmoid still has a slope.
        self.wih = random.normal(0, input_nodes**-0.5, (hidden_nodes, input_nodes)).astype(np.float32)
        self.who = random.normal(0, hidden_nodes**-0.5, (output_nodes, hidden_nodes)).astype(np.float32)
        self._velocities = np.zeros_like(self.wih), np.zeros_like(self.who)

    def forward(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Return the hidden (n, hidden) and final outputs (n, output), 0 to 1, for checked `inputs` (n, input)."""
        hidden_inputs = inputs @ self.wih.T  # (n, hidden)
        hidden_outputs = sigmoid(hidden_inputs)  # (n, hidden)
        final_inputs = hidden_outputs @ self.who.T  # (n, output)
        final_outputs = sigmoid(final_inputs)  # (n, output)
        return hidden_outputs, final_outputs

    def query(self, inputs: ArrayLike) -> Floats:
        """Answer `inputs`, (input,) or (n, input) from 0 to 1, with (output,) or (n, output) from 0 to 1."""
        outputs = self.forward(records(inputs, self.wih.shape[1], "inputs"))[1]  # (n, output)
        return outputs.reshape((*np.shape(inputs)[:-1], -1))

    def train(self, inputs: ArrayLike, targets: ArrayLike) -> Floats:
        """Take one step down the gradient of the cross-entropy, summed over a record or a mini-batch of them.

        Takes (input,) and (output,), or (n, input) and (n, output), all from 0 to 1; returns the outputs from before.
        Wrong shapes or values raise `ValueError` and leave the weights as they were.
        Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
        """
        inputs, shape = records(inputs, self.wih.shape[1], "inputs"), np.shape(targets)  # (n, input)
        targets = records(targets, self.who.shape[0], "targets")  # (n, output)
        if len(inputs) != len(targets):
            raise ValueError(f"each record needs its targets, got {len(inputs)} inputs and {len(targets)} targets")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, got {self.momentum!r}")
        hidden_outputs, final_outputs = self.forward(inputs)  # (n, hidden), (n, output)
        # The slope of the last sigmoid cancels out against the cross-entropy: the plain difference is left.
        output_errors: Floats = targets - final_outputs  # (n, output)
        # A hidden node's error is its share in all output errors, by its weights, times the slope of its sigmoid.
        hidden_errors: Floats = output_errors @ self.who * hidden_outputs * (1 - hidden_outputs)  # (n, hidden)
        self.who = self._step(self.who, self._velocities[1], output_errors, hidden_outputs)
        self.wih = self._step(self.wih, self._velocities[0], hidden_errors, inputs)
        return final_outputs.reshape(shape)

    def _step(self, weights: Floats, velocity: Floats, errors: Floats, outputs: Floats) -> Floats:
        """Change each weight by learning rate x error at its one end x output at its other end, in place."""
        # With `@`, a second matrix would be made and then added: ten times as slow for a single record. BLAS adds in
        # place, rate * errors.T @ outputs + 1 * weights. Columns are to it what rows are to NumPy, hence each `.T`.
        if not self.momentum:
            return sgemm(self.learning_rate, outputs.T, errors.T, 1, weights.T, trans_b=True, overwrite_c=True).T
        # The velocity is a running average of steps, so that a learning rate means the same with any momentum.
        rate = self.learning_rate * (1 - self.momentum)
        sgemm(rate, outputs.T, errors.T, self.momentum, velocity.T, trans_b=True, overwrite_c=True)
        return np.add(weights, velocity, out=weights)

    def save(self, path: str | Path) -> None:
        """Write an .npz file without pickle. A crash leaves the old file or the new one, never half of one."""
        if len(names := self.class_names) != len(self.who):
            raise ValueError(f"{len(self.who)} output nodes need as many class names, got {len(names)}")
        part = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.part")
        arrays: dict[str, Any] = self.extras | {"wih": self.wih, "who": self.who, "training": json.dumps(self.training)}
        try:
            with part.open("wb") as file:
                np.savez(file, learning_rate=self.learning_rate, momentum=self.momentum, class_names=names, **arrays)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, file: str | Path | BinaryIO) -> "NeuralNetwork":
        """Read what `save` wrote. Raises `OSError` where nothing can be read, `ValueError` where it is no model."""
        contents = Path(file).read_bytes() if isinstance(file, (str, Path)) else file.read()
        try:
            arrays = dict(np.load(io.BytesIO(contents), allow_pickle=False))
            wih, who = (np.ascontiguousarray(arrays.pop(name), np.float32) for name in ("wih", "who"))
            names, training = tuple(arrays.pop("class_names").tolist()), json.loads(str(arrays.pop("training")))
            if len(wih) != who.shape[1] or len(who) != len(names) or not np.isfinite(wih.sum() + who.sum()):
                raise ValueError(f"wih {wih.shape}, who {who.shape}, {len(names)} names do not fit or are not finite")
            network = cls(wih.shape[1], len(wih), len(who), float(arrays.pop("learning_rate")))
        except Exception as error:  # the file could be read, so whatever goes wrong here lies in its contents
            raise ValueError(f"{getattr(file, 'name', file)} is not a model that can be used: {error}") from error
        network.wih, network.who, network.momentum = wih, who, float(arrays.pop("momentum"))
        network.class_names, network.training, network.extras = names, training, arrays
        return network


def records(values: ArrayLike, nodes: int, name: str) -> Floats:
    """Return `values`, one record (nodes,) or several (n, nodes) from 0 to 1, as a float32 array (n, nodes)."""
    array = np.asarray(values)
    if array.ndim not in (1, 2) or array.shape[-1] != nodes or array.size == 0 or array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be numbers of shape ({nodes},) or (n, {nodes}), got {array.dtype} {array.shape}")
    lowest, highest = array.min(), array.max()
    if not (lowest >= 0 and highest <= 1):  # written so that NaN fails too
        raise ValueError(f"{name} must be from 0 to 1, got {highest if lowest >= 0 else lowest}")
    return np.ascontiguousarray(array, np.float32).reshape(-1, nodes)
