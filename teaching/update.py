"""What the network becomes by corrections: learnt at once, and without forgetting.

A correction changes the weights as little as it can, and "little" means: little change to the answers that the
network gave before. How to tell that without the records it was trained on is what `memory_of` lets a model carry
along. The weights follow from the trained model and the list of corrections alone, so that each correction can be
taken back as if it had never been given. Keeping the list is left to data/corrections.py and teach.py.
"""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import ThreadpoolController

from confidence import final_inputs
from data.records import Pixels, scale
from neural_network import Floats, NeuralNetwork

Matrix = NDArray[np.floating]

PREFIX = "memory_"  # of the tables in a model file
MEMORY_ROWS = 64  # directions in which a model remembers how its inputs and hidden outputs varied

TURN, SLANT, STRETCH, SHIFT = 6.0, 0.12, 0.08, 1.0  # how far: degrees, parts of the height, parts, pixels
# In which copy what is turned to which side: the first two, four and all eight are balanced.
SIGNS = (1, 1, 1), (-1, -1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, -1), (1, 1, -1), (-1, 1, 1), (1, -1, 1)
WEIGHT = COPIES_WEIGHT = 8.0  # of a corrected drawing, and of all its copies together
MARGIN = 6.5  # before the last sigmoid, the right output shall be above it, the others below its negative
CLEAR = 2.0  # the same where a drawing was still answered wrongly after a first step
SLACK = 2.0  # an output that lacks no more than this is left alone
CAUTION = 300.0  # for each correction: how much a change to the answers from before counts against all this
# So many call for twice the caution each: they are mistakes only, and together they would overrule what was right.
MANY = 12
# What was hardly ever seen in training is not free to change: a share of the mean is added to each direction.
DAMPING = {"inputs": 0.6, "slopes": 2.0, "hidden": 0.06}

BLOCK = 100  # corrections that are worked out together; the blocks before stay as they are
RECORDS = 250  # the drawings and copies of a block at most: with many drawings, each has fewer copies
LOOKED_BACK = 1000  # the corrections before a block that it must not undo
ROUNDS = 4  # for the sigmoids bend what is worked out as if they were straight lines


@dataclass(frozen=True)
class Lesson:
    """What a drawing is: its pixels (784,) uint8, 0 to 255, and the number of its class."""

    pixels: Pixels
    label: int


def curvature_tables(network: NeuralNetwork, inputs: Floats) -> dict[str, NDArray[np.float16]]:
    """Return what a model carries so that it can be taught without forgetting, from some of its `inputs` (n, input).

    Three tables of at most 65 rows, for inputs, hidden outputs and the slopes of the hidden nodes, (rows, input) or
    (rows, hidden): how much each varies besides, then the main directions in which they vary together, each as long as
    it is common. No picture can be had back from them.
    """
    hidden_outputs, _ = network.forward(inputs)  # (n, hidden)
    slopes = hidden_outputs * (1 - hidden_outputs)  # (n, hidden)
    values = {"inputs": inputs, "hidden": hidden_outputs, "slopes": slopes}
    return {f"{PREFIX}{name}": _table(table) for name, table in values.items()}


def stored_tables(network: NeuralNetwork) -> dict[str, NDArray[np.float16]]:
    """Return the tables that the model file of the network carries, by their short names."""
    return {name.removeprefix(PREFIX): table for name, table in network.extras.items() if name.startswith(PREFIX)}


def _table(values: Floats) -> NDArray[np.float16]:
    """Return what `second_moments` makes nearly the mean product of the columns of `values` (n, m) from."""
    mean = values.T.astype(np.float64) @ values / len(values)  # (m, m)
    lengths, directions = np.linalg.eigh(mean)  # (m,), (m, m)
    rows = (directions[:, -MEMORY_ROWS:] * np.sqrt(np.maximum(lengths[-MEMORY_ROWS:], 0))).T  # (rows, m)
    rest = np.sqrt(np.maximum(np.diag(mean) - (rows**2).sum(axis=0), 0))  # (m,)
    return np.vstack([rest, rows]).astype(np.float16)


def second_moments(table: NDArray[np.float16]) -> Matrix:
    """Return the mean products (m, m) that a table of the memory stands for."""
    rest, rows = table[0].astype(np.float64), table[1:].astype(np.float64)  # (m,), (rows, m)
    return rows.T @ rows + np.diag(rest**2)


