"""What a network reads on a picture, and how sure it is."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from data.data_sets import bundled_digits, shipped_model
from data.records import DataError
from drawing.images import NoInk
from neural_network import NeuralNetwork
from reading import check_digits, make_judge, read_image
from tests.drawings import side_by_side


@pytest.fixture(scope="module")
def shipped():
    return NeuralNetwork.load(shipped_model())


def test_a_clear_number_is_read_with_a_confidence_and_a_membership_for_each_digit(shipped):
    pixels, labels = bundled_digits("test")
    reading = read_image(shipped, side_by_side(pixels[:4]))
    assert reading.number.text == "".join(map(str, labels[:4]))
    assert reading.confidences.shape == reading.memberships.shape == (4,)
    assert ((reading.confidences > 0.5) & (reading.confidences <= 1)).all()
    assert ((reading.memberships > 0.5) & (reading.memberships <= 1)).all()


def test_a_person_should_look_at_a_picture_without_a_digit(shipped):
    dots = np.full((100, 300), 255, np.uint8)
    for x in (50, 150, 250):
        cv2.circle(dots, (x, 50), 4, 0, -1)
    reading = read_image(shipped, dots)
    assert reading.unsure
    assert len(reading.confidences) == len(reading.number.digits)


def test_a_network_that_has_learnt_nothing_is_unsure():
    pixels, _ = bundled_digits("test")
    untrained = NeuralNetwork(784, 5, 10, learning_rate=0.1, seed=0)
    assert read_image(untrained, side_by_side(pixels[:2])).unsure


def test_a_picture_without_ink_is_refused(shipped):
    with pytest.raises(NoInk):
        read_image(shipped, np.full((80, 80), 255, np.uint8))


def test_what_may_be_a_digit_is_rated_by_the_outputs_of_the_network(shipped):
    pixels, labels = bundled_digits("test")
    outputs = make_judge(shipped)(pixels[:20])
    assert outputs.shape == (20, 10)
    assert np.mean(outputs.argmax(axis=1) == labels[:20]) > 0.8


def test_a_network_of_other_classes_or_inputs_reads_no_numbers(shipped):
    check_digits(shipped, Path("digits.npz"))
    letters = NeuralNetwork(784, 5, 3, 0.1)
    letters.class_names = ("A", "B", "C")
    with pytest.raises(DataError, match=r"letters\.npz knows no digits but A, B, C; choose another --model"):
        check_digits(letters, Path("letters.npz"))
    with pytest.raises(DataError, match=r"small\.npz takes 64 inputs"):
        check_digits(NeuralNetwork(64, 5, 10, 0.1), Path("small.npz"))
