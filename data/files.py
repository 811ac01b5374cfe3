"""Where the project keeps its files, and how it writes them so that a crash leaves no half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PROJECT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """Return the folder of CSV files and their caches: `DIGITS_DATA`, or data/ of the project."""
    return Path(os.environ.get("DIGITS_DATA") or PROJECT / "data")


def model_path() -> Path:
    """Return the file of the trained model: `DIGITS_MODEL`, or model.npz of the project."""
    return Path(os.environ.get("DIGITS_MODEL") or PROJECT / "model.npz")


def short_path(path: Path) -> str:
    """Return `path` as short as somebody in the current folder would write it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def write_atomically(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only once the block has ended well; otherwise it is removed again."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
