"""Attack a server as strangers might, and print what held: `python -m benchmarks.hold`, about 4 minutes on Linux.

Every part starts servers of its own in a folder of its own. `--only` names parts: pictures, crowd, slow, workers, many,
end. It needs what is in requirements-dev.txt.
"""

import argparse
import http.client
import itertools
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import psutil

from benchmarks.measuring import Row, describe_machine, format_table, measure_seconds
from benchmarks.serving import SEVEN, Server, running, wait_until
from data.data_sets import bundled_digits, shipped_model
from data.distortion import FOR_DIGITS, distort
from data.files import PROJECT
from neural_network import NeuralNetwork
from teaching.model_file import to_arrays
from teaching.teacher import Teacher
from teaching.update import Learner
from tests.attacks import PICTURES

DRAWING = "POST", "/query", SEVEN, "image/png"
HEALTH = "GET", "/healthz"
NO_ANSWER, REFUSED = 0, -1  # in the place of a status: the connection broke; nobody listens
Answers = tuple[list[float], Counter[int]]  # their seconds, and how many have which status
TEACHERS = 8  # clients that correct at the same time


@dataclass(frozen=True)
class Kept:
    """What a server of several processes kept while some of them were killed."""

    acknowledged: int
    lost: int
    statuses: dict[int, int]  # how many answers have which
    kills: int
    answers: int  # different ones of its processes to one question
    afresh: bool  # whether the weights equal those that the stored corrections give afresh


def ask_repeatedly(server: Server, request: tuple, seconds: float, pause: float = 0) -> Answers:
    """Ask the same for some seconds, or until nobody listens."""
    times, statuses, end = list[float](), Counter[int](), time.perf_counter() + seconds
    while time.perf_counter() < end and not statuses[REFUSED]:
        started = time.perf_counter()
        try:
            status = server.ask(*request)[0]
        except ConnectionRefusedError:
            status = REFUSED
        except (OSError, http.client.HTTPException):
            status = NO_ANSWER
        times.append(time.perf_counter() - started)
        statuses[status] += 1
        time.sleep(pause)
    return times, statuses


def pictures() -> list[Row]:
    """Send the worst pictures: those that must be refused, and the most expensive ones that are accepted."""
    rows = []
    for name, make in PICTURES.items():
        with running() as server:
            server.ask(*DRAWING)
            cpu, memory = server.cpu_seconds(), server.memory()
            status, _ = server.ask("POST", "/query", make(), "image/png")
            rows.append(Row(f"{name}: {status}, CPU", [server.cpu_seconds() - cpu], "s", at_most=1.5))
            rows.append(Row(f"{name}: memory", [server.memory("VmHWM") - memory], "MB", at_most=250))
    return rows


def crowd() -> list[Row]:
    """Let 64 clients draw for a minute."""
    with running() as server, ThreadPoolExecutor(65) as pool:
        health = pool.submit(ask_repeatedly, server, HEALTH, 60, 0.1)
        clients = [pool.submit(ask_repeatedly, server, DRAWING, 60) for _ in range(64)]
        time.sleep(20)
        memory = server.memory()
        times = [seconds for client in clients for seconds in client.result()[0]]
        grown = server.memory() - memory
        statuses = sum((client.result()[1] for client in (health, *clients)), Counter[int]())
    return [
        Row("64 clients: answers a second", [len(times) / 60], "1/s"),
        Row("… 95 % of them within", [quantiles(times, n=20)[-1]], "s"),
        Row("… that failed", [statuses.total() - statuses[200]], "", at_most=0),
        Row("… longest wait of /healthz", [max(health.result()[0])], "s"),
        Row("… more memory after 60 s than after 20 s", [grown], "MB"),
    ]


