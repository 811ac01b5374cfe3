"""Characters as they were written with a pen: the text format UNIPEN, and the collection of that name.

The collection (UNIPEN train_r01_v07) is a folder or a tar file. Its files name strokes of other files: `data/1a` has
the digits, `data/1b` and `data/1c` the letters. Drawing them is left to pen_strokes.py.
Source: Guyon, Schomaker, Plamondon, Liberman, Janet, "UNIPEN project of on-line data exchange and recognizer
benchmarks", ICPR, 1994; doi 10.5281/zenodo.1195803, CC BY 4.0.
"""

import hashlib
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.records import DataError

Points = NDArray[np.float32]  # (points, 2): x to the right and y upwards

KINDS = {"1a": str.isdecimal, "1b": str.isupper, "1c": str.islower}  # the folders, and what their labels are
NO_STROKES = ".doc", ".lex"  # of files that are included, and tell of the writers and words; they may be missing
FULL_SITES = {"pri"}  # where the numbers of strokes count those of the lifted pen too
LARGEST_FILE = 1 << 26  # bytes; the largest of the collection has 3 MB


@dataclass(frozen=True)
class Character:
    """A digit or a letter as it was written: what it is, who wrote it, its number among theirs, and its strokes."""

    label: str
    writer: str
    order: int
    strokes: tuple[Points, ...]


