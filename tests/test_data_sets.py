import gzip
import http.server
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from data.data_sets import DATA_SETS, MNIST, load
from data.download import DownloadError
from tests.conftest import NOWHERE


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("https_proxy", NOWHERE)  # nobody's tests shall download from the public mirrors
    return tmp_path / "data"


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
    monkeypatch.setitem(DATA_SETS, "mnist", replace(MNIST, mirrors=(NOWHERE,), sha256=sums))
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
    two = replace(DATA_SETS["mnist"], mirrors=(NOWHERE, f"{address}/mnist/"))
    monkeypatch.setitem(DATA_SETS, "mnist", two)
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
