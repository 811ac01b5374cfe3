import numpy as np
import pytest
from scipy.special import logit

from data.data_sets import load
from data.records import scale, targets
from explanation import backquery, final_gradients, integrate_gradients
from neural_network import NeuralNetwork


@pytest.fixture
def network() -> NeuralNetwork:
    return NeuralNetwork(6, 5, 3, learning_rate=0.1, seed=1)


def test_backquery_gives_a_picture_for_each_class(network):
    imagined = backquery(network, [[0.99, 0.01, 0.01], [0.01, 0.99, 0.01]])
    assert imagined.shape == (2, 6)
    assert np.abs(imagined - 0.5).max(axis=1) == pytest.approx([0.49, 0.49])
    assert backquery(network, [0.99, 0.01, 0.01]) == pytest.approx(imagined[0])


def test_what_says_nothing_for_or_against_an_answer_is_imagined_grey():
    network = NeuralNetwork(2, 2, 1, 0.1)
    network.wih[:], network.who[:] = [[2, 0], [0, 0]], [[3, -1]]
    assert backquery(network, [0.99]) == pytest.approx([0.99, 0.5])
    assert backquery(network, [0.01]) == pytest.approx([0.01, 0.5])
    assert backquery(network, [0.5]) == pytest.approx([0.5, 0.5])


def test_a_trained_network_recognises_what_it_imagines():
    train = load("digits", "train")
    network = NeuralNetwork(784, 50, 10, learning_rate=0.05, seed=0)
    wanted = targets(train.labels, 10)
    for start in range(0, 4 * len(train.labels), 10):
        rows = np.arange(start, start + 10) % len(train.labels)
        network.train(train.inputs[rows], wanted[rows])
    imagined = backquery(network, targets(np.arange(10, dtype=np.uint8), 10))
    assert (network.query(imagined).argmax(axis=1) == np.arange(10)).mean() >= 0.8


def test_gradients_are_central_differences(network):
    inputs = np.random.default_rng(1).uniform(0.01, 1, 6).astype(np.float32)
    moved = inputs + 1e-2 * np.eye(6, dtype=np.float32)
    back = inputs - 1e-2 * np.eye(6, dtype=np.float32)
    slopes = (logit(network.query(moved)[:, 1]) - logit(network.query(back)[:, 1])) / 2e-2
    assert final_gradients(network, inputs[None], 1)[0] == pytest.approx(slopes, abs=1e-3)


def test_what_the_ink_adds_comes_to_the_difference_from_paper_and_paper_adds_nothing(network):
    inputs = scale(np.array([255, 0, 128, 255, 0, 40], np.uint8))
    added = integrate_gradients(network, inputs, 2, steps=64)
    both = logit(network.query(np.stack([inputs, scale(np.zeros(6, np.uint8))]))[:, 2])
    assert added.sum() == pytest.approx(both[0] - both[1], abs=1e-3)
    assert added[[1, 4]] == pytest.approx(0)


def test_ink_without_which_another_answer_is_given_is_found():
    network = NeuralNetwork(3, 1, 1, 0.1)
    network.wih[:], network.who[:] = [[4, -4, 0]], [[5]]
    for_it, against_it, neither = integrate_gradients(network, [1, 1, 1], 0)
    assert for_it > 1
    assert against_it < -1
    assert neither == pytest.approx(0)
