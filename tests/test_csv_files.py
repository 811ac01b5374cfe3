import gzip
import re
from collections.abc import Callable

import numpy as np
import pytest

from data import csv_files
from data.csv_files import DIGITS, read_csv
from data.data_sets import load
from data.records import NO_CLASS, DataError, scale


def test_a_csv_file_becomes_inputs_and_labels(digits_csv, digit_rows):
    records = load([digits_csv], "train")
    assert np.array_equal(records.labels, digit_rows[:, 0])
    assert np.array_equal(records.inputs, scale(digit_rows[:, 1:]))
    assert records.class_names == DIGITS


def test_several_csv_files_are_put_one_after_another(digits_csv, digit_rows, tmp_path):
    np.savetxt(tmp_path / "more.csv", digit_rows[:7], fmt="%d", delimiter=",")
    records = load([digits_csv, tmp_path / "more.csv"], "train")
    assert records.inputs.shape == (207, 784)
    assert np.array_equal(records.labels[200:], digit_rows[:7, 0])


HEADER = "label," + ",".join(f"pixel{number}" for number in range(784)) + "\n"
CLOTHED: dict[str, Callable[[str], bytes]] = {
    "with a header": lambda text: (HEADER + text).encode(),
    "with a byte-order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "with both": lambda text: b"\xef\xbb\xbf" + (HEADER + text).encode(),
    "with Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "with spaces after the commas": lambda text: text.replace(",", ", ").encode(),
    "with blank lines": lambda text: text.replace("\n", "\n\n").encode(),
    "without a last line end": lambda text: text.rstrip("\n").encode(),
}


@pytest.mark.parametrize("name", ["digits.csv", "digits.csv.gz"])
@pytest.mark.parametrize("clothed", CLOTHED)
def test_a_csv_file_may_come(clothed, name, digits_csv, digit_rows, tmp_path):
    contents = CLOTHED[clothed](digits_csv.read_text())
    path = tmp_path / "other" / name
    path.parent.mkdir()
    path.write_bytes(gzip.compress(contents) if name.endswith(".gz") else contents)
    pixels, labels = read_csv(path)
    assert np.array_equal(np.column_stack([labels, pixels]), digit_rows)


GOOD = ",".join(["7", *["0"] * 784])
WRONG_ROWS = {
    ",".join(["7"] * 784): "row 3: has 784 values",
    ",".join(["7"] * 786): "row 3: has 786 values",
    GOOD.replace("7", "11", 1): "row 3, column 1: '11' is no label, needs a whole number from 0 to 9",
    GOOD.replace("7", "-1", 1): "row 3, column 1: '-1' is no label",
    GOOD.replace("7", "", 1): "row 3, column 1: '' is no label",
    GOOD.replace("7", "seven", 1): "row 3, column 1: 'seven' is no label",
    GOOD[:-1] + "256": "row 3, column 785: '256' is no pixel, needs a whole number from 0 to 255",
    GOOD[:-1] + "-1": "row 3, column 785: '-1' is no pixel",
    GOOD[:-1] + "1.5": "row 3, column 785: '1.5' is no pixel",
    GOOD[:-1]: "row 3, column 785: '' is no pixel",
    GOOD[:-1] + "ink": "row 3, column 785: 'ink' is no pixel",
    GOOD[:-1] + "nan": "row 3, column 785: 'nan' is no pixel",
}


