"""A folder of one's own pictures with what they show: from labels.csv, from folder names or from file names."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.records import DataError

ENDINGS = {".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True)
class Picture:
    """A picture file, the number of the class it shows, and who drew it (empty where nobody says)."""

    path: Path
    label: int
    writer: str = ""


def pictures(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures of `folder` in a fixed order.

    With a labels.csv (`path,label` and perhaps `writer`) in it, these; otherwise all .png, .jpg, .jpeg and .webp files
    below it whose folder is named after a class (`7/a.png`) or whose own name begins or ends with one (`7.png`,
    `7_a.png`, `my_own_7.png`). Raises `DataError` that names the file or row which does not fit.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}.")
    found = listed(folder, class_names) if (folder / "labels.csv").exists() else named(folder, class_names)
    if not found:
        raise DataError(
            f"there are no pictures in {folder}; it takes {', '.join(sorted(ENDINGS))} files or a labels.csv."
        )
    return found


def listed(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures in the labels.csv of `folder`."""
    table = folder / "labels.csv"
    found = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"path", "label"} <= set(rows.fieldnames or ()):
                raise DataError(f"{table} needs a first row with the columns path and label, and perhaps writer.")
            for row in rows:
                place = f"{table}, row {rows.line_num}"
                if row["label"] not in class_names:
                    raise DataError(f"{place}: {row['label']!r} is no class; the model knows {', '.join(class_names)}.")
                path = folder / row["path"]
                if not path.is_file():
                    raise DataError(f"{place}: there is no file {path}.")
                found.append(Picture(path, class_names.index(row["label"]), row.get("writer") or ""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table} is not a CSV file: {error}.") from None
    return found


def named(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures below `folder`, labelled by the names of their folders or their own."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in ENDINGS and path.is_file():
            label = label_in_name(path.relative_to(folder), class_names)
            if label is None:
                raise DataError(
                    f"{path} does not tell what it shows; name it like {class_names[0]}_a{path.suffix}, put it into a "
                    f"folder {class_names[0]}/, or write a labels.csv with the columns path and label."
                )
            found.append(Picture(path, label))
    return found


def label_in_name(path: Path, class_names: Sequence[str]) -> int | None:
    """Return the number of the class that a path names: by its folder, or else by the first or last word of its own."""
    words = re.split(r"[\W_]+", path.stem)
    for name in (path.parent.name, words[0], words[-1]):
        if name in class_names:
            return class_names.index(name)
    return None
