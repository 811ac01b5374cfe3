"""Servers in processes of their own, which the benchmarks ask, load and kill; and what one drawing costs them.

`python -m benchmarks.serving` measures the CPU time of a server beside that of an empty Flask route under the same
waitress. The two take turns, so that whatever else the machine does meets both. How a server holds under load is
measured by hold.py.
"""

import argparse
import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import psutil
from flask import Flask

from benchmarks.measuring import Row, describe_machine, format_table
from data.data_sets import shipped_model
from data.files import PROJECT
from drawing.decoding import decode
from web.serving import listen, serve

SEVEN = (PROJECT / "docs" / "seven.png").read_bytes()  # 280 x 280
CANVAS = cv2.imencode(".png", cv2.cvtColor(decode(SEVEN), cv2.COLOR_GRAY2BGRA))[1].tobytes()  # as a canvas gives it
WAITRESS = "server.py", "--port", "{port}"
EMPTY = "-m", "benchmarks.serving", "--empty", "{port}"
ROUNDS, REQUESTS = 8, 250  # in which the CPU time is measured, and how many requests each has
CPU_BARS = {1: 1.4, 8: 1.7}  # milliseconds for so many clients


class Server:
    """A server on a free port, with the model and the corrections in `folder`."""

    def __init__(self, folder: Path, command: Sequence[str] = WAITRESS) -> None:
        """Start it, and wait until it answers; `seconds_to_start` says how long that took."""
        self.folder, self.model = folder, folder / "model.npz"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        paths = {"DIGITS_MODEL": str(self.model), "DIGITS_DATA": str(folder)}
        self.environment = os.environ | paths | {"DIGITS_LESSONS_PER_MINUTE": "1000000"}
        options = [part.format(port=self.port) for part in command]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([sys.executable, *options], cwd=PROJECT, env=self.environment, **quiet)
        self.seconds_to_start = wait_until(lambda: self.ask("GET", "/healthz")[0] == 200, 60)
        if self.seconds_to_start == float("inf"):
            self.stop()
            raise RuntimeError(f"the server did not start; try: python {' '.join(options)}")

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json") -> tuple[int, Any]:
        """Return the status and the JSON of an answer, over a connection of its own."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body)
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, content, {"Content-Type": kind})
            response = connection.getresponse()
            text = response.read()
        return response.status, json.loads(text) if text else {}

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has taken."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    def memory(self, name: str = "VmRSS") -> float:
        """Return the memory of the process in MB, on Linux: `VmRSS` now, `VmHWM` at its highest."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1000

    def stop(self) -> None:
        """End the process, and wait for its end."""
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def running(command: Sequence[str] = WAITRESS, model: Path | None = None) -> Iterator[Server]:
    """Run a server with a copy of the model (default: the one that ships) in a new folder until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(model or shipped_model(), Path(folder) / "model.npz")
        server = Server(Path(folder), command)
        try:
            yield server
        finally:
            server.stop()


def wait_until(done: Callable[[], bool], seconds: float) -> float:
    """Return after how many seconds it was done; infinity where it was not. A refused connection is not done."""
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        with suppress(OSError):
            if done():
                return time.perf_counter() - started
        time.sleep(0.02)
    return float("inf")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what a drawing costs the server.")
    parser.add_argument("--empty", type=int, metavar="PORT", help="only serve the empty route")
    options = parser.parse_args()
    if options.empty:
        app = Flask(__name__)
        app.add_url_rule("/query", "query", lambda: "", methods=["POST"])
        app.add_url_rule("/healthz", "healthz", lambda: "")
        serve(app, listen("127.0.0.1", options.empty))
        return
    with running() as server, running(EMPTY) as empty:
        rows = measure_cpu(server, empty)
    print(f"Machine: {describe_machine()}\n\n{format_table(rows)}")


def measure_cpu(server: Server, empty: Server) -> list[Row]:
    """Return the CPU time of the servers' processes for one request, over connections that are kept."""
    rows = []
    for clients, bar in CPU_BARS.items():
        spent: dict[Server, list[float]] = {server: [], empty: []}
        for _ in range(ROUNDS):
            for one, milliseconds in spent.items():
                before = one.cpu_seconds()
                with ThreadPoolExecutor(clients) as pool:
                    list(pool.map(partial(post, one.port), [REQUESTS // clients] * clients))
                milliseconds.append((one.cpu_seconds() - before) * 1000 / (REQUESTS // clients * clients))
        rows.append(Row(f"CPU time of /query, clients: {clients}", spent[server], "ms", at_most=bar))
        rows.append(Row(f"CPU time of an empty route, clients: {clients}", spent[empty], "ms"))
    return rows


def post(port: int, count: int) -> None:
    """Ask `count` times over one connection, as the drawing page does."""
    body = json.dumps({"imageData": f"data:image/png;base64,{base64.b64encode(CANVAS).decode()}"})
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for _ in range(count):
            connection.request("POST", "/query", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"the server answered {response.status}")


if __name__ == "__main__":
    main()
