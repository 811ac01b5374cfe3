"""Finding one's own pictures in a folder, and what they show: by labels.csv, folder names or file names."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.csv_files import DIGITS
from data.records import PIXELS, DataError, Pixels

ENDINGS = {".png", ".jpg", ".jpeg", ".webp"}
SEVERAL_DIGITS = re.compile("[0-9]{2,}")


@dataclass(frozen=True)
class Picture:
    """A picture file, the number of the class it shows, and who drew it (empty where nobody says)."""

    path: Path
    label: int
    writer: str = ""


@dataclass(frozen=True)
class NumberPicture:
    """A picture file, the digits of the number it shows, and who wrote it (empty where nobody says)."""

    path: Path
    text: str
    writer: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a labels.csv: where it stands, the file, its label if there is one, and its writer."""

    where: str
    path: Path
    label: str | None
    writer: str


def find_pictures(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures of `folder` in a fixed order.

    A labels.csv in it (`path,label` and perhaps `writer`) lists them. Without one they are all .png, .jpg, .jpeg and
    .webp files below it; each lies in a folder named after its class (`7/a.png`), or its own name begins or ends with
    the class (`7.png`, `7_a.png`, `my_own_7.png`). Raises `DataError` that names the file or row which does not fit.
    """
    labelled = (folder / "labels.csv").exists()
    return _read_labels(folder, class_names) if labelled else _read_names(folder, class_names)


def find_numbers(folder: Path, class_names: Sequence[str]) -> list[NumberPicture]:
    """Return the pictures of `folder` where its labels.csv has numbers of several digits, or else nothing.

    Among these, a label of one digit is a number too. Raises `DataError` that names the row which does not fit.
    """
    from drawing.number import MAX_DIGITS  # OpenCV is slow to import, and --help does without it

    rows = list(_read_rows(folder)) if (folder / "labels.csv").exists() else []
    labels = [row.label for row in rows if row.label not in class_names]
    several = [label for label in labels if label and SEVERAL_DIGITS.fullmatch(label)]
    if not several:
        return []
    found = []
    for row in rows:
        if not row.label or not re.fullmatch("[0-9]+", row.label):
            raise DataError(
                f"{row.where}: {row.label!r} is no number, but {several[0]!r} is one; write numbers as digits alone, "
                "such as 1250, and keep pictures of something else in another folder."
            )
        if len(row.label) > MAX_DIGITS:
            raise DataError(f"{row.where}: {row.label} has {len(row.label)} digits; write {MAX_DIGITS} at most.")
        found.append(NumberPicture(row.path, row.label, row.writer))
    return found


def find_files(folder: Path) -> list[Path]:
    """Return the picture files below `folder` in a fixed order. Raises `DataError` where there are none."""
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}.")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise DataError(f"there are no pictures in {folder}; it takes {', '.join(sorted(ENDINGS))} files.")
    return files


def prepare_files(paths: list[Path]) -> tuple[Pixels, dict[str, str]]:
    """Return the pixels (n, 784) of those picture files that can be read, and the reason for each that cannot.

    Raises `DataError` where none can be read.
    """
    from drawing.decoding import decode
    from drawing.images import DrawingError
    from drawing.preparation import prepare

    pixels, unreadable = [], {}
    for path in paths:
        try:
            pixels.append(prepare(decode(path.read_bytes())))  # (28, 28)
        except DrawingError as error:
            unreadable[str(path)] = str(error)
    check_readable(paths, unreadable)
    return np.stack(pixels).reshape(-1, PIXELS), unreadable


def check_readable(paths: list[Path], unreadable: dict[str, str]) -> None:
    """Raise `DataError` where all of the files are unreadable."""
    if len(unreadable) == len(paths):
        raise DataError(f"none of {len(paths)} pictures can be read; {paths[0]}: {unreadable[str(paths[0])]}.")


def _read_labels(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures in the labels.csv of `folder`, each of which shows one class."""
    found = []
    for row in _read_rows(folder):
        if row.label not in class_names:
            hint = "; write a number as digits alone, such as 1250" if tuple(class_names) == DIGITS else ""
            raise DataError(f"{row.where}: {row.label!r} is no class; the model knows {', '.join(class_names)}{hint}.")
        found.append(Picture(row.path, class_names.index(row.label), row.writer))
    if not found:
        raise DataError(f"there are no pictures in {folder / 'labels.csv'}: below its first row it needs one for each.")
    return found


def _read_rows(folder: Path) -> Iterator[Row]:
    """Yield the rows in the labels.csv of `folder`, whose files exist."""
    table = folder / "labels.csv"
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"path", "label"} <= set(rows.fieldnames or ()):
                raise DataError(f"{table} needs a first row with the columns path and label, and perhaps writer.")
            for row in rows:
                where = f"{table}, row {rows.line_num}"
                path = folder / (row["path"] or "")
                if not path.is_file():
                    raise DataError(f"{where}: there is no file {path}.")
                yield Row(where, path, row["label"], row.get("writer") or "")
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table} is not a CSV file: {error}.") from None


def _read_names(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures below `folder`, labelled by the names of their folders or their own."""
    found = []
    for path in find_files(folder):
        label = _find_label(path.relative_to(folder), class_names)
        if label is None:
            raise DataError(
                f"{path} does not tell what it shows; name it like {class_names[0]}_a{path.suffix}, put it into a "
                f"folder {class_names[0]}/, or write a labels.csv with the columns path and label."
            )
        found.append(Picture(path, label))
    return found


def _find_label(path: Path, class_names: Sequence[str]) -> int | None:
    """Return the number of the class that a path names: by its folder, or else by the first or last word of its own."""
    words = re.split(r"[\W_]+", path.stem)
    for name in (path.parent.name, words[0], words[-1]):
        if name in class_names:
            return class_names.index(name)
    return None
