import gzip
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from drawing.digit import place
from drawing.preparation import prepare
from tests.drawings import alike, two


def test_placing_averages_areas_and_keeps_the_shape():
    ink = np.zeros((50, 50), np.uint8)
    ink[5:45, 10:20] = 200  # 40 x 10 becomes 20 x 5
    pixels = place(ink)
    assert (pixels > 0).sum() == 100
    assert set(pixels[pixels > 0]) == {200}


@pytest.mark.parametrize("width", [2, 5, 12, 40])
def test_strokes_come_to_the_width_of_mnist(width):
    def thickness(pixels):
        mask = cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_LINEAR) > 127
        return 4 * cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)[mask].mean() / 8

    assert 1.7 < thickness(prepare(two(width=width))) < 3.8


def test_a_bar_is_a_one_that_stays_a_bar():
    image = np.full((280, 280), 255, np.uint8)
    image[40:240, 130:150] = 0
    ys, xs = np.nonzero(prepare(image) > 60)
    assert np.ptp(ys) + 1 == 20
    assert np.ptp(xs) + 1 <= 4


def test_separate_strokes_stay_together_and_specks_go():
    five = np.zeros((280, 280), np.uint8)
    cv2.line(five, (110, 60), (180, 60), 255, 12)  # the bar on top, apart from the rest
    cv2.ellipse(five, (135, 160), (50, 50), 0, -110, 130, 255, 12)
    expected = prepare(five)
    assert expected[:8].max() > 100
    specks = five.copy()
    for x, y in [(15, 20), (260, 250), (30, 265), (250, 30)]:
        cv2.circle(specks, (x, y), 4, 255, -1)
    assert np.array_equal(prepare(specks), expected)


@pytest.mark.skipif("DIGITS_MIRROR" not in os.environ, reason="DIGITS_MIRROR names no folder with MNIST")
def test_mnist_digits_come_back_as_they_were():
    file = Path(os.environ["DIGITS_MIRROR"]) / "mnist" / "t10k-images-idx3-ubyte.gz"
    digits = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)[:300]
    placed = np.array([alike(place(digit), digit) for digit in digits])
    prepared = np.array([alike(prepare(cv2.resize(digit, (280, 280))), digit) for digit in digits])
    assert (placed > 0.999).mean() > 0.95
    assert np.median(prepared) > 0.95  # thin and thick strokes come nearer to the middle


def test_pixels_are_placed_as_mnist_places_them():
    pixels = prepare(two())
    ys, xs = np.nonzero(pixels)
    mass = pixels / pixels.sum()
    assert pixels.shape == (28, 28)
    assert pixels.dtype == np.uint8
    assert max(np.ptp(ys), np.ptp(xs)) + 1 == 20
    assert mass.sum(axis=1) @ np.arange(28) == pytest.approx(14, abs=0.5)
    assert mass.sum(axis=0) @ np.arange(28) == pytest.approx(14, abs=0.5)
