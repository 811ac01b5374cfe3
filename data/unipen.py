"""Characters as they were written with a pen: the text format UNIPEN, and the collection of that name.

The collection (UNIPEN train_r01_v07) is a folder or a tar file. Its files name strokes of other files: `data/1a` has
the digits, `data/1b` and `data/1c` the letters. Drawing them is left to pen_strokes.py.
Source: Guyon, Schomaker, Plamondon, Liberman, Janet, "UNIPEN project of on-line data exchange and recognizer
benchmarks", ICPR, 1994; doi 10.5281/zenodo.1195803, CC BY 4.0.
"""

import codecs
import hashlib
import lzma
import re
import tarfile
import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import DataError

Points = NDArray[np.float32]  # (points, 2): x to the right and y upwards

KINDS = {"1a": str.isdecimal, "1b": str.isupper, "1c": str.islower}  # the folders, and what their labels are
NO_STROKES = ".doc", ".lex"  # of files that are included, and tell of the writers and words; they may be missing
FULL_SITES = {"pri"}  # where the numbers of strokes count those of the lifted pen too
LARGEST_FILE = 1 << 24  # bytes; the largest that was seen has 2 MB
LONGEST_STROKE = 1 << 17  # characters of text; the longest that was seen has 9,511
MOST_STROKES = 50  # of a character, with those of the lifted pen; the most that were seen are 11
PLACE = re.compile(r"(?P<first>\d{1,9})((:(?P<start>\d{1,9}))?-(?P<last>\d{1,9})(:(?P<end>\d{1,9}))?)?", re.ASCII)
NOT_THERE = "segments of strokes or points that are not there"
FARTHEST = 1e6  # units of the tablet, from its corner; the farthest that was seen is 13,151


@dataclass(frozen=True)
class Character:
    """A digit or a letter as it was written: what it is, who wrote it, its place in the collection, and its strokes."""

    label: str
    writer: str
    order: int
    strokes: tuple[Points, ...]


@dataclass(frozen=True)
class Collection:
    """The characters that were read, in the order of their files, and how many were skipped, by reason."""

    characters: list[Character] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    def by(self, writers: Sequence[str]) -> "Collection":
        """Return what these writers wrote. Raises `DataError` where that is nothing."""
        wanted = set(writers)
        chosen = [character for character in self.characters if character.writer in wanted]
        if not chosen:
            raise DataError(f"the collection has none of the {len(wanted)} writers; is it UNIPEN train_r01_v07?")
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

    @property
    def skipped_text(self) -> str:
        """What was skipped, as in "files without segments: 2; segments of more than 50 strokes: 1", or "nothing"."""
        return "; ".join(f"{reason}: {count:,}" for reason, count in self.skipped.most_common()) or "nothing"


class _Stroke(NamedTuple):
    points: Points | None  # None where they cannot be used
    is_ink: bool
    writer: str


class _UnusableError(Exception):
    """A file or a segment that is skipped; the message is what to count it as."""


def read_statements(text: str) -> Iterator[tuple[str, str]]:
    """Yield each keyword of a UNIPEN text without its dot, and all that follows it up to the next keyword."""
    parts = re.split(r"^[ \t]*\.([A-Z_]+)", text, flags=re.MULTILINE)
    yield from zip(parts[1::2], parts[2::2], strict=True)


def parse_points(text: str) -> Points:
    """Return the points (n, columns), one a line. Raises `ValueError` where these are no numbers, or lines differ."""
    with np.errstate(over="ignore"):  # such a number becomes infinite
        return np.array([line.split() for line in text.split("\n") if line.strip()], np.float32)


def read_collection(source: Path) -> Collection:
    """Return all digits and letters of the collection, which is a folder or a tar file.

    The folder has data/ and include/, or is up to three levels above them. What cannot be used, such as a stroke that
    is not there, is skipped and counted. Raises `DataError` where no digit is left, `OSError` where it may not be read.
    """
    if not (source.is_dir() or source.is_file()):
        raise DataError(f"there is no file or folder {source}; get UNIPEN from doi.org/10.5281/zenodo.1195803.")
    collection = Collection()
    try:
        segments = _read_texts(source, "(data/1[abc]/[^/]+/.+)", collection.skipped)
        names = {name for text in segments.values() for name in _included(text)}
        included = _read_texts(source, "include/(.+)", collection.skipped, names)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, RecursionError, OSError) as error:
        if isinstance(error, OSError) and error.errno:  # such as a lack of permission
            raise
        raise DataError(f"{source} is damaged or no tar file; get it again, or give the unpacked folder.") from None
    for name in sorted(segments):
        _read_characters(name, segments[name], included, collection)
    if not any(character.label.isdecimal() for character in collection.characters):
        needed = "needs the folders data/1a and include of UNIPEN train_r01_v07"
        raise DataError(f"{source} has no digits that can be read; it {needed} (skipped: {collection.skipped_text}).")
    return collection


def _read_texts(source: Path, path: str, skipped: Counter[str], names: Container[str] | None = None) -> dict[str, str]:
    """Return the texts of the files whose path is like `path`, by the group in it, where that is one of `names`."""
    texts = {}
    for file, size, read in _walk_folder(source) if source.is_dir() else _walk_tar(source):
        found = re.fullmatch(f"(?:.*/)?{path}", file)
        if not found or (names is not None and found[1] not in names):
            continue
        if size > LARGEST_FILE:
            skipped[f"files of more than {LARGEST_FILE >> 20} MB"] += 1
        else:
            text = read().removeprefix(codecs.BOM_UTF8).decode("latin-1")
            texts[found[1]] = text.replace("\r\n", "\n").replace("\r", "\n")
    return texts


