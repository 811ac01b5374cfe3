"""Pictures take turns, so that many at once neither fill the memory nor keep other requests waiting.

One small picture after another is prepared: threads that prepare theirs side by side hand Python's lock to and fro,
and come to the same number of answers a second for a third more work (python -m benchmarks.serving). Large ones, which
take up to a second each, wait in a line of their own.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

M_ARENA_MAX = -8  # of malloc.h
LARGE = 1024 * 1024  # pixels
PLACES = 8  # large pictures in hand or waiting; the threads that are left over answer everything else
LONGEST_WAIT = 10.0  # seconds
RETRY_AFTER = 10  # seconds


def share_heap() -> None:
    """Let all threads take memory from one heap; where each has its own, each keeps what a large picture left behind.

    Eight pictures of 4096 x 4096 with 16 bits take 405 MB so, instead of 716. Only glibc has such heaps: mallopt(3).
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


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