@pytest.mark.parametrize(("row", "told"), WRONG_ROWS.items(), ids=WRONG_ROWS.values())
def test_a_wrong_row_is_told_with_file_row_and_column(row, told, tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(f"{GOOD}\n{GOOD}\n{row}\n{GOOD}\n")
    with pytest.raises(DataError) as caught:
        load([path], "train")
    assert str(path) in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [",".join(["7"] * 784), GOOD.replace("7", "11", 1), GOOD[:-1] + "256"],
    ids=["784 values", "label 11", "pixel 256"],
)
def test_a_file_whose_rows_are_all_wrong_is_told_too(row, tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(f"{row}\n{row}\n")
    with pytest.raises(DataError, match="row 1"):
        load([path], "train")


@pytest.mark.parametrize(
    ("contents", "told"),
    [
        (b"", "has no rows"),
        (b"\n\n", "has no rows"),
        (HEADER.encode(), "no rows below its header"),
        (bytes(range(256)) * 40, "not a CSV file"),
        (b"\x00" * 3000, "wrong.csv"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 3000, "not a CSV file"),
        (b"5" * 300_000, "wrong.csv"),
    ],
    ids=["empty", "blank lines", "header only", "all bytes", "zeros", "a picture", "one long number"],
)
def test_a_file_that_holds_no_records_is_told(contents, told, tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_bytes(contents)
    with pytest.raises(DataError, match=told):
        load([path], "train")


def test_a_damaged_gz_file_is_told(digits_csv, tmp_path):
    whole = gzip.compress(digits_csv.read_bytes())
    for contents in (whole[: len(whole) // 2], b"no gzip at all"):
        path = tmp_path / "wrong.csv.gz"
        path.write_bytes(contents)
        with pytest.raises(DataError, match=r"wrong\.csv\.gz is not a CSV file"):
            load([path], "train")


def test_a_missing_csv_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.csv does not exist"):
        load([tmp_path / "nowhere.csv"], "train")


def test_a_csv_file_is_parsed_once_and_again_when_it_changes(digits_csv, digit_rows, monkeypatch):
    read_csv(digits_csv)
    monkeypatch.setattr(csv_files, "_parse_csv", lambda _path: pytest.fail("the cache was not used"))
    pixels, _ = read_csv(digits_csv)
    assert np.array_equal(pixels, digit_rows[:, 1:])
    monkeypatch.undo()
    np.savetxt(digits_csv, digit_rows[::-1], fmt="%d", delimiter=",")
    pixels, _ = read_csv(digits_csv)
    assert np.array_equal(pixels, digit_rows[::-1, 1:])


def test_a_damaged_cache_is_made_again(digits_csv, digit_rows):
    read_csv(digits_csv)
    cache = digits_csv.with_name("digits.csv.cache")
    for contents in (b"", b"rubbish", cache.read_bytes()[:1000]):
        cache.write_bytes(contents)
        pixels, _ = read_csv(digits_csv)
        assert np.array_equal(pixels, digit_rows[:, 1:])


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(digits_csv, digit_rows, monkeypatch):
    def read_only(_path):
        raise PermissionError("read-only folder")

    monkeypatch.setattr(csv_files, "write_atomically", read_only)
    pixels, _ = read_csv(digits_csv)
    assert np.array_equal(pixels, digit_rows[:, 1:])


def test_the_label_255_stands_for_none_of_the_classes(tmp_path):
    path = tmp_path / "some.csv"
    path.write_text(f"{GOOD}\n{GOOD.replace('7', '255', 1)}\n")
    assert load([path], "train").labels.tolist() == [7, NO_CLASS]
    path.write_text(f"{GOOD}\n{GOOD.replace('7', '255', 1)}\n{GOOD.replace('7', '254', 1)}\n")
    with pytest.raises(DataError, match="row 3, column 1: '254' is no label"):
        load([path], "train")


def test_quoted_numbers_are_read(digits_csv, digit_rows):
    digits_csv.write_text(re.sub(r"(\d+)", r'"\1"', digits_csv.read_text()))
    pixels, labels = read_csv(digits_csv)
    assert np.array_equal(np.column_stack([labels, pixels]), digit_rows)


@pytest.mark.parametrize("row", [0, 3])
def test_a_quote_that_is_not_closed_is_an_error_with_file_and_row(row, digits_csv):
    lines = digits_csv.read_text().splitlines()
    lines[row] = '"' + lines[row]
    digits_csv.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"digits\.csv.*row {row + 1 if row == 0 else row}"):
        read_csv(digits_csv)


def test_labels_in_the_last_column_are_found_by_the_header(digits_csv, digit_rows):
    moved = np.roll(digit_rows, -1, axis=1)
    header = ",".join([f"pixel{number}" for number in range(784)] + ["label"])
    np.savetxt(digits_csv, moved, fmt="%d", delimiter=",", header=header, comments="")
    pixels, labels = read_csv(digits_csv)
    assert np.array_equal(np.column_stack([labels, pixels]), digit_rows)


def test_labels_in_the_last_column_without_a_header_are_an_error_that_says_so(digits_csv, digit_rows):
    np.savetxt(digits_csv, np.roll(digit_rows, -1, axis=1), fmt="%d", delimiter=",")
    with pytest.raises(DataError, match=r"digits\.csv has 0 as the label of every row.*last column"):
        read_csv(digits_csv)


def test_a_file_of_one_class_is_read(digits_csv, digit_rows):
    sevens = digit_rows[digit_rows[:, 0] == 7]
    np.savetxt(digits_csv, sevens, fmt="%d", delimiter=",")
    assert np.array_equal(read_csv(digits_csv)[1], sevens[:, 0])


def test_a_wrong_gzip_checksum_is_an_error_with_the_file(digits_csv, tmp_path):
    packed = bytearray(gzip.compress(digits_csv.read_bytes()))
    packed[-8] ^= 1
    path = tmp_path / "packed.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(DataError, match=r"packed\.csv\.gz is not a CSV file, or only a part of one"):
        read_csv(path)


@pytest.mark.parametrize("shape", [(200, 784), (785,), (0, 785)])
def test_a_cache_of_another_shape_is_made_again(shape, digits_csv, digit_rows):
    read_csv(digits_csv)
    cache = digits_csv.with_name("digits.csv.cache")
    with np.load(cache) as file:
        signature = file["signature"]
    with cache.open("wb") as writable:
        np.savez(writable, signature=signature, rows=np.zeros(shape, np.uint8))
    pixels, labels = read_csv(digits_csv)
    assert np.array_equal(np.column_stack([labels, pixels]), digit_rows)
