"""Where the project keeps its files, and how it writes them so that a crash leaves no half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED = "digits", "clothes"  # the trained models in models/


def data_folder() -> Path:
    """Return the folder of CSV files and their caches: `DIGITS_DATA`, or data/ of the project."""
    return Path(os.environ.get("DIGITS_DATA") or PROJECT / "data")


def model_path() -> Path:
    """Return the file of the trained model: `DIGITS_MODEL`, or model.npz of the project."""
    return Path(os.environ.get("DIGITS_MODEL") or PROJECT / "model.npz")


def shown(path: Path) -> str:
    """Return `path` as short as somebody in the current folder would write it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def shipped_model(name: str = "digits") -> Path:
    """Return the file of a trained model that comes with the project: of digits or of clothes."""
    return PROJECT / "models" / f"{name}.npz"


def is_shipped(model: Path) -> bool:
    """Tell whether `model` is a file that comes with the project, by whatever path."""
    return any(model.resolve() == shipped_model(name).resolve() for name in SHIPPED)


def default_model(name: str = "digits") -> Path:
    """Return the model that the user trained, or else the one of that name that comes with the project."""
    return model_path() if model_path().exists() else shipped_model(name)


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
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
