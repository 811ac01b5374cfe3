"""The command line lists, takes back, relabels, exports and imports corrections, and says in a sentence what fails."""

import numpy as np
import pytest

import teach
import train_model
from confidence import NO_CLASS_BELOW
from data.csv_files import read_csv
from data.records import NO_CLASS, scale
from neural_network import NeuralNetwork
from teaching.store import database
from teaching.update import curvature_tables
from tests.conftest import same_weights
from tests.test_teacher import DIGITS, WRONG, edit, learnt_afresh, open_teacher, teach_wrong, teacher, trained

__all__ = ["teacher", "trained"]  # fixtures


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
        str(first.id),
        first.created,
        f"{WRONG[0]},",
        "not",
        str(first.predicted),
        f"({first.confidence:.0%})",
    ]
    assert lines[1].endswith(f"{second.label}, as it said ({second.confidence:.0%})")


def test_the_command_line_takes_back_relabels_and_resets(command, teacher, model, trained):
    numbers = teach_wrong(teacher, 0, 1, 2)
    assert command("undo", numbers[0]) == (0, "Taken back. Corrections: 2\n", "")
    assert command("label", numbers[1], "9") == (0, f"Correction {numbers[1]} now says 9.\n", "")
    later = open_teacher(model)
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


def test_what_shows_none_of_the_classes_is_labelled_exported_and_imported(command, teacher, trained, tmp_path):
    (number,) = teach_wrong(teacher, 0)
    assert command("label", number, "none") == (0, f"Correction {number} now says none.\n", "")
    assert "  none, not " in command("list")[1]
    command("export", tmp_path / "mine.csv")
    assert read_csv(tmp_path / "mine.csv")[1].tolist() == [NO_CLASS]
    elsewhere = tmp_path / "elsewhere.npz"
    trained.save(elsewhere)
    command("--model", elsewhere, "import", tmp_path / "mine.csv")
    assert (
        trained.query(scale(DIGITS[0])).max()
        > NO_CLASS_BELOW
        > NeuralNetwork.load(elsewhere).query(scale(DIGITS[0])).max()
    )


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
        (["--model", "five.npz", "import", "digits.csv"], "digits.csv, row 6, column 1: '5' is no label"),
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
    five.extras = curvature_tables(five, scale(DIGITS))
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


@pytest.mark.parametrize("what", ["damaged", "deleted", "newly trained"])
def test_corrections_are_found_through_the_database_alone(run, teacher, model, trained, tmp_path, what):
    teach_wrong(teacher, *range(5))
    if what == "damaged":
        model.write_bytes(b"no model")
    elif what == "deleted":
        model.unlink()
    else:
        trained.wih[0] += 1
        trained.save(model)
    env = {"DIGITS_DATA": str(tmp_path)}
    listed = run("teach.py", "list", env=env)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert len(listed.stdout.splitlines()) == 6
    assert listed.stdout.splitlines()[-1].endswith(": 5")
    exported = run("teach.py", "export", tmp_path / "mine.csv", env=env)
    assert (exported.returncode, exported.stdout) == (0, f"5 corrections written to {tmp_path / 'mine.csv'}\n")
    assert np.array_equal(read_csv(tmp_path / "mine.csv")[0], DIGITS[:5])
    trained.save(model)  # a new training
    assert run("teach.py", "import", tmp_path / "mine.csv", env=env).stdout.startswith("Corrections learnt: 5 of 5")
    assert same_weights(NeuralNetwork.load(model), learnt_afresh(trained, open_teacher(model)))


def test_what_can_be_read_of_damaged_corrections_is_exported(run, teacher, model, tmp_path):
    numbers = teach_wrong(teacher, 0, 1, 2)
    edit("UPDATE corrections SET label = 99 WHERE id = ?", numbers[0])
    env = {"DIGITS_DATA": str(tmp_path)}
    listed = run("teach.py", "list", env=env)
    assert (listed.returncode, listed.stdout) == (1, "")
    assert listed.stderr.startswith(f"error: Correction {numbers[0]} is damaged: its label is 99")
    exported = run("teach.py", "export", tmp_path / "mine.csv", env=env)
    assert exported.stdout == f"2 corrections written to {tmp_path / 'mine.csv'}\n"
    assert np.array_equal(read_csv(tmp_path / "mine.csv")[0], DIGITS[1:3])
    assert run("teach.py", "undo", str(numbers[0]), env=env).stdout == "Taken back. Corrections: 2\n"
    assert run("teach.py", "list", env=env).stdout.endswith("Corrections: 2\n")
