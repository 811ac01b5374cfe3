"""CSV files of pictures, one picture a row: its label, then 784 pixels from 0 to 255.

What was read is kept beside the file in a .cache file, which counts only as long as the CSV stays as it is.
"""

import csv
import gzip
import re
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from data.files import write_atomically
from data.records import PIXELS, DataError, Pixels, Records

DIGITS = tuple("0123456789")
MAX_CLASSES = 100


def read_records(paths: Sequence[Path], class_names: Sequence[str] = DIGITS) -> Records:
    """Return the rows of CSV files, one file after another, as records of these classes.

    Raises `DataError` with file, row and column where a row is wrong.
    """
    files = [read_csv(path, len(class_names)) for path in paths]
    if len(files) == 1:  # no copy of what may be large
        pixels, labels = files[0]
    else:
        pixels, labels = (np.concatenate(arrays) for arrays in zip(*files, strict=True))
    return Records(pixels, labels, tuple(class_names))


def read_csv(path: Path, class_count: int = len(DIGITS)) -> tuple[Pixels, Pixels]:
    """Return pixels (n, 784) and labels (n,) of a CSV file, plain or .csv.gz, with or without a header.

    Labels are whole numbers from 0 to below `class_count`, which is at most 100.
    """
    try:
        state = path.stat()
        signature = np.array([state.st_size, state.st_mtime_ns])
    except FileNotFoundError:
        raise DataError(f"{path} does not exist.") from None
    cache = path.with_name(path.name + ".cache")
    rows = _read_cache(cache, signature)
    if rows is None:
        rows = _parse_csv(path)
        _write_cache(cache, signature, rows)
    if rows[:, 0].max() >= class_count:
        raise _first_mistake(path, _has_header(path), class_count) or DataError(f"{path} has labels of other classes.")
    return rows[:, 1:], rows[:, 0]


def write_csv(path: Path, rows: Pixels) -> None:
    """Write `rows` (n, 785), each a label and its pixels, as a CSV file that `read_csv` reads."""
    with write_atomically(path) as file:
        np.savetxt(file, rows, fmt="%d", delimiter=",")


def _parse_csv(path: Path) -> Pixels:
    """Return the rows (n, 785) of a CSV file. NumPy reads it; where it cannot, the error names the first wrong row."""
    header = _has_header(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an empty file: that gets an error below
        warnings.simplefilter("error", DeprecationWarning)  # of a pixel like 1.5, which NumPy 1 rounds
        try:
            rows = np.loadtxt(
                path,
                np.uint8,
                delimiter=",",
                comments=None,
                skiprows=int(header),
                ndmin=2,
                encoding="utf-8-sig",
            )
        except (ValueError, EOFError, zlib.error, DeprecationWarning) as error:
            raise _first_mistake(path, header, MAX_CLASSES) or DataError(f"{path}: {error}") from None
    if rows.size == 0:
        raise DataError(f"{path} has no rows{' below its header' if header else ''}.")
    if rows.shape[1] != 1 + PIXELS:
        raise _first_mistake(path, header, MAX_CLASSES) or DataError(f"{path} is not a CSV file of pictures.")
    return rows


def _has_header(path: Path) -> bool:
    """Tell whether the first line holds names instead of numbers."""
    try:
        with _open_text(path) as file:
            first = next(csv.reader(file), [])
    except (UnicodeDecodeError, EOFError, OSError, csv.Error, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise
        raise DataError(f"{path} is not a CSV file: it holds no readable text ({error}).") from None
    return bool(first) and not any(field.strip().lstrip("+-").isdigit() for field in first)


def _first_mistake(path: Path, header: bool, class_count: int) -> DataError | None:
    """Look for the first row that is not a label and 784 pixels; rows and columns count from 1, as editors do."""
    try:
        with _open_text(path) as file:
            lines = csv.reader(file)
            for fields in lines:
                if not fields or (header and lines.line_num == 1):
                    continue
                place = f"{path}, row {lines.line_num}"
                if len(fields) != 1 + PIXELS:
                    return DataError(f"{place}: has {len(fields)} values, needs 785 (a label and 784 pixels).")
                for column, field in enumerate(fields, start=1):
                    name, highest = ("label", class_count - 1) if column == 1 else ("pixel", 255)
                    if not (re.fullmatch(r"\s*\+?[0-9]{1,9}\s*", field) and int(field) <= highest):
                        reason = f"{field[:20]!r} is no {name}, needs a whole number from 0 to {highest}"
                        more = " (--class-names names other classes than ten digits)" if column == 1 else ""
                        return DataError(f"{place}, column {column}: {reason}{more}.")
    except (UnicodeDecodeError, EOFError, csv.Error, zlib.error, gzip.BadGzipFile) as error:
        return DataError(f"{path} is not a CSV file, or only a part of one: {error}.")
    return None


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_cache(cache: Path, signature: NDArray[np.int64]) -> Pixels | None:
    try:
        with cache.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return arrays["rows"] if np.array_equal(arrays["signature"], signature) else None
    except Exception:  # a cache that is missing or damaged in whatever way is simply made again
        return None


def _write_cache(cache: Path, signature: NDArray[np.int64], rows: Pixels) -> None:
    try:
        with write_atomically(cache) as file:
            np.savez(file, signature=signature, rows=rows)
    except OSError:  # a folder that cannot be written to costs time, not the training
        cache.unlink(missing_ok=True)
