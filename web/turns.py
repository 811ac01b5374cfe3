"""Pictures take turns, so that many at once neither fill the memory nor keep other requests waiting.

One small picture after another is prepared: threads that prepare theirs side by side hand Python's lock to and fro,
and come to the same number of answers a second for a third more work (python -m benchmarks.serving). Large ones, which
take up to a second each, wait in a line of their own.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LARGE = 1024 * 1024  # pixels
PLACES = 8  # large pictures in hand or waiting; the threads that are left over answer everything else
LONGEST_WAIT = 10.0  # seconds
RETRY_AFTER = 10  # seconds


class BusyError(Exception):
    """There are too many large pictures; the argument is after how many seconds to try again."""


class Turns:
    """Who is next."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._small, self._large = threading.Lock(), threading.Lock()
        self._places = threading.Semaphore(PLACES)

    @contextmanager
    def take(self, pixels: int) -> Iterator[None]:
        """Wait for the turn of a picture of so many pixels. Raises `BusyError` where that takes too long."""
        if pixels <= LARGE:
            with self._small:
                yield
            return
        if not self._places.acquire(blocking=False):
            raise BusyError(RETRY_AFTER)
        try:
            if not self._large.acquire(timeout=LONGEST_WAIT):
                raise BusyError(RETRY_AFTER)
            try:
                yield
            finally:
                self._large.release()
        finally:
            self._places.release()
