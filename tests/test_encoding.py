import cv2
import numpy as np
import pytest

from drawing.decoding import decode
from drawing.encoding import KEPT_BYTES, KEPT_SIDE, shrink_file
from drawing.images import DrawingError
from drawing.preparation import prepare
from tests.drawings import alike, encoded, photo_of, two


def test_an_ordinary_drawing_is_kept_as_it_came():
    file = encoded(two())
    assert shrink_file(file) == file


@pytest.mark.parametrize(
    "file",
    [
        encoded(two(side=2000, width=100)),
        encoded(photo_of(two(side=1500, width=60)), ".jpg"),
        encoded(photo_of(two(side=280), noise=30)),
        encoded(np.dstack([photo_of(two(side=900, width=50)), np.full((900, 900), 255, np.uint8)]), ".webp"),
    ],
    ids=["large", "photo", "heavy", "WebP"],
)
def test_a_file_that_is_too_large_becomes_a_small_one_of_the_same_digit(file):
    kept = shrink_file(file)
    assert len(kept) <= KEPT_BYTES
    assert max(decode(kept).shape) <= KEPT_SIDE
    assert alike(prepare(decode(kept)), prepare(decode(file))) > 0.9


@pytest.mark.parametrize("shape", [(4096, 8, 3), (8, 4096, 4), (700, 700, 4), (1200, 900, 3)])
def test_whatever_is_drawn_fits_and_can_be_decoded_again(shape):
    file = encoded(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    kept = shrink_file(file)
    assert len(kept) <= KEPT_BYTES
    height, width = decode(kept).shape[:2]
    assert min(height, width) >= 8
    assert max(height, width) <= KEPT_SIDE


def test_transparent_strokes_stay_transparent():
    ink = two(side=1200, width=60)
    kept = decode(shrink_file(encoded(np.dstack([np.zeros((1200, 1200, 3), np.uint8), ink]))))
    assert kept.shape == (KEPT_SIDE, KEPT_SIDE, 4)
    assert alike(prepare(kept), prepare(ink)) > 0.98


def test_a_photo_leaves_behind_where_it_was_taken_and_stands_upright():
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6
    sideways = cv2.rotate(cv2.merge([two(side=900, width=50)[:, 100:800]] * 3), cv2.ROTATE_90_COUNTERCLOCKWISE)
    metadata = [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8)]
    kept = shrink_file(cv2.imencodeWithMetadata(".jpg", sideways, *metadata)[1].tobytes())
    assert b"MM\0*" not in kept
    assert decode(kept).shape[:2] == (560, 436)


def test_what_is_no_picture_is_not_kept():
    with pytest.raises(DrawingError, match="PNG, JPEG or WebP"):
        shrink_file(b"seven")
