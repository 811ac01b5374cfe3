"""Measure the server under load: how many drawings it answers a second, how fast, and what memory it takes.

Beside it runs an empty Flask route under the same waitress, for machines differ: the share of its speed that is left
after reading, preparing and answering a drawing is what can be compared. The two take turns, so that whatever else
the machine does meets both. The clients live in this process, the servers in their own.
"""

import argparse
import asyncio
import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from flask import Flask
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from data.mnist import scale  # noqa: E402

from data.data_sets import bundled_digits
from drawing.decoding import decode  # noqa: E402 - found only now
from drawing.preparation import prepare  # noqa: E402 - found only now
from neural_network import NeuralNetwork  # noqa: E402
from server import default_model, listening, serve  # noqa: E402

DRAWINGS = 200
CANVAS, DIGIT = 280, 200  # pixels
TURNS = 4


@dataclass
class Load:
    """What the clients of one server saw."""

    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.milliseconds) / self.seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the server under load.")
    parser.add_argument("--seconds", type=float, default=20, help="of load on each server (default: %(default)s)")
    parser.add_argument("--requests", type=int, help="instead: so many for the server, to see its memory")
    parser.add_argument(
        "--clients", type=int, default=16, help="each with a connection it keeps (default: %(default)s)"
    )
    parser.add_argument(
        "--grey", action="store_true", help="drawings in grey; a canvas sends RGBA, four times the bytes to unpack"
    )
    parser.add_argument("--empty", action="store_true", help="only serve the empty route")
    options = parser.parse_args()
    if options.empty:
        serve_empty()
        return
    files = drawings(options.grey)
    measure_one_drawing(files)
    bodies = [json.dumps({"imageData": f"data:image/png;base64,{base64.b64encode(file).decode()}"}) for file in files]
    requests = [request(body.encode()) for body in bodies]
    print(f"{options.clients} clients, drawings of {CANVAS} x {CANVAS} in {np.mean([*map(len, requests)]):,.0f} bytes")
    if options.requests:
        measure_memory(requests, options.clients, options.requests)
    else:
        measure_load(requests, options.clients, options.seconds)


def drawings(grey: bool) -> list[bytes]:
    """Return drawings as PNG files, dark ink on white paper: with an alpha channel as of a canvas, or in `grey`."""
    pixels, _ = bundled_digits("test")
    papers = [drawing(image.reshape(28, 28)) for image in pixels[:DRAWINGS]]
    if not grey:
        papers = [cv2.cvtColor(paper, cv2.COLOR_GRAY2BGRA) for paper in papers]
    return [cv2.imencode(".png", paper)[1].tobytes() for paper in papers]


def drawing(image: NDArray[np.uint8]) -> NDArray[Any]:
    """Return the digit in `image` (28, 28), light on dark, as a drawing (280, 280), dark on light."""
    margin = (CANVAS - DIGIT) // 2
    large = cv2.resize(image, (DIGIT, DIGIT), interpolation=cv2.INTER_CUBIC)
    strokes = cv2.threshold(large, 127, 255, cv2.THRESH_BINARY_INV)[1]
    return np.pad(strokes, margin, constant_values=255)


def measure_one_drawing(files: list[bytes]) -> None:
    """Print what a single drawing costs, without a server around it."""
    network = NeuralNetwork.load(default_model())
    with threadpool_limits(1):
        images = [decode(file) for file in files]
        records = [scale(prepare(image)).reshape(-1) for image in images]
        print(f"Decoding one drawing:  {median_milliseconds(decode, files):.3f} ms")
        print(f"Preparing one drawing: {median_milliseconds(prepare, images):.3f} ms (bar: 1.5)")
        print(f"Query of one drawing:  {median_milliseconds(network.query, records):.3f} ms (bar: 0.1)")


def median_milliseconds(function: Callable[..., object], values: Iterable[object]) -> float:
    """Return the median time of `function(value)`."""
    times = []
    for value in values:
        started = time.perf_counter()
        function(value)
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1000


def request(body: bytes) -> bytes:
    """Return a whole HTTP request, so that the clients have little to do."""
    head = f"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def measure_load(requests: list[bytes], clients: int, seconds: float) -> None:
    """Load both servers in turns, and print how they did."""
    real, empty = Load(), Load()
    with running("server.py", "--port", "0") as (server, port), running(__file__, "--empty") as (_, empty_port):
        for address in (port, empty_port):  # what is done once, at the first requests, is not measured
            asyncio.run(put_under_load(address, requests, clients, Load(), seconds=0.5))
        before = memory(server.pid)
        for _ in range(TURNS):
            asyncio.run(put_under_load(port, requests, clients, real, seconds / TURNS))
            asyncio.run(put_under_load(empty_port, requests, clients, empty, seconds / TURNS))
        after = memory(server.pid)
    for name, load in (("server.py", real), ("Empty route", empty)):
        half, most = np.percentile(load.milliseconds, [50, 99])
        print(
            f"{name + ':':<12} {load.rate:6,.0f} requests/s, p50 {half:.1f} ms, p99 {most:.1f} ms, {load.errors} errors"
        )
    print(f"Ratio: {real.rate / empty.rate:.2f} (bar: 0.5; and p99 at most 80 ms, no errors)")
    print(f"Memory of server.py: {before:.0f} MB before, {after:.0f} MB after {len(real.milliseconds):,} requests")


def measure_memory(requests: list[bytes], clients: int, count: int) -> None:
    """Print the memory of the server while it answers `count` requests."""
    with running("server.py", "--port", "0") as (server, port):
        print(f"       0 requests: {memory(server.pid):.0f} MB")
        load = Load()
        for part in range(1, 11):
            asyncio.run(put_under_load(port, requests, clients, load, count=count * part // 10))
            print(f"{len(load.milliseconds):8,} requests: {memory(server.pid):.0f} MB, {load.errors} errors")


@contextmanager
def running(program: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server for as long as the block lasts; gives it and its port. Its log is thrown away, but it is written."""
    command = [sys.executable, str(PROJECT / program), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            address = re.search(r"http://[^ ]*:(\d+)", server.stdout.readline())
            if not address:
                raise SystemExit(f"error: {program} did not start; try: python {program}")
            yield server, int(address[1])
        finally:
            server.terminate()


async def put_under_load(
    port: int, requests: list[bytes], clients: int, load: Load, seconds: float = 1e9, count: float = 1e9
) -> None:
    """Let the clients ask until the time is over, or until `load` holds `count` answers."""
    started = time.perf_counter()
    waiting = cycle(requests)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < started + seconds and len(load.milliseconds) < count:
            asked = time.perf_counter()
            writer.write(next(waiting))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            load.milliseconds.append((time.perf_counter() - asked) * 1000)
            load.errors += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    load.seconds += time.perf_counter() - started


def memory(process: int) -> float:
    """Return the megabytes of memory that a process holds (not on Windows)."""
    kilobytes = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True)
    return int(kilobytes.stdout) / 1024


def serve_empty() -> None:
    """Serve a route that does nothing, the way server.py is served."""
    app = Flask(__name__)
    app.add_url_rule("/query", "query", lambda: "", methods=["POST"])
    listener = listening("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve(app, listener)


if __name__ == "__main__":
    main()
