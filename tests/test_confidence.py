"""Confidence can be taken at its word, and never fails."""

import numpy as np
import pytest
from scipy.special import expit

from confidence import TEMPERATURES, confidence, fit_temperature
from neural_network import NeuralNetwork


@pytest.fixture
def network() -> NeuralNetwork:
    return NeuralNetwork(4, 3, 3, 0.1, seed=1)


def test_shares_are_of_all_classes_together(network):
    outputs = np.array([[0.5, 0.5, 0.5], [0.9, 0.1, 0.1]])
    # the odds of 0.9 are 9, those of 0.1 a ninth
    assert confidence(network, outputs) == pytest.approx([1 / 3, 9 / (9 + 2 / 9)])


def test_two_outputs_that_are_both_high_are_no_sure_answer(network):
    assert confidence(network, np.array([[0.99, 0.99, 0.01]]))[0] == pytest.approx(0.5, abs=0.01)


def test_a_higher_temperature_makes_less_sure_and_changes_no_answer(network):
    outputs = np.array([[0.9, 0.2, 0.1]])
    sure = []
    for temperature in (0.5, 1, 2):
        network.training = {"temperature": temperature}
        sure.append(confidence(network, outputs)[0])
    assert sure == sorted(sure, reverse=True)


def test_outputs_that_float32_rounds_to_0_or_1_have_a_confidence(network):
    assert confidence(network, np.array([[1, 0, 0]], np.float32))[0] > 0.999
    assert confidence(network, np.array([[0, 0, 0]], np.float32))[0] == pytest.approx(1 / 3)


@pytest.mark.parametrize("truth", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_labels_is_found_again(truth, network):
    random = np.random.default_rng(0)
    final_inputs = random.normal(0, 3, (20_000, 3))
    chances = np.exp(final_inputs / truth)
    chances /= chances.sum(axis=1, keepdims=True)
    labels = (random.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, 2).astype(np.uint8)
    outputs = expit(final_inputs)
    temperature = fit_temperature(outputs, labels)
    assert temperature == pytest.approx(truth, rel=0.05)
    network.training = {"temperature": temperature}
    assert confidence(network, outputs).mean() == pytest.approx((outputs.argmax(axis=1) == labels).mean(), abs=0.01)


def test_a_temperature_is_found_where_every_answer_is_right():
    outputs = np.array([[0.9, 0.1], [0.1, 0.9]], np.float32)
    assert TEMPERATURES[0] <= fit_temperature(outputs, np.array([0, 1], np.uint8)) <= TEMPERATURES[1]
