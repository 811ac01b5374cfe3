import gzip
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from data import mnist
from data.csv_files import DIGITS, read_csv
from data.data_sets import load
from data.download import DownloadError
from data.records import DataError, hold_out, scale, targets
from tests.conftest import NOWHERE


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("https_proxy", NOWHERE)  # nobody's tests shall download from the public mirrors
    return tmp_path / "data"


def test_pixels_are_scaled_to_the_range_of_inputs():
    inputs = scale(np.array([[0, 51, 255]], np.uint8))
    assert inputs.dtype == np.float32
    assert inputs[0].tolist() == pytest.approx([0.01, 0.208, 1.0])


def test_targets_are_high_at_the_label_and_low_elsewhere():
    assert targets(np.array([2, 0], np.uint8), 3).tolist() == pytest.approx(
        np.array([[0.01, 0.01, 0.99], [0.99, 0.01, 0.01]])
    )


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
    monkeypatch.setattr(mnist, "_parse_csv", lambda _path: pytest.fail("the cache was not used"))
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

    monkeypatch.setattr(mnist, "write_atomically", read_only)
    pixels, _ = read_csv(digits_csv)
    assert np.array_equal(pixels, digit_rows[:, 1:])


def test_validation_records_are_fixed_by_the_seed_and_never_trained_on():
    training, validation = hold_out(60_000, seed=3)
    assert (len(training), len(validation)) == (55_000, 5_000)
    assert sorted([*training, *validation]) == list(range(60_000))
    assert np.array_equal(validation, hold_out(60_000, seed=3)[1])
    assert not np.array_equal(validation, hold_out(60_000, seed=4)[1])
    assert [len(rows) for rows in hold_out(200, seed=0)] == [180, 20]
    with pytest.raises(DataError, match="too few"):
        hold_out(9, seed=0)


def test_the_bundled_digits_look_like_mnist_and_are_split_in_a_fixed_way():
    train, test = load("digits", "train"), load("digits", "test")
    assert (len(train.labels), len(test.labels)) == (1437, 360)
    assert np.unique(test.labels).tolist() == list(range(10))
    images = train.inputs.reshape(-1, 28, 28) > 0.05
    sides = np.stack([images.any(axis=axis).sum(axis=1) for axis in (1, 2)])
    assert (sides.max(axis=0) <= 21).all()
    assert np.median(sides.max(axis=0)) in (19, 20)
    rows, columns = np.mgrid[:28, :28]
    ink = train.inputs.reshape(-1, 28, 28) - np.float32(0.01)
    for grid in (rows, columns):
        centre = (ink * grid).sum(axis=(1, 2)) / ink.sum(axis=(1, 2))
        assert abs(centre - 14).max() <= 0.6


def test_mnist_comes_from_the_mirror_and_stays_as_csv(mirror, own_data_folder, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", str(mirror))
    records = load("mnist", "test")
    assert records.inputs.shape == (10_000, 784)
    assert records.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert (own_data_folder / "mnist_test.csv").read_text().count("\n") == 10_000
    monkeypatch.setenv("DIGITS_MIRROR", NOWHERE)
    again = load("mnist", "test")
    assert np.array_equal(again.inputs, records.inputs)


def test_clothes_come_with_their_names(mirror, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", mirror.as_uri())
    records = load("fashion", "test")
    assert records.class_names[records.labels[0]] == "Ankle boot"


class Mirror(http.server.BaseHTTPRequestHandler):
    """A mirror with a tiny data set, and with the faults that mirrors have."""

    files: ClassVar[dict[str, bytes]]
    fault: ClassVar[str]

    def do_GET(self) -> None:
        contents = self.files.get(self.path.rsplit("/", 1)[1])
        if contents is None or self.fault == "missing":
            return self.send_error(404)
        sent = {"wrong checksum": gzip.compress(b"others" * 99), "no gzip": b"<html>login</html>"}.get(
            self.fault, contents
        )
        self.send_response(200)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent[:40] if self.fault.startswith("cut off") else sent)
        if self.fault == "cut off once":
            type(self).fault = ""
        return None

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""


@pytest.fixture
def small_mirror(digit_rows, monkeypatch) -> Iterator[type[Mirror]]:
    """A mirror on this machine with 200 digits as its MNIST, and no other mirror to go to."""
    labels = b"\0\0\x08\x01" + len(digit_rows).to_bytes(4, "big") + digit_rows[:, 0].tobytes()
    images = b"\0\0\x08\x03" + len(digit_rows).to_bytes(4, "big") + b"\0\0\0\x1c" * 2 + digit_rows[:, 1:].tobytes()
    files = {"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels}

    packed = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}

    class SmallMirror(Mirror):
        fault = ""
        files = packed

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SmallMirror)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("DIGITS_MIRROR", f"http://127.0.0.1:{server.server_port}")
    sums = {name: sha256(content).hexdigest() for name, content in files.items()}
    monkeypatch.setitem(mnist.SOURCES, "mnist", mnist.Source("MNIST", DIGITS, "mnist", (NOWHERE,), sums))
    yield SmallMirror
    server.shutdown()
    server.server_close()


def test_a_data_set_is_downloaded_from_a_server(small_mirror, digit_rows):
    records = load("mnist", "train")
    assert np.array_equal(records.labels, digit_rows[:, 0])


@pytest.mark.parametrize(
    ("fault", "told"),
    [("cut off", "ended after 40 of"), ("wrong checksum", "SHA-256"), ("missing", "404"), ("no gzip", "gzipped")],
)
def test_a_faulty_mirror_leaves_nothing_behind_and_the_next_try_works(fault, told, small_mirror, own_data_folder):
    small_mirror.fault = fault
    with pytest.raises(DownloadError, match="could not be downloaded") as caught:
        load("mnist", "train")
    assert told in str(caught.value)
    assert "DIGITS_MIRROR" in str(caught.value)
    assert not own_data_folder.exists() or not [*own_data_folder.iterdir()]
    small_mirror.fault = ""
    assert len(load("mnist", "train").labels) == 200


def test_a_connection_that_ends_too_early_is_tried_again(small_mirror):
    small_mirror.fault = "cut off once"
    assert len(load("mnist", "train").labels) == 200


def test_the_next_mirror_is_tried_where_the_first_is_down(small_mirror, monkeypatch):
    address = os.environ["DIGITS_MIRROR"]
    source = mnist.SOURCES["mnist"]
    two = mnist.Source(source.title, DIGITS, "mnist", (NOWHERE, f"{address}/mnist/"), source.sha256)
    monkeypatch.setitem(mnist.SOURCES, "mnist", two)
    monkeypatch.setenv("DIGITS_MIRROR", NOWHERE)
    assert len(load("mnist", "train").labels) == 200
    monkeypatch.delenv("DIGITS_MIRROR")
    assert len(load("mnist", "train").labels) == 200


def test_a_csv_file_of_a_data_set_may_be_packed(small_mirror, own_data_folder):
    load("mnist", "train")
    path = own_data_folder / "mnist_train.csv"
    path.with_name("mnist_train.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    small_mirror.fault = "missing"
    assert len(load("mnist", "train").labels) == 200
