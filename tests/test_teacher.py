"""What is taught stays taught, whatever happens, and what is taken back is gone without a trace."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import teach
import train_model
from data.csv_files import read_csv
from data.data_sets import bundled_digits, default_model
from data.records import scale
from neural_network import NeuralNetwork
from teach import NoSuchCorrection, Teacher
from teaching.store import StorageError, database
from teaching.update import Learner, Lesson, memory_of
from tests.conftest import PROJECT, same_weights

DIGITS, LABELS = bundled_digits("test")  # (360, 784), (360,), which the model was not trained on
WRONG = (LABELS + 1) % 10


@pytest.fixture
def trained(digits_model: Path) -> NeuralNetwork:
    return NeuralNetwork.load(digits_model)


@pytest.fixture
def teacher(model: Path) -> Teacher:
    return Teacher(model, database())


def teach_wrong(teacher: Teacher, *rows: int) -> list[int]:
    """Teach wrong labels, so that each changes the weights; return the numbers of the corrections."""
    return [teacher.teach(DIGITS[row], int(WRONG[row])).correction.id for row in rows]


def learnt_afresh(trained: NeuralNetwork, teacher: Teacher) -> NeuralNetwork:
    """What the trained network becomes by the corrections as they stand in the file."""
    return Learner(trained).taught([Lesson(kept.pixels, kept.label) for kept in teacher.page(-1)[::-1]])


# What is taught


def test_the_model_file_holds_each_correction_as_soon_as_it_is_learnt(teacher, model):
    for row in range(3):
        done = teacher.teach(DIGITS[row], int(WRONG[row]))
        saved = NeuralNetwork.load(model)
        assert same_weights(saved, done.after)
        assert saved.query(scale(DIGITS[row])).argmax() == WRONG[row]


def test_a_new_teacher_knows_the_same(teacher, model, trained):
    teach_wrong(teacher, 0, 1, 2)
    later = Teacher(model, database())
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
    with pytest.raises(NoSuchCorrection):
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
    later = Teacher(model, database())
    later.take_all_back()
    assert same_weights(NeuralNetwork.load(model), trained)


def test_a_taught_model_can_still_be_trained_and_asked_as_any_other(teacher, model, trained):
    teach_wrong(teacher, 0)
    saved = NeuralNetwork.load(model)
    assert saved.training["dataset"] == "digits"
    assert saved.class_names == trained.class_names
    assert set(saved.memory) == set(trained.memory)
    before = saved.wih.copy()
    saved.train(scale(DIGITS[0]), np.full(10, 0.5))
    assert not np.array_equal(saved.wih, before)


# Which file is taught


def test_deleting_the_model_file_forgets_what_was_taught(monkeypatch, model, digits_model, trained):
    monkeypatch.setattr("data.files.shipped_model", lambda name="digits": digits_model)
    model.unlink()
    shipped = digits_model.read_bytes()
    teach_wrong(Teacher(default_model(), database()), 0, 1)
    assert Teacher(default_model(), database()).count() == 2
    model.unlink()
    forgetful = Teacher(default_model(), database())
    assert same_weights(forgetful.network, trained)
    assert forgetful.count() == 0
    teach_wrong(forgetful, 2)
    assert Teacher(default_model(), database()).count() == 1
    assert digits_model.read_bytes() == shipped


def test_a_newly_trained_model_begins_without_corrections(teacher, model, trained):
    teach_wrong(teacher, 0, 1)
    trained.save(model)
    later = Teacher(model, database())
    assert later.count() == 0
    teach_wrong(later, 2)
    later.take_all_back()
    assert same_weights(later.network, trained)


def test_a_model_that_was_trained_meanwhile_is_never_replaced_by_a_correction(teacher, model):
    teach_wrong(teacher, 0)
    NeuralNetwork(784, 5, 10, 0.1, seed=3).save(model)
    trained_anew = model.read_bytes()
    with pytest.raises(StorageError, match="has become another model; start again"):
        teach_wrong(teacher, 1)
    assert model.read_bytes() == trained_anew
    assert teacher.count() == 1


def test_two_programs_that_teach_the_same_model_take_turns(teacher, model, trained):
    teach_wrong(teacher, 0)
    other = Teacher(model, database())
    teach_wrong(other, 1)
    teach_wrong(teacher, 2)
    assert teacher.count() == 3
    assert same_weights(NeuralNetwork.load(model), learnt_afresh(trained, teacher))


def test_the_shipped_model_is_never_written_to_by_whatever_path_it_is_named(monkeypatch, model, digits_model):
    shipped = model.with_name("shipped.npz")
    shutil.copy(digits_model, shipped)
    monkeypatch.setattr("data.files.shipped_model", lambda name="digits": shipped)
    monkeypatch.chdir(shipped.parent)
    for path in (Path("shipped.npz"), shipped, shipped.parent / "." / "shipped.npz"):
        model.unlink()
        taught = Teacher(path, database())
        teach_wrong(taught, 0)
        assert same_weights(NeuralNetwork.load(model), taught.network)
    assert shipped.read_bytes() == digits_model.read_bytes()


def test_what_a_shipped_model_is_taught_never_replaces_a_model_of_the_users_own(monkeypatch, model, digits_model):
    shipped = model.with_name("shipped.npz")
    shutil.copy(digits_model, shipped)
    monkeypatch.setattr("data.files.shipped_model", lambda name="digits": shipped)
    own = model.read_bytes()
    teacher = Teacher(shipped, database())
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
    later = Teacher(model, database())
    assert same_weights(later.network, teacher.network)
    assert same_weights(later.network, learnt_afresh(trained, later))
    assert same_weights(NeuralNetwork.load(model), later.network)


@pytest.mark.parametrize("taught", [0, 2])
def test_a_crash_before_the_correction_is_committed_leaves_what_was_before(
    monkeypatch, teacher, model, trained, taught
):
    def save_and_crash(network: NeuralNetwork, path: Path) -> None:
        save(network, path)
        raise KeyboardInterrupt

    save = NeuralNetwork.save
    teach_wrong(teacher, *range(taught))
    before = teacher.network
    monkeypatch.setattr(NeuralNetwork, "save", save_and_crash)
    with pytest.raises(KeyboardInterrupt):
        teach_wrong(teacher, 5)
    monkeypatch.setattr(NeuralNetwork, "save", save)
    assert teacher.network is before
    later = Teacher(model, database())
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
    later = Teacher(model, database())
    assert "model.npz cannot be written" in later.refusal
    assert same_weights(later.network, older)
    with pytest.raises(StorageError, match=r"model\.npz cannot be written"):
        teach_wrong(later, 2)


TEACHING = """
import sys
from pathlib import Path
import numpy as np
from teach import Teacher

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


