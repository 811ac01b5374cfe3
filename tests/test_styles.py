import cv2
import numpy as np
import pytest

from data.pen_strokes import draw, load_strokes
from data.styles import (
    HEIGHT,
    STYLES,
    bar,
    curl,
    flag,
    flag_and_foot,
    foot,
    inner_bar,
    inner_dot,
    measure,
    narrow,
    resize,
    restyle,
    slash,
)
from drawing.preparation import prepare

ANGLES = np.linspace(0.5 * np.pi, 2.5 * np.pi, 40)
ZERO = [np.column_stack([np.cos(ANGLES) * 160 + 200, np.sin(ANGLES) * 220 + 250]).astype(np.float32)]
ONE = [np.array([[210, 480], [200, 250], [195, 20]], np.float32)]
FLAGGED_ONE = [np.array([[150, 400], [210, 480], [200, 250], [195, 20]], np.float32)]
SEVEN = [np.array([[50, 480], [350, 480], [250, 250], [180, 20]], np.float32)]
SIX = [np.array([[300, 480], [180, 400], [80, 150], [200, 20], [310, 120], [200, 210], [90, 130]], np.float32)]
EIGHT = [np.column_stack([np.sin(2 * ANGLES) * 160 + 200, np.sin(ANGLES) * 220 + 250]).astype(np.float32)]
DOT = [np.array([[250, 250]], np.float32)]
SEEDS = range(20)


def random_of(seed):
    return np.random.default_rng(seed)


def every_style():
    return [
        pytest.param(label, style, id=f"{style.__name__} {label}")
        for label, styles in STYLES.items()
        for style in dict.fromkeys(styles)
    ]


@pytest.fixture(scope="module")
def people(mirror):
    return load_strokes()


def points(strokes):
    return np.concatenate(strokes)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slashed_zero_keeps_its_outline_and_gains_ink_inside(seed):
    outline, *line = slash(ZERO, random_of(seed))
    assert len(line) == 1
    plain, slashed = draw([outline], 6), draw([outline, line[0].clip(outline.min(axis=0), outline.max(axis=0))], 6)
    assert (slashed >= plain).all()
    hole = cv2.erode(fill_hole(plain), np.ones((9, 9), np.uint8))
    assert np.count_nonzero(slashed[hole > 0]) > 0.1 * np.count_nonzero(hole)


def fill_hole(picture):
    contours, _ = cv2.findContours(cv2.inRange(picture, 128, 255), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(picture), contours, -1, 255, cv2.FILLED)
    return cv2.subtract(filled, cv2.inRange(picture, 1, 255))


def test_most_slashes_rise_to_the_right():
    lines = [slash(ZERO, random_of(seed))[1] for seed in range(200)]
    rising = [line for line in lines if np.prod(line[-1] - line[0]) > 0]
    assert 160 <= len(rising) < 200


def test_a_bar_within_a_zero_lies_or_stands():
    sizes = [measure(inner_bar(ZERO, random_of(seed))[1:]) for seed in range(100)]
    lying = sum(width > 3 * height for width, height in sizes)
    standing = sum(height > 3 * width for width, height in sizes)
    assert lying > 30
    assert standing > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dot_lies_in_the_middle_of_a_zero(seed):
    dotted = inner_dot(ZERO, random_of(seed))
    outline, dot = dotted
    assert np.abs(dot.mean(axis=0) - points([outline]).mean(axis=0)).max() < 0.15 * HEIGHT
    assert max(measure([dot])) < 0.1 * HEIGHT


@pytest.mark.parametrize("style", [slash, inner_bar, inner_dot])
@pytest.mark.parametrize("strokes", [[*ZERO, *ONE], [ZERO[0][:20]]], ids=["that may have a slash", "that is open"])
def test_a_zero_stays_as_it_is(strokes, style):
    assert len(style(strokes, random_of(0))) == len(strokes)


