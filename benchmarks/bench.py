"""What the benchmarks measure on, how much of it, and how they run the project's programs."""

import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.measuring import run
from data.data_sets import bundled_digits, download_csv, load
from data.files import data_folder
from data.records import Records


@dataclass(frozen=True)
class Bench:
    """What is measured on, and how much of it."""

    data: Path  # the folder of CSV files
    scratch: Path  # a folder for what the programs write
    quick: bool
    full: bool
    all_seeds: bool
    threads: tuple[int, ...]  # the numbers of threads to measure with
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
        return load([self.data / "mnist_train.csv"], "train")

    @cached_property
    def test(self) -> Records:
        """The test records of the digits."""
        return load([self.data / "mnist_test.csv"], "test")

    def run(self, program: str, *options: str | Path, **variables: str | Path) -> str:
        """Run a program on these data and return what it prints; the user's own model stays as it is."""
        return run(program, *options, **{"DIGITS_DATA": self.data, "DIGITS_MODEL": self.model, **variables})

    def train_model(self, *options: str | Path, **variables: str | Path) -> None:
        """Run train_model.py as a user would, for one epoch where a quick look is enough."""
        self.run("train_model.py", *(("--epochs", "1", "--threads", "1") if self.quick else ()), *options, **variables)

    @property
    def model(self) -> Path:
        """Where programs save their model."""
        return self.scratch / "model.npz"


def real_data() -> Path:
    """Return the folder of MNIST's CSV files, downloaded where they are missing, with their caches made."""
    for part in ("train", "test"):
        load([download_csv("mnist", part)], part)
    return data_folder()


def small_data(folder: Path) -> Path:
    """Write the digits that come with scikit-learn as if they were MNIST."""
    folder.mkdir()
    for part in ("train", "test"):
        pixels, labels = bundled_digits(part)
        np.savetxt(folder / f"mnist_{part}.csv", np.column_stack([labels, pixels]), fmt="%d", delimiter=",")
    return folder


def progress(text: str) -> None:
    """Tell on the error channel what is being measured."""
    print(text, file=sys.stderr, flush=True)


def counted(count: int, noun: str) -> str:
    """Return "1 seed", "3 seeds"."""
    return f"{count} {noun}{'s' * (count != 1)}"