# The command line


@pytest.fixture
def command(model, capsys):
    """Run teach.py in this process on the model of the user, and return exit status, output and errors."""

    def run_command(*options):
        status = teach.main([*map(str, options)])
        return status, *capsys.readouterr()

    return run_command


def test_corrections_are_listed_oldest_first(command, teacher):
    assert command("list") == (0, "Corrections: 0\n", "")
    first = teacher.teach(DIGITS[0], int(WRONG[0])).correction
    second = teacher.teach(DIGITS[1], int(teacher.network.query(scale(DIGITS[1])).argmax())).correction
    status, out, _ = command("list")
    *lines, total = out.splitlines()
    assert (status, total) == (0, "Corrections: 2")
    assert lines[0].split() == [
        str(first.id), first.created, f"{WRONG[0]},", "not", str(first.said), f"({first.confidence:.0%})",
    ]  # fmt: skip
    assert lines[1].endswith(f"{second.label}, as it said ({second.confidence:.0%})")


def test_the_command_line_takes_back_relabels_and_resets(command, teacher, model, trained):
    numbers = teach_wrong(teacher, 0, 1, 2)
    assert command("undo", numbers[0]) == (0, "Taken back. Corrections: 2\n", "")
    assert command("label", numbers[1], "9") == (0, f"Correction {numbers[1]} now says 9.\n", "")
    later = Teacher(model, database())
    assert [kept.label for kept in later.page(-1)] == [WRONG[2], 9]
    assert same_weights(later.network, learnt_afresh(trained, later))
    assert command("reset") == (0, "All taken back: the network is as it was trained.\n", "")
    assert same_weights(NeuralNetwork.load(model), trained)


