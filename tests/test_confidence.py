"""Confidence can be taken at its word, and never fails; what shows none of the classes is told."""

import numpy as np
import pytest
from scipy.special import expit

from confidence import (
    TEMPERATURES,
    calibration_error,
    confidence,
    fit_temperature,
    is_unsure,
    membership,
    reliability,
)
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


def test_a_picture_shows_none_of_the_classes_where_all_outputs_are_low():
    outputs = np.array([[0.01, 0.95, 0.02], [0.5, 0.6, 0.1], [0.02, 0.01, 0.1]])
    assert membership(outputs).tolist() == [0.95, 0.6, 0.1]


def test_an_answer_is_unsure_where_either_confidence_or_membership_is_low():
    confidences, memberships = np.array([0.99, 0.6, 0.99, 0.6]), np.array([0.97, 0.97, 0.1, 0.1])
    assert is_unsure(confidences, memberships).tolist() == [False, True, True, True]


def test_the_calibration_error_is_what_confidence_and_accuracy_differ_by():
    confidences, right = np.repeat([0.6, 0.9], [200, 400]), np.tile([True, True, True, False], 150)
    assert calibration_error(confidences, right) == pytest.approx(0.15)  # three of four are right
    means, accuracies, counts = reliability(confidences, right)
    assert means[[0, -1]] == pytest.approx([0.6, 0.9])
    assert accuracies[[0, -1]] == pytest.approx([0.75, 0.75])
    assert counts.sum() == 600


def test_confidence_that_is_right_has_no_calibration_error():
    random = np.random.default_rng(0)
    confidences = random.uniform(0.5, 1, 50_000)
    assert calibration_error(confidences, random.random(50_000) < confidences) < 0.01


def test_a_few_answers_have_a_calibration_error_too():
    assert calibration_error(np.array([0.8]), np.array([True])) == pytest.approx(0.2)