class Learner:
    """Works out what a trained network becomes by corrections.

    To first order, the change to an output is linear in the change of the weights. Among all changes that bring the
    corrected drawings to their margins, the one is taken that changes the answers to the remembered inputs least, in
    the mean of squares: a ridge regression, whose metric is the Kronecker-factored curvature of the network.
    Source: Ritter, Botev, Barber, "Online structured Laplace approximations for overcoming catastrophic forgetting",
    NeurIPS 2018, after Martens, Grosse, "Optimizing neural networks with Kronecker-factored approximate curvature",
    ICML 2015.
    """

    def __init__(self, trained: NeuralNetwork) -> None:
        """Take a trained network. Raises `ValueError` where it carries no memory."""
        tables = stored_tables(trained)
        if set(tables) != set(DAMPING):
            raise ValueError("this model carries no memory of its training, so it would forget; train a new one")
        self.trained = trained
        self._blocks: list[tuple[str, NeuralNetwork]] = []
        self._threads = ThreadpoolController()
        with self._threads.limit(limits=1):  # what is shared out among threads is rounded otherwise each time
            second = {name: second_moments(table) for name, table in tables.items()}
            second["slopes"] *= trained.who.T @ trained.who  # a change to `wih` reaches the outputs through `who`
            self._inverse = {name: _damped_inverse(matrix, DAMPING[name]) for name, matrix in second.items()}

    def taught(self, lessons: Sequence[Lesson]) -> NeuralNetwork:
        """Return the trained network after `lessons`, in their order: the same list, the very same weights."""
        with self._threads.limit(limits=1):
            network, known = self.trained, ""
            for number, start in enumerate(range(0, len(lessons), BLOCK)):
                block = lessons[start : start + BLOCK]
                known = fingerprint(block, known)
                if number < len(self._blocks) and self._blocks[number][0] == known:
                    network = self._blocks[number][1]
                    continue
                network = self._after_block(network, block, lessons[:start])
                del self._blocks[number:]
                self._blocks.append((known, network))
            return network

    def _after_block(
        self, before: NeuralNetwork, block: Sequence[Lesson], before_them: Sequence[Lesson]
    ) -> NeuralNetwork:
        """Return the network after one more block of lessons, which leaves what those `before_them` taught."""
        count, earlier = len(before_them) + len(block), before_them[-LOOKED_BACK:]
        copies = next(number for number in (8, 4, 2, 1) if len(block) * (1 + number) <= RECORDS)
        pixels = np.concatenate([_with_copies(lesson.pixels, copies) for lesson in block])  # (n, 784)
        labels = np.repeat([lesson.label for lesson in block], 1 + copies)
        own = np.arange(0, len(labels), 1 + copies)  # the drawings themselves
        weights = np.full(len(labels), COPIES_WEIGHT / copies)
        weights[own] = WEIGHT
        if earlier:
            pixels = np.concatenate([pixels, [lesson.pixels for lesson in earlier]])
            labels = np.concatenate([labels, [lesson.label for lesson in earlier]])
            weights = np.concatenate([weights, np.full(len(earlier), WEIGHT)])
            own = np.concatenate([own, np.arange(len(labels) - len(earlier), len(labels))])
        inputs = scale(pixels)  # (n, input)
        signs = np.where(np.eye(len(before.class_names), dtype=bool)[labels], 1, -1)  # (n, output)

        hidden_outputs, outputs = before.forward(inputs)  # (n, hidden), (n, output)
        reached = final_inputs(outputs)  # (n, output)
        changes = signs * np.maximum(0, MARGIN - signs * reached)  # (n, output), wished for
        taking_part = (np.abs(changes) > SLACK) & (np.arange(len(labels)) < len(block) * (1 + copies))[:, None]
        if not taking_part.any():  # the network says all that already, and surely
            return before
        looseness = CAUTION * count / weights  # (n,)
        many = 1 + ((count - 1) / MANY) ** 2
        network = before
        for caution in (many, *4.0 ** -np.arange(1, ROUNDS)):
            network = self._changed(network, inputs, hidden_outputs, changes, taking_part, looseness * caution)
            hidden_outputs, outputs = network.forward(inputs)
            wrong = np.zeros(len(labels), bool)
            wrong[own] = outputs[own].argmax(axis=1) != labels[own]
            if not wrong.any():
                break
            # Once more from here, for these alone: their wishes, and that the other drawings stay as they are now.
            reached = final_inputs(outputs)
            changes = signs * np.maximum(0, CLEAR - signs * reached) * wrong[:, None]
            rivals = np.where(signs > 0, -np.inf, reached).argmax(axis=1)  # (n,)
            taking_part[:] = False
            held = np.concatenate([own[: len(block)], np.flatnonzero(wrong)])
            taking_part[held, labels[held]] = taking_part[held, rivals[held]] = True
        return network

    def _changed(
        self, before: NeuralNetwork, inputs: Floats, hidden_outputs: Floats, changes: Matrix,
        taking_part: NDArray[np.bool_], looseness: Matrix,
    ) -> NeuralNetwork:  # fmt: skip
        """Return a copy of `before` with the smallest change that brings the `changes` (n, output) to its outputs."""
        rows, nodes = np.nonzero(taking_part)  # (m,) each: a wish is for one output of one record
        some = np.unique(rows)
        at = np.searchsorted(some, rows)  # (m,)
        x, h = inputs[some], hidden_outputs[some]  # (s, input), (s, hidden)
        who = before.who
        slopes = h * (1 - h)  # (s, hidden)
        x_metric, h_metric = x @ self._inverse["inputs"], h @ self._inverse["hidden"]
        ways = slopes[at] * who[nodes]  # (m, hidden): how the wish moves with what reaches the hidden nodes

        # How much of each wish the fulfilment of each other one brings along, through `wih` and through `who`.
        shared = (ways @ self._inverse["slopes"] @ ways.T) * (x_metric @ x.T)[np.ix_(at, at)]  # (m, m)
        shared += (h_metric @ h.T)[np.ix_(at, at)] * (nodes[:, None] == nodes)
        shared += np.diag(looseness[rows])
        effort = np.zeros((len(some), len(who)), np.float32)  # (s, output)
        effort[at, nodes] = cho_solve(
            cho_factor(shared.astype(np.float32), overwrite_a=True, check_finite=False), changes[rows, nodes]
        )

        network = copy.copy(before)
        network.who = who + effort.T @ h_metric
        hidden_effort = (effort @ who) * slopes  # (s, hidden)
        network.wih = before.wih + self._inverse["slopes"] @ hidden_effort.T @ x_metric
        return network


