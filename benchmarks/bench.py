"""What the benchmarks measure on, and how much of it."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from data.data_sets import load
from data.records import Records


@dataclass(frozen=True)
class Bench:
    """What is measured on, and how much of it."""

    scratch: Path  # a folder for what is written
    quick: bool
    picture: Path | None

    @property
    def runs(self) -> int:
        """How often each thing is measured."""
        return 1 if self.quick else 3

    @property
    def goal(self) -> float:
        """The accuracy on the test records that `reach` trains for."""
        return 0.4 if self.quick else 0.975

    @cached_property
    def train(self) -> Records:
        """The training records of the digits."""
        return load("digits" if self.quick else "mnist", "train")

    @cached_property
    def test(self) -> Records:
        """The test records of the digits."""
        return load("digits" if self.quick else "mnist", "test")


def show_progress(text: str) -> None:
    """Print what is being measured, on the error channel."""
    print(text, file=sys.stderr, flush=True)
