import pytest

from drawing.preparation import prepare
from tests.drawings import alike, photo_of, two


@pytest.mark.parametrize("width", [4, 14, 50])
@pytest.mark.parametrize("ruled", [True, False])
def test_a_photo_gives_nearly_the_same_digit_as_the_canvas(width, ruled):
    ink = two(side=600, width=width, size=0.8)
    assert alike(prepare(photo_of(ink, ruled=ruled)), prepare(ink)) > 0.85


def test_chalk_on_a_board_is_read():
    ink = two(side=600, width=14)
    assert alike(prepare(255 - photo_of(ink, ruled=False)), prepare(ink)) > 0.85


def test_a_dark_table_beside_the_paper_is_not_ink():
    ink = two(side=600, width=14, size=0.7)
    photo = photo_of(ink)
    photo[:, :50] = 50
    photo[560:] = 60
    assert alike(prepare(photo), prepare(ink)) > 0.85


def test_a_large_photo_keeps_a_thin_stroke():
    ink = two(side=2400, width=12)
    assert alike(prepare(photo_of(ink, ruled=False)), prepare(ink)) > 0.85
