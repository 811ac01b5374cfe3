"""Values of options on the command line: what several programs take, with errors that say what is needed."""

import argparse
import math
from collections.abc import Callable


def number(needed: str, fits: Callable[[float], bool]) -> Callable[[str], float]:
    """Return a reader of numbers that fit; the error says what is `needed`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not fits(value):
            raise argparse.ArgumentTypeError(f"needs {needed}, got {text!r}")
        return value

    return read


def whole_number(least: int, most: float = math.inf) -> Callable[[str], int]:
    """Return a reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        if not (text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
            to = "up" if most == math.inf else f"to {most}"
            raise argparse.ArgumentTypeError(f"needs a whole number from {least} {to}, got {text[:40]!r}")
        return int(text)

    return read


seed = whole_number(0)
