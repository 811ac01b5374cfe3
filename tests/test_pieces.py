import numpy as np
import pytest

from data.pen_strokes import load_strokes
from data.pieces import DIGIT_PARTS, NARROW, SIDES, cut, make_neighbour, pair, part, stack
from data.styles import HEIGHT, is_ring, measure
from tests.test_styles import EIGHT, ONE, SEVEN, SIX, ZERO

SEEDS = range(40)
TURN = np.linspace(0, 2 * np.pi, 30)
DOT = [np.array([[250, 250]], np.float32)]


def random_of(seed):
    return np.random.default_rng(seed)


def left_edge(strokes):
    return np.concatenate(strokes)[:, 0].min()


def right_edge(strokes):
    return np.concatenate(strokes)[:, 0].max()


@pytest.mark.parametrize("seed", SEEDS)
def test_two_digits_stand_beside_one_another(seed):
    strokes = pair(ZERO, SIX, random_of(seed))
    left, right = strokes
    assert measure(strokes)[0] > 1.2 * measure([left])[0]
    assert -0.16 * HEIGHT < right[:, 0].min() - left[:, 0].max() < 0.31 * HEIGHT


def test_some_pairs_touch_and_some_do_not():
    gaps = [left_edge(two[1:]) - right_edge(two[:1]) for two in (pair(ZERO, SIX, random_of(seed)) for seed in SEEDS)]
    assert min(gaps) < 0 < 0.2 * HEIGHT < max(gaps)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("first", "second"), [(ONE, ZERO), (ZERO, ONE), (ONE, ONE)])
def test_a_one_does_not_touch_the_digit_beside_it(first, second, seed):
    strokes = pair(first, second, random_of(seed))
    assert left_edge(strokes[1:]) - right_edge(strokes[:1]) > 0.2 * HEIGHT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stack_has_two_digits_one_above_another(seed):
    upper, lower = stack(SEVEN, SIX, random_of(seed))
    assert upper[:, 1].min() > lower[:, 1].max()


def test_parts_that_are_digits_are_never_made(mirror):
    shapes = {
        "left": lambda width, height: height > width,
        "right": lambda width, height: height > width,
        "lower": lambda width, height: True,
        "upper": lambda width, height: True,
    }
    random = random_of(0)
    made = set()
    for digit in load_strokes()[::15]:
        piece = part(digit.strokes, digit.label, random)
        if piece is None:
            continue
        made.add(digit.label)
        width, height = measure(piece)
        assert width >= NARROW * height
        allowed = [side for side in SIDES if (digit.label, side) not in DIGIT_PARTS]
        assert any(shapes[side](width, height) for side in allowed)
    assert made == {label for label in range(10) if any((label, side) not in DIGIT_PARTS for side in SIDES)}


@pytest.mark.parametrize("label", [1, 3, 4, 6, 7, 9])
def test_digits_whose_parts_are_all_digits_give_none(label):
    assert {(label, side) for side in SIDES} <= DIGIT_PARTS.keys()
    assert all(part(EIGHT, label, random_of(seed)) is None for seed in SEEDS)


def test_the_right_half_of_an_eight_and_the_sides_of_a_zero_are_digits():
    assert {(8, "right"), (0, "left"), (0, "right"), (9, "upper"), (6, "lower"), (7, "lower")} <= DIGIT_PARTS.keys()
    assert all(reason for reason in DIGIT_PARTS.values())


def test_a_loop_below_a_two_is_a_zero_and_no_part():
    loop = np.column_stack([200 - 150 * np.sin(TURN), 100 + 90 * np.cos(TURN)])
    two = [np.concatenate([[[100, 450], [300, 450], [300, 350]], loop])]
    pieces = [part(two, 2, random_of(seed)) for seed in SEEDS]
    assert None in pieces
    assert not any(piece and is_ring(piece) for piece in pieces)  # a lower cut leaves an open arc


@pytest.mark.parametrize("seed", SEEDS)
def test_part_of_a_zero_is_its_upper_or_lower_arc(seed):
    piece = part(ZERO, 0, random_of(seed))
    assert piece is not None
    width, height = measure(piece)
    assert width > height


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("seed", SEEDS)
def test_at_most_half_of_a_digit_is_cut_off(side, seed):
    width, height = measure(cut(ZERO, side, random_of(seed)) or [])
    whole = {"left": width, "right": width, "lower": height, "upper": height}[side]
    other = 320 / 440 * HEIGHT if side in ("left", "right") else HEIGHT
    assert 0.2 * other < whole < 0.56 * other


def test_a_slanted_eight_is_cut_along_its_slant():
    slanted = [EIGHT[0] + np.outer(EIGHT[0][:, 1] * 0.6, [1, 0])]
    for seed in SEEDS:
        pieces = cut(slanted, "left", random_of(seed)) or []
        ends = sorted((np.concatenate(pieces)[:, 1].min(), np.concatenate(pieces)[:, 1].max()))
        assert ends[0] < 0.2 * HEIGHT
        assert ends[1] > 0.75 * HEIGHT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_digit_stands_beside_half_of_another_one(seed):
    strokes = make_neighbour(SIX, ZERO, random_of(seed)) or []
    assert len(strokes) >= 2
    assert measure(strokes)[0] > 0.9 * measure(SIX)[0] / measure(SIX)[1] * HEIGHT


def test_a_one_or_a_dot_has_no_neighbour():
    for seed in SEEDS:
        assert make_neighbour(ONE, ZERO, random_of(seed)) is None
        assert make_neighbour(ZERO, DOT, random_of(seed)) is None


def test_a_dot_has_no_parts():
    assert all(cut(DOT, side, random_of(0)) is None for side in SIDES)
