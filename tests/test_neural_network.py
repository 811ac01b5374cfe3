import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from data.data_sets import load
from data.records import scale, targets
from neural_network import NeuralNetwork
from notebooks.course import slopes_by_differences
from tests.conftest import PROJECT

Doubles = NDArray[np.float64]


@pytest.fixture
def network() -> NeuralNetwork:
    return NeuralNetwork(6, 5, 3, learning_rate=0.1, seed=1)


@pytest.fixture
def records() -> tuple[Doubles, Doubles]:
    random = np.random.default_rng(2)
    return random.uniform(0.01, 1, (4, 6)), random.uniform(0.01, 0.99, (4, 3))


def loss_in_double_precision(wih: Doubles, who: Doubles, inputs: Doubles, wanted: Doubles) -> float:
    """The cross-entropy, summed over records and nodes, written down anew and without the class."""
    outputs = expit(expit(inputs @ wih.T) @ who.T)
    return -float((wanted * np.log(outputs) + (1 - wanted) * np.log(1 - outputs)).sum())


def test_one_step_is_the_one_worked_out_by_hand():
    # hidden = sigmoid(0 x 1) = 0.5, output = sigmoid(2 x 0.5) = 0.7310586, error = 0.99 - 0.7310586 = 0.2589414
    # who grows by 0.1 x 0.2589414 x 0.5; the hidden error is 2 x 0.2589414 x 0.5 x (1 - 0.5) = 0.1294707
    network = NeuralNetwork(1, 1, 1, learning_rate=0.1)
    network.wih, network.who = np.array([[0]], np.float32), np.array([[2]], np.float32)
    assert network.train([1.0], [0.99]) == pytest.approx([0.7310586])
    assert network.who == pytest.approx(np.array([[2.01294707]]))
    assert network.wih == pytest.approx(np.array([[0.01294707]]))


def test_a_step_follows_the_exact_gradient_of_the_cross_entropy(network, records):
    inputs, wanted = records
    wih, who = network.wih.astype(float), network.who.astype(float)
    network.train(inputs, wanted)
    for before, after in ((wih, network.wih), (who, network.who)):
        gradient = slopes_by_differences(lambda: loss_in_double_precision(wih, who, inputs, wanted), before)
        assert (before - after) / 0.1 == pytest.approx(gradient, abs=2e-5)


def test_momentum_makes_each_step_a_running_average_of_gradients(network, records):
    inputs, wanted = records
    plain = NeuralNetwork(6, 5, 3, learning_rate=0.1, seed=1)
    network.momentum = 0.75
    start = network.wih.copy()
    network.train(inputs, wanted)
    plain.train(inputs, wanted)
    first = 0.25 * (plain.wih - start)
    assert network.wih - start == pytest.approx(first, abs=1e-6)
    after_one = network.wih.copy()
    plain.wih, plain.who = network.wih.copy(), network.who.copy()
    network.train(inputs, wanted)
    plain.train(inputs, wanted)
    assert network.wih - after_one == pytest.approx(0.75 * first + 0.25 * (plain.wih - after_one), abs=1e-6)


def test_a_mini_batch_of_one_is_a_single_record(network, records):
    inputs, wanted = records
    twin = NeuralNetwork(6, 5, 3, learning_rate=0.1, seed=1)
    assert network.train(inputs[0], wanted[0]).shape == (3,)
    assert twin.train(inputs[:1], wanted[:1]).shape == (1, 3)
    assert np.array_equal(network.wih, twin.wih)


def test_batches_of_changing_size_learn_as_if_each_were_the_first(network, records):
    inputs, wanted = records
    for count in (4, 1, 3, 2, 4):
        twin = NeuralNetwork(6, 5, 3, learning_rate=0.1)
        twin.wih, twin.who = network.wih.copy(), network.who.copy()
        network.train(inputs[:count], wanted[:count])
        twin.train(inputs[:count], wanted[:count])
        assert np.array_equal(network.who, twin.who)


