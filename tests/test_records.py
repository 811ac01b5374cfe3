import numpy as np
import pytest

from data.records import NO_CLASS, DataError, Records, hold_out, scale, targets


def test_pixels_are_scaled_to_the_range_of_inputs():
    inputs = scale(np.array([[0, 51, 255]], np.uint8))
    assert inputs.dtype == np.float32
    assert inputs[0].tolist() == pytest.approx([0.01, 0.208, 1.0])


def test_targets_are_high_at_the_label_and_low_elsewhere():
    assert targets(np.array([2, 0], np.uint8), 3).tolist() == pytest.approx(
        np.array([[0.01, 0.01, 0.99], [0.99, 0.01, 0.01]])
    )


def test_a_record_of_no_class_has_low_targets_alone():
    assert targets(np.array([NO_CLASS, 1], np.uint8), 3, low_target=0.25).tolist() == [
        [0.25, 0.25, 0.25],
        [0.25, 0.75, 0.25],
    ]


def test_records_that_are_taken_keep_their_targets():
    records = Records(np.zeros((3, 4), np.uint8), np.array([0, NO_CLASS, 1], np.uint8), ("a", "b"), low_target=0.125)
    assert records.take(np.array([2, 1])).targets.tolist() == [[0.125, 0.875], [0.125, 0.125]]


def test_validation_records_are_fixed_by_the_seed_and_never_trained_on():
    training, validation = hold_out(60_000, seed=3)
    assert (len(training), len(validation)) == (55_000, 5_000)
    assert sorted([*training, *validation]) == list(range(60_000))
    assert np.array_equal(validation, hold_out(60_000, seed=3)[1])
    assert not np.array_equal(validation, hold_out(60_000, seed=4)[1])
    assert [len(rows) for rows in hold_out(200, seed=0)] == [180, 20]
    assert [len(rows) for rows in hold_out(60_000, seed=0, most=1000)] == [59_000, 1_000]
    with pytest.raises(DataError, match="too few"):
        hold_out(9, seed=0)
