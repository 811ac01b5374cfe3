"""Picture files that ask for as much time or memory as they can: some must be refused, the largest are accepted."""

import struct
import zlib

import cv2
import numpy as np

from tests.drawings import chunk, encoded, png, two

RNG = np.random.default_rng(1)
SIDE = 4096  # the largest that is accepted


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg_with_a_hidden_size(side):
    """A JPEG with a restart marker before its size: who takes it for a segment jumps to the size of another one."""
    file = encoded(two(), ".jpg")
    at = file.index(b"\xff\xc0")
    end = at + 2 + struct.unpack_from(">H", file, at + 2)[0]
    frame = file[at:end]
    hidden = frame[:5] + struct.pack(">HH", side, side) + frame[9:]
    padding = bytes(0xFFC0 - len(hidden) - 4)  # the frame that is shown is where the "segment" of 0xFFC0 bytes ends
    comment = b"\xff\xfe" + struct.pack(">H", len(padding) + len(frame) + 2) + padding + frame
    return file[:at] + b"\xff\xd0" + hidden + comment + file[end:]


def lossless(width, height):
    """The bare bits of a WebP without loss in one colour: five codes of one symbol each."""
    size = struct.pack("<I", width - 1 | height - 1 << 14)
    return b"\x2f" + size + sum(1 << 3 + 4 * code for code in range(5)).to_bytes(11, "little")


def riff(content):
    return b"RIFF" + struct.pack("<I", len(content)) + content


def progressive(scans, side=SIDE):
    """A JPEG that is grey all over, made of as many scans as one likes."""
    start = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC2, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
    codes = segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    first = segment(0xDA, b"\1\1\0\0\0\1") + bytes(side * side // 512)
    again = segment(0xDA, b"\1\1\0\1\x3f\x10") + b"\0\0"
    return b"\xff\xd8" + start + codes + first + again * (scans - 1) + b"\xff\xd9"


def text_of(size):
    return chunk(b"zTXt", b"text\0\0" + zlib.compress(bytes(size), 9))


LARGEST = {
    "16 bits": lambda: png((SIDE, SIDE, 16, 2), bytes((1 + 6 * SIDE) * SIDE)),
    "16 bits and transparency": lambda: png((4000, 3000, 16, 6), bytes((1 + 8 * 4000) * 3000)),
    "transparency": lambda: png((SIDE, SIDE, 8, 6), (b"\4" + RNG.bytes(4 * SIDE)) * SIDE),
    "palette": lambda: png(
        (SIDE, SIDE, 8, 3), bytes((1 + SIDE) * SIDE), chunk(b"PLTE", bytes(6)), chunk(b"tRNS", b"\x10")
    ),
    "scans": lambda: progressive(16),
    "WebP": lambda: encoded(np.full((SIDE, SIDE, 4), 128, np.uint8), ".webp", cv2.IMWRITE_WEBP_QUALITY, 101),
}
# What the benchmarks send to a server, by name.
PICTURES = {
    "JPEG of 32,767 x 32,767 behind a restart marker": lambda: jpeg_with_a_hidden_size(32_767),
    "VP8L of 16,384 x 16,384 without a frame": lambda: riff(b"WEBPVP8L\x10\0\0\0" + lossless(16_384, 16_384)),
    "JPEG of 29,900 scans": lambda: progressive(29_900),
    "PNG with 2 GB of texts": lambda: png((280, 280, 8, 0), bytes(281 * 280), *[text_of(7_900_000)] * 300),
    **{f"largest, {name}": make for name, make in LARGEST.items()},
}