def _walk_folder(source: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Yield the path and the size of each file of the collection in a folder, and what reads it."""
    roots = (path.parents[1] for depth in range(4) for path in sorted(source.glob("*/" * depth + "data/1a")))
    root = next(roots, source)
    for part in (*(f"data/{kind}" for kind in KINDS), "include"):
        for path in filter(Path.is_file, sorted((root / part).rglob("*"))):
            yield path.relative_to(root).as_posix(), path.stat().st_size, path.read_bytes


def _walk_tar(source: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Yield the path and the size of each file of a tar file, and what reads it; nothing is unpacked to disk."""
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile() and (file := archive.extractfile(member)):
                yield member.name, member.size, file.read
        while archive.fileobj and (rest := archive.fileobj.read(1 << 20)):  # so that gzip compares its checksum
            if rest.strip(b"\0"):
                raise tarfile.ReadError("a damaged header ended the archive too early")


def _included(text: str) -> list[str]:
    return [value.strip() for keyword, value in read_statements(text) if keyword == "INCLUDE"]


def _read_characters(name: str, text: str, included: dict[str, str], collection: Collection) -> None:
    """Add the characters of one file to the collection, such as those of data/1a/aga/x.dat."""
    kind, site = name.split("/")[1:3]
    segments = [value for keyword, value in read_statements(text) if keyword == "SEGMENT"]
    try:
        if not segments:
            raise _UnusableError("files without segments")
        strokes = list(_read_strokes(text, included, site in FULL_SITES))
    except _UnusableError as reason:
        collection.skipped[str(reason)] += 1
        return
    for segment in segments:
        try:
            found = re.fullmatch(r'\s*CHARACTER\s+(\S+)\s+\S+\s+"(.)"\s*', segment)
            if not (found and found[2].isascii() and KINDS[kind](found[2])):
                raise _UnusableError("segments that are no single digit or letter, as their folder has them")
            ink, writer = _cut(strokes, found[1])
        except _UnusableError as reason:
            collection.skipped[str(reason)] += 1
            continue
        writer = "".join(sign if sign.isprintable() and sign not in " /" else "_" for sign in f"{site}-{writer}")
        collection.characters.append(Character(found[2], writer, len(collection.characters), ink))


def _read_strokes(text: str, included: dict[str, str], with_lifted_pen: bool) -> Iterator[_Stroke]:
    """Yield the strokes that numbers count: of the included files, and of the text itself."""
    writer, names, units = "", ["X", "Y"], {"X": "1", "Y": "1"}
    files = [name for name in dict.fromkeys(_included(text)) if name in included or not name.endswith(NO_STROKES)]
    if not included.keys() >= set(files):
        raise _UnusableError("files that include one that is missing")
    for part in (*(included[name] for name in files), text):
        for keyword, value in read_statements(part):
            if keyword == "WRITER_ID":
                writer = value.strip()
            elif keyword == "INCLUDE" and part is not text and not value.strip().endswith(NO_STROKES):
                raise _UnusableError("files that include one that includes others")
            elif keyword == "COORD":
                names = value.split()
            elif unit := re.fullmatch("([XY])_POINTS_PER_(?:INCH|MM)", keyword):
                units[unit[1]] = value
            elif value.strip() and (keyword == "PEN_DOWN" or (keyword == "PEN_UP" and with_lifted_pen)):
                yield _Stroke(_measure(value, names, units), keyword == "PEN_DOWN", writer)


def _measure(text: str, names: list[str], units: dict[str, str]) -> Points | None:
    """Return the points (n, 2) of a stroke in units of y; None where they are no places on a tablet, or too many."""
    if len(text) > LONGEST_STROKE:
        return None
    with suppress(ValueError, IndexError, ZeroDivisionError):
        points = parse_points(text)[:, [names.index("X"), names.index("Y")]]  # (n, 2)
        ratio = float(units["Y"].split()[0]) / float(units["X"].split()[0])
        if (np.abs(points) < FARTHEST).all() and 0.1 < ratio < 10:
            points[:, 0] *= ratio
            return points
    return None


def _cut(strokes: Sequence[_Stroke], places: str) -> tuple[tuple[Points, ...], str]:
    """Return the ink and the writer of places such as 169-170, or 12:5-13:40, which cuts strokes at their points."""
    ink, count, writer = [], 0, ""
    for place in places.split(","):
        found = PLACE.fullmatch(place)
        numbers = range(int(found["first"]), int(found["last"] or found["first"]) + 1) if found else range(0)
        if not (found and numbers and numbers.stop <= len(strokes)):
            raise _UnusableError(NOT_THERE)
        count += len(numbers)
        if count > MOST_STROKES:
            raise _UnusableError(f"segments of more than {MOST_STROKES} strokes")
        for number in numbers:
            points, is_ink, writer = strokes[number]
            if not is_ink:
                continue
            if points is None:
                raise _UnusableError("segments of strokes whose points are no x and y on a tablet")
            start = int(found["start"] or 0) if number == numbers[0] else 0
            end = int(found["end"] or len(points) - 1) if number == numbers[-1] else len(points) - 1
            if not start <= end < len(points):
                raise _UnusableError(NOT_THERE)
            ink.append(points[start : end + 1])
    if not any((part != ink[0][0]).any() for part in ink):
        raise _UnusableError("segments without ink, or with a single point")
    return tuple(ink), writer