@pytest.mark.parametrize("one", [ONE, FLAGGED_ONE, [ONE[0][::-1]]], ids=["plain", "flagged", "written upwards"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_upstroke_of_a_one_rises_from_the_lower_left_to_its_top(one, seed):
    (flagged,) = flag(one, random_of(seed))
    top = flagged[:, 1].argmax()
    start, stem = flagged[0], flagged[top:]
    assert start[0] < stem[:, 0].min()
    assert 0.25 < (flagged[top, 1] - start[1]) / np.ptp(stem[:, 1]) <= 1.01
    assert (np.diff(stem[:, 1]) <= 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_one_with_an_upstroke_has_a_point_at_its_top_where_a_seven_has_a_bar(seed):
    def top_width(strokes):
        picture = prepare(draw(strokes, 6))
        rows = np.flatnonzero(picture.max(axis=1) > 64)
        upper = picture[rows[0] : rows[0] + 3].max(axis=0)
        return np.ptp(np.flatnonzero(upper > 64)) + 1

    assert top_width(flag(ONE, random_of(seed))) <= 9
    assert top_width(SEVEN) >= 12


@pytest.mark.parametrize("seed", SEEDS)
def test_a_foot_lies_under_a_one(seed):
    stem, line = foot(ONE, random_of(seed))
    assert np.abs(line[:, 1]).max() < 0.2 * HEIGHT
    assert line[0, 0] < stem[-1, 0] < line[-1, 0]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_upstroke_stays_clear_of_a_foot(seed):
    flagged, _ = flag_and_foot(ONE, random_of(seed))
    assert flagged[0, 1] > 0.3 * HEIGHT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bar_crosses_the_stem_of_a_seven_in_its_middle(seed):
    seven, line = bar(SEVEN, random_of(seed))
    middle = line[len(line) // 2]
    assert 0.25 * HEIGHT < middle[1] < 0.7 * HEIGHT
    stem_at = np.interp(middle[1], seven[::-1, 1], seven[::-1, 0])
    assert line[0, 0] < stem_at < line[-1, 0]


def test_a_seven_that_may_have_a_bar_gets_no_other():
    assert len(bar([*SEVEN, *ONE], random_of(0))) == 2


@pytest.mark.parametrize("six", [SIX, [SIX[0][::-1]]], ids=["downwards", "upwards"])
def test_the_upper_end_of_a_six_curls_to_the_right_and_its_bowl_stays(six):
    (downwards,) = resize(SIX)
    for seed in SEEDS:
        (curled,) = curl(six, random_of(seed))
        assert curled[:30, 0].max() > downwards[0, 0]
        assert curled[:30, 1].min() > 0.6 * HEIGHT
        assert np.allclose(curled[-1], downwards[-1])
        assert curled[30:, 0].min() == pytest.approx(downwards[:, 0].min(), abs=0.01 * HEIGHT)


def test_a_six_whose_upper_end_points_down_gets_no_curl():
    hooked = [np.vstack([[[360, 380], [340, 470]], SIX[0]]).astype(np.float32)]
    assert len(points(curl(hooked, random_of(0)))) == len(points(hooked))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_narrow_digit_is_as_high_and_its_holes_stay_open(seed):
    width, height = measure(narrow(EIGHT, random_of(seed)))
    assert height == pytest.approx(HEIGHT)
    assert 0.35 * height <= width < 0.75 * measure(EIGHT)[0] / measure(EIGHT)[1] * height


@pytest.mark.parametrize("style", dict.fromkeys(style for styles in STYLES.values() for style in styles))
def test_a_dot_can_be_given_any_style(style):
    assert draw(style(DOT, random_of(0)), 6).max() == 255


@pytest.mark.parametrize(("label", "style"), every_style())
def test_digits_of_30_people_can_be_drawn_in_every_style(label, style, people):
    random = random_of(0)
    changed = 0
    digits = [digit for digit in people if digit.label == label][::20]
    for digit in digits:
        before = [stroke.copy() for stroke in digit.strokes]
        strokes = style(digit.strokes, random)
        assert np.isfinite(points(strokes)).all()
        assert prepare(draw(strokes, 8)).any()
        assert all(np.array_equal(*pair) for pair in zip(before, digit.strokes, strict=True))
        changed += len(points(strokes)) != len(points(digit.strokes)) or style is narrow
    assert changed > 0.1 * len(digits)  # most of their sevens have a bar, and half of their sixes curl


def test_a_digit_gets_one_of_the_styles_of_its_label():
    drawn = {len(restyle(ONE, 1, random_of(seed))) for seed in SEEDS}
    assert drawn == {1, 2}
    assert restyle(SIX, 5, random_of(0)) is SIX


def test_the_same_seed_gives_the_same_style():
    first, again, other = (points(restyle(ZERO, 0, random_of(seed))) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
