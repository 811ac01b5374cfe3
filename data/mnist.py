"""Data sets in the format of MNIST: finding, downloading, reading and scaling them.

A data set is two CSV files, one picture a row: its label, then 784 pixels from 0 to 255. Whatever it comes from, it
leaves this file as inputs (n, 784) from 0.01 to 1.0 and labels (n,).
"""

import csv
import gzip
import re
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from data.download import DataError, fetch, own_mirror
from data.files import data_folder, written_whole

Part = Literal["train", "test"]
Pixels = NDArray[np.uint8]

PIXELS = 28 * 28
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
DIGITS_FOR_TESTING = 360


@dataclass(frozen=True)
class Source:
    """A published data set: its folder on a mirror, its public mirrors, and the SHA-256 of what its files unpack to."""

    title: str
    class_names: tuple[str, ...]
    folder: str
    mirrors: tuple[str, ...]
    sha256: dict[str, str]


SOURCES = {
    "mnist": Source(
        "MNIST",
        DIGITS,
        "mnist",
        (
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        {
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ),
    "fashion": Source(
        "Fashion-MNIST",
        CLOTHES,
        "fashion-mnist",
        (
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        {
            "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    ),
}
NAMES = (*SOURCES, "digits")


@dataclass(frozen=True)
class Records:
    """Pixels (n, 784) uint8, labels (n,) uint8, and what each label stands for."""

    pixels: Pixels
    labels: Pixels
    class_names: tuple[str, ...]

    @cached_property
    def inputs(self) -> NDArray[np.float32]:
        """The pixels as inputs (n, 784) from 0.01 to 1.0: four times their memory, so they are made when asked for."""
        return scale(self.pixels)


def load(source: str | Sequence[str | Path], part: Part) -> Records:
    """Return the training or the test part of a data set.

    `source` is "mnist", "fashion" or "digits", or the paths of CSV files, which are put one after another and have
    only one part. Raises `DataError` where the data cannot be had, with file, row and column where it is wrong.
    """
    if source == "digits":
        pixels, labels = bundled_digits(part)
    elif isinstance(source, str):
        pixels, labels = read_csv(downloaded_csv(source, part))
    else:
        files = [read_csv(Path(path)) for path in source]
        if len(files) == 1:  # no copy of what may be large
            pixels, labels = files[0]
        else:
            pixels, labels = (np.concatenate(arrays) for arrays in zip(*files, strict=True))
    class_names = SOURCES[source].class_names if isinstance(source, str) and source in SOURCES else DIGITS
    return Records(pixels, labels, class_names)


def scale(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Bring `pixels` of any shape from 0 to 255 into 0.01 to 1.0: an input of 0 could never change a weight."""
    inputs = pixels.astype(np.float32)
    inputs *= np.float32(0.99 / 255)
    inputs += np.float32(0.01)
    return inputs


def targets(labels: Pixels, class_count: int) -> NDArray[np.float32]:
    """Return (n, class_count): 0.99 at the node of the label and 0.01 elsewhere; the sigmoid never reaches 0 and 1."""
    return np.where(np.eye(class_count, dtype=bool)[labels], np.float32(0.99), np.float32(0.01))


def hold_out(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Share `count` records out: the row numbers for training, and those for validation, a tenth but at most 5,000.

    Every choice made during training looks at the validation part, so that the test part stays unseen.
    """
    if count < 10:
        raise DataError(
            f"{count} records are too few to train on: 10 are needed, so that one can be kept for validation."
        )
    rows = np.random.default_rng(seed).permutation(count)
    validation = min(count // 10, 5000)
    return rows[validation:], rows[:validation]


def bundled_digits(part: Part) -> tuple[Pixels, Pixels]:
    """Return the digits that come with scikit-learn: pixels (n, 784) and labels (n,), the last 360 for testing.

    They are small (8 x 8) and few (1,797), but on every machine. The order is kept, for neighbours in it were
    written by the same hand. Source: Alpaydin, Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
    """
    import cv2  # these two are slow to import, and only needed here
    from sklearn.datasets import load_digits

    from data.drawing import place

    digits = load_digits()
    rows = slice(None, -DIGITS_FOR_TESTING) if part == "train" else slice(-DIGITS_FOR_TESTING, None)
    images = (digits.images[rows] * (255 / 16)).astype(np.uint8)  # (n, 8, 8)
    larger = (cv2.resize(image, (80, 80), interpolation=cv2.INTER_LINEAR) for image in images)
    return np.stack([place(image).ravel() for image in larger]), digits.target[rows].astype(np.uint8)


def read_csv(path: Path) -> tuple[Pixels, Pixels]:
    """Return pixels (n, 784) and labels (n,) of a CSV file, plain or .csv.gz, with or without a header.

    What was read is kept beside it in a .cache file, which counts only as long as the CSV stays as it is.
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
    return rows[:, 1:], rows[:, 0]


def _parse_csv(path: Path) -> Pixels:
    """Return the rows (n, 785) of a CSV file: NumPy reads it, and where it cannot, the first wrong row is told."""
    header = _has_header(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an empty file: that is told below
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
            raise _first_mistake(path, header) or DataError(f"{path}: {error}") from None
    if rows.size == 0:
        raise DataError(f"{path} has no rows{' below its header' if header else ''}.")
    if rows.shape[1] != 1 + PIXELS or rows[:, 0].max() > 9:
        raise _first_mistake(path, header) or DataError(f"{path} is not a CSV file of digits.")
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


def _first_mistake(path: Path, header: bool) -> DataError | None:
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
                    name, highest = ("label", 9) if column == 1 else ("pixel", 255)
                    if not (re.fullmatch(r"\s*\+?[0-9]{1,9}\s*", field) and int(field) <= highest):
                        told = f"{field[:20]!r} is no {name}, needs a whole number from 0 to {highest}"
                        return DataError(f"{place}, column {column}: {told}.")
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
        with written_whole(cache) as file:
            np.savez(file, signature=signature, rows=rows)
    except OSError:  # a folder that cannot be written to costs time, not the training
        cache.unlink(missing_ok=True)


def downloaded_csv(name: str, part: Part) -> Path:
    """Return the path of `<name>_<part>.csv` in the data folder, downloaded and written where it is not yet there."""
    path = data_folder() / f"{name}_{part}.csv"
    for present in (path, path.with_name(path.name + ".gz")):
        if present.exists():
            return present
    source = SOURCES[name]
    prefix = "train" if part == "train" else "t10k"
    images = _fetch(source, f"{prefix}-images-idx3-ubyte")
    labels = _fetch(source, f"{prefix}-labels-idx1-ubyte")
    # IDX: a header of 16 bytes before the images, of 8 before the labels, then a byte a value
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, PIXELS)  # (n, 784)
    rows = np.column_stack([np.frombuffer(labels, np.uint8, offset=8), pixels])  # (n, 785)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, rows)
    return path


def write_csv(path: Path, rows: Pixels) -> None:
    """Write `rows` (n, 785), each a label and its pixels, as a CSV file that `read_csv` reads."""
    with written_whole(path) as file:
        np.savetxt(file, rows, fmt="%d", delimiter=",")


def _fetch(source: Source, file: str) -> bytes:
    """Return the unpacked contents of one file of a data set."""
    mirrors = own_mirror(source.folder) + list(source.mirrors)
    addresses = [f"{mirror}{file}.gz" for mirror in mirrors]
    instead = f"put its CSV files into {data_folder()}"
    return fetch(source.title, file, addresses, source.sha256[file], gzip.decompress, instead)
