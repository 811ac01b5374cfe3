import math
from dataclasses import astuple, fields

import cv2
import numpy as np
import pytest

from data.distortion import (
    FOR_CLOTHES,
    FOR_DIGITS,
    VIEWS_OF_CLOTHES,
    VIEWS_OF_DIGITS,
    Affine,
    Distortion,
    balanced_copies,
    distort,
    transform,
)
from tests.conftest import Run

STRENGTHS = [field.name for field in fields(Distortion) if field.name != "sigma"]


@pytest.fixture(scope="session")
def digits(digit_rows):
    """200 digits (200, 784)."""
    return np.ascontiguousarray(digit_rows[:, 1:])


def centres(pixels):
    """Return the centre of mass of each picture: (2, n), row and column."""
    pictures = pixels.reshape(-1, 28, 28).astype(float)
    mass = pictures.sum(axis=(1, 2))
    return np.stack([(pictures.sum(axis=2) @ np.arange(28)) / mass, (pictures.sum(axis=1) @ np.arange(28)) / mass])


def leaning(pixels):
    """Return by how many pixels each picture leans to the left for each row downwards (n,)."""
    pictures = pixels.reshape(-1, 28, 28).astype(float)
    rows, columns = np.indices((28, 28))
    middle = centres(pixels)[:, :, None, None]
    down, across = rows - middle[0], columns - middle[1]
    return -(pictures * down * across).sum(axis=(1, 2)) / (pictures * down**2).sum(axis=(1, 2))


def sides(pixels):
    """Return height and width of the ink of each picture: (2, n)."""
    pictures = pixels.reshape(-1, 28, 28) > 127
    return np.stack([pictures.any(axis=axis).sum(axis=1) for axis in (2, 1)])


def ink(pixels):
    return pixels.sum(axis=1, dtype=float)


