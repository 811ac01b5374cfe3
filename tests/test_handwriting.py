import numpy as np
import pytest

from data import handwriting, pen_strokes
from data.csv_files import read_csv
from data.handwriting import main
from data.pen_strokes import Digit
from data.records import NO_CLASS, DataError
from data.unipen import Character, Collection

SQUARE = np.array([[0, 0], [0, 300], [300, 300], [300, 0], [0, 0]], np.float32)
LINE = np.array([[0, 0], [20, 150], [0, 300]], np.float32)
CROSS = (np.array([[0, 0], [300, 300]], np.float32), np.array([[0, 300], [300, 0]], np.float32))
DIGITS = [Digit(0, 1, 0, (SQUARE,)), Digit(1, 30, 0, (LINE,)), Digit(2, 30, 1, (SQUARE * (1, 2),))]
CHARACTERS = [
    Character("5", "aga-Ann", 0, (SQUARE * (2, 1),)),
    Character("X", "aga-Ann", 1, CROSS),
    Character("7", "kai-jo", 2, (LINE * (5, 1),)),
]


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command line on a few characters; return status, output, errors, and the rows of the CSV file, if any."""
    monkeypatch.setattr(handwriting, "load_strokes", lambda: DIGITS)

    def read_collection(path):
        if not path.exists():
            raise DataError(f"there is no {path}")
        skipped = Collection().skipped
        skipped["segments without ink"] = 3
        return Collection(list(CHARACTERS), skipped)

    monkeypatch.setattr(handwriting, "read_collection", read_collection)
    output = tmp_path / "rows.csv"

    def run(*options):
        status = main([str(tmp_path), "--output", str(output), *options])
        pixels, labels = read_csv(output) if output.exists() else (None, None)
        return status, *capsys.readouterr(), pixels, labels

    return run


def test_digits_of_both_collections_their_styles_and_what_is_no_digit_become_rows(command):
    status, told, _, pixels, labels = command("--copies", "2", "--styled", "1", "--no-digits", "30")
    assert status == 0
    counts = {label: int((labels == label).sum()) for label in np.unique(labels)}
    assert counts == {0: 3, 1: 3, 2: 2, 5: 2, 7: 3, NO_CLASS: 30}  # 0, 1 and 7 have styles
    assert pixels.any(axis=1).all()
    assert "43 drawings, of what 4 people wrote" in told
    assert "Skipped: 3 segments without ink" in told


def test_those_who_are_not_named_are_left_out(command, tmp_path):
    names = tmp_path / "writers.txt"
    names.write_text("w30\naga-Ann\n")
    _, told, _, _, labels = command("--writers", str(names), "--copies", "1", "--styled", "0", "--no-digits", "5")
    assert sorted(labels) == [1, 2, 5, *[NO_CLASS] * 5]
    assert "of what 2 people wrote" in told


def test_the_same_seed_draws_the_same_rows(command):
    few = ("--copies", "1", "--no-digits", "8")
    first, second, other = (command(*few, "--seed", seed)[3] for seed in ("1", "1", "2"))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_strokes_with_another_checksum_are_refused_and_nothing_is_written(command, tmp_path):
    checksum = command("--no-digits", "0")[1].split("SHA-256 ")[1].split()[0]
    (tmp_path / "rows.csv").unlink()
    assert command("--no-digits", "0", "--checksum", checksum)[0] == 0
    (tmp_path / "rows.csv").unlink()
    status, _, problem, pixels, _ = command("--checksum", "0" * 64)
    assert status == 1
    assert f"the strokes have the SHA-256 {checksum}, not 000" in problem
    assert pixels is None


def test_names_of_nobody_in_the_collections_are_a_plain_error(command, tmp_path):
    (tmp_path / "writers.txt").write_text("somebody\nelse\n")
    status, _, problem, _, _ = command("--writers", str(tmp_path / "writers.txt"))
    assert status == 1
    assert problem.startswith("error: ")
    assert "2 writers" in problem


@pytest.mark.parametrize("wrong", [("--writers", "nowhere.txt"), ("--output", "nowhere/rows.csv")])
def test_a_file_that_is_not_there_is_an_error_without_a_traceback(wrong, command):
    status, _, problem, _, _ = command(*wrong)
    assert status == 1
    assert "nowhere" in problem
    assert "Traceback" not in problem


@pytest.mark.parametrize(
    "wrong",
    [("--copies", "0"), ("--copies", str(pen_strokes.MAX_COPIES + 1)), ("--no-digits", "-1"), ("--output", "rows.txt")],
)
def test_an_option_that_makes_no_sense_ends_with_status_2(wrong, command):
    with pytest.raises(SystemExit) as ended:
        command(*wrong)
    assert ended.value.code == 2
