import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from drawing import decoding
from drawing.decoding import decode
from drawing.images import DrawingError
from drawing.preparation import prepare
from tests.attacks import LARGEST, SIDE, jpeg_with_a_hidden_size, lossless, progressive, riff, text_of
from tests.conftest import PROJECT
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
    webp = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (min(side, 2**24) - 1).to_bytes(11, "little") * 2
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


def run_python(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    "file",
    [
        jpeg_with_a_hidden_size(32_767),
        jpeg_with_a_hidden_size(4097),
        riff(b"WEBP" + lossless(16_384, 16_384)[:-2] + struct.pack("<HH", 200, 200) + bytes(4)),
        riff(b"WEBPVP8L\x10\0\0\0" + lossless(16_384, 16_384)),
        riff(b"VP8L\x10\0\0\0" + lossless(16_384, 16_384)),
        progressive(29_900),
        progressive(17),
        png((SIDE, SIDE, 16, 6), b""),
        png((280, 280, 8, 0), bytes(281 * 280), chunk(b"prVt", b"") * 340_000),
        b"\xff\xd8" + b"\xff\xd0" * 1_000_000 + encoded(two(), ".jpg")[2:],
    ],
    ids=[
        "32,767 behind a restart marker",
        "4097 behind one",
        "bare bits",
        "VP8L",
        "VP8L alone",
        "29,900 scans",
        "17 scans",
        "16 bits",
        "chunks",
        "markers",
    ],
)
def test_a_small_file_that_asks_for_much_is_refused_before_decoding(file, monkeypatch):
    monkeypatch.setattr(decoding.cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    with pytest.raises(DrawingError):
        decode(file)


@pytest.mark.parametrize("side", [280, SIDE])
def test_a_jpeg_of_as_many_scans_as_programs_write_is_decoded(side):
    assert decode(progressive(12, side)).shape == (side, side)


@pytest.mark.parametrize(
    "more",
    [[text_of(7_900_000)] * 300, [chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))]],
    ids=["texts", "iCCP"],
)
def test_what_a_png_says_beside_its_picture_is_left_alone(more, capfd):
    rows = b"".join(b"\0" + bytes(row) for row in two())
    started = time.process_time()
    for file in (png((280, 280, 8, 0), rows, *more), png((280, 280, 8, 0), rows)[:-12] + b"".join(more) + END):
        assert np.array_equal(decode(file), two())
    assert time.process_time() - started < 1.5
    assert not capfd.readouterr().err


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of a process's memory"
)
@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_pictures_take_bounded_time_and_memory(kind, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(LARGEST[kind]())
    ended = run_python(MEASURE, path)
    assert ended.returncode == 0, ended.stderr
    seconds, megabytes = map(float, ended.stdout.split())
    assert seconds < 1.5
    assert megabytes < 250


MEASURE = """
import pathlib, sys, time
from drawing.decoding import decode
from drawing.images import NoInk
from drawing.preparation import prepare

def status(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) / 1000

file = pathlib.Path(sys.argv[1]).read_bytes()
open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
before, started = status("VmRSS"), time.process_time()
try:
    prepare(decode(file))
except NoInk:
    pass
print(time.process_time() - started, status("VmHWM") - before)
"""


@pytest.mark.parametrize("program", ["server", "evaluate"])
def test_opencv_itself_refuses_what_is_too_large_in_every_program(program):
    code = f"import {program}, cv2, drawing.decoding, numpy as np; cv2.imdecode(np.frombuffer({WIDE!r}, np.uint8), -1)"
    assert "CV_IO_MAX_IMAGE_WIDTH" in run_python(code).stderr


END = chunk(b"IEND", b"")
WIDE = png((4097, 8, 8, 0), bytes(4098 * 8))
