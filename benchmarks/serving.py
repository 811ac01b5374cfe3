"""Measure the server under load: what a drawing costs it, how fast it answers, and what memory it takes.

Beside it runs an empty Flask route under the same waitress. The two take turns, so that whatever else the machine does
meets both. The clients live in this process, the servers in their own.
"""

import argparse
import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from typing import Any

import cv2
import numpy as np
import psutil
from flask import Flask
from threadpoolctl import threadpool_limits

from benchmarks.measuring import Row, format_table, measure_seconds
from data.data_sets import bundled_digits, default_model
from data.files import PROJECT
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
    parser = argparse.ArgumentParser(description="Measure the server under load.")
    parser.add_argument("--seconds", type=float, default=20, help="of load on each server (default: %(default)s)")
    parser.add_argument("--requests", type=int, help="instead: so many for the server, to see its memory")
    parser.add_argument("--clients", type=int, default=16, help="each keeps its connection (default: %(default)s)")
    parser.add_argument("--grey", action="store_true", help="drawings in grey; a canvas sends RGBA, four times as much")
    parser.add_argument("--empty", action="store_true", help="only serve the empty route")
    options = parser.parse_args()
    if options.empty:
        serve_empty()
        return
    files = drawings(options.grey)
    requests = [request(file) for file in files]
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f} of {os.cpu_count()}")
    with running("server.py", "--port", "0") as server, running("-m", "benchmarks.serving", "--empty") as empty:
        if options.requests:
            rows = measure_memory(server, requests, options)
        else:
            rows = measure_one_drawing(files) + measure_cpu(server, empty, requests)
            rows += measure_rate(server, empty, requests, options)
    print(format_table(rows))


def drawings(grey: bool) -> list[bytes]:
    """Return drawings as PNG files, dark ink on white paper: with an alpha channel as of a canvas, or in `grey`."""
    files = []
    for image in bundled_digits("test")[0][:DRAWINGS]:
        large = cv2.resize(image.reshape(28, 28), (DIGIT, DIGIT), interpolation=cv2.INTER_CUBIC)
        strokes = cv2.threshold(large, 127, 255, cv2.THRESH_BINARY_INV)[1]
        paper = np.pad(strokes, (CANVAS - DIGIT) // 2, constant_values=255)  # (280, 280)
        files.append(cv2.imencode(".png", paper if grey else cv2.cvtColor(paper, cv2.COLOR_GRAY2BGRA))[1].tobytes())
    return files


def request(file: bytes) -> bytes:
    """Return a whole HTTP request for a picture file, so that the clients have little to do."""
    body = json.dumps({"imageData": f"data:image/png;base64,{base64.b64encode(file).decode()}"}).encode()
    head = f"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def measure_one_drawing(files: list[bytes]) -> list[Row]:
    """Return what the steps of an answer cost without a server around them."""
    network = load_model(default_model())
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


def measure_cpu(server: tuple[int, int], empty: tuple[int, int], requests: list[bytes]) -> list[Row]:
    """Return the CPU time of the servers' processes for one request."""
    rows = []
    for clients, bar in CPU_BARS.items():
        spent: dict[int, list[float]] = {server[0]: [], empty[0]: []}
        for _ in range(ROUNDS):
            for process, port in (server, empty):
                before = sum(psutil.Process(process).cpu_times()[:2])
                asyncio.run(put_under_load(port, requests, clients, count=REQUESTS))
                spent[process].append((sum(psutil.Process(process).cpu_times()[:2]) - before) * 1000 / REQUESTS)
        rows.append(Row(f"CPU time of /query, clients: {clients}", spent[server[0]], "ms", at_most=bar))
        rows.append(Row(f"CPU time of an empty route, clients: {clients}", spent[empty[0]], "ms"))
    return rows


def measure_rate(
    server: tuple[int, int], empty: tuple[int, int], requests: list[bytes], options: argparse.Namespace
) -> list[Row]:
    """Return how many requests a second are answered, and how fast."""
    times, errors = asyncio.run(put_under_load(server[1], requests, options.clients, options.seconds))
    empty_times, _ = asyncio.run(put_under_load(empty[1], requests, options.clients, options.seconds))
    return [
        Row("requests a second", [len(times) / options.seconds], ""),
        Row("… as a share of an empty route", [len(times) / len(empty_times)], "", at_least=0.5),
        Row("… the slowest in a hundred", [np.percentile(times, 99) * 1000], "ms", at_most=80),
        Row("… without an answer of status 200", [errors], "", at_most=0),
    ]


def measure_memory(server: tuple[int, int], requests: list[bytes], options: argparse.Namespace) -> list[Row]:
    """Return the memory of the server while it answers so many requests."""
    rows = []
    for part in range(1, 11):
        asyncio.run(put_under_load(server[1], requests, options.clients, count=options.requests // 10))
        memory = psutil.Process(server[0]).memory_info().rss / 2**20
        rows.append(Row(f"memory after {options.requests // 10 * part:,} requests", [memory], "MB"))
    return rows


@contextmanager
def running(program: str, *options: str) -> Iterator[tuple[int, int]]:
    """Run a server for as long as the block lasts; gives its process and its port. Its log is written, to nowhere."""
    command = [sys.executable, program, *options]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            address = re.search(r"http://[^ ]*:(\d+)", server.stdout.readline())
            if not address:
                raise SystemExit(f"error: {program} did not start; try: python {program}")
            yield server.pid, int(address[1])
        finally:
            server.terminate()


async def put_under_load(
    port: int, requests: list[bytes], clients: int, seconds: float = 1e9, count: float = 1e9
) -> tuple[list[float], int]:
    """Let the clients ask for so long or so often; return the seconds of each request, and the number of errors."""
    times: list[float] = []
    errors, started, waiting = 0, time.perf_counter(), cycle(requests)

    async def client() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < started + seconds and len(times) < count:
            writer.write(next(waiting))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            times.append(time.perf_counter() - began)
            errors += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return times, errors


def serve_empty() -> None:
    """Serve a route that does nothing, the way server.py is served."""
    app = Flask(__name__)
    app.add_url_rule("/query", "query", lambda: "", methods=["POST"])
    listener = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve(app, listener)


if __name__ == "__main__":
    main()
