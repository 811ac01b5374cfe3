"""Drawings, photos and files for the tests of drawing/."""

import struct
import zlib

import cv2
import numpy as np


def two(side=280, width=18, size=1.0, at=(0.5, 0.5)):
    """A 2 in light ink on 0, (side, side): its centre is at, its height about 0.6 * size of the side.

    Its width is not near half a pixel of the 28, where the smallest change would round it the other way.
    """
    points = np.array([(-0.5, -0.6), (-0.3, -1), (0.2, -1), (0.5, -0.6), (0.3, -0.1), (-0.5, 0.9), (0.64, 0.9)])
    points = (points * 0.3 * size + at) * side
    canvas = np.zeros((side, side), np.uint8)
    cv2.polylines(canvas, [(points * 16).astype(np.int32)], False, 255, width, cv2.LINE_AA, 4)
    return canvas


def side_by_side(digits):
    """Digits (n, 784) on one picture, dark on white: each 140 pixels high and wide, a new one every 145 pixels."""
    paper = np.full((200, 40 + 145 * len(digits)), 255, np.uint8)
    for place, pixels in enumerate(digits):
        drawn = cv2.resize(pixels.reshape(28, 28), (140, 140), interpolation=cv2.INTER_CUBIC)
        paper[30:170, 20 + 145 * place : 160 + 145 * place] -= drawn
    return paper


def alike(a, b):
    """Correlation of two pictures of 28 x 28."""
    return np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1]


def photo_of(ink, noise=3.0, ruled=True, colour=(60, 45, 40), seed=0):
    """Light ink on 0 as a phone photo: ruled paper, a gradient, the edge of a shadow, blur and noise."""
    height, width = ink.shape
    rng = np.random.default_rng(seed)
    paper = np.full((height, width, 3), (225, 235, 238), np.float32)
    if ruled:
        for y in range(height // 16, height, height // 8):
            cv2.line(paper, (0, y), (width, y + width // 40), (215, 190, 160), 2)
    cover = ink[..., None] / np.float32(255)
    picture = paper * (1 - cover) + np.float32(colour) * cover
    light = np.tile(np.linspace(1.0, 0.75, width, dtype=np.float32)[None, :, None], (height, 1, 1))
    light[height // 2 :] *= 0.8
    picture = cv2.GaussianBlur(picture * light, (0, 0), 1.0) + rng.normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def encoded(image, kind=".png", *options):
    return cv2.imencode(kind, image, list(options))[1].tobytes()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(header, rows, *more):
    """A PNG file written by hand: header is (width, height, bit depth, colour type)."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
