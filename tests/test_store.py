"""Corrections are kept whole, in their order and for their model alone, also where the disk or the file fails."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

import teaching.store
from data.csv_files import read_csv
from data.data_sets import bundled_digits
from data.records import Pixels
from teaching.store import FullError, StorageError, Store, Transaction, to_csv

DIGITS, LABELS = bundled_digits("test")  # (360, 784), (360,)
MODEL = b"the file of a trained model"

Spoil = Callable[[Path], None]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / "corrections.db")


@contextmanager
def change(store: Store, base: str = "first", model: bytes = MODEL) -> Iterator[Transaction]:
    """Change the corrections of a base, which is stored where it is new."""
    with store.write() as transaction:
        if not transaction.use(base, "model.npz"):
            transaction.begin(base, "model.npz", model)
        yield transaction


def add(store: Store, *rows: int, drawing: bytes | None = None) -> list[int]:
    """Store digits as corrections; return their numbers."""
    with change(store) as transaction:
        return [transaction.add(DIGITS[row], int(LABELS[row]), 3, 0.25, drawing) for row in rows]


def pixels_of(store: Store) -> list[Pixels]:
    return [kept.pixels for kept in store.page("first", -1)[::-1]]


def same(store: Store, rows: list[int]) -> bool:
    return np.array_equal(np.array(pixels_of(store)).reshape(-1, 784), DIGITS[rows])


# Kept


def test_a_correction_is_kept_with_all_that_belongs_to_it(store):
    (number,) = add(store, 5, drawing=b"\x89PNG")
    (kept,) = store.page("first", 10)
    assert (kept.id, kept.label, kept.predicted, kept.confidence) == (number, LABELS[5], 3, 0.25)
    assert kept.created.endswith("Z")
    assert np.array_equal(kept.pixels, DIGITS[5])
    assert store.drawing("first", number) == b"\x89PNG"
    assert store.drawing("first", number + 1) is None


def test_what_one_opening_wrote_another_reads(store):
    add(store, 0, 1)
    again = Store(store.path)
    assert same(again, [0, 1])
    assert again.trained_model("first") == MODEL


def test_the_file_is_written_ahead_and_to_the_disk(store):
    add(store, 0)
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with store._open() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: each commit waits for the disk


def test_a_base_has_its_own_corrections_alone_and_keeps_its_trained_model(store):
    (number,) = add(store, 0, drawing=b"mine")
    other = store.count("second"), store.trained_model("second"), store.drawing("second", number)
    assert other == (0, None, None)
    with change(store, "second", b"another model") as transaction:
        assert transaction.find(DIGITS[0]) is None
        assert not transaction.remove(number)
        assert not transaction.relabel(number, 9)
        transaction.add(DIGITS[0], 1, 1, 0.5, None)
        transaction.clear()
    assert same(store, [0])
    with change(store, "first", b"a model of later"):
        pass
    assert store.trained_model("first") == MODEL


def test_pages_go_from_the_newest_to_the_oldest(store):
    numbers = add(store, *range(7))
    assert numbers == sorted(numbers)
    assert [kept.id for kept in store.page("first", 3)] == numbers[:-4:-1]
    assert [kept.id for kept in store.page("first", 3, before=numbers[4])] == numbers[3:0:-1]
    assert [kept.id for kept in store.page("first", -1)] == numbers[::-1]
    assert store.count("first") == 7


def test_a_number_is_never_given_twice(store):
    numbers = add(store, 0, 1)
    with change(store) as transaction:
        assert transaction.remove(numbers[1])
        assert not transaction.remove(numbers[1])
    assert add(store, 2)[0] > numbers[1]


def test_a_drawing_is_found_by_its_pixels_and_kept_once(store):
    (number,) = add(store, 0)
    with change(store) as transaction:
        assert transaction.find(DIGITS[0]) == number
        assert transaction.find(DIGITS[1]) is None
    with pytest.raises(StorageError):
        add(store, 0)
    assert store.count("first") == 1


def test_a_label_can_be_changed_and_the_order_stays(store):
    numbers = add(store, 0, 1, 2)
    with change(store) as transaction:
        assert transaction.relabel(numbers[0], 9)
        assert transaction.get(numbers[0]).label == 9
    assert [kept.label for kept in store.read("first")[1]] == [9, LABELS[1], LABELS[2]]


def test_no_more_than_the_most_are_kept(monkeypatch, store):
    monkeypatch.setattr(teaching.store, "MAX_CORRECTIONS", 2)
    add(store, 0, 1)
    with pytest.raises(FullError, match="take some back, or train a new model"):
        add(store, 2)
    assert same(store, [0, 1])


def test_a_change_that_fails_half_way_is_no_change(store):
    numbers = add(store, 0, 1)

    def fail_after_changing() -> None:
        with change(store) as transaction:
            transaction.remove(numbers[0])
            transaction.add(DIGITS[2], 2, 2, 0.5, None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_changing()
    assert same(store, [0, 1])


def test_corrections_as_csv_are_read_like_any_data_set(store, tmp_path):
    add(store, 4, 2, 9)
    (tmp_path / "mine.csv").write_text(to_csv(store.page("first", -1)[::-1]))
    pixels, labels = read_csv(tmp_path / "mine.csv")
    assert np.array_equal(pixels, DIGITS[[4, 2, 9]])
    assert np.array_equal(labels, LABELS[[4, 2, 9]])


# When the file fails


def test_a_full_disk_is_told_and_what_was_stored_stays(monkeypatch, store):
    add(store, 0)
    with monkeypatch.context() as full:  # SQLite itself then says what it says on a disk without room
        full.setattr(teaching.store, "SCHEMA", teaching.store.SCHEMA + "PRAGMA max_page_count = 1;")
        with pytest.raises(StorageError, match=r"corrections\.db cannot be used: the disk is full; make room"):
            add(store, *range(1, 50))
    assert same(store, [0])
    add(store, 1)
    assert same(store, [0, 1])


def test_a_file_that_may_not_be_written_is_told_and_can_still_be_read(monkeypatch, store):
    add(store, 0)
    with monkeypatch.context() as read_only:
        read_only.setattr(teaching.store, "SCHEMA", teaching.store.SCHEMA + "PRAGMA query_only = ON;")
        with pytest.raises(StorageError, match="may not be written; check the rights of the file and its folder"):
            add(store, 1)
        assert same(store, [0])
    assert same(store, [0])


def test_a_folder_that_cannot_be_made_is_told_without_its_path(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match=r"corrections\.db cannot be used") as told:
        Store(tmp_path / "data" / "corrections.db").count("first")
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"no database" * 1000),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8000),
    ],
    ids=["not a database", "damaged inside"],
)
def test_a_damaged_file_is_told_and_left_as_it_is(store, spoil: Spoil):
    add(store, 0)
    spoil(store.path)
    left = store.path.read_bytes()
    for use in (store.count, store.trained_model, store.read, lambda base: store.page(base, -1)):
        with pytest.raises(StorageError, match="it is damaged; move it away, and a new one is made"):
            use("first")
    with pytest.raises(StorageError, match="it is damaged; move it away, and a new one is made"):
        add(store, 1)
    assert store.path.read_bytes() == left


def test_another_program_that_writes_is_waited_for_then_told_and_bars_nobody_from_reading(monkeypatch, store):
    monkeypatch.setattr(teaching.store, "TIMEOUT", 0.05)
    add(store, 0)
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another program is writing to it; try again in a moment"):
            add(store, 1)
        assert same(store, [0])
        other.execute("ROLLBACK")
    add(store, 1)
    assert same(store, [0, 1])
