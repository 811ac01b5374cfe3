import cv2
import numpy as np
import pytest

from drawing.preparation import prepare
from tests.drawings import alike, two


@pytest.mark.parametrize(("at", "size"), [((0.25, 0.3), 0.6), ((0.7, 0.65), 0.8), ((0.5, 0.5), 1.4)])
def test_place_and_size_do_not_matter(at, size):
    assert alike(prepare(two(at=at, size=size)), prepare(two())) > 0.9


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ((0, 0, 0), (255, 255, 255)),
        ((255, 255, 255), (0, 0, 0)),
        ((0, 0, 255), (255, 255, 255)),
        ((0, 255, 255), (255, 255, 255)),
        ((200, 60, 30), (40, 40, 40)),
        ((120, 120, 120), (160, 160, 160)),
    ],
)
def test_colours_do_not_matter(ink, paper):
    cover = two()[..., None] / 255
    image = np.rint(cover * ink + (1 - cover) * paper).astype(np.uint8)
    assert alike(prepare(image), prepare(two())) > 0.99


@pytest.mark.parametrize("side", [280, 1000, 4000])
def test_a_line_of_one_pixel_does_not_vanish(side):
    image = np.full((side, side), 255, np.uint8)
    points = (np.array([(0.2, 0.2), (0.8, 0.2), (0.4, 0.8)]) * side).astype(np.int32)
    cv2.polylines(image, [points], False, 0, 1)
    pixels = prepare(image)
    assert pixels.max() == 255
    assert cv2.connectedComponents((pixels > 100).astype(np.uint8))[0] == 2  # paper and one stroke
    assert (pixels > 100).sum() > 50


def test_a_tiny_digit_on_a_huge_canvas_is_found():
    image = np.zeros((4096, 4096), np.uint8)
    image[3000:3280, 200:480] = two()
    assert alike(prepare(image), prepare(two())) > 0.99


def test_ink_that_touches_the_border_stays():
    assert alike(prepare(two(size=1.4)[30:, :]), prepare(np.pad(two(size=1.4)[30:, :], 40))) > 0.99


def test_a_digit_that_fills_the_picture_is_read():
    x, y, w, h = cv2.boundingRect(two())
    tight = two()[y : y + h, x : x + w]
    assert alike(prepare(tight), prepare(two())) > 0.99
    assert alike(prepare(255 - tight), prepare(two())) > 0.99
