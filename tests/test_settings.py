import shlex
import socket
import subprocess
import sys

import pytest

from data.records import DataError
from server import create_app
from tests.asking import saved


def test_a_port_that_is_taken_ends_the_program_with_what_to_do(run, network, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("server.py", "--model", saved(network, tmp_path), env={"DIGITS_PORT": str(port)})
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_ends_the_program_with_status_2(run, port):
    done = run("server.py", env={"DIGITS_PORT": port})
    assert done.returncode == 2
    assert port in done.stderr


LONG = "7" * 5000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("LESSONS_PER_MINUTE", value) for value in ("9" * 20, LONG, "many", "-1", "1.5", "٣")],
        *[("PROXIES", value) for value in ("9" * 20, LONG, "many", "-1", "1.5", "٣")],
        ("LESSONS_PER_MINUTE", "0"),
        ("PROXIES", "10"),
        ("TOKEN", "fifteen letters"),
        ("LEARNING", "maybe"),
        ("LEARNING", LONG),
        ("ORIGINS", "school.example"),
        ("ORIGINS", "http://["),
        ("ORIGINS", "http://a.example/"),
        ("ORIGINS", LONG),
        ("HOSTS", "a..example"),
        ("HOSTS", "x" * 5000),
        ("HOST", "x" * 5000),
        ("MODEL", "x" * 5000),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_in_one_line(monkeypatch, model, name, value):
    monkeypatch.setenv(f"DIGITS_{name}", value)
    with pytest.raises(DataError) as error:
        create_app({} if name == "MODEL" else {"MODEL": model})
    message = str(error.value)
    assert f"DIGITS_{name}" in message
    assert "\n" not in message
    assert len(message) < 250


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "9" * 20), ("PORT", LONG), ("TOKEN", "short"), ("HOST", "x" * 5000)]
)
def test_the_program_ends_with_what_is_wrong_with_a_setting(run, network, tmp_path, name, value):
    done = run("server.py", "--model", saved(network, tmp_path), env={f"DIGITS_{name}": value})
    assert done.returncode == (2 if name == "PORT" else 1)
    *_, last = done.stderr.splitlines()
    assert "error: " in last
    assert len(last) < 250
    assert "Traceback" not in done.stderr


def test_a_token_that_is_too_short_is_told_how_to_make_one(model):
    with pytest.raises(DataError) as error:
        create_app({"MODEL": model, "TOKEN": "fifteen letters"})
    command = shlex.split(str(error.value).partition("make one with: python ")[2])
    made = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True).stdout.strip()
    assert create_app({"MODEL": model, "TOKEN": made}).config["TOKEN"] == made


def test_settings_are_text_and_an_empty_one_is_none(monkeypatch, model):
    monkeypatch.setenv("DIGITS_TOKEN", "1234567890123456")
    monkeypatch.setenv("DIGITS_LEARNING", "0")
    for name in ("HOST", "HOSTS", "ORIGINS", "PROXIES", "LESSONS_PER_MINUTE"):
        monkeypatch.setenv(f"DIGITS_{name}", "")
    config = create_app({"MODEL": model}).config
    assert (config["TOKEN"], config["LEARNING"], config["HOST"]) == ("1234567890123456", False, "127.0.0.1")
    assert (config["PROXIES"], config["LESSONS_PER_MINUTE"]) == (0, 60)
    assert "http://localhost:4200" in config["ORIGINS"]
