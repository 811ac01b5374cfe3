from dataclasses import dataclass

import numpy as np
import pytest

from data import no_digit
from data.no_digit import (
    LOOK_ALIKES,
    MIXTURE,
    STRANGE_MIXTURE,
    Kind,
    choose_kinds,
    draw_no_digits,
    finish,
    make_strange,
)
from data.pen_strokes import draw, load_strokes
from data.records import NO_CLASS, DataError
from drawing.preparation import prepare
from tests.test_styles import EIGHT, ONE, SEVEN, SIX, ZERO

DIGITS = {0: ZERO, 1: ONE, 6: SIX, 7: SEVEN, 8: EIGHT}


@dataclass
class Character:
    label: str
    strokes: list


def line(*places):
    return np.array(places, np.float32)


LETTER_H = Character("H", [line((0, 0), (0, 400)), line((0, 200), (300, 200)), line((300, 0), (300, 400))])
LETTER_T = Character("T", [line((0, 400), (300, 400)), line((150, 400), (150, 0))])
LETTERS = [LETTER_H, LETTER_T]
HAND = [Character(str(label), strokes) for label, strokes in DIGITS.items()]
RECORDS = np.array([prepare(draw(strokes, 8)).ravel() for strokes in DIGITS.values()])


@pytest.fixture(scope="module")
def people(mirror):
    return load_strokes()[::40]


def only(kind, monkeypatch):
    monkeypatch.setattr(no_digit, "MIXTURE", {kind: Kind(1.0)})


def test_rows_have_the_label_of_no_digit_and_none_is_empty():
    rows = draw_no_digits(HAND, LETTERS, 200, seed=0)
    assert rows.shape == (200, 785)
    assert rows.dtype == np.uint8
    assert (rows[:, 0] == NO_CLASS).all()
    assert (np.count_nonzero(rows[:, 1:] > 64, axis=1) > 5).all()


def test_the_same_seed_gives_the_same_rows():
    first, again, other = (draw_no_digits(HAND, LETTERS, 60, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    first, again, other = (make_strange(RECORDS, 60, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("mixture", [MIXTURE, STRANGE_MIXTURE], ids=["of strokes", "without strokes"])
def test_every_kind_of_a_mixture_occurs_as_often_as_it_says(mixture):
    kinds = choose_kinds(mixture, 1000, np.random.default_rng(0))
    assert len(kinds) == 1000
    for name, kind in mixture.items():
        assert kinds.count(name) == pytest.approx(1000 * kind.share, abs=1)
    assert kinds[:500].count("scribble") > 0


@pytest.mark.parametrize("kind", MIXTURE)
def test_examples_of_every_kind_can_be_made_of_the_digits_of_30_people(kind, people, monkeypatch):
    only(kind, monkeypatch)
    rows = draw_no_digits(people, LETTERS, 30, seed=0)
    assert len(np.unique(rows, axis=0)) > 25


def test_about_half_of_what_is_drawn_are_letters():
    assert 0.4 <= MIXTURE["letter"].share <= 0.6


def test_letters_that_look_like_digits_never_occur(monkeypatch):
    only("letter", monkeypatch)
    like = [Character(label, ZERO) for label in LOOK_ALIKES]
    with_them, without = (draw_no_digits(HAND, letters, 20, seed=0) for letters in ([*like, *LETTERS, *like], LETTERS))
    assert np.array_equal(with_them, without)


@pytest.mark.parametrize("label", [*"0123456789"])
def test_a_letter_or_mark_is_left_out_for_every_digit_that_looks_like_one(label):
    assert any(label in reason for reason in LOOK_ALIKES.values())
    assert {*"OoIl|SsZzbqgB"} <= {*LOOK_ALIKES}


def test_digits_and_marks_among_the_letters_are_no_letters(monkeypatch):
    only("letter", monkeypatch)
    with pytest.raises(DataError, match="letters that look like no digit"):
        draw_no_digits(HAND, [*HAND, Character("-", ONE), Character("O", ZERO)], 5, seed=0)


def test_every_letter_occurs_as_often_however_many_there_are(monkeypatch):
    only("letter", monkeypatch)
    rows = draw_no_digits(HAND, [LETTER_H] * 99 + [LETTER_T], 200, seed=0)
    sides = rows[:, 1:].reshape(-1, 28, 28)[:, 20, :].max(axis=1)  # an H has two legs there, a T one
    legs = np.array(
        [np.count_nonzero(np.diff((row[20] > 100).astype(int)) > 0) for row in rows[:, 1:].reshape(-1, 28, 28)]
    )
    assert sides.min() > 0
    assert 70 < np.count_nonzero(legs == 1) < 130


def test_a_letter_of_which_one_stroke_is_left_is_not_drawn():
    assert finish(draw([line((0, 0), (20, 400))], 6), 0.2) is None
    assert finish(draw([line((0, 0), (250, 400))], 6), 0.2) is None


def test_a_dash_is_no_one():
    assert finish(draw([line((0, 0), (400, 10))], 6), 0.2) is not None


def test_two_digits_of_which_preparation_keeps_one_are_not_taken():
    near, far = ([*ZERO, ZERO[0] + np.array([shift, 0], np.float32)] for shift in (400, 800))
    assert finish(draw(near, 6), 0.2) is not None
    assert finish(draw(far, 6), 0.2) is None


def test_a_blank_picture_is_not_taken():
    assert finish(np.zeros((50, 50), np.uint8), 0.2) is None


def test_letters_alone_or_digits_alone_are_not_enough():
    with pytest.raises(DataError, match="digits from 2 to 9"):
        draw_no_digits([], LETTERS, 5, seed=0)
    with pytest.raises(DataError, match="digits from 2 to 9"):
        draw_no_digits([HAND[0], HAND[1]], LETTERS, 5, seed=0)
    with pytest.raises(DataError, match="letters"):
        draw_no_digits(HAND, [], 5, seed=0)


def test_what_cannot_be_made_ends_with_an_error(monkeypatch):
    only("part", monkeypatch)
    with pytest.raises(DataError, match="attempts"):
        draw_no_digits([HAND[3]], LETTERS, 5, seed=0)


def test_strange_pictures_need_no_strokes():
    pixels = make_strange(RECORDS, 120, seed=0)
    assert pixels.shape == (120, 784)
    assert pixels.dtype == np.uint8
    assert (np.count_nonzero(pixels > 64, axis=1) > 5).all()


def test_two_records_stand_beside_one_another(monkeypatch):
    monkeypatch.setattr(no_digit, "STRANGE_MIXTURE", {"pair of pictures": Kind(1.0)})
    for pixels in make_strange(RECORDS[[0, 4]], 40, seed=0).reshape(-1, 28, 28):
        rows, columns = np.nonzero(pixels > 64)
        assert np.ptp(columns) > np.ptp(rows)


def test_empty_records_are_left_out_of_pairs():
    blank = np.zeros((50, 784), np.uint8)
    assert np.array_equal(make_strange(np.vstack([blank, RECORDS]), 20, 0), make_strange(RECORDS, 20, 0))
    with pytest.raises(DataError, match="empty"):
        make_strange(blank, 5, seed=0)


def test_none_can_be_asked_for():
    assert draw_no_digits(HAND, LETTERS, 0, seed=0).shape == (0, 785)
    assert make_strange(RECORDS, 0, seed=0).shape == (0, 784)
