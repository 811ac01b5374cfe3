"""A PNG, JPEG or WebP file becomes an array.

Files come from strangers: a small one can hold a huge picture, or ask for minutes of work. Pillow reads what a file
says of itself, which is then bounded; OpenCV decodes, because it is faster: a canvas of 280 x 280 takes 0.5 ms instead
of 0.7, a JPEG of 12 megapixels 80 ms instead of 125.
"""

import io
import struct

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL.PngImagePlugin import ChunkStream

from drawing import MAX_SIDE
from drawing.images import DrawingError, Image, check_size, to_uint8

FORMATS = "PNG", "JPEG", "WEBP"
PNG, JPEG, RIFF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF"  # how their files begin
MAX_CHUNKS = 10_000  # of a PNG; a picture of 4096 rows needs one a row at most
MAX_HEADER = 1 << 19  # bytes of a JPEG before its picture; previews and colour profiles are smaller
MAX_SCANNED = 16 * MAX_SIDE**2  # pixels of a JPEG times its scans; programs write about 10, each takes up to 50 ms
MAX_DEEP = 4000 * 3000  # pixels, where each has four times 16 bits
DAMAGED = "the picture file is damaged or incomplete; save the picture again and send it again"

# OpenCV reports broken files on stderr; decode() says it in its own words.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # OpenCV 4, OpenCV 5
_set_log_level(0)


def decode(data: bytes) -> Image:
    """Return the picture in a PNG, JPEG or WebP file, upright, as uint8: (height, width) or (height, width, 3 or 4).

    Raises DrawingError for any other format, for a wrong size, for a damaged file and for one that takes too much work.
    """
    if data.startswith(PNG):
        data = _strip_png(data)
    _, transparent = _check_header(data)
    # Only without transparency does OpenCV turn a photo upright, as its EXIF data ask for.
    flags = cv2.IMREAD_UNCHANGED if transparent else cv2.IMREAD_ANYCOLOR
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise DrawingError(DAMAGED)
    return to_uint8(image)


def count_pixels(data: bytes) -> int:
    """Return how many pixels the picture in a file has, by its header alone; `decode` checks it.

    Raises DrawingError for a JPEG or WebP file that `decode` would refuse, and for any other format.
    """
    if data.startswith(PNG):
        width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        return width * height if data[12:16] == b"IHDR" else MAX_SIDE**2
    return _check_header(data)[0]


def _strip_png(data: bytes) -> bytes:
    """Return a PNG with only what the picture needs, after its checksums are verified.

    Texts never reach OpenCV, which would unpack gigabytes of them, nor do colour profiles, which it reports on stderr.
    """
    file = io.BytesIO(data)
    file.seek(len(PNG))
    stream, chunks = ChunkStream(file), [PNG]
    try:
        for _ in range(MAX_CHUNKS):
            kind, start, length = stream.read()
            stream.crc(kind, file.read(length))
            if kind in (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"):
                chunks.append(data[start - 8 : start + length + 4])
            if kind == b"IEND":
                return b"".join(chunks)
    except (SyntaxError, struct.error) as error:
        raise DrawingError(DAMAGED) from error
    raise DrawingError(f"this PNG has more than {MAX_CHUNKS:,} parts; save the picture again as a plain one")


def _check_header(data: bytes) -> tuple[int, bool]:
    """Check what a file says of its picture; return its pixels and whether it may be transparent.

    Raises DrawingError.
    """
    if data[8:16] == b"WEBPVP8X":  # Pillow would make room for all frames before it tells their size
        check_size(*(int.from_bytes(data[at : at + 3], "little") + 1 for at in (27, 24)))
    file = io.BytesIO(data[:MAX_HEADER] if data.startswith(JPEG) else data)
    try:
        with PillowImage.open(file, formats=FORMATS) as picture:
            width, height = picture.size
            transparent = "A" in picture.mode or "transparency" in picture.info
    except PillowImage.DecompressionBombError as error:
        raise DrawingError(f"the picture is too large; send one of at most {MAX_SIDE} x {MAX_SIDE} pixels") from error
    except Exception as error:  # damage makes Pillow raise almost anything
        if data.startswith((PNG, JPEG, RIFF)):
            raise DrawingError(DAMAGED) from error
        raise DrawingError("this is not a PNG, JPEG or WebP picture; save the drawing as one of these") from error
    check_size(height, width)
    if transparent and data.startswith(PNG) and data[24] == 16 and width * height > MAX_DEEP:
        raise DrawingError("this PNG is too large for 16 bits a colour; save it with 8 bits a colour")
    # A marker begins with a byte that the picture itself never has, so scans can be counted without being read.
    if data.startswith(JPEG) and data.count(b"\xff\xda") * max(width * height, 1 << 20) > MAX_SCANNED:
        raise DrawingError('this JPEG builds up in too many scans; save it without "progressive", or as a PNG')
    return width * height, transparent
