"""Measure the server under load: what a drawing costs it, how fast it answers, and what memory it takes.

Beside it runs an empty Flask route under the same waitress. The two take turns, so that whatever else the machine does
meets both, and the lowest of several rounds counts. The clients live in this process, the servers in their own.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

import cv2
import numpy as np
import psutil
from flask import Flask

from data.data_sets import bundled_digits
from data.files import PROJECT
from web.serving import listen, serve

DRAWINGS, CANVAS, DIGIT = 200, 280, 200  # how many; pixels
ROUNDS, REQUESTS = 8, 250  # in which the CPU time is measured, and how many requests each has


@dataclass
class Load:
    """What the clients of one server saw."""

    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    seconds: float = 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the server under load.")
    parser.add_argument("--seconds", type=float, default=20, help="of load on each server (default: %(default)s)")
    parser.add_argument("--requests", type=int, help="instead: so many for the server, to see its memory")
    parser.add_argument("--clients", type=int, default=16, help="each keeps its connection (default: %(default)s)")
    parser.add_argument(
        "--grey", action="store_true", help="drawings in grey; a canvas sends RGBA, four times the bytes"
    )
    parser.add_argument("--empty", action="store_true", help="only serve the empty route")
    options = parser.parse_args()
    if options.empty:
        serve_empty()
        return
    requests = [request(file) for file in drawings(options.grey)]
    print(
        f"Drawings of {CANVAS} x {CANVAS} in {np.mean([*map(len, requests)]):,.0f} bytes; load {os.getloadavg()[0]:.1f}"
    )
    with (
        running("server.py", "--port", "0") as (server, port),
        running("-m", "benchmarks.serving", "--empty") as (empty, empty_port),
    ):
        if options.requests:
            measure_memory(server.pid, port, requests, options)
            return
        both = {"server.py": (server.pid, port), "Empty route": (empty.pid, empty_port)}
        for clients in (1, 8):
            measure_cpu(both, requests, clients)
        for name, (_, address) in both.items():
            load = asyncio.run(put_under_load(address, requests, options.clients, seconds=options.seconds))
            half, most = np.percentile(load.milliseconds, [50, 99])
            rate = len(load.milliseconds) / load.seconds
            print(f"{name}: {rate:,.0f} requests/s, p50 {half:.1f} ms, p99 {most:.1f} ms, {load.errors} errors")


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


def measure_cpu(servers: dict[str, tuple[int, int]], requests: list[bytes], clients: int) -> None:
    """Print the CPU time of each server's process for one request, the lowest of several rounds."""
    milliseconds: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, (process, port) in servers.items():
            before = sum(psutil.Process(process).cpu_times()[:2])
            asyncio.run(put_under_load(port, requests, clients, count=REQUESTS))
            milliseconds[name].append((sum(psutil.Process(process).cpu_times()[:2]) - before) / REQUESTS * 1000)
    costs = ", ".join(
        f"{name} {min(costs):.2f} (median {np.median(costs):.2f})" for name, costs in milliseconds.items()
    )
    print(f"CPU time of a request in ms, {clients} client{'s' * (clients > 1)}: {costs}")


def measure_memory(process: int, port: int, requests: list[bytes], options: argparse.Namespace) -> None:
    """Print the memory of the server while it answers so many requests."""
    for part in range(11):
        load = asyncio.run(put_under_load(port, requests, options.clients, count=options.requests // 10 * min(part, 1)))
        memory = psutil.Process(process).memory_info().rss / 2**20
        print(f"{options.requests // 10 * part:8,} requests: {memory:.0f} MB, {load.errors} errors")


@contextmanager
def running(program: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server for as long as the block lasts; gives it and its port. Its log is thrown away, but it is written."""
    command = [sys.executable, program, *options]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout
            address = re.search(r"http://[^ ]*:(\d+)", server.stdout.readline())
            if not address:
                raise SystemExit(f"error: {program} did not start; try: python {program}")
            yield server, int(address[1])
        finally:
            server.terminate()


async def put_under_load(
    port: int, requests: list[bytes], clients: int, seconds: float = 1e9, count: float = 1e9
) -> Load:
    """Let the clients ask until the time is over, or until they have asked so often."""
    load, started, waiting = Load(), time.perf_counter(), cycle(requests)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (began := time.perf_counter()) < started + seconds and len(load.milliseconds) < count:
            writer.write(next(waiting))
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            load.milliseconds.append((time.perf_counter() - began) * 1000)
            load.errors += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


def serve_empty() -> None:
    """Serve a route that does nothing, the way server.py is served."""
    app = Flask(__name__)
    app.add_url_rule("/query", "query", lambda: "", methods=["POST"])
    listener = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    serve(app, listener)


if __name__ == "__main__":
    main()
