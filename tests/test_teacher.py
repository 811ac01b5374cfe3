"""What is taught stays taught, whatever happens, and what is taken back is gone without a trace."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.data_sets import bundled_digits, default_model
from data.records import scale
from neural_network import NeuralNetwork
from teaching.store import StorageError, Transaction, database
from teaching.teacher import CorrectionNotFoundError, Teacher
from teaching.update import Learner
from tests.conftest import PROJECT, same_weights

DIGITS, LABELS = bundled_digits("test")  # (360, 784), (360,), which the model was not trained on
WRONG = (LABELS + 1) % 10


@pytest.fixture
def trained(digits_model: Path) -> NeuralNetwork:
    return NeuralNetwork.load(digits_model)


@pytest.fixture
def teacher(model: Path) -> Teacher:
    return open_teacher(model)


def open_teacher(model: Path) -> Teacher:
    """A teacher who waits until all is learnt, however slow the machine."""
    return Teacher(model, database(), patience=None)


def teach_wrong(teacher: Teacher, *rows: int) -> list[int]:
    """Teach wrong labels, so that each changes the weights; return the numbers of the corrections."""
    return [teacher.teach(DIGITS[row], int(WRONG[row])).correction.id for row in rows]


def learnt_afresh(trained: NeuralNetwork, teacher: Teacher) -> NeuralNetwork:
    """What the trained network becomes by the corrections as they stand in the file."""
    corrections = teacher.page(-1)[::-1]
    pixels = np.array([one.pixels for one in corrections], np.uint8).reshape(-1, 784)
    return Learner(trained).learn(pixels, np.array([one.label for one in corrections], np.uint8))


# What is taught


def test_the_model_file_holds_each_correction_as_soon_as_it_is_learnt(teacher, model):
    for row in range(3):
        done = teacher.teach(DIGITS[row], int(WRONG[row]))
        saved = NeuralNetwork.load(model)
        assert same_weights(saved, done.after)
        assert saved.query(scale(DIGITS[row])).argmax() == WRONG[row]


def test_a_new_teacher_knows_the_same(teacher, model, trained):
    teach_wrong(teacher, 0, 1, 2)
    later = open_teacher(model)
    assert same_weights(later.network, teacher.network)
    assert later.count() == 3
    teach_wrong(teacher, 3)
    teach_wrong(later, 4)  # and it goes on from what the other one taught meanwhile
    assert later.count() == 5
    assert same_weights(later.network, learnt_afresh(trained, later))


def test_what_is_taken_back_was_never_given(teacher, trained):
    teach_wrong(teacher, 0, 1)
    before = teacher.network
    number = teach_wrong(teacher, 2)[0]
    assert not same_weights(teacher.network, before)
    assert teacher.take_back(number) == 2
    assert same_weights(teacher.network, before)
    with pytest.raises(CorrectionNotFoundError):
        teacher.take_back(number)
    teacher.take_all_back()
    assert same_weights(teacher.network, trained)


def test_another_way_to_the_same_corrections_ends_at_the_same_weights(teacher, model, trained):
    numbers = teach_wrong(teacher, 0, 1, 2, 3)
    teacher.relabel(numbers[3], 5)
    teacher.take_back(numbers[1])
    teacher.teach(DIGITS[0], 9)  # the same drawing as before, with another label
    taught = teacher.network
    teacher.take_all_back()
    for row, label in ((0, 9), (2, WRONG[2]), (3, 5)):
        teacher.teach(DIGITS[row], int(label))
    assert same_weights(teacher.network, taught)
    assert same_weights(NeuralNetwork.load(model), learnt_afresh(trained, teacher))


def test_all_taken_back_in_a_new_teacher_gives_the_trained_weights(teacher, model, trained):
    teach_wrong(teacher, 0, 1)
    later = open_teacher(model)
    later.take_all_back()
    assert same_weights(NeuralNetwork.load(model), trained)


def test_a_taught_model_can_still_be_trained_and_asked_as_any_other(teacher, model, trained):
    teach_wrong(teacher, 0)
    saved = NeuralNetwork.load(model)
    assert saved.training["dataset"] == "digits"
    assert saved.class_names == trained.class_names
    assert saved.extras.keys() == trained.extras.keys()
    before = saved.wih.copy()
    saved.train(scale(DIGITS[0]), np.full(10, 0.5))
    assert not np.array_equal(saved.wih, before)


# Which file is taught


def test_deleting_the_model_file_forgets_what_was_taught(monkeypatch, model, digits_model, trained):
    monkeypatch.setattr("data.data_sets.shipped_model", lambda name="digits": digits_model)
    model.unlink()
    shipped = digits_model.read_bytes()
    teach_wrong(open_teacher(default_model()), 0, 1)
    assert open_teacher(default_model()).count() == 2
    model.unlink()
    forgetful = open_teacher(default_model())
    assert same_weights(forgetful.network, trained)
    assert forgetful.count() == 0
    teach_wrong(forgetful, 2)
    assert open_teacher(default_model()).count() == 1
    assert digits_model.read_bytes() == shipped


def test_a_newly_trained_model_begins_without_corrections(teacher, model, trained):
    teach_wrong(teacher, 0, 1)
    trained.save(model)
    later = open_teacher(model)
    assert later.count() == 0
    teach_wrong(later, 2)
    later.take_all_back()
    assert same_weights(later.network, trained)


def test_a_model_that_was_trained_meanwhile_is_never_replaced_by_a_correction(teacher, model):
    teach_wrong(teacher, 0)
    NeuralNetwork(784, 5, 10, 0.1, seed=3).save(model)
    trained_anew = model.read_bytes()
    with pytest.raises(StorageError, match="carries no memory of its training"):  # it is the new one that is taught
        teach_wrong(teacher, 1)
    assert model.read_bytes() == trained_anew
    assert same_weights(teacher.network, NeuralNetwork.load(model))
    assert len(teacher.salvage()[0]) == 1  # the correction of the older model is kept


def test_two_programs_that_teach_the_same_model_take_turns(teacher, model, trained):
    teach_wrong(teacher, 0)
    other = open_teacher(model)
    teach_wrong(other, 1)
    teach_wrong(teacher, 2)
    assert teacher.count() == 3
    assert same_weights(NeuralNetwork.load(model), learnt_afresh(trained, teacher))


def test_the_shipped_model_is_never_written_to_by_whatever_path_it_is_named(monkeypatch, model, digits_model):
    shipped = model.with_name("shipped.npz")
    shutil.copy(digits_model, shipped)
    monkeypatch.setattr("data.data_sets.shipped_model", lambda name="digits": shipped)
    monkeypatch.chdir(shipped.parent)
    for path in (Path("shipped.npz"), shipped, shipped.parent / "." / "shipped.npz"):
        model.unlink()
        taught = open_teacher(path)
        teach_wrong(taught, 0)
        assert same_weights(NeuralNetwork.load(model), taught.network)
    assert shipped.read_bytes() == digits_model.read_bytes()


def test_what_a_shipped_model_is_taught_never_replaces_a_model_of_the_users_own(monkeypatch, model, digits_model):
    shipped = model.with_name("shipped.npz")
    shutil.copy(digits_model, shipped)
    monkeypatch.setattr("data.data_sets.shipped_model", lambda name="digits": shipped)
    own = model.read_bytes()
    teacher = open_teacher(shipped)
    with pytest.raises(StorageError, match=r"would replace your model\.npz; copy it"):
        teach_wrong(teacher, 0)
    assert model.read_bytes() == own


# When something fails


@pytest.mark.parametrize("state", ["behind", "ahead"])
def test_a_model_file_that_is_not_as_far_as_the_corrections_is_brought_there_at_the_next_start(
    teacher, model, trained, state
):
    teach_wrong(teacher, 0)
    older = model.read_bytes()
    number = teach_wrong(teacher, 1)[0]
    newer = model.read_bytes()
    if state == "ahead":
        teacher.take_back(number)
    model.write_bytes(older if state == "behind" else newer)
    later = open_teacher(model)
    assert same_weights(later.network, teacher.network)
    assert same_weights(later.network, learnt_afresh(trained, later))
    assert same_weights(NeuralNetwork.load(model), later.network)


@pytest.mark.parametrize(
    ("taught", "crash"),
    [(0, (NeuralNetwork, "save")), (0, (Transaction, "add")), (2, (Transaction, "add"))],
    ids=["the first model file is written", "the first is stored", "a later one is stored"],
)
def test_a_crash_before_the_correction_is_committed_leaves_what_was_before(
    monkeypatch, teacher, model, trained, taught, crash
):
    def do_and_crash(*values: Any) -> None:
        do(*values)
        raise KeyboardInterrupt

    place, name = crash
    do = getattr(place, name)
    teach_wrong(teacher, *range(taught))
    before = teacher.network
    with monkeypatch.context() as crashing:
        crashing.setattr(place, name, do_and_crash)
        with pytest.raises(KeyboardInterrupt):
            teach_wrong(teacher, 5)
    assert same_weights(teacher.network, before)
    later = open_teacher(model)
    assert later.count() == taught
    assert same_weights(later.network, before)
    teach_wrong(later, 6)
    later.take_all_back()
    assert same_weights(later.network, trained)


def test_where_the_model_file_cannot_be_written_nothing_is_stored(teacher, model):
    teach_wrong(teacher, 0)
    before = teacher.network
    model.unlink()
    model.mkdir()
    with pytest.raises(StorageError, match=r"model\.npz cannot be written"):
        teach_wrong(teacher, 1)
    with pytest.raises(StorageError):
        teacher.take_all_back()
    assert teacher.count() == 1
    assert teacher.network is before


def test_a_start_that_cannot_write_the_model_file_says_so_and_answers(teacher, model):
    teach_wrong(teacher, 0)
    older = NeuralNetwork.load(model)
    state = model.read_bytes()
    teach_wrong(teacher, 1)
    model.write_bytes(state)
    (model.parent / f".model.npz.{os.getpid()}.part").mkdir()  # where it would be written first
    later = open_teacher(model)
    assert "model.npz cannot be written" in later.refusal
    assert same_weights(later.network, older)
    with pytest.raises(StorageError, match=r"model\.npz cannot be written"):
        teach_wrong(later, 2)


TEACHING = """
import sys
from pathlib import Path
import numpy as np
from teaching.teacher import Teacher