def test_train_answers_what_query_answered_before_the_step(network, records):
    inputs, wanted = records
    before = network.query(inputs)
    said = network.train(inputs, wanted)
    assert said == pytest.approx(before)
    network.train(inputs, wanted)
    assert said == pytest.approx(before), "an answer handed out must not change afterwards"
    assert network.query(inputs) != pytest.approx(before)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    first, same, other = (NeuralNetwork(9, 4, 2, 0.1, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first.wih, same.wih)
    assert np.array_equal(first.who, same.who)
    assert not np.array_equal(first.wih, other.wih)


def test_new_weights_have_the_spread_of_their_layer():
    network = NeuralNetwork(784, 200, 10, 0.1, seed=0)
    assert network.wih.shape == (200, 784)
    assert network.who.shape == (10, 200)
    assert network.wih.std() == pytest.approx(784**-0.5, rel=0.02)
    assert network.who.std() == pytest.approx(200**-0.5, rel=0.05)
    assert network.wih.dtype == network.who.dtype == np.float32


def test_one_record_and_several_are_answered_alike(network, records):
    inputs, _ = records
    together = network.query(inputs)
    assert together.shape == (4, 3)
    assert together.dtype == np.float32
    for record, outputs in zip(inputs, together, strict=True):
        assert network.query(list(record)) == pytest.approx(outputs)


def test_weights_put_in_by_hand_are_trained_whatever_their_type_and_order(network, records):
    inputs, wanted = records
    twin = NeuralNetwork(6, 5, 3, learning_rate=0.1)
    twin.wih, twin.who = np.asfortranarray(network.wih, float), np.asfortranarray(network.who, float)
    network.train(inputs, wanted)
    twin.train(inputs, wanted)
    assert twin.wih == pytest.approx(network.wih, abs=1e-6)
    assert twin.who == pytest.approx(network.who, abs=1e-6)


WRONG = [
    ([0.5] * 5, "must be numbers of shape (6,) or (n, 6), got float64 (5,)"),
    ([[0.5] * 7] * 2, "got float64 (2, 7)"),
    (np.zeros((2, 2, 6)), "got float64 (2, 2, 6)"),
    (np.zeros((0, 6)), "got float64 (0, 6)"),
    ([0.5] * 5 + [np.nan], "from 0 to 1, got nan"),
    ([0.5] * 5 + [np.inf], "got inf"),
    ([0.5] * 5 + [-np.inf], "got -inf"),
    ([0.5] * 5 + [1e300], "got 1e+300"),
    (["0.5"] * 6, "must be numbers"),
    ([None] * 6, "must be numbers"),
    ([0.5] * 5 + [1.5], "got 1.5"),
    ([0.5] * 5 + [-0.25], "got -0.25"),
    ([255.0] * 6, "got 255"),
]


@pytest.mark.parametrize(("inputs", "told"), WRONG)
def test_wrong_inputs_are_refused_and_change_nothing(network, inputs, told):
    wih, who = network.wih.copy(), network.who.copy()
    for call in (lambda: network.query(inputs), lambda: network.train(inputs, [0.5, 0.5, 0.5])):
        with pytest.raises(ValueError, match="inputs must") as caught:
            call()
        assert told in str(caught.value)
    assert np.array_equal(network.wih, wih)
    assert np.array_equal(network.who, who)


@pytest.mark.parametrize("wanted", [[0.5, 0.5], [0.5, 0.5, 2.0], [0.5, 0.5, np.nan], [[0.5] * 3] * 2])
def test_wrong_targets_are_refused_and_change_nothing(network, wanted):
    wih, who = network.wih.copy(), network.who.copy()
    with pytest.raises(ValueError, match="targets"):
        network.train([0.5] * 6, wanted)
    assert np.array_equal(network.wih, wih)
    assert np.array_equal(network.who, who)


@pytest.mark.parametrize(
    "settings",
    [
        {"input_nodes": 0},
        {"hidden_nodes": -3},
        {"output_nodes": 2.5},
        {"hidden_nodes": True},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
    ],
)
def test_a_network_that_makes_no_sense_is_refused(settings):
    with pytest.raises(ValueError, match=r"must be|need"):
        NeuralNetwork(**({"input_nodes": 2, "hidden_nodes": 2, "output_nodes": 3, "learning_rate": 0.1} | settings))


@pytest.mark.parametrize("momentum", [1, -0.1, float("nan")])
def test_momentum_that_makes_no_sense_is_refused_and_changes_nothing(network, records, momentum):
    wih = network.wih.copy()
    network.momentum = momentum
    with pytest.raises(ValueError, match="momentum must be at least 0 and below 1"):
        network.train(*records)
    assert np.array_equal(network.wih, wih)


def test_class_names_that_do_not_fit_the_output_nodes_are_not_saved(network, tmp_path):
    network.class_names = ("one", "two")
    with pytest.raises(ValueError, match="3 output nodes need as many class names, got 2"):
        network.save(tmp_path / "model.npz")
    assert not [*tmp_path.iterdir()]


def test_a_saved_network_comes_back_the_same(network, records, tmp_path):
    inputs, wanted = records
    network.class_names, network.training = ("shoe", "hat", "Ärmel"), {"dataset": "mnist", "seed": 1}
    network.momentum, network.extras = 0.25, {"colours": np.array([1, 2, 3], np.uint8)}
    network.train(inputs, wanted)
    network.save(tmp_path / "model.npz")
    loaded = NeuralNetwork.load(tmp_path / "model.npz")
    assert np.array_equal(loaded.query(inputs), network.query(inputs))
    assert loaded.class_names == network.class_names
    assert loaded.training == network.training
    assert (loaded.learning_rate, loaded.momentum) == (0.1, 0.25)
    assert np.array_equal(loaded.extras["colours"], [1, 2, 3])
    with (tmp_path / "model.npz").open("rb") as file:
        assert np.array_equal(NeuralNetwork.load(file).wih, network.wih)
    assert [file.name for file in tmp_path.iterdir()] == ["model.npz"]


def test_a_model_file_can_be_read_without_pickle(network, tmp_path):
    network.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        assert {"wih", "who", "learning_rate", "class_names", "training"} <= {*file.keys()}
        assert not any(file[name].dtype.hasobject for name in file)


def broken_models() -> dict[str, dict[str, object]]:
    whole: dict[str, object] = {
        "wih": np.zeros((5, 6)),
        "who": np.zeros((3, 5)),
        "learning_rate": 0.1,
        "momentum": 0.0,
        "class_names": ["a", "b", "c"],
        "training": "{}",
    }
    return {
        "without who": {name: value for name, value in whole.items() if name != "who"},
        "weights that do not fit": whole | {"who": np.zeros((3, 4))},
        "weights of one dimension": whole | {"wih": np.zeros(6)},
        "NaN": whole | {"wih": np.full((5, 6), np.nan)},
        "infinite": whole | {"who": np.full((3, 5), np.inf)},
        "text for weights": whole | {"who": np.full((3, 5), "x")},
        "pickled content": whole | {"training": np.array([{"a": 1}], dtype=object)},
        "too few names": whole | {"class_names": ["a"]},
        "broken JSON": whole | {"training": "{"},
        "rate of NaN": whole | {"learning_rate": np.nan},
    }


@pytest.mark.parametrize("broken", broken_models())
def test_a_broken_model_is_told_with_its_path(broken, tmp_path):
    path = tmp_path / "model.npz"
    np.savez(path, **broken_models()[broken])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"model\.npz is not a model"):
        NeuralNetwork.load(path)


