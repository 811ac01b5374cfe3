"""What somebody who draws, scans or photographs a digit can rely on."""

import cv2
import numpy as np
import pytest

from drawing.images import DrawingError, NoInk
from drawing.preparation import prepare, steps
from tests.drawings import alike, photo_of, two


@pytest.mark.parametrize("stroke", [(0, 0, 0), (255, 255, 255), (30, 120, 200)])
def test_a_transparent_canvas_shows_its_strokes_whatever_their_colour(stroke):
    ink = two()
    image = np.dstack([np.full((280, 280, 3), stroke, np.uint8) * (ink > 0)[..., None].astype(np.uint8), ink])
    assert alike(prepare(image), prepare(ink)) > 0.99


def test_paper_with_transparent_corners_is_still_paper():
    image = np.dstack([255 - two(size=0.7)] * 3 + [np.zeros((280, 280), np.uint8)])
    cv2.circle(image, (140, 140), 139, 0, -1)
    image[..., :3] = (255 - two(size=0.7))[..., None]
    image[..., 3] = cv2.circle(np.zeros((280, 280), np.uint8), (140, 140), 139, 255, -1)
    assert alike(prepare(image), prepare(two())) > 0.9


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 4096), (4096, 8), (28, 28), (61, 640)])
def test_pictures_of_every_allowed_shape_are_read(height, width):
    image = np.zeros((height, width), np.uint8)
    cv2.line(image, (width // 2, 1), (width // 2, height - 2), 255, 2)
    assert prepare(image).max() > 100


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((280, 280), np.uint8),
        np.full((280, 280, 3), 255, np.uint8),
        np.full((64, 64, 3), (9, 99, 200)),
        np.zeros((280, 280, 4), np.uint8),
        np.full((280, 280, 4), 128, np.uint8),
        np.full((8, 8), 0.5),
        np.random.default_rng(0).normal(230, 2, (300, 300)).clip(0, 255).astype(np.uint8),
        photo_of(np.zeros((400, 300), np.uint8), ruled=False),
        photo_of(np.zeros((400, 300), np.uint8), noise=8),
    ],
    ids=["black", "white", "colour", "transparent", "half", "float", "grainy", "photo", "ruled photo"],
)
def test_nothing_drawn_is_no_ink(image):
    with pytest.raises(NoInk, match="no ink"):
        prepare(image)


def test_every_step_can_be_shown():
    for image in (two(), photo_of(two())):
        pictures = steps(image)
        assert list(pictures) == ["picture", "ink", "digit", "stroke", "pixels"]
        assert all(picture.dtype == np.uint8 and picture.size for picture in pictures.values())
        assert np.array_equal(pictures["pixels"], prepare(image))


def test_the_picture_handed_in_is_not_changed():
    for image in (two(), photo_of(two())):
        before = image.copy()
        steps(image)
        assert np.array_equal(image, before)


def test_any_array_gives_pixels_or_a_reason():
    rng = np.random.default_rng(7)
    for _ in range(150):
        height, width = rng.integers(5, 90, 2)
        shape = (height, width, *rng.choice([0, 1, 2, 3, 4], 1)) if rng.random() < 0.6 else (height, width)
        image = rng.integers(0, rng.choice([2, 20, 256]), shape).astype(rng.choice(["u1", "u2", "f4", "i8"]))
        if rng.random() < 0.5:
            image[rng.random(shape) < 0.95] = 0
        try:
            assert prepare(image).shape == (28, 28)
        except DrawingError as error:
            assert str(error)  # noqa: PT017 - it may be read, but where it is refused it has words for it
