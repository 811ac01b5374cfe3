"""Attack a server as strangers might, and print what held: `python -m benchmarks.hold`, about 8 minutes on Linux.

Every part starts servers of its own in a folder of its own. `--only` names parts: pictures, crowd, slow, workers, many,
end. It needs what is in requirements-dev.txt.
"""

import argparse
import http.client
import json
import os
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
from typing import Any

import numpy as np

from benchmarks.measuring import Row, describe_machine, format_table, measure_seconds
from benchmarks.workers import teach_and_kill
from data.data_sets import bundled_digits, shipped_model
from data.distortion import FOR_DIGITS, distort
from data.files import PROJECT
from tests.attacks import PICTURES

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
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen([sys.executable, *options], cwd=PROJECT, env=environment, **quiet)
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
    for name, make in PICTURES.items():
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
    """Correct through four workers of gunicorn for a minute, kill some of them, and look what is kept."""
    kept = teach_and_kill(shipped_model(), 4, 60)
    refused = sum(count for status, count in kept.statuses.items() if status not in (200, 201))
    return [
        Row(f"4 workers, {kept.kills} killed: acknowledged", [kept.acknowledged], "corrections"),
        Row("… of these lost", [kept.lost], "", at_most=0),
        Row("… refused", [refused], "", at_most=0),
        Row("… different answers to one drawing", [kept.answers], "", at_most=1),
        Row("… weights that are not those learnt afresh", [not kept.afresh], "", at_most=0),
    ]


def wait_until(done: Callable[[], bool], seconds: float) -> float:
    """Return after how many seconds it was done; infinity where it was not."""
    started = time.perf_counter()
    while time.perf_counter() < started + seconds:
        if done():
            return time.perf_counter() - started
        time.sleep(0.1)
    return float("inf")


def is_learning(server: Server) -> bool:
    """Tell whether the server says that its network does not know all corrections yet."""
    return bool(server.ask("GET", "/healthz")[1]["corrections"]["learning"])


def many() -> list[Row]:
    """Keep 10,000 corrections: start, undo the first, and teach meanwhile."""
    images, labels = bundled_digits("train")
    rows = np.arange(10_000) % len(images)
    copies = distort(images[rows], FOR_DIGITS, seed=0)
    with running() as first:
        csv = first.folder / "many.csv"
        np.savetxt(csv, np.column_stack([labels[rows], copies]), fmt="%d", delimiter=",")
        first.process.terminate()
        first.process.wait(20)
        environment = os.environ | {"DIGITS_MODEL": str(first.model), "DIGITS_DATA": str(first.folder)}
        subprocess.run([sys.executable, "teach.py", "import", csv], cwd=PROJECT, env=environment, check=True)
        server = Server(first.folder)
        with ThreadPoolExecutor(1) as pool:
            health = pool.submit(watch, server, "/healthz", 20)
            undone = measure_seconds(lambda: server.ask("DELETE", "/corrections/1"))
            taught = measure_seconds(
                lambda: server.ask("POST", "/train", {"inputs": images[7].tolist(), "label": str(labels[7])})
            )
            followed = wait_until(lambda: not is_learning(server), 60)
            times, wrong = health.result()
        server.process.terminate()
        server.process.wait(20)
    return [
        Row("10,000 corrections: start", [server.seconds_to_start], "s", at_most=5),
        Row("… the first of them undone, acknowledged", [undone], "s", at_most=1),
        Row("… one more meanwhile, acknowledged", [taught], "s", at_most=1),
        Row("… until the network knows all of it", [followed], "s", at_most=10),
        Row("… longest wait of /healthz", [max(times)], "s", at_most=0.5),
        Row("… failed requests of /healthz", [wrong], "", at_most=0),
    ]


def end() -> list[Row]:
    """End a server by SIGTERM while 16 clients draw."""
    with running() as server, ThreadPoolExecutor(16) as pool:
        statuses: list[int] = []
        broken: list[str] = []

        def draw() -> None:
            while True:
                try:
                    statuses.append(server.ask("POST", "/query", SEVEN, "image/png")[0])
                except ConnectionRefusedError:
                    return  # nobody listens any more
                except (OSError, http.client.HTTPException) as error:
                    broken.append(repr(error))
                    return

        clients = [pool.submit(draw) for _ in range(16)]
        time.sleep(3)
        started = time.perf_counter()
        server.process.send_signal(signal.SIGTERM)
        status = server.process.wait(20)
        seconds = time.perf_counter() - started
        for client in clients:
            client.result()
    return [
        Row(f"SIGTERM under load: exit status {status}", [seconds], "s", at_most=5),
        Row("… requests without an answer", [len(broken)], "", at_most=0),
        Row("… answers other than 200", [sum(one != 200 for one in statuses)], "", at_most=0),
    ]


PARTS: dict[str, Callable[[], list[Row]]] = {one.__name__: one for one in (pictures, crowd, slow, workers, many, end)}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Attack a server as strangers might, and print what held.")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[*PARTS], help="(default: all)")
    rows = []
    for name in parser.parse_args().only:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += PARTS[name]()
    print(f"Machine: {describe_machine()}\n\n{format_table(rows)}")


if __name__ == "__main__":
    main()
