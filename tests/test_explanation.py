import numpy as np
import pytest

from data.data_sets import load
from data.records import targets
from explanation import backquery
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