def bar(height, width):
    """A picture (1, 784) of one upright bar in its middle."""
    picture = np.zeros((28, 28), np.uint8)
    picture[14 - height // 2 : 14 + height // 2, 14 - width // 2 : 14 + width // 2] = 255
    return picture.reshape(1, 784)


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(digits):
    first, again, other = (distort(digits, FOR_DIGITS, seed) for seed in (3, 3, 4))
    assert first.shape == digits.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_seed_may_be_several_numbers(digits):
    assert not np.array_equal(distort(digits, FOR_DIGITS, (3, 0)), distort(digits, FOR_DIGITS, (3, 1)))


def test_no_strength_changes_nothing(digits):
    for factor in (0, 0.0):
        assert distort(digits, FOR_DIGITS.scaled(factor), 0) is digits
        assert distort(digits, FOR_CLOTHES.scaled(factor), 0) is digits
    assert distort(digits, Distortion(), 0) is digits


@pytest.mark.parametrize("strength", STRENGTHS)
def test_every_strength_alone_changes_pixels_and_leaves_the_original_alone(strength, digits):
    before = digits.copy()
    copies = distort(digits, Distortion(**{strength: 0.5}), 0)
    assert not np.array_equal(copies, digits)
    assert np.array_equal(digits, before)


@pytest.mark.parametrize("count", [0, 1, 128, 129])
def test_any_number_of_pictures_is_distorted(count, digits):
    pixels = np.concatenate([digits, digits])[:count]
    assert distort(pixels, FOR_DIGITS, 0).shape == (count, 784)


def test_two_copies_of_one_digit_differ(digits):
    copies = distort(np.repeat(digits[:1], 50, axis=0), FOR_DIGITS, 0)
    assert len(np.unique(copies, axis=0)) == 50


def test_no_picture_reaches_into_its_neighbours():
    pixels = np.zeros((3, 784), np.uint8)
    pixels[1] = 255
    pixels = np.tile(pixels, (50, 1))
    for distortion in (
        FOR_DIGITS.scaled(5),
        Distortion(shift=20),
        Distortion(alpha=10),
        Distortion(slant=2, mirror=0.5),
    ):
        copies = distort(pixels, distortion, 0)
        assert copies[0::3].max() == 0
        assert copies[2::3].max() == 0
        assert copies[1::3].max() == 255


def test_a_mirrored_picture_is_exactly_that(digits):
    pictures = digits.reshape(-1, 28, 28)
    copies = distort(digits, Distortion(mirror=1), 0).reshape(-1, 28, 28)
    assert np.array_equal(copies, pictures[:, :, ::-1])


def test_the_share_that_is_asked_for_is_mirrored(digits):
    many = np.tile(digits, (10, 1))
    untouched = (distort(many, Distortion(mirror=0.25), 0) == many).all(axis=1).mean()
    assert untouched == pytest.approx(0.75, abs=0.05)


def test_rotation_turns_both_ways_up_to_its_degrees():
    leans = np.degrees(np.arctan(leaning(distort(np.repeat(bar(20, 2), 500, axis=0), Distortion(rotation=12), 0))))
    assert leans.max() == pytest.approx(12, abs=0.8)
    assert leans.min() == pytest.approx(-12, abs=0.8)


def test_slant_moves_the_top_sideways_and_keeps_the_height():
    pixels = np.repeat(bar(20, 4), 500, axis=0)
    copies = distort(pixels, Distortion(slant=0.3), 0)
    leans = leaning(copies)
    assert leans.max() == pytest.approx(0.3, abs=0.02)
    assert leans.min() == pytest.approx(-0.3, abs=0.02)
    assert (sides(copies)[0] == 20).all()


def test_scale_changes_height_and_width_each_for_itself():
    heights, widths = sides(distort(np.repeat(bar(16, 16), 500, axis=0), Distortion(scale=0.25), 0))
    for lengths in (heights, widths):
        assert lengths.max() == pytest.approx(16 * 1.25, abs=1)
        assert lengths.min() == pytest.approx(16 / 1.25, abs=1)
    assert abs(np.corrcoef(heights, widths)[0, 1]) < 0.2


def test_shift_moves_by_parts_of_a_pixel_in_every_direction(digits):
    moved = centres(distort(digits, Distortion(shift=1.5), 0)) - centres(digits)
    assert np.abs(moved).max() == pytest.approx(1.5, abs=0.1)
    assert np.abs(moved.mean(axis=1)).max() < 0.25
    assert (np.abs(moved - np.round(moved)) > 0.2).mean() > 0.3


def test_the_elastic_field_moves_points_by_its_alpha():
    dot = np.zeros((28, 28), np.uint8)
    dot[13:15, 13:15] = 255
    copies = distort(np.repeat(dot.reshape(1, 784), 2000, axis=0), Distortion(alpha=1.5, sigma=5), 0)
    assert (centres(copies) - 13.5).std() == pytest.approx(1.5, abs=0.2)


def test_neighbours_move_more_alike_the_larger_sigma_is():
    def ends_apart(sigma):
        """How differently the upper and the lower end of a bar are moved sideways, in pixels."""
        copies = distort(np.repeat(bar(20, 2), 500, axis=0), Distortion(alpha=1, sigma=sigma), 0)
        upper, lower = copies.copy().reshape(-1, 28, 28), copies.copy().reshape(-1, 28, 28)
        upper[:, 14:], lower[:, :14] = 0, 0
        return (centres(upper)[1] - centres(lower)[1]).std()

    assert ends_apart(4) > 1.5 * ends_apart(12)


@pytest.mark.parametrize("width", [0.4, 1.0])
def test_a_stroke_becomes_thicker_and_thinner_by_its_width(width):
    pixels = np.repeat(bar(20, 4), 1000, axis=0)
    widths = 4 * np.sqrt(ink(distort(pixels, Distortion(stroke_width=width), 0)) / ink(pixels))
    assert widths.max() > 4 + 0.4 * width
    assert widths.min() < 4 - 0.4 * width
    assert widths.mean() == pytest.approx(4, abs=0.1)


def test_digits_stay_on_the_picture_with_the_strengths_for_digits(digits):
    copies = distort(np.tile(digits, (5, 1)), FOR_DIGITS, 0)
    border = copies.reshape(-1, 28, 28).copy()
    border[:, 1:-1, 1:-1] = 0
    assert (border.max(axis=(1, 2)) > 128).mean() < 0.03
    assert ink(copies).min() > 0.3 * ink(digits).min()


def test_a_factor_scales_the_strengths_and_not_what_is_none():
    twice = FOR_DIGITS.scaled(2)
    assert twice.rotation == 2 * FOR_DIGITS.rotation
    assert twice.stroke_width == 2 * FOR_DIGITS.stroke_width
    assert twice.sigma == FOR_DIGITS.sigma
    assert FOR_CLOTHES.scaled(3).mirror == FOR_CLOTHES.mirror


@pytest.mark.parametrize(
    "wrong",
    [{"rotation": -1}, {"alpha": math.nan}, {"shift": math.inf}, {"sigma": 0}, {"mirror": 1.5}],
    ids=str,
)
def test_a_strength_that_makes_no_sense_is_told(wrong):
    with pytest.raises(ValueError, match="strengths must be"):
        Distortion(**wrong)


@pytest.mark.parametrize("wrong", [np.zeros((2, 783), np.uint8), np.zeros(784, np.uint8), np.zeros((2, 784))])
def test_pixels_of_another_shape_or_type_are_told(wrong):
    with pytest.raises(ValueError, match=r"uint8 of shape \(n, 784\), got"):
        distort(wrong, FOR_DIGITS, 0)


def test_the_picture_of_distortions_is_drawn(run: Run, tmp_path):
    ended = run("docs.distortions", "--dataset", "digits", "--distort", 2, "--seed", 3)
    assert ended.returncode == 0, ended.stderr
    picture = cv2.imread(str(tmp_path / "distortions.png"))
    assert picture is not None
    assert picture.std() > 5


def test_a_strength_below_0_is_told_without_a_traceback(run: Run):
    ended = run("docs.distortions", "--dataset", "digits", "--distort", -1)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: strengths must be")


def test_a_given_distortion_leaves_nothing_to_chance():
    picture = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    distortions = Affine(), Affine(right=2, down=-3), Affine(rotation=90), Affine(width=-1)
    same, moved, turned, mirrored = transform(picture.ravel(), distortions).reshape(-1, 28, 28)
    assert np.array_equal(same, picture)
    assert np.array_equal(moved[:-3, 2:], picture[3:, :-2])
    assert not moved[-3:].any()
    assert not moved[:, :2].any()
    assert np.array_equal(turned, np.rot90(picture, -1))
    assert np.array_equal(mirrored, picture[:, ::-1])


def test_balanced_copies_go_to_both_sides_equally_often_in_every_way():
    table = np.array([astuple(copy) for copy in balanced_copies(1.0)])  # (8, 6)
    changes = table - np.array(astuple(Affine()))
    assert np.abs(changes.sum(axis=0)).max() < 1e-12
    assert np.abs(changes).min() > 0
    weak = np.array([astuple(copy) for copy in balanced_copies(0.5)]) - np.array(astuple(Affine()))
    assert weak == pytest.approx(changes / 2)


@pytest.mark.parametrize("views", [VIEWS_OF_DIGITS, VIEWS_OF_CLOTHES], ids=["digits", "clothes"])
def test_views_of_a_picture_are_that_picture_and_others_like_it(views, digits):
    seen = transform(digits[0], views)
    assert np.array_equal(seen[0], digits[0])
    assert len({view.tobytes() for view in seen}) == len(views)
    kinds = {np.sign(view.width) for view in views}
    assert kinds == ({1} if views is VIEWS_OF_DIGITS else {1, -1})  # only clothes may be mirrored
