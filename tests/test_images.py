import cv2
import numpy as np
import pytest

from drawing.images import DrawingError
from drawing.preparation import prepare
from tests.drawings import alike, two


@pytest.mark.parametrize(
    "image",
    [
        None,
        "2",
        [[1, 2], [3, 4]],
        np.zeros(784),
        np.zeros((7, 20), np.uint8),
        np.zeros((20, 4097), np.uint8),
        np.zeros((20, 20, 5), np.uint8),
        np.zeros((0, 0), np.uint8),
        np.full((20, 20), np.nan),
        np.full((20, 20), -1),
        np.full((20, 20), 256),
        np.full((20, 20), np.inf),
        np.full((20, 20), 1j),
        np.full((20, 20), "x"),
        np.zeros((20, 20), object),
    ],
)
def test_what_is_not_a_picture_is_refused(image):
    with pytest.raises(DrawingError):
        prepare(image)


@pytest.mark.parametrize(
    "convert",
    [
        lambda i: i > 127,
        lambda i: i.astype(np.uint16) * 257,
        lambda i: i / 255,
        lambda i: i.astype(np.float32),
        lambda i: i.astype(np.int64),
        lambda i: i[..., None],
        lambda i: cv2.merge([i, i, i]),
        lambda i: cv2.merge([i, i, i, np.full_like(i, 255)]),
        lambda i: np.dstack([i, np.full_like(i, 255)]),
        lambda i: np.asfortranarray(i),
        lambda i: np.repeat(i, 2, axis=1)[:, ::2],
    ],
)
def test_every_kind_of_array_gives_the_same_digit(convert):
    assert alike(prepare(convert(two())), prepare(two())) > 0.99
