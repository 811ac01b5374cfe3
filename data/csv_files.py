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
from data.records import NO_CLASS, PIXELS, DataError, Pixels, Records

DIGITS = tuple("0123456789")
MAX_CLASSES = 100
LABEL_NAMES = "label", "class", "target", "y"  # that a header may have for the first column, or for the last
LONGEST_LINE = 1 << 16  # characters; 785 quoted numbers with spaces take 8,000
FEWEST_TO_JUDGE = 10  # rows; with fewer, nobody can say whether the labels are in the last column


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

    Labels are whole numbers from 0 to below `class_count`, which is at most 100, or 255 for none of the classes.
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
    if ((rows[:, 0] >= class_count) & (rows[:, 0] != NO_CLASS)).any():
        raise _first_mistake(path, bool(_header(path)), class_count) or DataError(
            f"{path} has labels of other classes."
        )
    return rows[:, 1:], rows[:, 0]


def write_csv(path: Path, rows: Pixels) -> None:
    """Write `rows` (n, 785), each a label and its pixels, as a CSV file that `read_csv` reads."""
    with write_atomically(path) as file:
        np.savetxt(file, rows, fmt="%d", delimiter=",")


def _parse_csv(path: Path) -> Pixels:
    """Return the rows (n, 785) of a CSV file. NumPy reads it; where it cannot, the error names the first wrong row."""
    header = _header(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an empty file: that gets an error below
        warnings.simplefilter("error", DeprecationWarning)  # of a pixel like 1.5, which NumPy 1 rounds
        try:
            rows = np.loadtxt(
                path,
                np.uint8,
                delimiter=",",
                comments=None,
                quotechar='"',
                skiprows=int(bool(header)),
                ndmin=2,
                encoding="utf-8-sig",
            )
        except (ValueError, EOFError, gzip.BadGzipFile, zlib.error, DeprecationWarning) as error:
            raise _first_mistake(path, bool(header), MAX_CLASSES) or DataError(f"{path}: {error}") from None
    if rows.size == 0:
        raise DataError(f"{path} has no rows{' below its header' if header else ''}.")
    if rows.shape[1] != 1 + PIXELS:
        raise _first_mistake(path, bool(header), MAX_CLASSES) or DataError(f"{path} is not a CSV file of pictures.")
    return _labels_first(path, header, rows)


def _labels_first(path: Path, header: list[str], rows: Pixels) -> Pixels:
    """Return the rows (n, 785) with the label in the first column, where the header says that it is in the last one."""
    names = [name.strip().lower() for name in header]
    if names and names[-1] in LABEL_NAMES and names[0] not in LABEL_NAMES:
        return np.roll(rows, 1, axis=1)
    labels, last = rows[:, 0], rows[:, -1]
    if not names and len(rows) >= FEWEST_TO_JUDGE and np.ptp(labels) == 0 < np.ptp(last) and last.max() < MAX_CLASSES:
        raise DataError(
            f"{path} has {labels[0]} as the label of every row, and others in its last column; put the labels into "
            "the first column, or a header above the rows whose last name is label."
        )
    return rows


def _header(path: Path) -> list[str]:
    """Return the names in the first line, or nothing where it holds numbers."""
    try:
        with _open_text(path) as file:
            line = file.readline(LONGEST_LINE)
            first = next(csv.reader([line], strict=True), [])
    except (UnicodeDecodeError, EOFError, OSError, csv.Error, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
            raise
        if isinstance(error, csv.Error):
            raise DataError(f"{path}, row 1: {error}; is a quote not closed?") from None
        raise DataError(f"{path} is not a CSV file: it holds no readable text ({error}).") from None
    return [] if any(field.strip().lstrip("+-").isdigit() for field in first) else first


def _first_mistake(path: Path, header: bool, class_count: int) -> DataError | None:
    """Look for the first row that is not a label and 784 pixels; rows and columns count from 1, as editors do."""
    row = 0
    try:
        with _open_text(path) as file:
            lines = csv.reader(file, strict=True)
            for fields in lines:
                row = lines.line_num
                if not fields or (header and row == 1):
                    continue
                place = f"{path}, row {row}"
                if len(fields) != 1 + PIXELS:
                    return DataError(f"{place}: has {len(fields)} values, needs 785 (a label and 784 pixels).")
                for column, field in enumerate(fields, start=1):
                    name, highest = ("label", class_count - 1) if column == 1 else ("pixel", 255)
                    value = int(field) if re.fullmatch(r"\s*\+?[0-9]{1,9}\s*", field) else 1 << 30
                    if value > highest and not (column == 1 and value == NO_CLASS):
                        reason = f"{field[:20]!r} is no {name}, needs a whole number from 0 to {highest}"
                        more = " (--class-names names other classes than ten digits)" if column == 1 else ""
                        return DataError(f"{place}, column {column}: {reason}{more}.")
    except (UnicodeDecodeError, EOFError, csv.Error, zlib.error, gzip.BadGzipFile) as error:
        return DataError(f"{path} is not a CSV file, or only a part of one: {error} after row {row}.")
    return None


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_cache(cache: Path, signature: NDArray[np.int64]) -> Pixels | None:
    try:
        with cache.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            rows = arrays["rows"] if np.array_equal(arrays["signature"], signature) else None
    except Exception:  # a cache that is missing or damaged in whatever way is simply made again
        return None
    fits = rows is not None and rows.dtype == np.uint8 and rows.shape[1:] == (1 + PIXELS,) and len(rows)
    return rows if fits else None


def _write_cache(cache: Path, signature: NDArray[np.int64], rows: Pixels) -> None:
    try:
        with write_atomically(cache) as file:
            np.savez(file, signature=signature, rows=rows)
    except OSError:  # a folder that cannot be written to costs time, not the training
        cache.unlink(missing_ok=True)
