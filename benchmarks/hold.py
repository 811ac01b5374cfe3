"""Attack a server as strangers might, and print what held: `python -m benchmarks.hold`, about 8 minutes on Linux.

Every part starts servers of its own in a folder of its own. `--only` names parts: pictures, crowd, slow, workers, many,
end. It needs what is in requirements-dev.txt.
"""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles

from benchmarks.measuring import Row
from data.data_sets import bundled_digits, shipped_model
from data.files import PROJECT
from teaching.store import Store
from tests import attacks

SEVEN = (PROJECT / "docs" / "seven.png").read_bytes()
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server in a process of its own, with a model and corrections in `folder`."""

    def __init__(self, folder: Path, *command: str) -> None:
        self.folder = folder
        self.model = folder / "model.npz"
        if not self.model.exists():
            self.model.write_bytes(shipped_model().read_bytes())
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        environment = {
            "DIGITS_MODEL": str(self.model),
            "DIGITS_DATA": str(folder),
            "DIGITS_LESSONS_PER_MINUTE": "100000",
        }
        options = [part.format(port=self.port) for part in command or ("server.py", "--port", "{port}")]
        self.process = subprocess.Popen(
            [sys.executable, *options], cwd=PROJECT, env=os.environ | environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.seconds_to_start = self._wait()

    def _wait(self) -> float:
        started = time.perf_counter()
        while time.perf_counter() < started + 60:
            with suppress(OSError):
                if self.ask("GET", "/healthz")[0] == 200:
                    return time.perf_counter() - started
            time.sleep(0.02)
        raise SystemExit("error: the server did not start.")

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json") -> tuple[int, dict]:
        """Return the status and the JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        connection.request(method, path, content, {"Content-Type": kind})
        with connection.getresponse() as response:
            text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else {}

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, name: str) -> float:
        """Return the memory of the process in MB: `VmRSS` now, `VmHWM` at its highest."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1000


@contextmanager
def running(*command: str) -> Iterator[Server]:
    """Run a server in a new folder until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="hold_") as folder:
        server = Server(Path(folder), *command)
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(20)


def pictures() -> list[Row]:
    """Send the worst pictures: those that must be refused, and the most expensive ones that are accepted."""
    rows = []
    for name, make in attacks.PICTURES.items():
        with running() as server:
            server.ask("POST", "/query", SEVEN, "image/png")
            cpu, memory = server.cpu_seconds(), server.memory("VmRSS")
            status, _ = server.ask("POST", "/query", make(), "image/png")
            rows.append(Row(f"{name}: {status}, CPU", [server.cpu_seconds() - cpu], "s", at_most=1.5))
            rows.append(Row(f"{name}: memory", [server.memory("VmHWM") - memory], "MB", at_most=250))
    return rows


def watch(server: Server, path: str, seconds: float, pause: float = 0.1) -> tuple[list[float], int]:
    """Ask for `path` every now and then; return the seconds of each answer, and how many were wrong."""
    times, wrong, end = [], 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        try:
            wrong += server.ask("GET", path)[0] != 200
        except OSError:
            wrong += 1
        times.append(time.perf_counter() - started)
        time.sleep(pause)
    return times, wrong


def crowd() -> list[Row]:
    """Let 64 clients draw for a minute."""
    with running() as server, ThreadPoolExecutor(65) as pool:
        end = time.perf_counter() + 60

        def draw() -> list[tuple[float, int]]:
            answers = []
            while time.perf_counter() < end:
                started = time.perf_counter()
                status, _ = server.ask("POST", "/query", SEVEN, "image/png")
                answers.append((time.perf_counter() - started, status))
            return answers

        clients = [pool.submit(draw) for _ in range(64)]
        times, wrong = watch(server, "/healthz", 60)
        answers = [answer for client in clients for answer in client.result()]
    return [
        Row("64 clients: answers a second", [len(answers) / 60], "1/s"),
        Row("… 95 % of them within", [quantiles([seconds for seconds, _ in answers], n=20)[-1]], "s"),
        Row("… that failed", [sum(status != 200 for _, status in answers) + wrong], "", at_most=0),
        Row("… longest wait of /healthz", [max(times)], "s"),
    ]


def slow() -> list[Row]:
    """Hold 420 connections from another address by a byte now and then, and ask meanwhile."""
    with running() as server:
        sockets = []
        for _ in range(420):
            with suppress(OSError):
                sockets.append(socket.create_connection(("127.0.0.1", server.port), 5, source_address=("127.0.0.2", 0)))
        end = time.perf_counter() + 40

        def drip() -> None:
            while time.perf_counter() < end:
                for one in sockets:
                    with suppress(OSError):
                        one.send(b"P")
                time.sleep(1)

        thread = threading.Thread(target=drip)
        thread.start()
        times, wrong = watch(server, "/healthz", 38)
        thread.join()
        for one in sockets:
            one.close()
    return [
        Row("420 slow sockets: failed requests of others", [wrong], "", at_most=0),
        Row("… longest wait of /healthz", [max(times)], "s", at_most=0.5),
    ]


def workers() -> list[Row]:
    """Teach four workers of gunicorn for a minute, kill some, and compare what they acknowledged with what is kept."""
    command = ("-m", "gunicorn", "--workers", "4", "--bind", "127.0.0.1:{port}", "server:create_app()")
    images, labels = bundled_digits("train")
    acknowledged: set[int] = set()
    with running(*command) as server, ThreadPoolExecutor(4) as pool:
        end = time.perf_counter() + 60

        def teach(part: int) -> None:
            for row in range(part, len(images), 4):
                if time.perf_counter() > end:
                    return
                body = {"inputs": images[row].tolist(), "label": str(labels[row])}
                with suppress(OSError, http.client.HTTPException, ValueError):
                    status, answer = server.ask("POST", "/train", body)
                    if status in (200, 201):
                        acknowledged.add(answer["correction"]["id"])

        teachers = [pool.submit(teach, part) for part in range(4)]
        killed = 0
        while time.perf_counter() < end:
            time.sleep(5)
            children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
            with suppress(ProcessLookupError, IndexError):
                os.kill(int(random.choice(children)), signal.SIGKILL)
                killed += 1
        for teacher in teachers:
            teacher.result()
        wait_until(lambda: not server.ask("GET", "/healthz")[1].get("learning"), 60)
        answers = {json.dumps(server.ask("POST", "/query", SEVEN, "image/png")[1]) for _ in range(40)}
        return [
            Row(f"4 workers, {killed} killed: acknowledged", [len(acknowledged)], ""),
            Row("… of these lost", [len(acknowledged - kept_ids(server))], "", at_most=0),
            Row("… different answers to one drawing", [len(answers)], "", at_most=1),
            Row("… weights that differ from those learnt afresh", [different_weights(server)], "", at_most=0),
        ]


def kept_ids(server: Server) -> set[int]:
    """Return the numbers of all corrections in the database of the server."""
    store = Store(server.folder / "corrections.db")
    return {correction.id for correction in store.page(newest_base(store), -1)}


def newest_base(store: Store) -> str:
    """Return the name of the model that the corrections build upon."""
    raise NotImplementedError


def different_weights(server: Server) -> int:
    """Return how many weights of the model file differ from those that the corrections give, learnt afresh."""
    raise NotImplementedError


def wait_until(done: Callable[[], bool], seconds: float) -> float:
    """Return after how many seconds it was done; infinity where it was not."""
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        if done():
            return time.perf_counter() - started
        time.sleep(0.1)
    return float("inf")
