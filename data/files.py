"""Where the project keeps its files, and how it writes them so that a crash leaves no half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    part = part_path(path)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def part_path(path: Path) -> Path:
    """Return where this process writes what shall become the file at `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def remove_abandoned_parts(path: Path) -> None:
    """Remove the parts of the file at `path` that killed processes left."""
    for part in path.parent.glob(f".*{path.name}.*.part"):  # a part may have been written as a part itself
        process = part.name.split(".")[-2]
        with suppress(OSError):  # one that is being written: Windows does not remove it
            if os.name == "nt" or not _is_running(process):
                part.unlink()


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder onto the disk: a file that was renamed keeps its new name if the power fails."""
    if os.name != "nt":  # Windows does that by itself
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what tells one state of a file from another, or None where there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
