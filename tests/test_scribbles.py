import numpy as np
import pytest

from data.pen_strokes import draw
from data.scribbles import LONGEST_DIGIT, SCRIBBLES, blob, coil, curve, ruling, spiral, texture, zigzag
from drawing.preparation import prepare

SEEDS = range(30)


def random_of(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("make", [*dict.fromkeys(SCRIBBLES), ruling], ids=lambda make: make.__name__)
def test_every_scribble_can_be_drawn_and_varies(make):
    drawings = [prepare(draw(make(random_of(seed)), 5)) for seed in SEEDS]
    assert all(np.count_nonzero(drawing) > 20 for drawing in drawings)
    assert len({drawing.tobytes() for drawing in drawings}) == len(drawings)
    assert np.array_equal(prepare(draw(make(random_of(0)), 5)), drawings[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_curve_is_longer_than_any_digit(seed):
    (line,) = curve(random_of(seed))
    length = np.hypot(*np.diff(line, axis=0).T).sum()
    assert length > LONGEST_DIGIT * np.ptp(line, axis=0).max()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_spiral_or_a_coil_turns_more_than_twice(seed):
    for (line,) in (spiral(random_of(seed)), coil(random_of(seed))):
        heading = np.unwrap(np.arctan2(*np.diff(line, axis=0).T[::-1]))
        assert abs(heading[-1] - heading[0]) > 2 * 2 * np.pi


@pytest.mark.parametrize("seed", SEEDS)
def test_a_zigzag_changes_its_direction_more_often_than_a_two_or_a_three(seed):
    (line,) = zigzag(random_of(seed))
    first, second = np.diff(line, axis=0)[:-1], np.diff(line, axis=0)[1:]
    turns = np.sign(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    assert np.count_nonzero(np.diff(turns[turns != 0])) >= 3


@pytest.mark.parametrize("make", [blob, texture])
@pytest.mark.parametrize("seed", SEEDS)
def test_blobs_and_textures_are_pictures_with_light_and_dark(make, seed):
    picture = make(random_of(seed))
    assert picture.dtype == np.uint8
    assert picture.min() == 0
    assert picture.max() == 255


@pytest.mark.parametrize("seed", SEEDS)
def test_a_blob_is_filled(seed):
    picture = blob(random_of(seed))
    rows, columns = np.nonzero(picture)
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert np.count_nonzero(picture) > 0.2 * box