def slow() -> list[Row]:
    """Hold 420 connections from another address by a byte now and then, and ask meanwhile."""
    with running() as server, ThreadPoolExecutor(1) as pool:
        health = pool.submit(ask_repeatedly, server, HEALTH, 40, 0.1)
        sockets = []
        for _ in range(420):
            with suppress(OSError):
                sockets.append(socket.create_connection(("127.0.0.1", server.port), 5, source_address=("127.0.0.2", 0)))
        while not health.done():
            for one in sockets:
                with suppress(OSError):
                    one.send(b"P")
            time.sleep(1)
        for one in sockets:
            one.close()
        times, statuses = health.result()
    return [
        Row("420 slow sockets: failed requests of others", [statuses.total() - statuses[200]], "", at_most=0),
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


def teach_and_kill(model: Path, workers: int, seconds: float) -> Kept:
    """Correct through all processes of gunicorn for some seconds, and kill one of them every second or two."""
    kills, chance, probe = 0, random.Random(0), {"inputs": bundled_digits("test")[0][0].tolist()}
    options = "--bind", "127.0.0.1:{port}", "--workers", str(workers), "--threads", "4"
    with running(("-m", "gunicorn", *options, "server:create_app()"), model) as server:
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(TEACHERS) as clients:
            tasks = [clients.submit(correct_until, end, server, number) for number in range(TEACHERS)]
            while time.monotonic() < end:
                time.sleep(chance.uniform(1, 2))
                for process in psutil.Process(server.process.pid).children()[:1]:
                    process.kill()
                    kills += 1
        replies = [reply for task in tasks for reply in task.result()]
        given = {reply["correction"]["id"] for status, reply in replies if status in (200, 201)}
        teacher = Teacher(server.model, server.folder / "corrections.db", timeout=None)
        stored = teacher.page(-1)[::-1]
        answers = {str(server.ask("POST", "/query", probe)[1]["outputs"]) for _ in range(50)}
        afresh = Learner(NeuralNetwork.load(model)).learn(*to_arrays(stored))
        same = np.array_equal(afresh.wih, teacher.network.wih) and np.array_equal(afresh.who, teacher.network.who)
    statuses = Counter(status for status, _ in replies)
    return Kept(len(given), len(given - {one.id for one in stored}), statuses, kills, len(answers), same)


def correct_until(end: float, server: Server, number: int) -> list[tuple[int, Any]]:
    """Give one wrong label after another until `end`; return the statuses and replies, but not those of the killed."""
    pixels, labels = bundled_digits("test")  # (360, 784), (360,)
    replies, chance = list[tuple[int, Any]](), random.Random(number)
    for row in itertools.cycle(range(number, len(labels), TEACHERS)):
        if time.monotonic() >= end:
            return replies
        label = (int(labels[row]) + chance.randrange(1, 10)) % 10
        with suppress(OSError, http.client.HTTPException):  # its process was killed
            replies.append(server.ask("POST", "/train", {"inputs": pixels[row].tolist(), "label": label}))
    return replies


def many() -> list[Row]:
    """Keep 10,000 corrections: start, undo the first, and teach meanwhile."""
    images, labels = bundled_digits("train")
    rows = np.arange(10_000) % len(images)
    copies = distort(images[rows], FOR_DIGITS, seed=0)
    lesson = {"inputs": images[7].tolist(), "label": str(labels[7])}
    with running() as first:
        csv = first.folder / "many.csv"
        np.savetxt(csv, np.column_stack([labels[rows], copies]), fmt="%d", delimiter=",")
        first.stop()
        command = [sys.executable, "teach.py", "import", str(csv)]
        subprocess.run(command, cwd=PROJECT, env=first.environment, check=True)
        server = Server(first.folder)
        with ThreadPoolExecutor(1) as pool:
            health = pool.submit(ask_repeatedly, server, HEALTH, 20, 0.1)
            undone = measure_seconds(lambda: server.ask("DELETE", "/corrections/1"))
            taught = measure_seconds(lambda: server.ask("POST", "/train", lesson))
            followed = wait_until(lambda: not server.ask(*HEALTH)[1]["corrections"]["learning"], 60)
            times, statuses = health.result()
        server.stop()
    return [
        Row("10,000 corrections: start", [server.seconds_to_start], "s", at_most=5),
        Row("… the first of them undone, acknowledged", [undone], "s", at_most=1),
        Row("… one more meanwhile, acknowledged", [taught], "s", at_most=1),
        Row("… until the network knows all of it", [followed], "s", at_most=10),
        Row("… longest wait of /healthz", [max(times)], "s", at_most=0.5),
        Row("… failed requests of /healthz", [statuses.total() - statuses[200]], "", at_most=0),
    ]


def end() -> list[Row]:
    """End a server by SIGTERM while 16 clients draw."""
    with running() as server, ThreadPoolExecutor(16) as pool:
        clients = [pool.submit(ask_repeatedly, server, DRAWING, 30) for _ in range(16)]
        time.sleep(3)
        started = time.perf_counter()
        server.process.send_signal(signal.SIGTERM)
        status = server.process.wait(20)
        seconds = time.perf_counter() - started
        statuses = sum((client.result()[1] for client in clients), Counter[int]())
    others = statuses.total() - statuses[200] - statuses[NO_ANSWER] - statuses[REFUSED]
    return [
        Row(f"SIGTERM under load: exit status {status}", [seconds], "s", at_most=5),
        Row("… requests without an answer", [statuses[NO_ANSWER]], "", at_most=0),
        Row("… answers other than 200", [others], "", at_most=0),
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
