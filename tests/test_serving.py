import errno
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from flask import Flask

from data.files import PROJECT
from drawing.decoding import decode
from neural_network import NeuralNetwork
from tests.asking import ask, picture, running, saved, seven
from web import serving
from web.serving import CONNECTIONS_OF_ONE, Server, listen, make_server


@pytest.fixture
def port(network: NeuralNetwork, tmp_path: Path) -> Iterator[int]:
    """The port of python server.py."""
    saved(network, tmp_path)
    with running([sys.executable, "server.py", "--port", "0"], tmp_path, r"\AOpen http://127\.0\.0\.1:(\d+)") as (
        _,
        port,
    ):
        yield port


def test_the_program_prints_its_address_and_answers_there(port):
    status, headers, answer = ask(port)
    assert status == 200
    assert answer["label"] in "0123456789"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_never_ends_keeps_nobody_else_waiting(port):
    head = b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    endless = [
        head + b"Content-Length: 1000000\r\n\r\nhalf",
        head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        head,
    ]
    connections = []
    for sent in endless * 10:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(sent)
        connections.append(connection)
    assert [ask(port)[0] for _ in range(5)] == [200] * 5
    for connection in connections:
        connection.close()


def test_a_body_that_is_too_large_is_refused_whether_it_is_announced_or_not(port):
    five = bytes(5 << 20)
    for body in (five, iter([five])):  # the second is sent in chunks
        status, headers, problem = ask(port, body=body)
        assert (status, headers["Content-Type"], problem["code"]) == (413, "application/problem+json", "too-large")
    assert ask(port)[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400),
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_malformed_http_is_answered_with_a_problem_too(port, sent, status):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        problem = json.loads(response.read())
    assert (response.status, problem["status"]) == (status, status)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert ask(port)[0] == 200


@pytest.mark.parametrize(
    ("command", "ready"),
    [
        (["flask", "--app", "server", "run", "--port", "0"], r"Running on http://127\.0\.0\.1:(\d+)"),
        (["flask", "--app", "server", "--debug", "run", "--port", "0"], r"Running on http://127\.0\.0\.1:(\d+)"),
        (["waitress", "--port", "0", "--call", "server:create_app"], r"Serving on http://.*:(\d+)"),
        (
            ["gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "--threads", "8", "server:create_app()"],
            r"Listening at: http://127\.0\.0\.1:(\d+)",
        ),
    ],
    ids=["flask", "flask debug", "waitress", "gunicorn"],
)
def test_other_servers_run_the_app_as_well(network, tmp_path, command, ready):
    if command[0] == "gunicorn" and os.name == "nt":
        pytest.skip("gunicorn needs Unix")
    saved(network, tmp_path)
    with running([sys.executable, "-m", *command], tmp_path, ready) as (_, port):
        assert ask(port)[0] == 200
        assert ask(port, body=b"nonsense")[2]["code"] == "bad-image"


@pytest.mark.parametrize(("version", "status"), [("1.0", 200), ("1.1", 400)])
def test_only_http_1_0_may_name_no_host(port, version, status):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET /healthz HTTP/{version}\r\n\r\n".encode())
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


# What never ends


@pytest.fixture
def served(app: Flask) -> Iterator[tuple[Server, int]]:
    """The app under waitress in this process, and its port."""
    listener = listen("127.0.0.1", 0)
    server = make_server(app, listener)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server, listener.getsockname()[1]
    server.end()
    thread.join(timeout=20)
    assert not thread.is_alive()
    server.asyncore.close_all(server._map)


def test_hundreds_of_slow_connections_lock_nobody_out(served):
    _, port = served
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(420)]
    try:
        for connection in slow:
            with suppress(OSError):  # it may have been closed by now
                connection.sendall(b"POST /query HTTP/1.1\r\n")
        began = time.monotonic()
        assert [ask(port)[0] for _ in range(5)] == [200] * 5
        assert time.monotonic() - began < 5
    finally:
        for connection in slow:
            connection.close()


