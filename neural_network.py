"""A neural network with one hidden layer, written to be read and fast enough to be used.

It learns by gradient descent on the cross-entropy between its outputs and their targets. Left out on purpose are
biases (inputs that never reach zero do without) and a choice of layers, losses and optimisers. Reading and scaling
data, counting epochs and deciding when to stop belong to data/ and train_model.py.
"""

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg.blas import sgemm
from scipy.special import expit as sigmoid
from scipy.special import logit

Floats = NDArray[np.float32]


class NeuralNetwork:
    """Three layers of nodes, joined by the weights `wih` (hidden, input) and `who` (output, hidden), in float32.

    `class_names` says what each output node stands for; `training` says what the network was trained on, and how;
    `memory` holds tables that a model carries along so that it can be corrected later (teach.py).
    """

    def __init__(
        self, input_nodes: int, hidden_nodes: int, output_nodes: int, learning_rate: float,
        momentum: float = 0.0, seed: int | None = None, class_names: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Draw normal weights, the same for the same `seed`. Class names are 0, 1, 2 … unless given."""
        for nodes in (input_nodes, hidden_nodes, output_nodes):
            if isinstance(nodes, bool) or not isinstance(nodes, (int, np.integer)) or nodes < 1:
                raise ValueError(f"numbers of nodes must be whole numbers from 1 up, got {nodes!r}")
        if not 0 < learning_rate < np.inf:
            raise ValueError(f"learning_rate must be a finite number above 0, got {learning_rate!r}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, got {momentum!r}")
        self.class_names = tuple(class_names or map(str, range(output_nodes)))
        if len(self.class_names) != output_nodes:
            raise ValueError(f"{output_nodes} output nodes need as many class names, got {len(self.class_names)}")
        self.learning_rate, self.momentum = float(learning_rate), float(momentum)
        self.training: dict[str, object] = {}
        self.memory: dict[str, NDArray[np.float16]] = {}

        random = np.random.default_rng(seed)
        # A spread of nodes ** -0.5 keeps what reaches a node near 1, where the sigmoid still has a slope.
        self.wih = random.normal(0, input_nodes**-0.5, (hidden_nodes, input_nodes)).astype(np.float32)
        self.who = random.normal(0, hidden_nodes**-0.5, (output_nodes, hidden_nodes)).astype(np.float32)
        self._velocities = np.zeros_like(self.wih), np.zeros_like(self.who)

    def forward(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Return the hidden (n, hidden) and final outputs (n, output), 0 to 1, for checked `inputs` (n, input)."""
        hidden_inputs = product(inputs, self.wih.T)  # (n, hidden)
        hidden_outputs = sigmoid(hidden_inputs, out=hidden_inputs)  # (n, hidden), in the same memory
        final_inputs = product(hidden_outputs, self.who.T)  # (n, output)
        final_outputs = sigmoid(final_inputs, out=final_inputs)  # (n, output)
        return hidden_outputs, final_outputs

    def query(self, inputs: ArrayLike) -> Floats:
        """Answer `inputs`, (input,) or (n, input) from 0 to 1, with (output,) or (n, output) from 0 to 1."""
        _, final_outputs = self.forward(records(inputs, self.wih.shape[1], "inputs"))
        return final_outputs.reshape((*np.shape(inputs)[:-1], -1))

    def train(self, inputs: ArrayLike, targets: ArrayLike) -> Floats:
        """Take one step down the gradient of `cross_entropy`, summed over a record or a mini-batch of them.

        Takes (input,) and (output,), or (n, input) and (n, output), all from 0 to 1; returns the outputs from before.
        Wrong shapes or values raise `ValueError` and leave the weights as they were.
        Source: Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
        """
        inputs, shape = records(inputs, self.wih.shape[1], "inputs"), np.shape(targets)  # (n, input)
        targets = records(targets, self.who.shape[0], "targets")  # (n, output)
        if len(inputs) != len(targets):
            raise ValueError(f"each record needs its targets, got {len(inputs)} inputs and {len(targets)} targets")

        hidden_outputs, final_outputs = self.forward(inputs)  # (n, hidden), (n, output)

        # The slope of the last sigmoid cancels out against the cross-entropy: the plain difference is left.
        output_errors = targets - final_outputs  # (n, output)
        hidden_errors = product(output_errors, self.who)  # (n, hidden)
        hidden_errors *= hidden_outputs * (1 - hidden_outputs)  # times the slope of the hidden sigmoid

        self.who = self._step(self.who, self._velocities[1], output_errors, hidden_outputs)
        self.wih = self._step(self.wih, self._velocities[0], hidden_errors, inputs)
        return final_outputs.reshape(shape)

    def _step(self, weights: Floats, velocity: Floats, errors: Floats, outputs: Floats) -> Floats:
        """Change each weight by learning rate x error at its one end x output at its other end, in place."""
        if not self.momentum:
            return product(errors.T, outputs, self.learning_rate, weights, keep=1)
        # The velocity is a running average of steps, so that a learning rate means the same with any momentum.
        weights += product(errors.T, outputs, self.learning_rate * (1 - self.momentum), velocity, self.momentum)
        return weights

    def backquery(self, targets: ArrayLike) -> Floats:
        """Go from `targets`, (output,) or (n, output), back to the inputs, 0.01 to 0.99, that the network imagines.

        The matrices are used transposed, as they are for the errors: a picture of the weights, not an inverse.
        """
        final_outputs = np.clip(records(targets, self.who.shape[0], "targets"), 0.01, 0.99)  # (n, output)
        hidden_outputs = stretch(product(logit(final_outputs), self.who))  # (n, hidden)
        inputs = stretch(product(logit(hidden_outputs), self.wih))  # (n, input)
        return inputs.reshape((*np.shape(targets)[:-1], -1))

    def save(self, path: str | Path) -> None:
        """Write an .npz file without pickle. Whatever happens meanwhile, `path` holds the old model or the new one."""
        part = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.part")
        memory: dict[str, Any] = {f"memory_{name}": table for name, table in self.memory.items()}
        try:
            with part.open("wb") as file:
                np.savez(
                    file, wih=self.wih, who=self.who, learning_rate=self.learning_rate, momentum=self.momentum,
                    class_names=self.class_names, training=json.dumps(self.training), **memory,
                )  # fmt: skip
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | Path) -> "NeuralNetwork":
        """Read what `save` wrote. Raises `OSError` where no file can be read, `ValueError` where it is no model."""
        contents = io.BytesIO(Path(path).read_bytes())
        try:
            with np.load(contents, allow_pickle=False) as file:
                wih, who = (np.ascontiguousarray(file[name], np.float32) for name in ("wih", "who"))
                rate, momentum = float(file["learning_rate"]), float(file["momentum"])
                names, training = [str(name) for name in file["class_names"]], json.loads(str(file["training"]))
                memory = {name[7:]: file[name] for name in file.files if name.startswith("memory_")}
            if wih.ndim != 2 or who.ndim != 2 or len(wih) != who.shape[1] or not np.isfinite(wih.sum() + who.sum()):
                raise ValueError(f"wih {wih.shape} and who {who.shape} do not fit together or are not finite")
            network = cls(wih.shape[1], wih.shape[0], who.shape[0], rate, momentum, class_names=names)
        except Exception as error:  # the file could be read, so whatever goes wrong here lies in its contents
            raise ValueError(f"{path} is not a model that can be used: {error}") from error
        network.wih, network.who, network.training, network.memory = wih, who, training, memory
        return network


