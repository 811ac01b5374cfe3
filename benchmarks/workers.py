"""Measure what a server of several processes keeps of its corrections, while some of them are killed.

`workers` corrects through all processes of gunicorn at once and kills one now and then: what was acknowledged must be
there, and all processes must answer alike. `together` lets 8 clients ask and 2 correct on one process: every answer
must come from one whole set of weights. It needs an operating system that has gunicorn, so not Windows.
"""

import argparse
import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.data_sets import bundled_digits, shipped_model
from data.files import PROJECT
from data.records import scale
from neural_network import NeuralNetwork
from teaching.model_file import to_arrays
from teaching.teacher import Teacher
from teaching.update import Learner

PIXELS, LABELS = bundled_digits("test")  # (360, 784), (360,)
WRONG = (LABELS + 1) % 10
CLIENTS = 8


@dataclass(frozen=True)
class Kept:
    """What a server kept: corrections acknowledged, lost and stored; other answers by status; kills.

    `answers` counts the different answers of its processes to one question, `afresh` says whether the weights equal
    those that the stored corrections give afresh.
    """

    acknowledged: int
    lost: int
    stored: int
    statuses: dict[int, int]
    kills: int
    answers: int
    afresh: bool


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what a server of several processes keeps.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    parser.add_argument("--workers", type=int, default=4, metavar="N")
    parser.add_argument("--seconds", type=float, default=60, metavar="S")
    options = parser.parse_args()
    print(teach_and_kill(options.model, options.workers, options.seconds))
    print(*answer_whole(options.model, options.seconds), sep=", ")


def teach_and_kill(model: Path, workers: int, seconds: float) -> Kept:
    """Correct through all processes for some seconds, and kill one of them every second or two."""
    given, statuses, kills, chance = dict[int, int](), Counter[int](), 0, random.Random(0)
    rows, end = iter(range(10**9)), time.monotonic() + seconds

    def correct() -> None:
        while time.monotonic() < end:
            row = next(rows) % len(LABELS)
            label = int(WRONG[row] + chance.randrange(9)) % 10
            body = json.dumps({"inputs": PIXELS[row].tolist(), "label": label})
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                    status, reply = ask(connection, "POST", "/train", body)
            except (OSError, http.client.HTTPException):
                continue  # its process was killed
            statuses[status] += 1
            if status in (200, 201):
                given[reply["correction"]["id"]] = label

    with serve(model, workers) as (server, port, folder):
        with ThreadPoolExecutor(CLIENTS) as clients:
            tasks = [clients.submit(correct) for _ in range(CLIENTS)]
            while time.monotonic() < end:
                time.sleep(chance.uniform(1, 2))
                for process in children(server.pid)[:1]:
                    os.kill(process, signal.SIGKILL)
                    kills += 1
            for task in tasks:
                task.result()
        teacher = Teacher(folder / "model.npz", folder / "corrections.db", timeout=None)
        stored = teacher.page(-1)[::-1]
        answers = {ask_afresh(port, PIXELS[0]) for _ in range(50)}
        afresh = Learner(NeuralNetwork.load(model)).learn(*to_arrays(stored))
        same = np.array_equal(afresh.wih, teacher.network.wih) and np.array_equal(afresh.who, teacher.network.who)
    lost = sum(number not in {one.id for one in stored} for number in given)
    return Kept(len(given), lost, len(stored), dict(statuses), kills, len(answers), same)


def answer_whole(model: Path, seconds: float) -> tuple[str, str, str]:
    """Let 8 clients ask and 2 correct on one process, and count answers that no list of corrections explains."""
    network, probe, lists = NeuralNetwork.load(model), PIXELS[2], [[], [0], [1], [0, 1], [1, 0]]
    learner = Learner(network)
    allowed = np.array([learner.learn(PIXELS[rows], WRONG[rows]).query(scale(probe)) for rows in lists])
    counts, end, lock = Counter[str](), time.monotonic() + seconds, threading.Lock()

    def query(connection: http.client.HTTPConnection) -> None:
        status, reply = ask(connection, "POST", "/query", json.dumps({"inputs": probe.tolist()}))
        apart = np.abs(allowed - np.array(reply.get("outputs", np.inf))).max(axis=1).min()
        with lock:
            counts.update(answers=1, errors=status != 200, mixed=status == 200 and bool(apart > 1e-5))

    def correct(connection: http.client.HTTPConnection, row: int) -> None:
        body = json.dumps({"inputs": PIXELS[row].tolist(), "label": int(WRONG[row])})
        status, reply = ask(connection, "POST", "/train", body)
        undone, _ = ask(connection, "DELETE", f"/corrections/{reply['correction']['id']}", None)
        with lock:
            counts.update(corrections=1, errors=(status != 201) + (undone != 200))

    def repeat(task: Callable[[http.client.HTTPConnection], None]) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            while time.monotonic() < end:
                task(connection)

    with serve(model, 1) as (_, port, _), ThreadPoolExecutor(CLIENTS + 2) as clients:
        tasks = [query] * CLIENTS + [partial(correct, row=row) for row in (0, 1)]
        for done in [clients.submit(repeat, task) for task in tasks]:
            done.result()
    return (
        f"{counts['answers']} answers, {counts['mixed']} of them from mixed weights",
        f"{counts['corrections']} corrections given and taken back",
        f"{counts['errors']} errors",
    )


@contextmanager
def serve(model: Path, workers: int) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """Run gunicorn with a copy of the model in an empty folder; gives it, its port and the folder."""
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "model.npz"
        copied.write_bytes(model.read_bytes())
        names = {"DIGITS_DATA": folder, "DIGITS_MODEL": str(copied), "DIGITS_LESSONS_PER_MINUTE": "1000000"}
        command = ["gunicorn", "--bind", "127.0.0.1:0", "--workers", str(workers), "--threads", "4"]
        with subprocess.Popen(
            [sys.executable, "-m", *command, "server:create_app()"],
            cwd=PROJECT,
            env=os.environ | names,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            try:
                assert server.stderr
                port = next(int(found[1]) for line in server.stderr if (found := re.search(r"127.0.0.1:(\d+)", line)))
                threading.Thread(target=server.stderr.read, daemon=True).start()  # its log, which nobody reads
                yield server, port, Path(folder)
            finally:
                server.terminate()


def children(process: int) -> list[int]:
    """Return the processes that a process has started."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=True)
    return [int(line) for line in listed.stdout.split()]


def ask_afresh(port: int, pixels: np.ndarray) -> tuple[float, ...]:
    """Return the outputs for some pixels, of whichever process takes a new connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        return tuple(ask(connection, "POST", "/query", json.dumps({"inputs": pixels.tolist()}))[1]["outputs"])


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: str | None) -> tuple[int, Any]:
    """Return the status and the JSON of an answer."""
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


if __name__ == "__main__":
    main()
