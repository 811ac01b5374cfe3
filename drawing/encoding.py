"""A picture file becomes one that is small enough to be kept beside a correction."""

import cv2

from drawing import MIN_SIDE
from drawing.decoding import decode

KEPT_SIDE = 560  # pixels of the longer side; strokes keep 20 pixels of the 28 many times over
KEPT_BYTES = 64_000
WEBP = [cv2.IMWRITE_WEBP_QUALITY, 80]  # of 100, where a PNG is too large, as it is of photos


def shrink_file(data: bytes) -> bytes:
    """Return a picture file of at most `KEPT_BYTES` and `KEPT_SIDE` pixels a side: `data` itself where it is one.

    Others become an upright PNG, or WebP where that is too large, without the data on place and time that photos carry.
    Raises what `decode` does.
    """
    image = decode(data)
    side = max(image.shape[:2])
    if side <= KEPT_SIDE and len(data) <= KEPT_BYTES:
        return data
    side = min(side, KEPT_SIDE)
    while True:
        factor = side / max(image.shape[:2])
        height, width = (max(MIN_SIDE, round(n * factor)) for n in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        for kind, options in ((".png", []), (".webp", WEBP)):
            file = cv2.imencode(kind, image, options)[1].tobytes()
            if len(file) <= KEPT_BYTES:
                return file
        side //= 2  # noise cannot be made small otherwise
