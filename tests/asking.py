"""What the tests of the server share: what is drawn and sent, programs that run, and what a problem looks like."""

import base64
import http.client
import json
import math
import os
import re
import struct
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from flask.testing import FlaskClient
from numpy.typing import NDArray
from werkzeug.test import TestResponse

from data.files import PROJECT
from neural_network import NeuralNetwork


class WholeAnswers(FlaskClient):
    """Reads each answer to its end and closes it, as a client over HTTP does."""

    def open(self, *request: Any, **options: Any) -> TestResponse:
        return super().open(*request, buffered=True, **options)


OPEN = ("/network", "/network/hidden/0", "/healthz", "/lessons", "/openapi.json")


def seven(file_type: str = ".png") -> bytes:
    """A 7 on a canvas of 280 x 280, as a picture file."""
    canvas = np.full((280, 280), 255, np.uint8)
    cv2.polylines(canvas, [np.array([[80, 60], [200, 60], [130, 220]])], False, 0, 18, cv2.LINE_AA)
    return picture(canvas, file_type)


def picture(canvas: NDArray[Any], file_type: str = ".png") -> bytes:
    return cv2.imencode(file_type, canvas)[1].tobytes()


def data_url(file: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(file).decode()}"


def bomb(width: int, height: int) -> bytes:
    """A small PNG file that says it is huge."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 + width // 8) * 2000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def saved(network: NeuralNetwork, folder: Path) -> Path:
    network.save(folder / "some.npz")
    return folder / "some.npz"


def that_answers(outputs: list[float]) -> NeuralNetwork:
    """A network that gives these outputs whatever it is asked."""
    network = NeuralNetwork(784, 2, len(outputs), 0.1)
    network.wih[:] = 0  # so that both hidden outputs are 0.5
    network.who[:] = [[math.log(output / (1 - output))] * 2 for output in outputs]
    return network


def assert_problem(response: TestResponse, status: int, code: str) -> None:
    """The answer is a problem as RFC 9457 has it, and carries nothing of the inside."""
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    problem = response.get_json()
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert "Traceback" not in response.text
    assert str(PROJECT) not in response.text


@contextmanager
def running(command: list[str], tmp_path: Path, ready: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server until the block ends; gives it and its port, which the line that matches `ready` tells."""
    settings = os.environ | {"DIGITS_MODEL": str(tmp_path / "some.npz"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            told = ""
            while not (found := re.search(ready, told)):
                line = process.stdout.readline()
                assert line, f"{command} did not start: {told}"
                told += line
            yield process, int(found[1])
        finally:
            process.terminate()


def ask(port: int, body: bytes | Iterable[bytes] | None = None, kind: str = "image/png"):
    """Post a picture, the seven where none is given, and return status, headers and JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/query", seven() if body is None else body, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())
    finally:
        connection.close()


def lesson(pixels: NDArray[np.uint8], label: object) -> dict[str, Any]:
    return {"inputs": pixels.tolist(), "label": label}


def teach(client: FlaskClient, pixels: NDArray[np.uint8], label: object) -> Any:
    answer = client.post("/train", json=lesson(pixels, label))
    assert answer.status_code == 201, answer.text
    return answer.json
