"""Finding one's own pictures in a folder, and what they show: by labels.csv, folder names or file names."""

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


def find_pictures(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures of `folder` in a fixed order.

    A labels.csv in it (`path,label` and perhaps `writer`) lists them. Without one they are all .png, .jpg, .jpeg and
    .webp files below it; each lies in a folder named after its class (`7/a.png`), or its own name begins or ends with
    the class (`7.png`, `7_a.png`, `my_own_7.png`). Raises `DataError` that names the file or row which does not fit.
    """
    labelled = (folder / "labels.csv").exists()
    return _read_labels(folder, class_names) if labelled else _read_names(folder, class_names)


def find_files(folder: Path) -> list[Path]:
    """Return the picture files below `folder` in a fixed order. Raises `DataError` where there are none."""
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}.")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    if not files:
        raise DataError(f"there are no pictures in {folder}; it takes {', '.join(sorted(ENDINGS))} files.")
    return files


def _read_labels(folder: Path, class_names: Sequence[str]) -> list[Picture]:
    """Return the pictures in the labels.csv of `folder`."""
    table = folder / "labels.csv"
    found = []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"path", "label"} <= set(rows.fieldnames or ()):
                raise DataError(f"{table} needs a first row with the columns path and label, and perhaps writer.")
            for row in rows:
                where = f"{table}, row {rows.line_num}"
                if row["label"] not in class_names:
                    raise DataError(f"{where}: {row['label']!r} is no class; the model knows {', '.join(class_names)}.")
                path = folder / row["path"]
                if not path.is_file():
                    raise DataError(f"{where}: there is no file {path}.")
                found.append(Picture(path, class_names.index(row["label"]), row.get("writer") or ""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{table} is not a CSV file: {error}.") from None
    if not found:
        raise DataError(f"there are no pictures in {table}: below its first row it needs one for each.")
    return found


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