@dataclass(frozen=True)
class Collection:
    """The characters that were read, by writer and in the order of the files, and how many were skipped, by reason."""

    characters: list[Character] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def by(self, writers: Sequence[str]) -> "Collection":
        """Return what these writers wrote. Raises `DataError` where that is nothing."""
        chosen = [character for character in self.characters if character.writer in set(writers)]
        if not chosen:
            raise DataError(f"none of the {len(writers)} writers is in it; is it UNIPEN train_r01_v07?")
        return Collection(chosen, self.skipped)

    @property
    def checksum(self) -> str:
        """The SHA-256 of all labels and points, whatever files they came from."""
        digest = hashlib.sha256()
        for character in self.characters:
            sizes = [len(stroke) for stroke in character.strokes]
            digest.update(f"{character.label} {character.writer} {sizes}\n".encode())
            for stroke in character.strokes:
                digest.update(np.rint(stroke).astype("<i4").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class _Stroke:
    points: Points
    is_ink: bool
    writer: str


def read_statements(text: str) -> Iterator[tuple[str, str]]:
    """Yield each keyword of a UNIPEN text without its dot, and all that follows it up to the next keyword."""
    parts = re.split(r"^[ \t]*\.([A-Z_]+)", text, flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def parse_points(text: str) -> Points:
    """Return the points (n, columns), one a line. A line may lack some of the last columns that its file names."""
    columns = len(text.lstrip().partition("\n")[0].split())
    return np.array(text.split(), np.float32).reshape(-1, columns)


def read_collection(source: Path) -> Collection:
    """Return all digits and letters of the collection, which is a folder or a tar file.

    What cannot be used (a missing file, a stroke that is not there, a label that is no single character) is skipped
    and counted. Raises `DataError` where no digit is left.
    """
    if not source.exists():
        raise DataError(
            f"there is no file or folder {source}; doi.org/10.5281/zenodo.1195803 has UNIPEN train_r01_v07."
        )
    collection = Collection()
    try:
        segments = _read_texts(source, re.compile(r"(?:.*/)?(data/1[abc]/[^/]+/.+)"))
        names = {name for text in segments.values() for name in _included(text)}
        included = _read_texts(source, re.compile(r"(?:.*/)?include/(.+)"), names)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"{source} is not a tar file, or only a part of one: {error}.") from None
    for name in sorted(segments):
        _read_characters(name, segments[name], included, collection)
    if not any(character.label.isdecimal() for character in collection.characters):
        raise DataError(f"{source} has no digits that can be read; UNIPEN has them in a folder data/1a.")
    return collection


def _read_texts(source: Path, pattern: re.Pattern[str], names: Container[str] | None = None) -> dict[str, str]:
    """Return the texts of those files whose path has the `pattern`, by what its group says, if that is in `names`."""
    texts = {}
    for path, read in _walk(source):
        found = pattern.fullmatch(path)
        if found and (names is None or found[1] in names):
            texts[found[1]] = read().decode("latin-1")
    return texts


def _walk(source: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the path of each file of a folder or a tar file, and what reads it; nothing is unpacked to disk."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_file() and path.stat().st_size <= LARGEST_FILE:
                yield path.relative_to(source).as_posix(), path.read_bytes
        return
    with tarfile.open(source) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() and member.size <= LARGEST_FILE else None
            if file:
                yield member.name, file.read


def _included(text: str) -> list[str]:
    return [value.strip() for keyword, value in read_statements(text) if keyword == "INCLUDE"]


def _read_characters(name: str, text: str, included: dict[str, str], collection: Collection) -> None:
    """Add the characters of one file to the collection, such as those of data/1a/aga/x.dat."""
    kind, site = name.split("/")[1:3]
    try:
        strokes = list(_read_strokes(text, included, site in FULL_SITES))
    except KeyError:
        collection.skipped["files that include one that is missing"] += 1
        return
    except ValueError:
        collection.skipped["files with points that are no x and y"] += 1
        return
    for keyword, value in read_statements(text):
        if keyword != "SEGMENT":
            continue
        found = re.match(r"\s*CHARACTER\s+(\S+)\s+\S+\s+\"(.)\"\s*$", value)
        if not (found and found[2].isascii() and KINDS[kind](found[2])):
            collection.skipped["segments that are no single character"] += 1
            continue
        try:
            parts = _cut(strokes, found[1])
        except (IndexError, ValueError):
            collection.skipped["segments of strokes that are not there"] += 1
            continue
        ink = tuple(part.points for part in parts if part.is_ink)
        if not ink:
            collection.skipped["segments without ink"] += 1
            continue
        writer = f"{site}-{re.sub(r'[ /]', '_', parts[0].writer)}"
        collection.characters.append(Character(found[2], writer, len(collection.characters), ink))


def _read_strokes(text: str, included: dict[str, str], with_lifted_pen: bool) -> Iterator[_Stroke]:
    """Yield the strokes that numbers count: of the included files, and of the text itself.

    Raises `KeyError` for an included file of strokes that is missing, `ValueError` for points that are none.
    """
    writer, names, units = "", ["X", "Y"], {"X": 1.0, "Y": 1.0}
    texts = [included[name] for name in _included(text) if name in included or not name.endswith(NO_STROKES)]
    for part in (*texts, text):
        for keyword, value in read_statements(part):
            if keyword == "WRITER_ID":
                writer = value.strip()
            elif keyword == "COORD":
                names = value.split()
            elif unit := re.fullmatch("([XY])_POINTS_PER_(?:INCH|MM)", keyword):
                units[unit[1]] = float(value.split()[0])
            elif value.strip() and (keyword == "PEN_DOWN" or (keyword == "PEN_UP" and with_lifted_pen)):
                points = parse_points(value)[:, [names.index("X"), names.index("Y")]]  # (points, 2)
                points[:, 0] *= units["Y"] / units["X"]
                yield _Stroke(points, keyword == "PEN_DOWN", writer)


def _cut(strokes: Sequence[_Stroke], places: str) -> list[_Stroke]:
    """Return the strokes of places such as 169-170, or 12:5-13:40, which begins and ends inside strokes, at points.

    Raises `IndexError` or `ValueError` where that is not there.
    """
    parts = []
    for place in places.split(","):
        (first, start), (last, end) = (_place(one) for one in (place.split("-") * 2)[:2])
        if not first <= last < len(strokes):
            raise IndexError(place)
        for number in range(first, last + 1):
            stroke = strokes[number]
            cut = slice(start if number == first else None, end + 1 if number == last and end is not None else None)
            parts.append(replace(stroke, points=stroke.points[cut]))
    return [part for part in parts if len(part.points)]


def _place(text: str) -> tuple[int, int | None]:
    stroke, _, point = text.partition(":")
    return int(stroke), int(point) if point else None
