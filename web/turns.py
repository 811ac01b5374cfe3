"""Pictures take turns, so that many at once neither fill the memory nor keep other requests waiting.

One small picture after another is prepared: threads that prepare theirs side by side hand Python's lock to and fro,
and come to the same number of answers a second for a third more work (python -m benchmarks.serving). Large ones, which
take up to a second each, wait in a line of their own.
"""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

LARGE = 1024 * 1024  # pixels
PLACES = 8  # large pictures in hand or waiting; the threads that are left over answer everything else
LONGEST_WAIT = 10.0  # seconds


class BusyError(Exception):
    """There are too many large pictures; the argument is after how many seconds to try again."""


class Turns:
    """Who is next."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._small, self._large = threading.Lock(), threading.Lock()
        self._places = threading.Semaphore(PLACES)

    @contextmanager
    def take(self, file: bytes) -> Iterator[None]:
        """Wait for the turn of the picture in `file`. Raises `BusyError` where that takes too long."""
        if not is_large(file):
            with self._small:
                yield
            return
        if not self._places.acquire(blocking=False):
            raise BusyError(int(LONGEST_WAIT))
        try:
            if not self._large.acquire(timeout=LONGEST_WAIT):
                raise BusyError(int(LONGEST_WAIT))
            try:
                yield
            finally:
                self._large.release()
        finally:
            self._places.release()


def is_large(file: bytes) -> bool:
    """Tell whether a picture file holds a large picture by its header, or one whose size cannot be told."""
    try:
        with Image.open(io.BytesIO(file), formats=("PNG", "JPEG", "WEBP")) as picture:
            return picture.width * picture.height > LARGE
    except Exception:  # what cannot be read is refused when it is decoded
        return True
