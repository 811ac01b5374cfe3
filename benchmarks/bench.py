"""What the benchmarks measure on, how much of it, and how they run the project's programs."""

import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from data.data_sets import load
from data.files import PROJECT
from data.records import Records


@dataclass(frozen=True)
class Bench:
    """What is measured on, and how much of it."""

    scratch: Path  # a folder for what the programs write
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

    @property
    def model(self) -> Path:
        """Where training saves its model; the user's own stays as it is."""
        return self.scratch / "model.npz"

    def train_model(self, *options: str | Path) -> None:
        """Run train_model.py as a user would, for one epoch where a quick look is enough."""
        run_program("train_model.py", *options, *(("--epochs", "1") if self.quick else ()), "--output", self.model)


def run_program(program: str, *options: str | Path) -> str:
    """Run a program of the project and return what it prints."""
    line = [sys.executable, str(PROJECT / program), *map(str, options)]
    ended = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    if ended.returncode:
        raise RuntimeError(f"{program} ended with status {ended.returncode}:\n{ended.stderr}")
    return ended.stdout


def show_progress(text: str) -> None:
    """Print what is being measured, on the error channel."""
    print(text, file=sys.stderr, flush=True)
