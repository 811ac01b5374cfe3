import http.client
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neural_network import NeuralNetwork
from tests.asking import ask, running, saved


@pytest.fixture
def port(network: NeuralNetwork, tmp_path: Path) -> Iterator[int]:
    """The port of python server.py."""
    saved(network, tmp_path)
    with running([sys.executable, "server.py", "--port", "0"], tmp_path, r"\AOpen http://127\.0\.0\.1:(\d+)") as port:
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
        (["gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "--threads", "8", "server:create_app()"],
         r"Listening at: http://127\.0\.0\.1:(\d+)"),
    ],
    ids=["flask", "flask debug", "waitress", "gunicorn"],
)  # fmt: skip
def test_other_servers_run_the_app_as_well(network, tmp_path, command, ready):
    if command[0] == "gunicorn" and os.name == "nt":
        pytest.skip("gunicorn needs Unix")
    saved(network, tmp_path)
    with running([sys.executable, "-m", *command], tmp_path, ready) as port:
        assert ask(port)[0] == 200
        assert ask(port, body=b"nonsense")[2]["code"] == "bad-image"