def test_a_client_keeps_its_newest_connections(served):
    _, port = served
    connections = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(CONNECTIONS_OF_ONE + 1)]
    oldest, *others = connections
    assert oldest.recv(1) == b""
    for connection in others:
        connection.sendall(b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
    for connection in connections:
        connection.close()


def test_a_request_that_takes_too_long_to_come_is_given_up(served, monkeypatch):
    monkeypatch.setattr(serving, "DEADLINE", 1)
    server, port = served
    server.adj.cleanup_interval = 0.1
    server.next_channel_cleanup = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        began = time.monotonic()
        with suppress(OSError):  # it is closed
            while time.monotonic() - began < 15:
                connection.sendall(b"G")
                time.sleep(0.1)
        assert 1 < time.monotonic() - began < 10


@pytest.mark.parametrize("line", [b"4;" + b"x" * 6000, b"0\r\nTrailer: " + b"x" * 6000], ids=["extension", "trailer"])
def test_a_line_between_chunks_that_never_ends_is_refused_early(served, line):
    _, port = served
    head = b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head + line)
        assert connection.makefile("rb").readline().split()[1] == b"400"


def test_no_temporary_file_is_needed(served, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, full)
    _, port = served
    noise = np.random.default_rng(1).integers(0, 256, (1000, 1000), np.uint8)
    file = picture(np.hstack([decode(seven()), np.full((280, 20), 255, np.uint8)]))
    large = picture(noise)
    assert len(large) > 900_000
    form = b"--x\r\nContent-Disposition: form-data; name=image; filename=a.png\r\n\r\n" + large + b"\r\n--x--\r\n"
    for body, kind in ((large, "image/png"), (form, "multipart/form-data; boundary=x"), (file, "image/png")):
        assert ask(port, body, kind)[0] in (200, 422)
    assert ask(port, bytes(5 << 20))[0] == 413


# The end


def wait_until_signals_are_caught(process: subprocess.Popen[str]) -> None:
    """Wait for the first lines of server.py; before them Python itself starts."""
    status = Path(f"/proc/{process.pid}/status")
    while not (caught := re.search(r"SigCgt:\s*(\w+)", status.read_text())) or not int(caught[1], 16) >> 14 & 1:
        assert process.poll() is None
        time.sleep(0.001)


@pytest.fixture
def started(network: NeuralNetwork, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start python server.py as a user does."""
    running: list[subprocess.Popen[str]] = []

    def start(*before: str) -> subprocess.Popen[str]:
        command = [*before, sys.executable, "server.py", "--port", "0", "--model", str(saved(network, tmp_path))]
        running.append(
            subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def port_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    address = re.search(r":(\d+) ", process.stdout.readline())
    assert address
    return int(address[1])


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_at_the_end_requests_under_way_are_answered(started, name):
    process = started()
    port, body = port_of(process), seven()
    idle = socket.create_connection(("127.0.0.1", port))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        head = f"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(body)}"
        connection.sendall(head.encode() + b"\r\n\r\n" + body[:100])
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(signal.Signals[name])
        time.sleep(0.5)
        connection.sendall(body[100:])
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, response.headers["Connection"]) == (200, "close")
        assert json.loads(response.read())["label"] in "0123456789"
    assert process.wait(timeout=5) == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in process.stderr.read()
    idle.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_a_request_that_never_comes_does_not_delay_the_end(started):
    process = started()
    port = port_of(process)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /query HTTP/1.1\r\n")
        time.sleep(0.3)
        process.terminate()
        assert process.wait(timeout=5) == 0


def test_as_process_1_of_a_container_it_ends_too(started):
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-pf", "true"], check=False).returncode:
        pytest.skip("needs the right to make a namespace of processes")
    unshare = started("unshare", "--pid", "--fork", "--kill-child")
    assert ask(port_of(unshare))[0] == 200
    child = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()[0]
    os.kill(int(child), signal.SIGTERM)
    assert unshare.wait(timeout=5) == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
@pytest.mark.parametrize("delay", [0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6])
def test_ctrl_c_at_any_moment_shows_no_traceback(started, delay):
    process = started()
    wait_until_signals_are_caught(process)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert errors == ""
