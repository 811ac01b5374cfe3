"""Corrections as people gave them: each drawing with what it is, kept in a SQLite file.

The file also holds the trained models that the corrections build upon, so that all weights follow from it alone. How
they follow is left to update.py. What has been committed is on the disk before anybody hears of it.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.files import data_folder
from data.records import NO_CLASS, NO_CLASS_NAME, PIXELS, Pixels

LATEST = 2**53  # above the number of any correction, and within what SQLite can take
MAX_CORRECTIONS = 10_000  # of one trained model
TIMEOUT = 5.0  # seconds to wait for somebody else who is writing
LEASE_TIMEOUT = 600.0  # seconds to wait for another process that is learning

# A course is a trained model, here called base, with the corrections that build upon it.
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
VERSION = 1  # of the file; 0 is the schema alone
MIGRATION = f"""
BEGIN IMMEDIATE;
ALTER TABLE courses ADD COLUMN file TEXT;
ALTER TABLE courses ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = {VERSION};
COMMIT;
"""
COLUMNS = "id, created, label, said, confidence, pixels"
OF_BASE = "course = (SELECT id FROM courses WHERE name = ?)"


class StorageError(Exception):
    """The file of corrections cannot be read or written; the message says why. What was stored stays as it was."""


class FullError(Exception):
    """As many corrections as are kept have been given."""


@dataclass(frozen=True)
class Correction:
    """A drawing as pixels (784,) 0 to 255 with its class, and the class and confidence (0 to 1) predicted before.

    The label is `NO_CLASS` where it shows none of the classes.
    """

    id: int
    created: str
    label: int
    predicted: int
    confidence: float
    pixels: Pixels

    def fits(self, class_count: int) -> bool:
        """Tell whether a model with so many classes knows its labels."""
        return self.predicted < class_count and (self.label < class_count or self.label == NO_CLASS)

    def name(self, class_names: Sequence[str]) -> str:
        """Return the name of its class."""
        return NO_CLASS_NAME if self.label == NO_CLASS else class_names[self.label]


def database() -> Path:
    """Return the file of corrections: corrections.db in the data folder."""
    return data_folder() / "corrections.db"


class Store:
    """The file of corrections. Each base, a trained model, has corrections of its own.

    Every method raises `StorageError` where the file cannot be used, and has then changed nothing.
    """

    def __init__(self, path: Path) -> None:
        """Use the file at `path`; it is made when it is first needed."""
        self.path = path

    @contextmanager
    def _open(self, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, which counts as a whole or not at all."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=TIMEOUT, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")  # a commit is on the disk, whatever happens next
                connection.executescript(SCHEMA)
                _migrate(connection)
                connection.execute(begin)
                yield connection
                if connection.in_transaction:
                    connection.execute("COMMIT")  # what is closed before this is rolled back
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"{self.path.name} cannot be used: {_reason(error)}") from error

    @contextmanager
    def write(self) -> Iterator["Transaction"]:
        """Change the corrections within one transaction, while nobody else can."""
        with self._open("BEGIN IMMEDIATE") as connection:
            yield Transaction(connection)

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Be the one process that learns. A process that ends, however it ends, gives the lease back."""
        path = self.path.with_name(f"{self.path.name}-learning")
        try:
            with closing(sqlite3.connect(path, timeout=LEASE_TIMEOUT, isolation_level=None)) as connection:
                connection.execute("BEGIN EXCLUSIVE")
                yield
        except sqlite3.Error as error:
            raise StorageError(f"{path.name} cannot be used: {_reason(error)}") from error

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._open() as connection:
            return connection.execute(query, values).fetchall()

    def trained_model(self, base: str) -> bytes | None:
        """Return the model file of a base, or None before its first correction."""
        rows = self._read("SELECT model FROM courses WHERE name = ?", base)
        return rows[0][0] if rows else None

    def latest(self, file: str) -> tuple[str, bytes] | None:
        """Return the base that the corrected model in a `file` of this name was last built upon, and its model file."""
        query = "SELECT name, model FROM courses WHERE ifnull(file, 'model.npz') = ? ORDER BY id DESC LIMIT 1"
        rows = self._read(query, file)
        return rows[0] if rows else None

    def revision(self, base: str) -> int | None:
        """Return how often the corrections of a base have been changed, or None where it is not stored."""
        rows = self._read("SELECT revision FROM courses WHERE name = ?", base)
        return rows[0][0] if rows else None

    def read(self, base: str) -> tuple[int, list[Correction]]:
        """Return the revision of a base, and all its corrections in the order in which they were given."""
        with self._open() as connection:
            row = connection.execute("SELECT revision FROM courses WHERE name = ?", [base]).fetchone()
            rows = connection.execute(f"SELECT {COLUMNS} FROM corrections WHERE {OF_BASE} ORDER BY id", [base])
            return row[0] if row else 0, [_correction(row) for row in rows]

    def page(self, base: str, count: int, before: int = LATEST) -> list[Correction]:
        """Return the latest `count` corrections, newest first, of those with numbers below `before`; -1 is all."""
        query = f"SELECT {COLUMNS} FROM corrections WHERE {OF_BASE} AND id < ? ORDER BY id DESC LIMIT ?"
        return [_correction(row) for row in self._read(query, base, min(before, LATEST), count)]

    def count(self, base: str) -> int:
        """Return how many corrections are kept."""
        return self._read(f"SELECT count(*) FROM corrections WHERE {OF_BASE}", base)[0][0]

    def drawing(self, base: str, number: int) -> bytes | None:
        """Return the picture file of correction `number` as it came, or None where there is none."""
        rows = self._read(f"SELECT drawing FROM corrections WHERE {OF_BASE} AND id = ?", base, number)
        return rows[0][0] if rows else None

    def salvage(self, base: str) -> list[Correction]:
        """Return the corrections that can be read one by one, where others or parts of the file are damaged."""
        found = []
        with self._open() as connection:
            last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'corrections'").fetchone()
            for number in range(1, last[0] + 1 if last else 1):
                try:
                    query = f"SELECT {COLUMNS} FROM corrections WHERE id = ? AND {OF_BASE}"
                    row = connection.execute(query, [number, base]).fetchone()
                    found += [_correction(row)] if row else []
                except (sqlite3.Error, StorageError):
                    continue
            connection.rollback()  # a damaged file ends no transaction well
        return found