def cross_entropy(outputs: Floats, targets: Floats) -> float:
    """Return the loss that `train` lowers: summed over the output nodes, averaged over the n records (n, output)."""
    outputs = np.clip(outputs, 1e-7, 1 - 1e-7)  # float32 rounds a sure answer to 0 or 1, whose logarithm is infinite
    losses = targets * np.log(outputs) + (1 - targets) * np.log(1 - outputs)  # (n, output)
    return -float(losses.sum() / len(losses))


def product(a: Floats, b: Floats, scale: float = 1, into: Floats | None = None, keep: float = 0) -> Floats:
    """Return ``scale * a @ b + keep * into``, worked out inside `into` where one is given, without a copy."""
    # BLAS stores matrices column by column and NumPy row by row, so it is given everything transposed.
    turn_a, turn_b = not a.flags.c_contiguous, not b.flags.c_contiguous
    return sgemm(
        scale, b if turn_b else b.T, a if turn_a else a.T, keep, None if into is None else into.T,
        trans_a=turn_b, trans_b=turn_a, overwrite_c=True,
    ).T  # fmt: skip


def records(values: ArrayLike, nodes: int, name: str) -> Floats:
    """Return `values`, one record (nodes,) or several (n, nodes) from 0 to 1, as a float32 array (n, nodes)."""
    array = np.asarray(values)
    if array.ndim not in (1, 2) or array.shape[-1] != nodes or array.size == 0 or array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be numbers of shape ({nodes},) or (n, {nodes}), got {array.dtype} {array.shape}")
    lowest, highest = array.min(), array.max()
    if not (lowest >= 0 and highest <= 1):  # written so that NaN fails too
        raise ValueError(f"{name} must be from 0 to 1, got {highest if lowest >= 0 else lowest}")
    return np.ascontiguousarray(array, np.float32).reshape(-1, nodes)


def stretch(values: Floats) -> Floats:
    """Bring each row of `values` (n, nodes) to at most 0.01 to 0.99, with 0 at 0.5: what is neither for nor against."""
    return 0.5 + 0.49 * values / np.maximum(np.abs(values).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