teacher = Teacher(Path("model.npz"), Path("corrections.db"))
rows = np.load("rows.npy")
print("ready", flush=True)
for row in rows[teacher.count():]:
    print(teacher.teach(row[1:], int(row[0])).correction.id, flush=True)
"""


def test_a_program_killed_while_it_learns_has_kept_what_it_said_it_has_learnt(model, trained, tmp_path):
    np.save(tmp_path / "rows.npy", np.column_stack([WRONG, DIGITS])[:150])
    clock = random.Random(5)
    acknowledged: list[int] = []
    for _ in range(6):
        program = subprocess.Popen(
            [sys.executable, "-c", TEACHING], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert program.stdout
        told = [program.stdout.readline() for _ in range(clock.randint(1, 4))]  # "ready", then numbers
        time.sleep(clock.uniform(0, 0.1))
        program.kill()
        told += program.communicate()[0].splitlines()
        assert told[0].strip() == "ready"
        acknowledged += [int(line) for line in told[1:] if line.strip()]
        later = Teacher(model, tmp_path / "corrections.db")
        assert later.refusal == ""
        assert {*acknowledged} <= {kept.id for kept in later.page(-1)}
        assert same_weights(later.network, learnt_afresh(trained, later))
        assert same_weights(NeuralNetwork.load(model), later.network)
    assert len(acknowledged) > 3
