import numpy as np
import pytest

from data.records import DataError, hold_out, scale, targets


def test_pixels_are_scaled_to_the_range_of_inputs():
    inputs = scale(np.array([[0, 51, 255]], np.uint8))
    assert inputs.dtype == np.float32
    assert inputs[0].tolist() == pytest.approx([0.01, 0.208, 1.0])


def test_targets_are_high_at_the_label_and_low_elsewhere():
    assert targets(np.array([2, 0], np.uint8), 3).tolist() == pytest.approx(
        np.array([[0.01, 0.01, 0.99], [0.99, 0.01, 0.01]])
    )


def test_validation_records_are_fixed_by_the_seed_and_never_trained_on():
    training, validation = hold_out(60_000, seed=3)
    assert (len(training), len(validation)) == (55_000, 5_000)
    assert sorted([*training, *validation]) == list(range(60_000))
    assert np.array_equal(validation, hold_out(60_000, seed=3)[1])
    assert not np.array_equal(validation, hold_out(60_000, seed=4)[1])
    assert [len(rows) for rows in hold_out(200, seed=0)] == [180, 20]
    with pytest.raises(DataError, match="too few"):
        hold_out(9, seed=0)