class Transaction:
    """A transaction that changes the corrections of one base."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection, in a transaction."""
        self._connection = connection
        self._course, self.base, self.revision = 0, "", 0
        self._count: int | None = None  # of corrections, once it was needed

    def use(self, base: str, file: str) -> bool:
        """Change the corrections of this base, whose corrected model is in `file`; tells whether it is stored yet."""
        row = self._connection.execute("SELECT id, revision FROM courses WHERE name = ?", [base]).fetchone()
        if row is None:
            return False
        self._course, self.base, self.revision = row[0], base, row[1] + 1
        values = [self.revision, file, self._course]
        self._connection.execute("UPDATE courses SET revision = ?, file = ? WHERE id = ?", values)
        return True

    def begin(self, base: str, file: str, model: bytes) -> None:
        """Store a new base, the trained `model` file, and change its corrections."""
        self._connection.execute("INSERT INTO courses (name, model) VALUES (?, ?)", [base, model])
        self.use(base, file)

    def count(self) -> int:
        """Return how many corrections there are by now."""
        query = "SELECT count(*) FROM corrections WHERE course = ?"
        return self._connection.execute(query, [self._course]).fetchone()[0]

    def get(self, number: int) -> Correction:
        """Return the correction of this number, which must be there."""
        query = f"SELECT {COLUMNS} FROM corrections WHERE course = ? AND id = ?"
        return _correction(self._connection.execute(query, [self._course, number]).fetchone())

    def find(self, pixels: Pixels) -> int | None:
        """Return the number of the correction of this very drawing, if there is one."""
        query = "SELECT id FROM corrections WHERE course = ? AND pixels = ?"
        row = self._connection.execute(query, [self._course, pixels.tobytes()]).fetchone()
        return row[0] if row else None

    def add(self, pixels: Pixels, label: int, predicted: int, confidence: float, drawing: bytes | None) -> int:
        """Store a correction and return its number. Raises `FullError` where `MAX_CORRECTIONS` are kept already."""
        if self._count is None:
            self._count = self.count()
        if self._count >= MAX_CORRECTIONS:
            raise FullError(
                f"{MAX_CORRECTIONS:,} corrections are kept, and no more; take some back, or train a new model on them"
            )
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        number = self._connection.execute(
            "INSERT INTO corrections (course, created, label, said, confidence, pixels, drawing) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [self._course, created, label, predicted, confidence, pixels.tobytes(), drawing],
        ).lastrowid
        assert number is not None
        self._count += 1
        return number

    def relabel(self, number: int, label: int) -> bool:
        """Change the label of a correction; tells whether there is one of this number."""
        query = "UPDATE corrections SET label = ? WHERE course = ? AND id = ?"
        return self._connection.execute(query, [label, self._course, min(number, LATEST)]).rowcount > 0

    def remove(self, number: int) -> bool:
        """Remove a correction; tells whether there was one of this number."""
        self._count = None
        query = "DELETE FROM corrections WHERE course = ? AND id = ?"
        return self._connection.execute(query, [self._course, min(number, LATEST)]).rowcount > 0

    def clear(self) -> None:
        """Remove all corrections of the base."""
        self._count = None
        self._connection.execute("DELETE FROM corrections WHERE course = ?", [self._course])


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the file of an older version of this program to `VERSION`."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        try:
            connection.executescript(MIGRATION)
        except sqlite3.OperationalError as error:
            if "duplicate column" not in str(error):  # another process has just done it
                raise
            connection.execute("ROLLBACK")


def _correction(row: Sequence[object]) -> Correction:
    """Return the correction in a row of `COLUMNS`; what a damaged file makes of it raises `StorageError`."""
    number, created, label, predicted, confidence, pixels = row
    if not (isinstance(label, int) and isinstance(predicted, int) and min(label, predicted) >= 0):
        raise _damage(number, f"its label is {label!r}")
    if not (isinstance(number, int) and isinstance(created, str) and isinstance(confidence, float)):
        raise _damage(number, "its values are no numbers")
    if not (isinstance(pixels, bytes) and len(pixels) == PIXELS):
        raise _damage(number, f"it has not {PIXELS} pixels")
    return Correction(number, created, label, predicted, confidence, np.frombuffer(pixels, np.uint8))


def check_labels(corrections: Sequence[Correction], class_count: int) -> None:
    """Raise `StorageError` where a label is none of so many classes."""
    for correction in corrections:
        if not correction.fits(class_count):
            raise _damage(correction.id, f"its label is {correction.label}, the model has {class_count} classes")


def _damage(number: object, reason: str) -> StorageError:
    return StorageError(
        f"Correction {number} is damaged: {reason}. `python teach.py undo {number}` removes it, "
        "`python teach.py export FILE` writes all that can be read."
    )


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


def to_csv(corrections: Sequence[Correction]) -> str:
    """Return corrections as a CSV file in the format of the data sets: label, then 784 pixels, no header."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerows([correction.label, *correction.pixels.tolist()] for correction in corrections)
    return file.getvalue()
