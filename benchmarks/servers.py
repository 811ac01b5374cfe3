"""Servers in processes of their own, which the benchmarks ask, load and kill. It needs requirements-dev.txt."""

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
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

from data.data_sets import shipped_model
from data.files import PROJECT

WAITRESS = "server.py", "--port", "{port}"


class Server:
    """A server on a free port, with the model and the corrections in `folder`."""

    def __init__(self, folder: Path, command: Sequence[str] = WAITRESS) -> None:
        """Start it, and wait until it answers; `seconds_to_start` says how long that took."""
        self.folder, self.model = folder, folder / "model.npz"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environment = os.environ | {
            "DIGITS_MODEL": str(self.model),
            "DIGITS_DATA": str(folder),
            "DIGITS_LESSONS_PER_MINUTE": "1000000",
        }
        options = [part.format(port=self.port) for part in command]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([sys.executable, *options], cwd=PROJECT, env=self.environment, **quiet)
        self.seconds_to_start = wait_until(self._is_ready, 60)
        if self.seconds_to_start == float("inf"):
            self.stop()
            raise RuntimeError(f"the server did not start; try: python {' '.join(options)}")

    def _is_ready(self) -> bool:
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

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
    """Return after how many seconds it was done; infinity where it was not."""
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        if done():
            return time.perf_counter() - started
        time.sleep(0.02)
    return float("inf")
