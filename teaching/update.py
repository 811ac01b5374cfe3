"""What corrections do to the weights: learnt at once, without forgetting, and without the training records.

Each correction asks for other inputs of the output nodes. A ridge regression finds the small change of the weights that
comes near them; the curvature that the model file carries says what is small. The weights follow from the
trained model and the list of corrections alone, so a correction that is taken back leaves no trace. Keeping the list is
left to store.py.
"""

import copy
import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import ThreadpoolController

from confidence import NO_CLASS_BELOW, final_inputs, membership
from data.distortion import balanced_copies, transform
from data.records import NO_CLASS, Pixels, scale
from neural_network import Floats, NeuralNetwork

Matrix = NDArray[np.floating]

PREFIX = "memory_"  # of the curvature tables in a model file

# These values were compared on the drawings of writers 1 to 20, on validation records of MNIST, and on slanted digits
# of scikit-learn's training part, with nine models of 200, 600 and 800 hidden nodes. What they come to on the first:
#     python -m benchmarks.corrections writers --writers w01 w02 … w20
TABLE_ROWS = 64  # directions of a curvature table
MAX_TABLE_ROWS = 1024  # that a table in a model file may have
WEIGHT = COPIES_WEIGHT = 8.0  # of a correction, and of all its distorted copies together
MARGIN = 6.5  # the right final input shall be above it, the others below its negative
SECOND_MARGIN = 2.0  # the same for a correction that is still answered wrongly after a first step
TOLERANCE = 2.0  # a final input that lacks no more than this is left alone
NOISE_VARIANCE = 300.0  # of what a correction of weight 1 asks for, times the number of corrections: the ridge
# With so many corrections the noise variance is twice as large, for they are mistakes alone, and together they would
# overrule what was right: networks of 600 nodes read slanted digits worse after 40 corrections than before.
NOISE_DOUBLES_AT = 12
DAMPING = {"inputs": 0.6, "slopes": 2.0, "hidden": 0.06}  # times the mean curvature, added in each direction

COPIES = balanced_copies(1.0)  # of each correction

# How long a correction takes with so many before it: python -m benchmarks.corrections speed
BLOCK = 100  # corrections that are learnt together; the blocks before stay as they are
KEPT_BLOCKS = 10  # after every so many, the network is kept, and after the last three
MAX_RECORDS = 250  # corrections and copies of a block: with many corrections, each has fewer copies
MAX_NOISE = 1000  # a first step with a noise variance so many times as large moves nothing: it is left out
MAX_EARLIER = 1000  # corrections before a block that it must not undo
MAX_STEPS = 4  # the sigmoids are not the straight lines that a step takes them for


def curvature_tables(network: NeuralNetwork, inputs: Floats) -> dict[str, NDArray[np.float16]]:
    """Return the tables by which a model can later be corrected, from some of its training `inputs` (n, input).

    There are three, for the inputs, the hidden outputs and the slopes of the hidden nodes. Each has at most 65 rows and
    stands for a matrix of second moments: the main directions, each as long as its standard deviation, after a row with
    what the diagonal has besides. No picture can be had back from them.
    """
    hidden_outputs, _ = network.forward(inputs)  # (n, hidden)
    slopes = hidden_outputs * (1 - hidden_outputs)  # (n, hidden)
    values = {"inputs": inputs, "hidden": hidden_outputs, "slopes": slopes}
    return {f"{PREFIX}{name}": _table(table) for name, table in values.items()}


def stored_tables(network: NeuralNetwork) -> dict[str, NDArray[np.float16]]:
    """Return the curvature tables that the model file of the network carries, by their short names."""
    return {name.removeprefix(PREFIX): table for name, table in network.extras.items() if name.startswith(PREFIX)}


def missing_curvature(network: NeuralNetwork) -> str:
    """Return why a network without usable curvature tables cannot be corrected, or nothing where it has them."""
    tables, (hidden_nodes, input_nodes) = stored_tables(network), network.wih.shape
    if set(tables) != set(DAMPING):
        return "this model carries no memory of its training, so it would forget; train a new one"
    for name, table in tables.items():
        columns = input_nodes if name == "inputs" else hidden_nodes
        fits = table.dtype.kind == "f" and table.shape[1:] == (columns,) and 2 <= len(table) <= MAX_TABLE_ROWS
        if not (fits and np.isfinite(table).all()):
            return f"the memory of this model is damaged (memory_{name}), so it would forget; train a new one"
    return ""


