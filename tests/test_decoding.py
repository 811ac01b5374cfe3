import struct

import cv2
import numpy as np
import pytest

from drawing import decoding
from drawing.decoding import decode
from drawing.images import DrawingError
from drawing.preparation import prepare
from tests.drawings import alike, chunk, encoded, photo_of, png, two

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp"])
def test_the_three_formats_are_decoded(kind):
    assert alike(prepare(decode(encoded(cv2.merge([two()] * 3), kind))), prepare(two())) > 0.98


@pytest.mark.parametrize(
    "file",
    [
        encoded(two().astype(np.uint16) * 257),
        encoded(cv2.merge([two()] * 4)),
        encoded(cv2.merge([two()] * 4), ".webp"),
        png(
            (280, 280, 8, 3),
            b"".join(b"\0" + bytes(row > 127) for row in two()),
            chunk(b"PLTE", bytes([255, 255, 255, 200, 0, 0])),
        ),
        png((280, 280, 8, 4), b"".join(b"\0" + np.dstack([0 * row, row]).tobytes() for row in two())),
    ],
    ids=["16 bits", "alpha", "WebP with alpha", "palette", "grey and alpha"],
)
def test_special_kinds_of_files_are_decoded(file):
    assert alike(prepare(decode(file)), prepare(two())) > 0.98


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp"])
def test_a_picture_held_sideways_is_turned_upright(kind):
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # orientation 6
    sideways = cv2.rotate(cv2.merge([two()[:, 40:240]] * 3), cv2.ROTATE_90_COUNTERCLOCKWISE)
    file = cv2.imencodeWithMetadata(kind, sideways, [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8)])[
        1
    ].tobytes()
    assert decode(file).shape[:2] == (280, 200)
    assert alike(prepare(decode(file)), prepare(two())) > 0.98


@pytest.mark.parametrize("side", [7, 4097, 60_000, 2**31 - 1])
def test_a_wrong_size_is_refused_before_decoding(side, monkeypatch):
    monkeypatch.setattr(decoding.cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    jpeg = bytearray(encoded(two(), ".jpg"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 200, min(side, 65_000))
    webp = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (min(side, 2**24) - 1).to_bytes(3, "little") * 2
    for file in (png((side, side, 8, 0), b""), bytes(jpeg), webp):
        with pytest.raises(DrawingError, match="pixels"):
            decode(file)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7",
        b"<svg width='280' height='280'></svg>",
        b"BM" + bytes(60),
        "seven".encode("utf-16"),
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\0" * 9,
        b"RIFF\0\0\0\0WEBP",
        encoded(two(), ".bmp"),
        encoded(two(), ".tiff"),
        png((20, 20, 8, 0), b"")[:-20],
        png((20, 20, 9, 7), b"x"),
    ],
)
def test_other_files_are_refused(file):
    with pytest.raises(DrawingError, match=r"PNG, JPEG or WebP|damaged|pixels"):
        decode(file)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp"])
def test_damaged_files_are_refused_or_read_but_never_crash(kind, capfd):
    file = encoded(photo_of(two(side=64, width=5)), kind)
    for end in range(0, len(file) - 3, 97):
        with pytest.raises(DrawingError):
            decode(file[:end])
    for _ in range(100):
        broken = bytearray(file)
        broken[RNG.integers(len(file))] = RNG.integers(256)
        try:
            prepare(decode(bytes(broken)))
        except DrawingError as error:
            assert str(error)  # noqa: PT017 - it may be read, but where it is refused it has words for it
    assert "WARN" not in capfd.readouterr().err
