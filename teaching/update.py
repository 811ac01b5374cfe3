"""What corrections do to the weights: learnt at once, without forgetting, and without the training records.

Each correction asks for other inputs of the output nodes. A ridge regression finds the small change of the weights that
comes near them; what counts as small is told by the curvature that the model file carries. The weights follow from the
trained model and the list of corrections alone, so a correction that is taken back leaves no trace. Keeping the list is
left to store.py.
"""

import copy
import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import ThreadpoolController

from confidence import final_inputs
from data.distortion import Affine, transform
from data.records import Pixels, scale
from neural_network import Floats, NeuralNetwork

Matrix = NDArray[np.floating]
Mask = NDArray[np.bool_]

PREFIX = "memory_"  # of the curvature tables in a model file

# These values were compared on the drawings of writers 1 to 20, on validation records of MNIST, and on slanted digits
# of scikit-learn's training part, with nine models of 200, 600 and 800 hidden nodes. What they come to on the first:
#     python -m benchmarks.corrections writers --writers w01 w02 … w20
TABLE_ROWS = 64  # directions of a curvature table
WEIGHT = COPIES_WEIGHT = 8.0  # of a correction, and of all its distorted copies together
MARGIN = 6.5  # the right final input shall be above it, the others below its negative
SECOND_MARGIN = 2.0  # the same for a correction that is still answered wrongly after a first step
TOLERANCE = 2.0  # a final input that lacks no more than this is left alone
NOISE_VARIANCE = 300.0  # of what a correction of weight 1 asks for, times the number of corrections: the ridge
# With so many corrections the noise variance is twice as large, for they are mistakes alone, and together they would
# overrule what was right: networks of 600 nodes read slanted digits worse after 40 corrections than before.
NOISE_DOUBLES_AT = 12
DAMPING = {"inputs": 0.6, "slopes": 2.0, "hidden": 0.06}  # times the mean curvature, added in each direction

# A fractional factorial design: each distortion goes to both sides equally often and independently of the others, in
# the first two, four and all eight copies.
SIGNS = (1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, -1), (1, 1, -1), (-1, 1, 1), (1, -1, 1)
COPIES = tuple(
    Affine(rotation=6.0 * a, slant=0.12 * b, width=1 + 0.08 * c, height=1 + 0.08 * a * b, right=a * c, down=b * c)
    for a, b, c in SIGNS
)

# How long a correction takes with so many before it: python -m benchmarks.corrections speed
BLOCK = 100  # corrections that are learnt together; the blocks before stay as they are
MAX_RECORDS = 250  # corrections and copies of a block: with many corrections, each has fewer copies
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
    """Return why a network without curvature tables cannot be corrected, or nothing where it has them."""
    if set(stored_tables(network)) == set(DAMPING):
        return ""
    return "this model carries no memory of its training, so it would forget; train a new one"


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


