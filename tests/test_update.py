"""What a correction does to the weights: enough, no more than that, and always the same."""

import cv2
import learning
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import block_diag
from threadpoolctl import threadpool_limits

from data.data_sets import bundled_digits, shipped_model
from data.records import Pixels, scale
from neural_network import NeuralNetwork
from teaching.update import Learner, Lesson, memory_of
from tests.conftest import missing, same_weights

DIGITS, LABELS = bundled_digits("test")  # (360, 784), (360,)
Doubles = NDArray[np.float64]


@pytest.fixture
def trained(digits_model) -> NeuralNetwork:
    return NeuralNetwork.load(digits_model)


@pytest.fixture(scope="module")
def shipped() -> NeuralNetwork:
    if not shipped_model().exists():
        missing("the trained model that ships")
    return NeuralNetwork.load(shipped_model())


def slanted(pixels: Pixels, slant: float) -> Pixels:
    """Drawings (n, 784) as somebody writes them whose hand leans to one side."""
    matrix = np.array([[1, slant, -13.5 * slant], [0, 1, 0]])
    return np.stack([cv2.warpAffine(row.reshape(28, 28), matrix, (28, 28)).ravel() for row in pixels])


def mistakes(network: NeuralNetwork, pixels: Pixels, labels: Pixels) -> list[Lesson]:
    """What somebody would correct: the drawings that the network takes for something else."""
    wrong = np.flatnonzero(said(network, pixels) != labels)
    return [Lesson(pixels[row], int(labels[row])) for row in wrong]


def said(network: NeuralNetwork, pixels: Pixels) -> NDArray[np.int64]:
    return network.query(scale(pixels)).argmax(axis=1)


def share_right(network: NeuralNetwork, lessons: list[Lesson]) -> float:
    answers = said(network, np.stack([lesson.pixels for lesson in lessons]))
    return float((answers == [lesson.label for lesson in lessons]).mean())


def wrong_lessons(count: int) -> list[Lesson]:
    return [Lesson(DIGITS[row], int(LABELS[row] + 1) % 10) for row in range(count)]


# Learnt, and not forgotten


def test_corrected_drawings_are_answered_rightly_afterwards(shipped):
    lessons = mistakes(shipped, DIGITS, LABELS)
    assert len(lessons) > 50
    learner = Learner(shipped)
    for count in (1, 2, 5, 20, 50):
        assert share_right(learner.taught(lessons[:count]), lessons[:count]) == 1


@pytest.mark.parametrize("slant", [0.7, -0.7])
def test_a_style_is_learnt_from_some_drawings_and_what_was_known_stays(shipped, slant):
    style = slanted(DIGITS, slant)
    lessons = mistakes(shipped, style[:180], LABELS[:180])[:40]
    taught = Learner(shipped).taught(lessons)
    assert share_right(taught, lessons) == 1

    def accuracy(network: NeuralNetwork, pixels: Pixels, labels: Pixels) -> float:
        return float((said(network, pixels) == labels).mean())

    # other drawings of this style: measured from 0.72 to 0.86, and from 0.77 to 0.86
    assert accuracy(taught, style[180:], LABELS[180:]) > accuracy(shipped, style[180:], LABELS[180:]) + 0.08
    assert accuracy(taught, DIGITS, LABELS) > accuracy(shipped, DIGITS, LABELS) - 0.03  # measured: it even rises


def test_corrections_of_more_than_one_block_are_learnt_and_the_earlier_ones_stay(shipped):
    styles = [mistakes(shipped, slanted(DIGITS, slant), LABELS) for slant in (0, 0.5, -0.5)]
    lessons = [lesson for style in styles for lesson in style][: learning.BLOCK + 50]
    assert len(lessons) == learning.BLOCK + 50
    taught = Learner(shipped).taught(lessons)
    assert share_right(taught, lessons) > 0.96  # measured: 1
    assert share_right(taught, lessons[: learning.BLOCK]) > 0.96


def test_a_later_block_leaves_what_an_earlier_one_taught(monkeypatch, shipped):
    monkeypatch.setattr(learning, "BLOCK", 10)
    lessons = mistakes(shipped, DIGITS, LABELS)[:40]
    learner = Learner(shipped)
    for end in (10, 20, 30, 40):
        assert share_right(learner.taught(lessons[:end]), lessons[:end]) == 1


def test_no_lessons_leave_the_trained_weights(trained):
    assert same_weights(Learner(trained).taught([]), trained)


def test_a_lesson_that_the_network_knows_surely_changes_nothing():
    network = NeuralNetwork(784, 4, 3, 0.1, seed=1)
    network.wih[:] = 0  # so that hidden outputs are 0.5, and what reaches the outputs is 6, -6 and -6
    network.who[:] = np.array([[3], [-3], [-3]])
    network.memory = memory_of(network, scale(DIGITS))
    assert same_weights(Learner(network).taught([Lesson(DIGITS[0], 0)]), network)
    assert not same_weights(Learner(network).taught([Lesson(DIGITS[0], 1)]), network)


def test_learning_leaves_the_trained_network_as_it_is(trained, digits_model):
    Learner(trained).taught(wrong_lessons(3))
    assert same_weights(trained, NeuralNetwork.load(digits_model))


# Always the same


def test_the_same_list_gives_the_very_same_weights(trained):
    lessons = wrong_lessons(12)
    taught = Learner(trained).taught(lessons)
    assert same_weights(Learner(trained).taught(lessons), taught)
    with threadpool_limits(2, "blas"):
        assert same_weights(Learner(trained).taught(lessons), taught)