def _table(values: Floats) -> NDArray[np.float16]:
    """Return the table from which `second_moments` comes near those of the columns of `values` (n, m)."""
    moments = values.T.astype(np.float64) @ values / len(values)  # (m, m)
    variances, directions = np.linalg.eigh(moments)  # (m,), (m, m)
    rows = (directions[:, -TABLE_ROWS:] * np.sqrt(np.maximum(variances[-TABLE_ROWS:], 0))).T  # (rows, m)
    rest = np.sqrt(np.maximum(np.diag(moments) - (rows**2).sum(axis=0), 0))  # (m,)
    return np.vstack([rest, rows]).astype(np.float16)


def second_moments(table: NDArray[np.float16]) -> Matrix:
    """Return the second moments (m, m) that a curvature table stands for."""
    rest, rows = table[0].astype(np.float64), table[1:].astype(np.float64)  # (m,), (rows, m)
    return rows.T @ rows + np.diag(rest**2)


class Learner:
    """Finds the weights that a trained network has after corrections.

    A step takes the inputs of the output nodes for linear in the weights and solves a ridge regression: it minimises
    the squared distances to what the corrections ask for, each divided by its noise variance, plus the squared length
    of the change of the weights. That is a trade-off, so a correction may come short of its margin. The length is
    measured in the Kronecker-factored curvature, in which a change that alters the answers to the training records is
    long. Source: Ritter, Botev, Barber, "Online structured Laplace approximations for overcoming catastrophic
    forgetting", NeurIPS 2018, after Martens, Grosse, "Optimizing neural networks with Kronecker-factored approximate
    curvature", ICML 2015.
    """

    def __init__(self, trained: NeuralNetwork) -> None:
        """Take a trained network. Raises `ValueError` where its file carries no curvature."""
        if missing_curvature(trained):
            raise ValueError(missing_curvature(trained))
        tables = stored_tables(trained)
        self.trained = trained
        self._learnt: dict[str, NeuralNetwork] = {}  # networks, by the fingerprint of the blocks
        self._threads = ThreadpoolController()
        with self._threads.limit(limits=1):  # several threads add in another order each time
            curvature = {name: second_moments(table) for name, table in tables.items()}
            curvature["slopes"] *= trained.who.T @ trained.who  # a change of `wih` reaches the outputs through `who`
            self._inverse = {name: _damped_inverse(matrix, DAMPING[name]) for name, matrix in curvature.items()}

    def learn(self, pixels: Pixels, labels: Pixels) -> NeuralNetwork:
        """Return the trained network after corrections (n, 784) with labels (n,): the same list, the same bits."""
        starts, keys, known = range(0, len(labels), BLOCK), list[str](), ""
        for start in starts:
            known = fingerprint(pixels[start : start + BLOCK], labels[start : start + BLOCK], known)
            keys.append(known)
        learnt = max((number for number, key in enumerate(keys, start=1) if key in self._learnt), default=0)
        network = self._learnt[keys[learnt - 1]] if learnt else self.trained
        with self._threads.limit(limits=1):
            for number in range(learnt, len(keys)):
                end = starts[number] + BLOCK
                network = self._learn_block(network, pixels[:end], labels[:end], starts[number])
                self._learnt[keys[number]] = network
                if number >= 3 and number % KEPT_BLOCKS:  # each network takes some megabytes
                    self._learnt.pop(keys[number - 3], None)
        self._learnt = {key: self._learnt[key] for key in keys if key in self._learnt}
        return network

    def _learn_block(self, network: NeuralNetwork, pixels: Pixels, labels: Pixels, start: int) -> NeuralNetwork:
        """Return the network after the corrections from `start` on, which keeps to the ones before."""
        count = len(labels)
        many = 1 + ((count - 1) / NOISE_DOUBLES_AT) ** 2
        if many < MAX_NOISE:
            before = network
            network = self._learn_copies(before, pixels[start:], labels[start:], NOISE_VARIANCE * count * many)
            if network is before:
                return network
        earlier = slice(max(0, start - MAX_EARLIER), start)
        inputs = scale(np.concatenate([pixels[start:], pixels[earlier]]))  # (n, input)
        labels = np.concatenate([labels[start:], labels[earlier]])  # (n,)
        return self._learn_wrong(network, inputs, labels, count - start, NOISE_VARIANCE * count)

    def _learn_copies(
        self, network: NeuralNetwork, pixels: Pixels, labels: Pixels, noise_variance: float
    ) -> NeuralNetwork:
        """Return the network after a step on corrections (n, 784) and their distorted copies.

        It is `network` itself where that says all of it already, and surely.
        """
        copies = next(number for number in (8, 4, 2, 1) if len(labels) * (1 + number) <= MAX_RECORDS)
        inputs = scale(np.vstack([np.vstack([own, transform(own, COPIES[:copies])]) for own in pixels]))  # (m, input)
        weights = np.tile([WEIGHT, *[COPIES_WEIGHT / copies] * copies], len(labels))  # (m,)
        signs = self._signs(np.repeat(labels, 1 + copies))  # (m, output)
        reached = final_inputs(network.forward(inputs)[1])  # (m, output)
        residuals = signs * np.maximum(0, MARGIN - signs * reached)  # (m, output)
        included = np.abs(residuals) > TOLERANCE  # (m, output)
        if not included.any():
            return network
        return self._step(network, inputs, residuals, np.where(included, noise_variance / weights[:, None], np.inf))

    def _learn_wrong(
        self, network: NeuralNetwork, inputs: Floats, labels: Pixels, new_count: int, noise_variance: float
    ) -> NeuralNetwork:
        """Return the network after steps on those of the corrections that it still answers wrongly.

        The first `new_count` of them, those of the block, are held where each step begins.
        """
        signs, is_new = self._signs(labels), np.arange(len(labels)) < new_count  # (n, output), (n,)
        for step in range(1, MAX_STEPS):
            _, outputs = network.forward(inputs)
            is_class = labels != NO_CLASS  # (n,)
            wrong = np.where(is_class, outputs.argmax(axis=1) != labels, membership(outputs) >= NO_CLASS_BELOW)  # (n,)
            if not wrong.any():
                break
            reached = final_inputs(outputs)  # (n, output)
            residuals = signs * np.maximum(0, SECOND_MARGIN - signs * reached) * wrong[:, None]  # (n, output)
            rivals = np.where(signs > 0, -np.inf, reached).argmax(axis=1)  # (n,)
            held = np.flatnonzero(is_new | wrong)
            noise = np.full(signs.shape, np.inf)  # (n, output)
            own = np.where(is_class, labels, rivals)  # (n,)
            noise[held, own[held]] = noise[held, rivals[held]] = noise_variance / WEIGHT / 4**step
            network = self._step(network, inputs, residuals, noise)
        return network

    def _signs(self, labels: Pixels) -> NDArray[np.float64]:
        """Return (n, output): 1 at the node of the label and -1 elsewhere; -1 at all of them where it is `NO_CLASS`."""
        return np.where(labels[:, None] == np.arange(len(self.trained.class_names)), 1.0, -1.0)

    def _step(self, network: NeuralNetwork, inputs: Floats, residuals: Matrix, noise_variance: Matrix) -> NeuralNetwork:
        """Return a copy of `network` after one ridge regression on the `residuals` (n, output) of `inputs` (n, input).

        Those whose noise variance (n, output) is infinite are left out.
        """
        rows, nodes = np.nonzero(np.isfinite(noise_variance))  # (m,) each: a residual is of one output for one record
        used, at = np.unique(rows, return_inverse=True)  # (s,), (m,)
        inputs, who = inputs[used], network.who  # (s, input), (output, hidden)
        hidden_outputs, _ = network.forward(inputs)  # (s, hidden)
        slopes = hidden_outputs * (1 - hidden_outputs)  # (s, hidden)
        jacobian = slopes[at] * who[nodes]  # (m, hidden): of the final inputs, by the inputs of the hidden nodes
        inputs_by_curvature = inputs @ self._inverse["inputs"]  # (s, input)
        hidden_by_curvature = hidden_outputs @ self._inverse["hidden"]  # (s, hidden)

        gram = jacobian @ self._inverse["slopes"] @ jacobian.T  # (m, m), here of `wih`
        gram *= (inputs_by_curvature @ inputs.T)[at][:, at]
        gram += (hidden_by_curvature @ hidden_outputs.T)[at][:, at] * (nodes[:, None] == nodes)  # and here of `who`
        gram.flat[:: len(gram) + 1] += noise_variance[rows, nodes]
        factor = cho_factor(gram.T, overwrite_a=True, check_finite=False)  # symmetric: `.T` is as LAPACK stores it
        dual_coefficients = np.zeros((len(used), len(who)), np.float32)  # (s, output)
        dual_coefficients[at, nodes] = cho_solve(factor, residuals[rows, nodes].astype(np.float32), check_finite=False)

        changed = copy.copy(network)
        changed.who = who + dual_coefficients.T @ hidden_by_curvature
        hidden_coefficients = (dual_coefficients @ who) * slopes  # (s, hidden)
        changed.wih = network.wih + self._inverse["slopes"] @ hidden_coefficients.T @ inputs_by_curvature
        return changed


def _damped_inverse(matrix: Matrix, damping: float) -> Floats:
    return np.linalg.inv(matrix + damping * np.trace(matrix) / len(matrix) * np.eye(len(matrix))).astype(np.float32)


def fingerprint(pixels: Pixels, labels: Pixels, before: str = "") -> str:
    """Return a text that is the same only for the same corrections in the same order, after those of `before`."""
    rows = np.column_stack([pixels, labels]).astype(np.uint8)  # (n, 785)
    return hashlib.sha256(before.encode() + rows.tobytes()).hexdigest()