@dataclass(frozen=True)
class Block:
    """The records that are learnt together: corrections of a block with their copies, then corrections before them."""

    inputs: Floats  # (n, input)
    labels: Pixels  # (n,)
    weights: Matrix  # (n,)
    is_new: Mask  # (n,): of this block, and not before it
    is_correction: Mask  # (n,): the correction itself, and not a distorted copy of it


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
        self._learnt_blocks: list[tuple[str, NeuralNetwork]] = []  # the fingerprint up to each, and the network then
        self._threads = ThreadpoolController()
        with self._threads.limit(limits=1):  # several threads add in another order each time
            curvature = {name: second_moments(table) for name, table in tables.items()}
            curvature["slopes"] *= trained.who.T @ trained.who  # a change of `wih` reaches the outputs through `who`
            self._inverse = {name: _damped_inverse(matrix, DAMPING[name]) for name, matrix in curvature.items()}

    def learn(self, pixels: Pixels, labels: Pixels) -> NeuralNetwork:
        """Return the trained network after corrections (n, 784) with labels (n,): the same list, the same bits."""
        with self._threads.limit(limits=1):
            network, known = self.trained, ""
            for number, start in enumerate(range(0, len(labels), BLOCK)):
                end = start + BLOCK
                known = fingerprint(pixels[start:end], labels[start:end], known)
                if number < len(self._learnt_blocks) and self._learnt_blocks[number][0] == known:
                    network = self._learnt_blocks[number][1]
                    continue
                network = self._learn_block(network, pixels[:end], labels[:end], start)
                self._learnt_blocks[number:] = [(known, network)]
            return network

    def _learn_block(self, network: NeuralNetwork, pixels: Pixels, labels: Pixels, start: int) -> NeuralNetwork:
        """Return the network after the corrections from `start` on, which keeps to the ones before."""
        block, count = _block(pixels, labels, start), len(labels)
        signs = np.where(np.eye(len(network.class_names), dtype=bool)[block.labels], 1, -1)  # (n, output)
        noise_variance = NOISE_VARIANCE * count / block.weights[:, None]  # (n, 1)
        reached = final_inputs(network.forward(block.inputs)[1])  # (n, output)
        residuals = signs * np.maximum(0, MARGIN - signs * reached)  # (n, output)
        included = (np.abs(residuals) > TOLERANCE) & block.is_new[:, None]  # (n, output)
        if not included.any():  # the network says all that already, and surely
            return network
        many = 1 + ((count - 1) / NOISE_DOUBLES_AT) ** 2
        for factor in (many, *4.0 ** -np.arange(1, MAX_STEPS)):
            network = self._step(network, block, residuals, np.where(included, noise_variance * factor, np.inf))
            _, outputs = network.forward(block.inputs)
            wrong = block.is_correction & (outputs.argmax(axis=1) != block.labels)  # (n,)
            if not wrong.any():
                break
            # Once more from here for these alone, while the other corrections of the block stay as they are now.
            reached = final_inputs(outputs)
            residuals = signs * np.maximum(0, SECOND_MARGIN - signs * reached) * wrong[:, None]
            rivals = np.where(signs > 0, -np.inf, reached).argmax(axis=1)  # (n,)
            held = np.flatnonzero(block.is_correction & block.is_new | wrong)
            included[:] = False
            included[held, block.labels[held]] = included[held, rivals[held]] = True
        return network

    def _step(self, network: NeuralNetwork, block: Block, residuals: Matrix, noise_variance: Matrix) -> NeuralNetwork:
        """Return a copy of `network` after one ridge regression on `residuals` (n, output), inf for those left out."""
        rows, nodes = np.nonzero(np.isfinite(noise_variance))  # (m,) each: a residual is of one output for one record
        used, at = np.unique(rows, return_inverse=True)  # (s,), (m,)
        inputs, who = block.inputs[used], network.who  # (s, input), (output, hidden)
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


def _block(pixels: Pixels, labels: Pixels, start: int) -> Block:
    """Return what is learnt with the corrections from `start` on: them, their copies, and some before them."""
    count, earlier = len(labels) - start, slice(max(0, start - MAX_EARLIER), start)
    copies = next(number for number in (8, 4, 2, 1) if count * (1 + number) <= MAX_RECORDS)
    new_records = [np.vstack([own[None], transform(own, COPIES[:copies])]) for own in pixels[start:]]
    new_weights = np.tile([WEIGHT, *[COPIES_WEIGHT / copies] * copies], count)
    earlier_count, new_count = earlier.stop - earlier.start, len(new_weights)
    return Block(
        inputs=scale(np.concatenate([*new_records, pixels[earlier]])),
        labels=np.concatenate([np.repeat(labels[start:], 1 + copies), labels[earlier]]),
        weights=np.concatenate([new_weights, np.full(earlier_count, WEIGHT)]),
        is_new=np.arange(new_count + earlier_count) < new_count,
        is_correction=np.concatenate([np.arange(new_count) % (1 + copies) == 0, np.ones(earlier_count, bool)]),
    )


def _damped_inverse(matrix: Matrix, damping: float) -> Floats:
    return np.linalg.inv(matrix + damping * np.trace(matrix) / len(matrix) * np.eye(len(matrix))).astype(np.float32)


def fingerprint(pixels: Pixels, labels: Pixels, before: str = "") -> str:
    """Return a text that is the same only for the same corrections in the same order, after those of `before`."""
    rows = np.column_stack([pixels, labels]).astype(np.uint8)  # (n, 785)
    return hashlib.sha256(before.encode() + rows.tobytes()).hexdigest()
