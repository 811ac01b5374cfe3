"""What a correction does to the weights: enough, no more than that, and always the same."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import block_diag
from threadpoolctl import threadpool_limits

from data.data_sets import bundled_digits, shipped_model
from data.distortion import transform
from data.records import Pixels, scale
from neural_network import NeuralNetwork
from teaching import update
from teaching.update import Learner, curvature_tables, missing_curvature, stored_tables
from tests.conftest import missing, same_weights

DIGITS, LABELS = bundled_digits("test")  # (360, 784), (360,)
Doubles = NDArray[np.float64]
Corrections = tuple[Pixels, Pixels]  # (n, 784), (n,)
Rows = slice | list[int]


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


def mistakes(network: NeuralNetwork, pixels: Pixels, labels: Pixels) -> Corrections:
    """What somebody would correct: the drawings that the network takes for something else."""
    wrong = np.flatnonzero(predict(network, pixels) != labels)
    return pixels[wrong], labels[wrong]


def predict(network: NeuralNetwork, pixels: Pixels) -> NDArray[np.int64]:
    return network.query(scale(pixels)).argmax(axis=1)


def part(corrections: Corrections, rows: Rows) -> Corrections:
    pixels, labels = corrections
    return pixels[rows], labels[rows]


def share_right(network: NeuralNetwork, corrections: Corrections) -> float:
    pixels, labels = corrections
    return float((predict(network, pixels) == labels).mean())


def wrong_corrections(count: int) -> Corrections:
    return DIGITS[:count], (LABELS[:count] + 1) % 10


# Learnt, and not forgotten


def test_corrected_drawings_are_answered_rightly_afterwards(shipped):
    drawings, labels = np.concatenate([DIGITS, slanted(DIGITS, 0.5)]), np.tile(LABELS, 2)
    corrections = mistakes(shipped, drawings, labels)  # fewer than 50 of the digits as they are
    assert len(corrections[1]) > 50
    learner = Learner(shipped)
    for count in (1, 2, 5, 20, 50):
        some = part(corrections, slice(count))
        assert share_right(learner.learn(*some), some) == 1


@pytest.mark.parametrize("slant", [0.7, -0.7])
def test_a_style_is_learnt_from_some_drawings_and_what_was_known_stays(shipped, slant):
    style = slanted(DIGITS, slant)
    corrections = part(mistakes(shipped, style[:180], LABELS[:180]), slice(40))
    learnt = Learner(shipped).learn(*corrections)
    assert share_right(learnt, corrections) == 1
    # other drawings of this style: measured from 0.72 to 0.86, and from 0.77 to 0.86
    others = style[180:], LABELS[180:]
    assert share_right(learnt, others) > share_right(shipped, others) + 0.08
    everybody = DIGITS, LABELS
    assert share_right(learnt, everybody) > share_right(shipped, everybody) - 0.03  # measured: it even rises


def test_corrections_of_more_than_one_block_are_learnt_and_the_earlier_ones_stay(shipped):
    styles = [mistakes(shipped, slanted(DIGITS, slant), LABELS) for slant in (0, 0.5, -0.5)]
    pixels, labels = map(np.concatenate, zip(*styles, strict=True))
    corrections = part((pixels, labels), slice(update.BLOCK + 50))
    assert len(corrections[1]) == update.BLOCK + 50
    learnt = Learner(shipped).learn(*corrections)
    assert share_right(learnt, corrections) > 0.96  # measured: 1
    assert share_right(learnt, part(corrections, slice(update.BLOCK))) > 0.96


def test_a_later_block_leaves_what_an_earlier_one_taught(monkeypatch, shipped):
    monkeypatch.setattr(update, "BLOCK", 10)
    corrections = mistakes(shipped, DIGITS, LABELS)
    learner = Learner(shipped)
    for end in (10, 20, 30, 40):
        some = part(corrections, slice(end))
        assert share_right(learner.learn(*some), some) == 1


def test_no_corrections_leave_the_trained_weights(trained):
    assert same_weights(Learner(trained).learn(*wrong_corrections(0)), trained)


def test_a_correction_that_the_network_knows_surely_changes_nothing():
    network = NeuralNetwork(784, 4, 3, 0.1, seed=1)
    network.wih[:] = 0  # so that hidden outputs are 0.5, and what reaches the outputs is 6, -6 and -6
    network.who[:] = np.array([[3], [-3], [-3]])
    network.extras = curvature_tables(network, scale(DIGITS))
    assert same_weights(Learner(network).learn(DIGITS[:1], np.array([0], np.uint8)), network)
    assert not same_weights(Learner(network).learn(DIGITS[:1], np.array([1], np.uint8)), network)


def test_learning_leaves_the_trained_network_as_it_is(trained, digits_model):
    Learner(trained).learn(*wrong_corrections(3))
    assert same_weights(trained, NeuralNetwork.load(digits_model))


# Always the same


def test_the_same_list_gives_the_very_same_weights(trained):
    corrections = wrong_corrections(12)
    learnt = Learner(trained).learn(*corrections)
    assert same_weights(Learner(trained).learn(*corrections), learnt)
    with threadpool_limits(2, "blas"):
        assert same_weights(Learner(trained).learn(*corrections), learnt)


def test_what_was_learnt_on_the_way_leaves_no_trace(monkeypatch, trained):
    monkeypatch.setattr(update, "BLOCK", 4)
    corrections = wrong_corrections(11)
    learner = Learner(trained)
    relabelled = corrections[0], np.where(np.arange(11) == 5, 9, corrections[1]).astype(np.uint8)
    rows = [*range(11)]
    for given in (
        part(corrections, rows[:3]),
        corrections,
        part(corrections, rows[1:]),
        relabelled,
        part(corrections, slice(0)),
        part(corrections, rows[:9]),
        part(corrections, rows[::-1]),
    ):
        assert same_weights(learner.learn(*given), Learner(trained).learn(*given))
    assert same_weights(learner.learn(*corrections), Learner(trained).learn(*corrections))


# The step itself


def final_inputs(weights: Doubles, inputs: Doubles, nodes: tuple[int, int, int]) -> Doubles:
    """What reaches the output nodes, written down anew, for all weights in one row."""
    input_nodes, hidden_nodes, output_nodes = nodes
    wih = weights[: hidden_nodes * input_nodes].reshape(hidden_nodes, input_nodes)
    who = weights[hidden_nodes * input_nodes :].reshape(output_nodes, hidden_nodes)
    return 1 / (1 + np.exp(-inputs @ wih.T)) @ who.T


def moments(table: NDArray[np.float16]) -> Doubles:
    """The second moments of a curvature table, written down anew: what is left over first, then the directions."""
    rows = table.astype(float)
    return sum((np.outer(row, row) for row in rows[1:]), np.diag(rows[0] * rows[0]))


def test_the_step_is_the_ridge_regression_that_it_says_to_be(monkeypatch):
    monkeypatch.setattr(update, "MAX_STEPS", 1)
    network = NeuralNetwork(784, 3, 2, 0.1, seed=1)
    network.extras = curvature_tables(network, scale(DIGITS))
    learnt = Learner(network).learn(DIGITS[7:8], np.array([1], np.uint8))
    change = np.concatenate([(learnt.wih - network.wih).ravel(), (learnt.who - network.who).ravel()])

    # the metric: how much a change of all weights, as one row, changes the answers from before
    inputs, hidden, slopes = (moments(stored_tables(network)[name]) for name in ("inputs", "hidden", "slopes"))
    by_slope = slopes * (network.who.T @ network.who)

    def damped(matrix: Doubles, name: str) -> Doubles:
        return matrix + update.DAMPING[name] * np.trace(matrix) / len(matrix) * np.eye(len(matrix))

    metric = block_diag(
        np.kron(damped(by_slope, "slopes"), damped(inputs, "inputs")),
        np.kron(np.eye(2), damped(hidden, "hidden")),
    )

    # the residuals, and the jacobian by central differences
    records = scale(np.vstack([DIGITS[7:8], transform(DIGITS[7], update.COPIES)])).astype(float)  # (9, 784)
    weights = np.concatenate([network.wih.ravel(), network.who.ravel()]).astype(float)
    nodes = 784, 3, 2
    signs = np.array([-1, 1])
    residuals = (signs * np.maximum(0, update.MARGIN - signs * final_inputs(weights, records, nodes))).ravel()
    steps = 1e-5 * np.eye(len(weights))
    jacobian = np.stack(
        [
            (final_inputs(weights + step, records, nodes) - final_inputs(weights - step, records, nodes)).ravel() / 2e-5
            for step in steps
        ],
        axis=1,
    )  # (18, all weights)
    importance = np.repeat([update.WEIGHT, *[update.COPIES_WEIGHT / 8] * 8], 2) / update.NOISE_VARIANCE
    assert (np.abs(residuals) > update.TOLERANCE).all()  # none is left out
    weighted = jacobian.T * importance
    wanted = np.linalg.solve(metric + weighted @ jacobian, weighted @ residuals)
    assert np.linalg.norm(change - wanted) < 1e-3 * np.linalg.norm(wanted)


def test_the_more_corrections_the_larger_the_noise_variance_of_each(monkeypatch, trained):
    monkeypatch.setattr(update, "MAX_STEPS", 1)
    corrections = wrong_corrections(1 + update.NOISE_DOUBLES_AT)
    learnt = Learner(trained).learn(*corrections)
    monkeypatch.setattr(update, "NOISE_VARIANCE", 2 * update.NOISE_VARIANCE)
    monkeypatch.setattr(update, "NOISE_DOUBLES_AT", np.inf)
    assert same_weights(Learner(trained).learn(*corrections), learnt)


def test_a_network_without_curvature_cannot_be_taught():
    with pytest.raises(ValueError, match="carries no memory"):
        Learner(NeuralNetwork(784, 5, 10, 0.1))


def test_the_curvature_tables_hold_how_inputs_and_hidden_outputs_varied_in_few_rows(trained):
    inputs = scale(DIGITS)
    hidden_outputs, _ = trained.forward(inputs)
    trained.extras = curvature_tables(trained, inputs)
    assert set(trained.extras) == {"memory_inputs", "memory_hidden", "memory_slopes"}  # as in every model file
    tables = stored_tables(trained)
    shapes = {name: table.shape for name, table in tables.items()}
    assert shapes == {"inputs": (1 + update.TABLE_ROWS, 784), "hidden": (31, 30), "slopes": (31, 30)}
    slopes = hidden_outputs * (1 - hidden_outputs)
    for name, values in (("inputs", inputs), ("hidden", hidden_outputs), ("slopes", slopes)):
        mean = values.T.astype(float) @ values / len(values)
        assert np.linalg.norm(moments(tables[name]) - mean) < 0.01 * np.linalg.norm(mean)
        assert np.diag(moments(tables[name])) == pytest.approx(np.diag(mean), rel=0.01, abs=1e-5)


def test_a_trained_model_carries_its_curvature_in_its_file(trained, tmp_path):
    assert set(stored_tables(trained)) == {"inputs", "hidden", "slopes"}
    trained.save(tmp_path / "again.npz")
    again = NeuralNetwork.load(tmp_path / "again.npz")
    assert all(np.array_equal(stored_tables(again)[name], table) for name, table in stored_tables(trained).items())
    corrections = wrong_corrections(2)
    assert same_weights(Learner(again).learn(*corrections), Learner(trained).learn(*corrections))


@pytest.mark.parametrize("name", ["inputs", "hidden", "slopes"])
@pytest.mark.parametrize(
    "damage", ["empty", "one row", "misshapen", "one dimension", "NaN", "infinite", "text", "endless"]
)
def test_damaged_curvature_is_refused_with_its_name(name, damage):
    network = NeuralNetwork(784, 20, 10, 0.1, seed=0)
    network.extras = dict(curvature_tables(network, scale(DIGITS[:50])))
    assert missing_curvature(network) == ""
    table = network.extras[f"memory_{name}"]
    network.extras[f"memory_{name}"] = {
        "empty": table[:0],
        "one row": table[:1],
        "misshapen": table[:, :-1],
        "one dimension": table[0],
        "NaN": np.where(np.arange(table.shape[1]) == 3, np.float16(np.nan), table),
        "infinite": np.where(np.arange(table.shape[1]) == 3, np.float16(np.inf), table),
        "text": table.astype(str),
        "endless": np.repeat(table, 60, axis=0),
    }[damage]
    assert f"(memory_{name})" in missing_curvature(network)
    with pytest.raises(ValueError, match="train a new one"):
        Learner(network)
