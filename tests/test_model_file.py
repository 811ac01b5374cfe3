"""The model file is taken up whenever it changes, keeps other models, and hides no corrections when it is damaged."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.records import scale
from neural_network import NeuralNetwork
from teaching.model_file import ModelFile
from teaching.store import StorageError, database
from teaching.teacher import Teacher
from tests.conftest import same_weights
from tests.test_teacher import DIGITS, WRONG, learnt_afresh, open_teacher, teach_wrong, teacher, trained

__all__ = ["teacher", "trained"]  # fixtures

DAMAGED = b"PK\x03\x04 half of a model"


@pytest.fixture
def file(model: Path) -> ModelFile:
    watched = ModelFile(model)
    watched.network = NeuralNetwork.load(model)
    return watched


def another(trained: NeuralNetwork, rows: int = 1) -> NeuralNetwork:
    trained.wih[:rows] += 1
    return trained


def test_a_replaced_model_answers_the_next_question(teacher, model, trained):
    teach_wrong(teacher, 0)
    another(trained).save(model)
    assert same_weights(teacher.network, trained)
    assert teacher.count() == 0
    teach_wrong(teacher, 1)
    assert same_weights(teacher.network, learnt_afresh(trained, teacher))


def test_a_model_that_was_corrected_elsewhere_comes_with_its_corrections(teacher, model):
    teach_wrong(teacher, 0)
    corrected, before = model.read_bytes(), teacher.network
    teacher.take_all_back()
    NeuralNetwork(784, 5, 10, 0.1, seed=3).save(model)
    assert teacher.network.wih.shape == (5, 784)
    model.write_bytes(corrected)
    assert same_weights(teacher.network, before)
    assert teacher.status.learning  # it was taken back meanwhile
    assert open_teacher(model).status == teacher.status


@pytest.mark.parametrize("damage", ["cut off", "no model", "other inputs"])
def test_a_damaged_file_leaves_the_last_good_network_and_says_so(teacher, model, trained, damage):
    teach_wrong(teacher, 0)
    before, good = teacher.network, model.read_bytes()
    if damage == "other inputs":
        NeuralNetwork(64, 5, 10, 0.1).save(model)
    else:
        model.write_bytes(good[:1000] if damage == "cut off" else DAMAGED)
    damaged = model.read_bytes()
    assert teacher.network is before
    assert "model.npz is damaged, so the last good network answers" in teacher.status.problem
    with pytest.raises(StorageError, match="damaged"):
        teach_wrong(teacher, 1)
    assert model.read_bytes() == damaged
    assert teacher.count() == 1
    model.write_bytes(good)
    assert teacher.status.problem == teacher.refusal == ""
    teach_wrong(teacher, 1)
    assert same_weights(teacher.network, learnt_afresh(trained, teacher))


def test_a_damaged_file_that_is_removed_is_written_again_with_the_next_correction(teacher, model, trained):
    teach_wrong(teacher, 0)
    model.write_bytes(DAMAGED)
    assert teacher.refusal
    model.unlink()
    assert teacher.refusal == ""
    teach_wrong(teacher, 1)
    assert same_weights(NeuralNetwork.load(model), learnt_afresh(trained, teacher))


def test_a_start_beside_a_damaged_file_answers_by_the_corrections_alone(teacher, model):
    teach_wrong(teacher, 0, 1)
    model.write_bytes(DAMAGED)
    later = open_teacher(model)
    assert same_weights(later.network, teacher.network)
    assert "damaged" in later.status.problem
    assert [kept.id for kept in later.page(-1)] == [2, 1]
    assert model.read_bytes() == DAMAGED  # whoever wrote that decides what becomes of it


def test_a_damaged_file_without_corrections_is_no_model(model):
    model.write_bytes(DAMAGED)
    with pytest.raises(ValueError, match="is not a model"):
        open_teacher(model)


def test_another_model_that_comes_while_one_is_written_stays(monkeypatch, file, model, trained):
    save = NeuralNetwork.save

    def save_late(network: NeuralNetwork, path: Path) -> None:
        save(network, path)
        save(another(trained), model)

    monkeypatch.setattr(NeuralNetwork, "save", save_late)
    file.write(NeuralNetwork(784, 5, 10, 0.1))
    assert same_weights(NeuralNetwork.load(model), trained)
    assert same_weights(file.look(), trained)


def test_two_files_that_are_as_large_and_of_one_moment_are_told_apart(file, model, trained):
    for rows in range(1, 20):
        another(trained, rows).save(model)
        assert same_weights(file.look(), trained)


def test_the_folder_is_brought_onto_the_disk_after_the_new_name(monkeypatch, file, model):
    done: list[str] = []
    replace, sync = Path.replace, os.fsync

    def note_sync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        done.append(Path(target).name)
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    file.write(file.network)
    assert done[0] == "file"
    assert done[-2:] == ["model.npz", "folder"]


def test_what_killed_processes_left_half_written_is_cleared_at_the_next_start(model):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = [model.with_name(f".model.npz.{process}.part") for process in (ended.pid, 2**40, "x")]
    left.append(model.with_name(f".{left[0].name}.{ended.pid}.part"))
    alive = [model.with_name(f".model.npz.{process}.part") for process in (os.getpid(), os.getppid())]
    for path in (*left, *alive):
        path.write_bytes(b"half")
    Teacher(model, database())
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in alive)


def test_a_file_that_cannot_be_written_says_so_until_it_can(monkeypatch, teacher, model, trained):
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    teach_wrong(teacher, 0)
    before = teacher.network
    with monkeypatch.context() as full:
        full.setattr(NeuralNetwork, "save", fail)
        done = teacher.teach(DIGITS[1], int(WRONG[1]))
        assert done.learning
        assert teacher.network is before
        assert teacher.status.problem == "model.npz cannot be written: No space left on device"
        with pytest.raises(StorageError, match="No space left on device"):
            teach_wrong(teacher, 2)
        assert teacher.count() == 2
    teach_wrong(teacher, 2)
    assert teacher.status.problem == ""
    assert same_weights(NeuralNetwork.load(model), learnt_afresh(trained, teacher))
    assert np.array_equal(teacher.network.query(scale(DIGITS[:3])).argmax(axis=1), WRONG[:3])


@pytest.mark.parametrize(
    "note", [7, [], {"course": 7}, {"course": "a", "count": float("nan"), "latest": [], "revision": "x"}]
)
def test_a_note_of_corrections_that_nobody_wrote_hurts_nobody(model, trained, note):
    trained.training["corrections"] = note
    trained.save(model)
    teacher = open_teacher(model)
    assert (teacher.status.learning, teacher.status.corrections, teacher.status.latest) == (False, 0, 0)
    teach_wrong(teacher, 0)
    assert same_weights(teacher.network, learnt_afresh(trained, teacher))
