"""Measure what a drawing costs: its steps without a server, and the CPU time of a server that answers it.

Beside the server runs an empty Flask route under the same waitress. The two take turns, so that whatever else the
machine does meets both. How a server holds under load is measured by hold.py.
"""

import argparse
import base64
import http.client
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import cv2
import numpy as np
from flask import Flask
from threadpoolctl import threadpool_limits

from benchmarks.measuring import Row, describe_machine, format_table, measure_seconds
from benchmarks.servers import Server, running
from data.data_sets import bundled_digits, shipped_model
from data.model_files import load_model
from data.records import scale
from drawing.decoding import decode
from drawing.preparation import prepare
from web.serving import listen, serve

DRAWINGS, CANVAS, DIGIT = 200, 280, 200  # how many; pixels
ROUNDS, REQUESTS = 8, 250  # in which the CPU time is measured, and how many requests each has
CPU_BARS = {1: 1.4, 8: 1.7}  # milliseconds for so many clients


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what a drawing costs the server.")
    parser.add_argument("--empty", type=int, metavar="PORT", help="only serve the empty route")
    options = parser.parse_args()
    if options.empty:
        serve_empty(options.empty)
        return
    files = draw_files()
    with running() as server, running(("-m", "benchmarks.serving", "--empty", "{port}")) as empty:
        rows = measure_steps(files) + measure_cpu(server, empty, files)
    print(f"Machine: {describe_machine()}\n\n{format_table(rows)}")


def draw_files() -> list[bytes]:
    """Return drawings as PNG files as a canvas gives them: dark ink on white paper, with an alpha channel."""
    files = []
    for image in bundled_digits("test")[0][:DRAWINGS]:
        large = cv2.resize(image.reshape(28, 28), (DIGIT, DIGIT), interpolation=cv2.INTER_CUBIC)
        strokes = cv2.threshold(large, 127, 255, cv2.THRESH_BINARY_INV)[1]
        paper = np.pad(strokes, (CANVAS - DIGIT) // 2, constant_values=255)  # (280, 280)
        files.append(cv2.imencode(".png", cv2.cvtColor(paper, cv2.COLOR_GRAY2BGRA))[1].tobytes())
    return files


def measure_steps(files: list[bytes]) -> list[Row]:
    """Return what the steps of an answer cost without a server around them."""
    network = load_model(shipped_model())
    images = [decode(file) for file in files]
    records = [scale(prepare(image)).reshape(-1) for image in images]
    steps: list[tuple[str, Callable[[Any], object], Sequence[Any], float | None]] = [
        ("decoding one drawing", decode, files, None),
        ("preparing one drawing", prepare, images, 1.5),
        ("query of one drawing", network.query, records, 0.1),
    ]
    with threadpool_limits(1):
        return [
            Row(what, [1000 * measure_seconds(partial(step, value)) for value in values], "ms", at_most=bar)
            for what, step, values, bar in steps
        ]


def measure_cpu(server: Server, empty: Server, files: list[bytes]) -> list[Row]:
    """Return the CPU time of the servers' processes for one request."""
    bodies = [
        json.dumps({"imageData": f"data:image/png;base64,{base64.b64encode(file).decode()}"}).encode() for file in files
    ]
    rows = []
    for clients, bar in CPU_BARS.items():
        spent: dict[Server, list[float]] = {server: [], empty: []}
        for _ in range(ROUNDS):
            for one, milliseconds in spent.items():
                before = one.cpu_seconds()
                with ThreadPoolExecutor(clients) as pool:
                    list(pool.map(partial(post, one.port, bodies), [REQUESTS // clients] * clients))
                milliseconds.append((one.cpu_seconds() - before) * 1000 / (REQUESTS // clients * clients))
        rows.append(Row(f"CPU time of /query, clients: {clients}", spent[server], "ms", at_most=bar))
        rows.append(Row(f"CPU time of an empty route, clients: {clients}", spent[empty], "ms"))
    return rows


def post(port: int, bodies: list[bytes], count: int) -> None:
    """Ask `count` times over one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for number in range(count):
            connection.request("POST", "/query", bodies[number % len(bodies)], {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"the server answered {response.status}")


def serve_empty(port: int) -> None:
    """Serve a route that does nothing, the way server.py is served."""
    app = Flask(__name__)
    app.add_url_rule("/query", "query", lambda: "", methods=["POST"])
    app.add_url_rule("/healthz", "healthz", lambda: "")
    serve(app, listen("127.0.0.1", port))


if __name__ == "__main__":
    main()
