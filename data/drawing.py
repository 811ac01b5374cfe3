"""Bring the picture of a digit to 28 x 28 pixels the way MNIST did."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 28
BOX = 20


def place(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit light `ink` (height, width) on black into the middle of (28, 28) pixels, 0 to 255.

    The longer side becomes 20 pixels by area averaging; then the digit is moved by whole pixels until its centre of
    mass lies on pixel (14, 14), counting from 0. Source: LeCun, Cortes, Burges, "The MNIST database".
    """
    left, top, width, height = cv2.boundingRect(ink)
    scale = BOX / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    digit = cv2.resize(ink[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA)
    mass = cv2.moments(digit)
    column = round(SIDE / 2 - mass["m10"] / mass["m00"])
    row = round(SIDE / 2 - mass["m01"] / mass["m00"])
    move = np.array([[1, 0, column], [0, 1, row]], np.float32)
    return cv2.warpAffine(digit, move, (SIDE, SIDE), flags=cv2.INTER_NEAREST).astype(np.uint8)
