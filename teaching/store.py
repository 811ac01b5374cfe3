"""What people taught the network: each corrected drawing with what it is, kept in a SQLite file.

The file also holds the trained model that the corrections build upon, so that the weights follow from it alone. How
they follow is left to teach.py. A correction that has been stored is on the disk before anybody is told so.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from data.files import data_folder
from data.records import Pixels

LATEST = 2**53  # above the number of any correction, and within what SQLite can take
MOST = 10_000  # corrections that are kept of one model
PATIENCE = 5.0  # seconds to wait for somebody else who is writing

SCHEMA = """
CREATE TABLE IF NOT EXISTS courses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    model BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    course INTEGER NOT NULL REFERENCES courses (id),
    created TEXT NOT NULL,
    label INTEGER NOT NULL,
    said INTEGER NOT NULL,
    confidence REAL NOT NULL,
    pixels BLOB NOT NULL,
    drawing BLOB,
    UNIQUE (course, pixels)
);
"""
COLUMNS = "corrections.id, created, label, said, confidence, pixels"


class StorageError(Exception):
    """The file of corrections cannot be read or written; the message says why. What was stored stays as it was."""


class FullError(Exception):
    """As many corrections as are kept have been given."""


@dataclass(frozen=True)
class Correction:
    """A drawing as pixels (784,) 0 to 255, the number of its class, and what the network said before: class, 0 to 1."""

    id: int
    created: str
    label: int
    said: int
    confidence: float
    pixels: Pixels


def database() -> Path:
    """Return the file of corrections: corrections.db in the data folder."""
    return data_folder() / "corrections.db"


class Corrections:
    """The corrections of one course: of what was taught to one trained model.

    Whoever trains a new model or deletes the taught one starts a new course; the old ones stay in the file.
    Every method raises `StorageError` where the file cannot be used, and has then changed nothing.
    """

    def __init__(self, path: Path, course: str) -> None:
        """Open the file at `path`, or make it at the first write."""
        self.path, self.course = path, course

    @contextmanager
    def _opened(self, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, which counts as a whole or not at all."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk, whatever happens next
                connection.executescript(SCHEMA)
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")  # what is closed before this is rolled back
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"{self.path.name} cannot be used: {_reason(error)}") from error

    def model(self) -> bytes | None:
        """Return the model file that this course began with, or None before the first correction."""
        with self._opened() as connection:
            row = connection.execute("SELECT model FROM courses WHERE name = ?", [self.course]).fetchone()
        return row[0] if row else None

    @contextmanager
    def changing(self, model: bytes) -> Iterator["Change"]:
        """Change the corrections within one transaction; `model` is the file that a new course begins with."""
        with self._opened(
            "BEGIN IMMEDIATE"
        ) as connection:  # by itself: its model file is written before its corrections
            connection.execute("INSERT OR IGNORE INTO courses (name, model) VALUES (?, ?)", [self.course, model])
        with self._opened("BEGIN IMMEDIATE") as connection:
            row = connection.execute("SELECT id FROM courses WHERE name = ?", [self.course]).fetchone()
            yield Change(connection, row[0])

    def page(self, count: int, before: int = LATEST) -> list[Correction]:
        """Return the latest `count` corrections, newest first, of those with numbers below `before`; -1 is all."""
        with self._opened() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM corrections JOIN courses ON courses.id = course "
                "WHERE name = ? AND corrections.id < ? ORDER BY corrections.id DESC LIMIT ?",
                [self.course, min(before, LATEST), count],
            ).fetchall()
        return [_correction(row) for row in rows]

    def count(self) -> int:
        """Return how many corrections are kept."""
        with self._opened() as connection:
            row = connection.execute(
                "SELECT count(*) FROM corrections JOIN courses ON courses.id = course WHERE name = ?", [self.course]
            ).fetchone()
        return row[0]

    def drawing(self, number: int) -> bytes | None:
        """Return the picture file of correction `number` as it came, or None where there is none."""
        with self._opened() as connection:
            row = connection.execute(
                "SELECT drawing FROM corrections JOIN courses ON courses.id = course WHERE name = ? "
                "AND corrections.id = ?", [self.course, number],
            ).fetchone()  # fmt: skip
        return row[0] if row else None


class Change:
    """A transaction under way on the corrections of one course."""

    def __init__(self, connection: sqlite3.Connection, course: int) -> None:
        """Take the connection, in a transaction, and the number of the course."""
        self._connection, self._course = connection, course

    def all(self) -> list[Correction]:
        """Return all corrections as they are by now, in the order in which they were given."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM corrections WHERE course = ? ORDER BY id", [self._course]
        )
        return [_correction(row) for row in rows]

    def get(self, number: int) -> Correction:
        """Return the correction of this number, which must be there."""
        where = [self._course, number]
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM corrections WHERE course = ? AND id = ?", where)
        return _correction(rows.fetchone())

    def find(self, pixels: Pixels) -> int | None:
        """Return the number of the correction of this very drawing, if there is one."""
        where = [self._course, pixels.tobytes()]
        row = self._connection.execute("SELECT id FROM corrections WHERE course = ? AND pixels = ?", where).fetchone()
        return row[0] if row else None

    def add(self, pixels: Pixels, label: int, said: int, confidence: float, drawing: bytes | None) -> int:
        """Store a correction and return its number. Raises `FullError` where `MOST` are kept already."""
        count = self._connection.execute("SELECT count(*) FROM corrections WHERE course = ?", [self._course])
        if count.fetchone()[0] >= MOST:
            raise FullError(f"{MOST:,} corrections are kept, and no more; take some back, or train a new model on them")
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        values = [self._course, created, label, said, confidence, pixels.tobytes(), drawing]
        done = self._connection.execute(
            "INSERT INTO corrections (course, created, label, said, confidence, pixels, drawing) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)", values,
        )  # fmt: skip
        assert done.lastrowid is not None
        return done.lastrowid

    def relabel(self, number: int, label: int) -> bool:
        """Change the label of a correction; tells whether there is one of this number."""
        where = [label, self._course, min(number, LATEST)]
        done = self._connection.execute("UPDATE corrections SET label = ? WHERE course = ? AND id = ?", where)
        return done.rowcount > 0

    def remove(self, number: int) -> bool:
        """Remove a correction; tells whether there was one of this number."""
        where = [self._course, min(number, LATEST)]
        return self._connection.execute("DELETE FROM corrections WHERE course = ? AND id = ?", where).rowcount > 0

    def clear(self) -> None:
        """Remove all corrections of this course."""
        self._connection.execute("DELETE FROM corrections WHERE course = ?", [self._course])


def _correction(row: tuple[int, str, int, int, float, bytes]) -> Correction:
    return Correction(*row[:5], np.frombuffer(row[5], np.uint8))


def _reason(error: Exception) -> str:
    """Say what is wrong with the file, and what to do about it."""
    text = str(error.strerror if isinstance(error, OSError) else error)  # not the path: strangers read this too
    if "locked" in text or "busy" in text:
        return "another program is writing to it; try again in a moment."
    if "full" in text:
        return "the disk is full; make room and try again."
    if "readonly" in text or "unable to open" in text or isinstance(error, PermissionError):
        return "it may not be written; check the rights of the file and its folder."
    if "malformed" in text or "not a database" in text:
        return "it is damaged; move it away, and a new one is made."
    return f"{text}."


def as_csv(corrections: list[Correction]) -> str:
    """Return corrections as a CSV file in the format of the data sets: label, then 784 pixels, no header."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerows([correction.label, *correction.pixels.tolist()] for correction in corrections)
    return file.getvalue()