def test_what_is_exported_can_be_imported_elsewhere_and_once(command, teacher, trained, tmp_path):
    teach_wrong(teacher, 0, 1, 2)
    assert command("export", tmp_path / "mine.csv") == (0, f"3 corrections written to {tmp_path / 'mine.csv'}\n", "")
    pixels, labels = read_csv(tmp_path / "mine.csv")
    assert np.array_equal(pixels, DIGITS[:3])
    assert np.array_equal(labels, WRONG[:3])
    elsewhere = tmp_path / "elsewhere.npz"
    trained.save(elsewhere)
    answers = [command("--model", elsewhere, "import", tmp_path / "mine.csv")[:2] for _ in range(2)]
    assert answers == [
        (0, "Corrections learnt: 3 of 3, the others were known\n"),
        (0, "Corrections learnt: 0 of 3, the others were known\n"),
    ]
    assert same_weights(NeuralNetwork.load(elsewhere), teacher.network)


def test_a_drawing_that_a_file_holds_twice_is_learnt_once(command, tmp_path):
    np.savetxt(tmp_path / "twice.csv", np.column_stack([WRONG, DIGITS])[[0, 1, 0]], fmt="%d", delimiter=",")
    assert command("import", tmp_path / "twice.csv")[1] == "Corrections learnt: 2 of 3, the others were known\n"
    assert command("list")[1].endswith("Corrections: 2\n")


def test_the_exported_file_is_trained_on_like_any_other(command, teacher, digits_csv, tmp_path, capsys):
    teach_wrong(teacher, *range(10))
    command("export", tmp_path / "corrections.csv")
    options = ["--epochs", "1", "--hidden-nodes", "20", "--output", str(tmp_path / "new.npz")]
    assert train_model.main([str(digits_csv), str(tmp_path / "corrections.csv"), *options]) == 0
    assert "189 records to train on, 21 for validation" in capsys.readouterr().out
    assert NeuralNetwork.load(tmp_path / "new.npz").training["dataset"] == "digits.csv corrections.csv"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["undo", "99"], "There is no correction"),
        (["undo", "9" * 40], "There is no correction"),
        (["label", "99", "7"], "There is no correction"),
        (["label", "1", "seven"], "'seven' is no class; the model knows 0, 1, 2"),
        (["import", "nothing.csv"], "nothing.csv does not exist"),
        (["import", "text.csv"], "text.csv"),
        (["export", "no folder/mine.csv"], "no folder"),
        (["--model", "nothing.npz", "list"], "nothing.npz"),
        (["--model", "text.csv", "list"], "text.csv is not a model"),
        (["--model", "older.npz", "list"], "carries no memory of its training"),
        (["--model", "five.npz", "import", "digits.csv"], "labels up to 9, which this model does not know"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_told_in_a_sentence_and_by_the_status(
    command, teacher, monkeypatch, tmp_path, digits_csv, options, told
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.csv").write_text("no, data\n")
    NeuralNetwork(784, 5, 10, 0.1, seed=1).save("older.npz")
    five = NeuralNetwork(784, 5, 5, 0.1, seed=1)
    five.memory = memory_of(five, scale(DIGITS))
    five.save("five.npz")
    teach_wrong(teacher, 0)
    status, out, errors = command(*options)
    assert (status, out) == (1, "")
    assert errors.startswith("error: ")
    assert told in errors
    assert "Traceback" not in errors
    assert teacher.count() == 1


@pytest.mark.parametrize(
    "options", [[], ["forget"], ["undo"], ["undo", "x"], ["undo", "-1"], ["label", "1"], ["import"]]
)
def test_a_command_that_makes_no_sense_ends_with_status_2(options):
    with pytest.raises(SystemExit) as ended:
        teach.parse(options)
    assert ended.value.code == 2


def test_damaged_corrections_are_told_by_the_program(run, teacher, tmp_path):
    teach_wrong(teacher, 0)
    for path in tmp_path.glob("corrections.db*"):
        path.unlink()
    database().write_bytes(b"no database" * 1000)
    ended = run("teach.py", "list", env={"DIGITS_DATA": str(tmp_path)})
    assert ended.returncode == 1
    assert ended.stderr == "error: corrections.db cannot be used: it is damaged; move it away, and a new one is made.\n"


def test_corrections_of_the_model_are_listed_by_the_program(run, teacher, tmp_path):
    teach_wrong(teacher, 0)
    ended = run("teach.py", "list", env={"DIGITS_DATA": str(tmp_path)})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("Corrections: 1\n")