def test_a_file_that_is_no_npz_or_only_a_part_of_one_is_told(network, tmp_path):
    path = tmp_path / "model.npz"
    network.save(path)
    whole = path.read_bytes()
    for contents in (b"", b"hello", whole[: len(whole) // 2], whole[:-30], os.urandom(3000)):
        path.write_bytes(contents)
        with pytest.raises(ValueError, match=r"model\.npz is not a model"):
            NeuralNetwork.load(path)


def test_saving_to_a_full_disk_leaves_the_old_model(network, tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    network.save(path)
    before = path.read_bytes()

    def disk_is_full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_is_full)
    network.train([0.5] * 6, [0.9] * 3)
    with pytest.raises(OSError, match="No space left"):
        network.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.npz"]


def test_a_program_killed_while_saving_leaves_a_whole_model(tmp_path):
    saving = (
        "from neural_network import NeuralNetwork\n"
        "network = NeuralNetwork(784, 200, 10, 0.1, seed=0)\n"
        "while True: network.save('model.npz'); print('saved', flush=True)\n"
    )
    clock = random.Random(3)
    for _ in range(12):
        program = subprocess.Popen(
            [sys.executable, "-c", saving],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
        )
        assert program.stdout
        program.stdout.readline()
        time.sleep(clock.uniform(0, 0.03))
        program.kill()
        program.communicate()
        assert NeuralNetwork.load(tmp_path / "model.npz").wih.shape == (200, 784)


def test_a_small_seeded_training_reads_the_bundled_digits():
    train, test = load("digits", "train"), load("digits", "test")
    network = NeuralNetwork(784, 50, 10, learning_rate=0.1, seed=0)
    for _ in range(8):
        for inputs, wanted in zip(train.inputs, targets(train.labels, 10), strict=True):
            network.train(inputs, wanted)
    answers = network.query(test.inputs).argmax(axis=1)
    assert (answers == test.labels).mean() > 0.9


def test_the_class_needs_nothing_else_of_the_project(tmp_path: Path):
    (tmp_path / "neural_network.py").write_bytes((PROJECT / "neural_network.py").read_bytes())
    alone = "import neural_network as n; print(n.NeuralNetwork(2, 3, 1, 0.5).query([0.2, 0.4]).shape)"
    ended = subprocess.run([sys.executable, "-c", alone], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "(1,)"


def test_no_scaled_pixel_is_out_of_the_range_of_inputs():
    inputs = scale(np.arange(256, dtype=np.uint8))
    assert NeuralNetwork(256, 2, 2, 0.1).query(inputs).shape == (2,)
