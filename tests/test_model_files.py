import io
import json
import zipfile

import numpy as np
import pytest

from data import model_files
from data.data_sets import DATA_SETS, shipped_model
from data.model_files import load_content, load_model
from neural_network import NeuralNetwork
from tests.conftest import Run


@pytest.fixture
def small_model(tmp_path):
    """Save a small network, described by `training`."""

    def save(training: object = None, classes: int = 3):
        network = NeuralNetwork(784, 5, classes, 0.1, seed=1)
        network.training = {} if training is None else training  # type: ignore[assignment]
        network.save(tmp_path / "small.npz")
        return tmp_path / "small.npz"

    return save


def test_a_good_model_is_loaded(small_model):
    training = {"dataset": "mnist", "temperature": 1.2, "best_epoch": {"number": 3, "loss": 1.0}}
    assert load_model(small_model(training)).training == training


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_models_that_ship_are_those_that_were_published(name):
    assert load_model(shipped_model(name)).training["dataset"]


def test_a_model_that_ships_and_was_changed_is_refused(tmp_path, monkeypatch):
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{'0' * 64}  digits.npz\n")
    monkeypatch.setattr(model_files, "CHECKSUMS", sums)
    with pytest.raises(ValueError, match="not the model that comes with the project"):
        load_model(shipped_model())


@pytest.mark.parametrize(
    "training",
    [
        [1, 2],
        "text",
        5,
        {"note": "x" * 200_000},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"temperature": 10**400},
        {"temperature": "hot"},
        {"temperature": -1},
        {"temperature": float("inf")},
        {"temperature": [1]},
    ],
)
def test_a_description_that_makes_no_sense_is_refused_in_one_line(training, small_model, run: Run):
    path = small_model(training)
    with pytest.raises(ValueError, match=r"small\.npz has a (description|temperature)"):
        load_model(path)
    for program in (("evaluate.py", "--dataset", "digits", "--model", path), ("train_model.py", "--resume", path)):
        ended = run(*program)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert "small.npz has a" in ended.stderr.strip().splitlines()[-1]


def test_a_description_that_is_nested_deeply_is_refused(small_model):
    path = small_model()
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"training": np.array('{"in": ' * 980 + "{}" + "}" * 980)})
    with pytest.raises(ValueError, match=r"small\.npz (has a description|is not a model)"):
        load_model(path)


def test_more_than_a_hundred_classes_are_refused(small_model):
    assert len(load_model(small_model(classes=100)).class_names) == 100
    with pytest.raises(ValueError, match="101 classes"):
        load_model(small_model(classes=101))


def test_a_file_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(small_model, monkeypatch):
    path = small_model()
    content = path.read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        with zipfile.ZipFile(io.BytesIO(content)) as small:
            for member in small.infolist():
                archive.writestr(member.filename, small.read(member))
        with archive.open("memory_inputs.npy", "w", force_zip64=True) as table:
            header = json.dumps({"descr": "<f2", "fortran_order": False, "shape": [400 << 20]})
            table.write(b"\x93NUMPY\x01\x00\x76\x00" + header.encode().ljust(0x76))
            for _ in range(400):
                table.write(bytes(1 << 20))
    assert len(packed.getvalue()) < 4 << 20
    monkeypatch.setattr(NeuralNetwork, "load", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(ValueError, match="unpacks to"):
        load_content(packed.getvalue(), "bomb.npz")


def test_what_is_no_zip_file_is_refused():
    with pytest.raises(ValueError, match=r"mine\.npz is not a model"):
        load_content(b"hello", "mine.npz")
    stream = io.BytesIO()
    np.savez(stream, wih=np.zeros(3))
    with pytest.raises(ValueError, match=r"mine\.npz is not a model"):
        load_content(stream.getvalue(), "mine.npz")
