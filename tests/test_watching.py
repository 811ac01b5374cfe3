"""train_model.py --watch, as a user runs it, and the film of a training."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from data.files import PROJECT
from docs import film
from docs.screenshots import browser_program
from neural_network import NeuralNetwork
from runs.folder import RunFolder, locked
from tests.conftest import missing, same_weights
from tests.test_runs import lines

OPTIONS = ["--dataset", "digits", "--hidden-nodes", "12", "--epochs", "2"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_watching_from_the_command_line_shows_its_own_run_and_saves_as_ever(run, tmp_path):
    browser = tmp_path / "browser"  # what would be opened, instead of a browser
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    environment = os.environ | {"DIGITS_DATA": str(tmp_path), "BROWSER": f"{browser} %s"}
    environment |= {"DIGITS_MODEL": str(tmp_path / "model.npz"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(PROJECT / "train_model.py"), *OPTIONS, "--watch"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        try:
            assert process.stdout
            printed = ""
            while "until Ctrl-C" not in printed:
                line = process.stdout.readline()
                assert line, printed
                printed += line
            address = re.search(r"Watch it at (\S+)", printed)
            assert address
            page = urllib.request.urlopen(address[1]).read().decode()
            events = urllib.request.urlopen(address[1].replace("/learn", "/run/events")).read().decode()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert "Watch it learn" in page
    assert '"reason":"finished"' in events
    assert "Epoch 2/2" in printed
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert (tmp_path / "opened").read_text().strip() == address[1]
    assert run("train_model.py", *OPTIONS, "--output", tmp_path / "other.npz").returncode == 0
    assert same_weights(NeuralNetwork.load(tmp_path / "model.npz"), NeuralNetwork.load(tmp_path / "other.npz"))
    folder = RunFolder(next(path.parent for path in tmp_path.glob("runs/*/settings.json")))
    assert lines(folder, "started")[0]["settings"]["hidden_nodes"] == 12


def test_watching_while_another_run_is_trained_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "no_data"))
    with locked():
        done = run("train_model.py", *OPTIONS, "--watch")
    assert done.returncode == 1
    assert "error: Another training runs here." in done.stderr


def test_a_committee_cannot_be_watched(run):
    done = run("train_model.py", *OPTIONS, "--committee", "2", "--watch")
    assert done.returncode == 2
    assert "--watch shows one network" in done.stderr


def test_a_film_is_made_of_a_run(tmp_path, monkeypatch):
    if browser_program() is None:
        missing("Chromium or Chrome")
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    film.main(["--output", str(tmp_path / "film.webp"), "--settings", "data=digits&hidden_nodes=9&seconds=2"])
    with Image.open(tmp_path / "film.webp") as picture:
        assert getattr(picture, "n_frames", 1) > 5
        assert picture.width == film.WIDTH
    assert (tmp_path / "film.webp").stat().st_size < film.LARGEST


def test_the_film_in_docs_is_small_enough():
    path = Path(film.DOCS / "watching.webp")
    assert path.stat().st_size <= film.LARGEST
