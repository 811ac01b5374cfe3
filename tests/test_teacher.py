"""What is taught stays taught, whatever happens, and what is taken back is gone without a trace."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.data_sets import bundled_digits, default_model
from data.records import scale
from neural_network import NeuralNetwork
from teaching.store import StorageError, Transaction, database
from teaching.teacher import LEARNING_TIMEOUT, MAX_DRAWING, CorrectionNotFoundError, Teacher
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
    return Teacher(model, database(), timeout=None)


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
first, step = map(int, sys.argv[1:] or (teacher.count(), 1))
rows = np.load("rows.npy")[first::step]
print("ready", flush=True)
for row in rows:
    print(teacher.teach(row[1:], int(row[0])).correction.id, flush=True)
"""


def test_a_program_killed_while_it_learns_has_kept_what_it_said_it_has_learnt(model, trained, tmp_path):
    np.save(tmp_path / "rows.npy", np.column_stack([WRONG, DIGITS])[:150])
    clock = random.Random(5)
    acknowledged: list[int] = []
    for _ in range(6):
        program = subprocess.Popen(
            [sys.executable, "-c", TEACHING],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout
        told = [program.stdout.readline() for _ in range(clock.randint(1, 4))]  # "ready", then numbers
        time.sleep(clock.uniform(0, 0.1))
        program.kill()
        told += program.communicate()[0].splitlines()
        assert told[0].strip() == "ready"
        acknowledged += [int(line) for line in told[1:] if line.strip()]
        later = open_teacher(model)
        assert later.refusal == ""
        assert {*acknowledged} <= {kept.id for kept in later.page(-1)}
        assert same_weights(later.network, learnt_afresh(trained, later))
        assert same_weights(NeuralNetwork.load(model), later.network)
    assert len(acknowledged) > 3


# Several processes


def test_two_that_begin_at_once_on_a_model_never_taught_share_its_corrections(teacher, model, trained):
    other = open_teacher(model)
    numbers = teach_wrong(teacher, 0) + teach_wrong(other, 1) + teach_wrong(teacher, 2)
    for one in (teacher, other, open_teacher(model)):
        assert [kept.id for kept in one.page(-1)[::-1]] == numbers
        assert same_weights(one.network, learnt_afresh(trained, one))


def test_what_one_process_takes_back_the_others_do_not_answer_with_any_more(teacher, model, trained):
    number = teach_wrong(teacher, 0)[0]
    assert not same_weights(teacher.network, trained)
    open_teacher(model).take_back(number)
    assert same_weights(teacher.network, trained)
    assert teacher.page(-1) == []


def test_four_processes_that_teach_and_are_killed_lose_nothing_and_agree(model, trained, tmp_path):
    np.save(tmp_path / "rows.npy", np.column_stack([WRONG, DIGITS]))
    chance = random.Random(3)
    acknowledged: list[int] = []
    for turn in range(3):
        programs = [
            subprocess.Popen(
                [sys.executable, "-c", TEACHING, str(90 * turn + worker), "4"],
                cwd=tmp_path,
                text=True,
                env=os.environ | {"PYTHONPATH": str(PROJECT)},
                stdout=subprocess.PIPE,
            )
            for worker in range(4)
        ]
        for program in programs:
            assert program.stdout
            assert program.stdout.readline().strip() == "ready"
        time.sleep(chance.uniform(0.3, 1))
        for program in programs:
            program.kill()
        acknowledged += [int(line) for program in programs for line in program.communicate()[0].split()]
        later = open_teacher(model)
        assert {*acknowledged} <= {kept.id for kept in later.page(-1)}
        assert same_weights(later.network, learnt_afresh(trained, later))
        assert not [*tmp_path.glob(".*.part")]
    assert len(acknowledged) > 8


# While something is learnt


class SlowLearner:
    """Learns only once it may: `begun` says that it would, `may_end` lets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        learn = Learner.learn

        def learn_slowly(*values: Any) -> NeuralNetwork:
            self.begun.set()
            assert self.may_end.wait(60)
            return learn(*values)

        monkeypatch.setattr(Learner, "learn", learn_slowly)


def wait_until_learnt(teacher: Teacher) -> None:
    deadline = time.monotonic() + 60
    while teacher.status.learning:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_correction_is_acknowledged_and_listed_whatever_is_being_learnt(monkeypatch, teacher, model, trained):
    teach_wrong(teacher, 0)
    before = teacher.network
    slow = SlowLearner(monkeypatch)
    teacher.timeout = LEARNING_TIMEOUT
    for row in (1, 2, 3):
        started = time.monotonic()
        done = teacher.teach(DIGITS[row], int(WRONG[row]))
        assert time.monotonic() - started < 1
        assert (done.learning, done.after) == (True, before)
        assert teacher.page(1)[0].id == done.correction.id
    status = teacher.status
    assert (status.learning, status.corrections, status.latest, status.problem) == (True, 1, 1, "")
    started = time.monotonic()
    assert teacher.take_back(2) == 3
    assert time.monotonic() - started < LEARNING_TIMEOUT  # nobody waits for what takes long anyway
    slow.may_end.set()
    wait_until_learnt(teacher)
    assert (teacher.status.corrections, teacher.status.latest) == (3, 4)
    assert same_weights(teacher.network, learnt_afresh(trained, teacher))


def test_a_model_that_is_trained_while_something_is_learnt_stays_and_is_taken_up(monkeypatch, teacher, model, trained):
    slow = SlowLearner(monkeypatch)
    teacher.timeout = 0.01
    teach_wrong(teacher, 0)
    assert slow.begun.wait(60)
    trained.wih[0] += 1
    trained.save(model)
    trained_anew = model.read_bytes()
    slow.may_end.set()
    teacher._start_learning().join()
    assert model.read_bytes() == trained_anew
    assert same_weights(teacher.network, trained)
    assert teacher.count() == 0
    teacher.timeout = None
    teach_wrong(teacher, 1)
    assert same_weights(teacher.network, learnt_afresh(trained, teacher))
    assert teacher.count() == 1


def test_who_learns_beside_a_process_that_was_killed_while_it_learnt_goes_on(monkeypatch, teacher, model, trained):
    holding = (
        "from pathlib import Path\nfrom time import sleep\nfrom teaching.store import Store\n"
        "with Store(Path('corrections.db')).lease():\n    print('ready', flush=True)\n    sleep(60)"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", holding],
        cwd=model.parent,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
    )
    assert program.stdout
    assert program.stdout.readline()
    teacher.timeout = 0.2
    assert teacher.teach(DIGITS[0], int(WRONG[0])).learning
    program.kill()
    program.communicate()
    wait_until_learnt(teacher)
    assert same_weights(teacher.network, learnt_afresh(trained, teacher))


def test_ten_thousand_corrections_hold_nobody_up(teacher, model, trained):
    pixels = np.repeat(DIGITS, 28, axis=0)[:10_000]
    pixels[:, :2] = np.arange(10_000, dtype="<u2").view(np.uint8).reshape(-1, 2)  # each is another drawing
    assert teacher.teach_rows(pixels, np.repeat(LABELS, 28)[:10_000]) == 10_000
    started = time.monotonic()
    later = Teacher(model, database())
    assert time.monotonic() - started < 5
    first = later.page(-1)[-1].id
    started = time.monotonic()
    assert later.take_back(first) == 9_999
    assert time.monotonic() - started < 1
    assert later.count() == 9_999
    started = time.monotonic()
    wait_until_learnt(later)
    assert time.monotonic() - started < 10
    assert same_weights(later.network, learnt_afresh(trained, later))


# What is damaged


def edit(statement: str, *values: object) -> None:
    """Change the file of corrections as no program of the project would."""
    with closing(sqlite3.connect(database())) as connection, connection:
        connection.execute(statement, values)


@pytest.mark.parametrize(
    "change", ["label = 99", "label = 'seven'", "said = 99", "confidence = 'high'", "pixels = 'few'", "created = x'07'"]
)
def test_a_damaged_correction_is_named_and_can_be_taken_back(teacher, model, trained, change):
    numbers = teach_wrong(teacher, 0, 1, 2)
    before = teacher.network
    edit(f"UPDATE corrections SET {change} WHERE id = ?", numbers[1])
    later = open_teacher(model)
    assert f"Correction {numbers[1]} is damaged" in later.refusal
    assert same_weights(later.network, before)
    for use in (lambda: later.page(-1), lambda: teach_wrong(later, 3)):
        with pytest.raises(StorageError, match=f"Correction {numbers[1]} is damaged.*undo {numbers[1]}.*export FILE"):
            use()
    assert [kept.id for kept in later.salvage()[0]] == [numbers[0], numbers[2]]
    assert later.take_back(numbers[1]) == 2
    assert later.refusal == ""
    assert same_weights(later.network, learnt_afresh(trained, later))


def test_what_can_be_read_of_a_damaged_page_is_salvaged(teacher, model):
    teach_wrong(teacher, *range(40))
    edit("PRAGMA wal_checkpoint(TRUNCATE)")
    contents = bytearray(database().read_bytes())
    for start in range(0, len(contents), 4096):
        page = contents[start : start + 4096]
        if page[0] == 13 and DIGITS[20].tobytes() in page:  # rows of a table, and not of its index
            contents[start : start + 4096] = b"\xff" * 4096
    for path in database().parent.glob("corrections.db-*"):
        path.unlink()
    database().write_bytes(contents)
    later = open_teacher(model)
    assert "corrections.db cannot be used: it is damaged" in later.refusal
    assert same_weights(later.network, teacher.network)
    found = later.salvage()[0]
    assert 30 <= len(found) < 40
    assert 21 not in {one.id for one in found}
    assert all(np.array_equal(one.pixels, DIGITS[one.id - 1]) for one in found)


def test_a_drawing_that_is_large_is_learnt_and_its_file_not_kept(teacher):
    kept, large = (teacher.teach(DIGITS[row], 1, b"x" * (MAX_DRAWING + row)) for row in (0, 1))
    assert teacher.drawing(kept.correction.id) == b"x" * MAX_DRAWING
    assert teacher.drawing(large.correction.id) is None
    assert teacher.count() == 2


def test_corrections_of_an_older_version_are_taken_up(teacher, model, trained):
    teach_wrong(teacher, 0, 1)
    for column in ("file", "revision"):
        edit(f"ALTER TABLE courses DROP COLUMN {column}")
    edit("PRAGMA user_version = 0")
    older = NeuralNetwork.load(model)
    state = older.training["corrections"]
    older.training["corrections"] = {name: state[name] for name in ("course", "count", "fingerprint")}
    older.save(model)
    later = open_teacher(model)
    assert later.refusal == ""
    assert later.count() == 2
    teach_wrong(later, 2)
    assert same_weights(later.network, learnt_afresh(trained, later))
    assert same_weights(teacher.network, later.network)
