"""What evaluation measures, on answers that can be counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from data.data_sets import load
from data.distortion import Affine
from data.pictures import NumberPicture, Picture
from data.records import scale
from neural_network import NeuralNetwork
from scoring import (
    Answers,
    NumberAnswers,
    compare_numbers,
    compare_pictures,
    confusions,
    edit_distance,
    measure_certainty,
    query_views,
    rows_to_look_at,
    score_numbers,
)


def answers(predicted: list[int], confidences: list[float], memberships: list[float]) -> Answers:
    return Answers(np.array(predicted), np.array(confidences), np.array(memberships))


DIGITS = answers([3, 4, 4, 9, 7], [0.99, 0.95, 0.6, 0.5, 0.97], [0.9, 0.8, 0.9, 0.7, 0.3])
LABELS = np.array([3, 9, 4, 4, 7], np.uint8)
LETTERS = answers([4, 2], [0.99, 0.95], [0.85, 0.1])


def test_several_views_are_answered_by_the_mean_of_their_outputs():
    records = load("digits", "test").take(np.arange(3))
    network = NeuralNetwork(784, 5, 10, learning_rate=0.1, seed=0)
    views = (Affine(), Affine(right=2.0))
    moved = np.roll(records.pixels.reshape(-1, 28, 28), 2, axis=2).reshape(-1, 784)  # no ink is near the border
    expected = (network.query(records.inputs) + network.query(scale(moved))) / 2
    assert query_views(network, records, views) == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(query_views(network, records, ()), network.query(records.inputs))


def test_the_most_frequent_confusions_come_first():
    assert confusions([[9, 1, 0], [0, 5, 3], [2, 0, 7]]) == [(1, 2, 3), (2, 0, 2), (0, 1, 1)]


def test_certainty_is_measured_on_digits_and_on_what_is_none():
    certainty = measure_certainty(DIGITS, LABELS, LETTERS)
    assert certainty.unsure == pytest.approx(3 / 5)  # the rivals of two, and the largest output of the last
    assert certainty.right_of_sure == pytest.approx(1 / 2)
    assert certainty.others == 2
    assert certainty.others_answered_surely == pytest.approx(1 / 2)
    assert certainty.auroc == pytest.approx(7 / 10)  # of ten pairs, in so many the digit has the larger output
    assert certainty.calibration_error == pytest.approx((0.01 + 0.95 + 0.4 + 0.5 + 0.03) / 5)


def test_where_no_answer_is_sure_none_of_the_sure_is_right():
    doubtful = answers([3, 4], [0.5, 0.6], [0.9, 0.9])
    certainty = measure_certainty(doubtful, np.array([3, 4], np.uint8), LETTERS)
    assert (certainty.unsure, certainty.right_of_sure) == (1, None)


def test_a_person_looks_at_the_surest_mistakes_and_at_the_least_sure_answers_first():
    wrong, unsure = rows_to_look_at(DIGITS, LABELS)
    assert wrong.tolist() == [1, 3]
    assert unsure.tolist() == [2, 4]


def test_pictures_are_counted_over_all_and_over_writers():
    found = [Picture(Path(name), 7, writer) for name, writer in zip("abcd", ["Ann", "Ann", "Ann", "Bob"], strict=True)]
    result = compare_pictures("model.npz", "mine", found, found[:2], {"c": "no picture"})
    assert (result.correct, result.total, result.accuracy) == (2, 4, 0.5)
    assert result.accuracy_over_writers == pytest.approx((2 / 3 + 0) / 2)
    assert result.unreadable == {"c": "no picture"}


@pytest.mark.parametrize(
    ("text", "other", "distance"),
    [("407", "407", 0), ("407", "47", 1), ("407", "4107", 1), ("", "12", 2), ("123", "321", 2), ("1234", "2345", 2)],
)
def test_digits_are_added_left_out_and_changed_as_few_times_as_possible(text, other, distance):
    assert edit_distance(text, other) == edit_distance(other, text) == distance


@pytest.mark.parametrize(
    ("label", "text", "exact", "count_right", "digit_error_rate"),
    [
        ("407", "407", 1, 1, 0),
        ("407", "401", 0, 1, 1 / 3),
        ("407", "47", 0, 0, 1 / 3),
        ("407", "", 0, 0, 1),
        ("7", "777", 0, 0, 2),  # more errors than digits
        ("47", "4\n7", 0, 1, 1 / 2),  # it stands on one line
    ],
)
def test_a_number_is_compared_with_its_label(label, text, exact, count_right, digit_error_rate):
    score = score_numbers([label], [text])
    assert (score.total, score.exact, score.count_right) == (1, exact, count_right)
    assert score.digit_error_rate == pytest.approx(digit_error_rate)


def test_numbers_are_scored_over_all_by_length_and_over_writers():
    written = [("12", "Bob"), ("345", "Ann"), ("678", "Ann"), ("901", "Ann"), ("2", "")]
    found = [NumberPicture(Path(f"{text}.png"), text, writer) for text, writer in written]
    texts, confidences = ["12", "345", "78", "", "7"], np.array([0.95, 0.99, 0.97, 0, 0.6])
    read = NumberAnswers(texts, confidences, np.array([False, False, False, True, True]), {"901.png": "no picture"})
    result = compare_numbers("model.npz", "mine", found, read)
    assert (result.total, result.correct) == (5, 2)
    assert result.exact == pytest.approx(2 / 5)
    assert result.count_right == pytest.approx(3 / 5)
    assert result.digit_error_rate == pytest.approx((1 + 3 + 1) / 12)
    assert {length: (score.total, score.correct) for length, score in result.per_length.items()} == {
        1: (1, 0),
        2: (1, 1),
        3: (3, 1),
    }
    assert list(result.per_writer) == ["", "Ann", "Bob"]
    assert result.per_writer["Ann"].digit_error_rate == pytest.approx(4 / 9)
    assert result.over_writers == pytest.approx(
        {"exact": (0 + 1 / 3 + 1) / 3, "count_right": (1 + 1 / 3 + 1) / 3, "digit_error_rate": (1 + 4 / 9 + 0) / 3}
    )
    assert result.unreadable == {"901.png": "no picture"}
    assert result.unsure == pytest.approx(2 / 5)
    assert result.right_of_sure == pytest.approx(2 / 3)
    assert result.calibration_error == pytest.approx((0.05 + 0.01 + 0.97 + 0 + 0.6) / 5)