def _damped_inverse(matrix: Matrix, damping: float) -> Floats:
    return np.linalg.inv(matrix + damping * np.trace(matrix) / len(matrix) * np.eye(len(matrix))).astype(np.float32)


def _with_copies(pixels: Pixels, copies: int) -> Pixels:
    """Return the drawing (784,) and some distorted `copies`, (1 + copies, 784).

    Six ways to distort it are varied at once, each to both sides equally often and independent of the others, so
    that eight copies say as much as many random ones: a fractional factorial design, as in planning experiments.
    """
    picture = pixels.reshape(28, 28)
    middle = np.array([13.5, 13.5])
    pictures: list[NDArray[Any]] = [picture]
    for a, b, c in SIGNS[:copies]:
        turn, slant, wide, high = np.deg2rad(a * TURN), b * SLANT, 1 + c * STRETCH, 1 + a * b * STRETCH
        shift = a * c * SHIFT, b * c * SHIFT
        matrix = np.array([[np.cos(turn) * wide, slant - np.sin(turn)], [np.sin(turn), np.cos(turn) * high]])
        moved = np.column_stack([matrix, middle - matrix @ middle + shift])  # (2, 3)
        pictures.append(cv2.warpAffine(picture, moved, (28, 28)))
    return np.reshape(pictures, (1 + copies, -1))


def fingerprint(lessons: Sequence[Lesson], before: str = "") -> str:
    """Return a text that is the same only for the same lessons in the same order, after those of `before`."""
    digest = hashlib.sha256(before.encode())
    for lesson in lessons:
        digest.update(lesson.pixels.tobytes() + bytes([lesson.label]))
    return digest.hexdigest()
