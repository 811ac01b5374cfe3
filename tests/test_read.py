import io
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

import read
from data.data_sets import load, shipped_model
from tests.conftest import PROJECT, Run
from tests.drawings import side_by_side


@pytest.fixture
def number(tmp_path):
    """A picture of the first four test digits of scikit-learn side by side, and what they are."""
    digits = load("digits", "test")
    path = tmp_path / "number.png"
    cv2.imwrite(str(path), side_by_side(digits.pixels[:4]))
    return path, "".join(str(label) for label in digits.labels[:4])


@pytest.fixture
def blank(tmp_path):
    path = tmp_path / "blank.png"
    cv2.imwrite(str(path), np.full((80, 80), 255, np.uint8))
    return path


def test_the_number_on_a_picture_is_printed_beside_its_name(number, run: Run):
    path, text = number
    ended = run("read.py", path, "--model", shipped_model())
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"{path}: {text}")
    assert len(ended.stdout.splitlines()) == 1


def test_a_picture_that_cannot_be_read_has_its_reason_and_the_others_are_read(number, blank, tmp_path, capsys):
    path, text = number
    assert read.main([str(blank), str(tmp_path / "nowhere.png"), str(path), "--model", str(shipped_model())]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "no ink" in lines[0]
    assert "No such file" in lines[1]
    assert lines[2].startswith(f"{path}: {text}")


def test_json_has_each_digit_with_its_place(number, capsys):
    path, text = number
    assert read.main([str(path), "--json", "--model", str(shipped_model())]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["text"] == text
    assert answer["lines"] == 1
    assert 0 < answer["confidence"] <= 1
    assert [digit["label"] for digit in answer["digits"]] == [*text]
    lefts = [digit["box"]["x"] for digit in answer["digits"]]
    assert lefts == sorted(lefts)
    assert all(0 <= digit["digit"] <= 1 and 0 <= digit["confidence"] <= 1 for digit in answer["digits"])


def test_a_picture_comes_from_standard_input(number, capsys, monkeypatch):
    path, text = number
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    assert read.main(["-", "--model", str(shipped_model())]) == 0
    assert capsys.readouterr().out.startswith(f"-: {text}")


def test_what_is_no_number_is_not_answered_surely(tmp_path, capsys):
    path = tmp_path / "star.png"
    paper = np.full((200, 200), 255, np.uint8)
    for angle in np.radians(np.arange(0, 180, 36)):
        end = np.rint(80 * np.array([np.cos(angle), np.sin(angle)])).astype(int)
        cv2.line(paper, (100 - end[0], 100 - end[1]), (100 + end[0], 100 + end[1]), 0, 8)
    cv2.imwrite(str(path), paper)
    read.main([str(path), "--model", str(shipped_model())])
    told = capsys.readouterr().out
    assert "not sure" in told or "no digit found" in told


def test_a_model_of_something_else_is_refused(number, capsys):
    assert read.main([str(number[0]), "--model", str(shipped_model("fashion"))]) == 1
    assert "knows no digits but T-shirt/top" in capsys.readouterr().err


def test_without_a_picture_the_usage_is_told():
    ended = subprocess.run([sys.executable, str(PROJECT / "read.py")], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "PICTURE" in ended.stderr