def test_what_was_learnt_on_the_way_leaves_no_trace(monkeypatch, trained):
    monkeypatch.setattr(learning, "BLOCK", 4)
    lessons = wrong_lessons(11)
    learner = Learner(trained)
    relabelled = [Lesson(lessons[5].pixels, 9)]
    for way in (
        lessons[:3],
        lessons,
        lessons[1:],
        lessons[:5] + relabelled + lessons[6:],
        [],
        lessons[:9],
        lessons[::-1],
    ):
        assert same_weights(learner.taught(way), Learner(trained).taught(way))
    assert same_weights(learner.taught(lessons), Learner(trained).taught(lessons))


# The step itself


def final_inputs(weights: Doubles, inputs: Doubles, nodes: tuple[int, int, int]) -> Doubles:
    """What reaches the output nodes, written down anew, for all weights in one row."""
    input_nodes, hidden_nodes, output_nodes = nodes
    wih = weights[: hidden_nodes * input_nodes].reshape(hidden_nodes, input_nodes)
    who = weights[hidden_nodes * input_nodes :].reshape(output_nodes, hidden_nodes)
    return 1 / (1 + np.exp(-inputs @ wih.T)) @ who.T


def remembered(table: NDArray[np.float16]) -> Doubles:
    """The mean products of a table of the memory, written down anew: what is left over first, then the directions."""
    rows = table.astype(float)
    return sum((np.outer(row, row) for row in rows[1:]), np.diag(rows[0] * rows[0]))


def test_the_step_is_the_ridge_regression_that_it_says_to_be(monkeypatch):
    monkeypatch.setattr(learning, "ROUNDS", 1)
    network = NeuralNetwork(784, 3, 2, 0.1, seed=1)
    network.memory = memory_of(network, scale(DIGITS))
    taught = Learner(network).taught([Lesson(DIGITS[7], 1)])
    change = np.concatenate([(taught.wih - network.wih).ravel(), (taught.who - network.who).ravel()])

    # the metric: how much a change of all weights, as one row, changes the answers from before
    inputs, hidden, slopes = (remembered(network.memory[name]) for name in ("inputs", "hidden", "slopes"))
    by_slope = slopes * (network.who.T @ network.who)

    def damped(matrix: Doubles, name: str) -> Doubles:
        return matrix + learning.DAMPING[name] * np.trace(matrix) / len(matrix) * np.eye(len(matrix))

    metric = block_diag(
        np.kron(damped(by_slope, "slopes"), damped(inputs, "inputs")),
        np.kron(np.eye(2), damped(hidden, "hidden")),
    )

    # what is wished for, and its slopes by central differences
    records = scale(learning._with_copies(DIGITS[7], 8)).astype(float)  # (9, 784)
    weights = np.concatenate([network.wih.ravel(), network.who.ravel()]).astype(float)
    nodes = 784, 3, 2
    signs = np.array([-1, 1])
    wishes = (signs * np.maximum(0, learning.MARGIN - signs * final_inputs(weights, records, nodes))).ravel()
    steps = 1e-5 * np.eye(len(weights))
    jacobian = np.stack(
        [
            (final_inputs(weights + step, records, nodes) - final_inputs(weights - step, records, nodes)).ravel() / 2e-5
            for step in steps
        ],
        axis=1,
    )  # (18, all weights)
    importance = np.repeat([learning.WEIGHT, *[learning.COPIES_WEIGHT / 8] * 8], 2) / learning.CAUTION
    assert (np.abs(wishes) > learning.SLACK).all()  # none is left out
    weighted = jacobian.T * importance
    wanted = np.linalg.solve(metric + weighted @ jacobian, weighted @ wishes)
    assert np.linalg.norm(change - wanted) < 1e-3 * np.linalg.norm(wanted)


def test_the_more_corrections_the_more_caution_each_of_them_takes(monkeypatch, trained):
    monkeypatch.setattr(learning, "ROUNDS", 1)
    lessons = wrong_lessons(1 + learning.MANY)
    taught = Learner(trained).taught(lessons)
    monkeypatch.setattr(learning, "CAUTION", 2 * learning.CAUTION)
    monkeypatch.setattr(learning, "MANY", np.inf)
    assert same_weights(Learner(trained).taught(lessons), taught)


def test_a_network_without_memory_cannot_be_taught():
    with pytest.raises(ValueError, match="carries no memory"):
        Learner(NeuralNetwork(784, 5, 10, 0.1))


def test_the_memory_tells_how_inputs_and_hidden_outputs_varied_in_few_rows(trained):
    inputs = scale(DIGITS)
    hidden_outputs, _ = trained.forward(inputs)
    memory = memory_of(trained, inputs)
    shapes = {name: table.shape for name, table in memory.items()}
    assert shapes == {"inputs": (1 + learning.MEMORY_ROWS, 784), "hidden": (31, 30), "slopes": (31, 30)}
    slopes = hidden_outputs * (1 - hidden_outputs)
    for name, values in (("inputs", inputs), ("hidden", hidden_outputs), ("slopes", slopes)):
        mean = values.T.astype(float) @ values / len(values)
        assert np.linalg.norm(remembered(memory[name]) - mean) < 0.01 * np.linalg.norm(mean)
        assert np.diag(remembered(memory[name])) == pytest.approx(np.diag(mean), rel=0.01, abs=1e-5)


def test_a_trained_model_carries_its_memory_in_its_file(trained, tmp_path):
    assert set(trained.memory) == {"inputs", "hidden", "slopes"}
    trained.save(tmp_path / "again.npz")
    again = NeuralNetwork.load(tmp_path / "again.npz")
    assert all(np.array_equal(again.memory[name], table) for name, table in trained.memory.items())
    assert same_weights(Learner(again).taught(wrong_lessons(2)), Learner(trained).taught(wrong_lessons(2)))
