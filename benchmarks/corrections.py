"""Measure what corrections do: to the writer who gave them, to everybody else, and to the server that keeps them.

`writers` lets 30 people correct what the network misreads of their first drawings and scores their last ones, which
nobody corrected, beside the single gradient step that such projects usually take. `speed` times one correction among
many, `kill` kills the server again and again while it learns, `together` lets clients ask and teach at once.
"""

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from data.mnist import targets  # noqa: E402
from data.wire import file_url  # noqa: E402

from benchmarks.serving import running  # noqa: E402 - found only now
from charts import corrections  # noqa: E402
from data.data_sets import load
from data.files import shipped_model  # noqa: E402
from data.pictures import find_pictures  # noqa: E402
from data.records import Records, scale
from drawing.decoding import decode  # noqa: E402
from drawing.preparation import prepare  # noqa: E402
from neural_network import NeuralNetwork  # noqa: E402
from teach import Teacher  # noqa: E402
from teaching.update import Learner, Lesson  # noqa: E402

PART = 125  # drawings of each writer that are corrected, and then as many that are scored
NAIVE_RATE = 0.1  # of the default training


@dataclass(frozen=True)
class Drawings:
    """The drawings of one writer, in the order in which they were drawn."""

    writer: str
    files: list[bytes]
    pixels: NDArray[np.uint8]  # (n, 784)
    labels: NDArray[np.uint8]  # (n,)


@dataclass
class Course:
    """What corrections came to: errors on the last drawings and accuracy on MNIST after each, and more in the end."""

    errors: list[int] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    kept: float = 1.0  # share of the corrected drawings that are answered rightly in the end
    fixed: int = 0  # corrected drawings that were answered rightly at once
    seconds: list[float] = field(default_factory=list)


class Naive:
    """Takes one step of gradient descent at the usual rate on the corrected drawing alone."""

    def __init__(self, model: Path) -> None:
        """Start from the trained model."""
        self.network = NeuralNetwork.load(model)
        self.network.learning_rate, self.network.momentum = NAIVE_RATE, 0.0

    def teach(self, pixels: NDArray[np.uint8], label: int, _: bytes) -> None:
        """Take the step."""
        self.network.train(scale(pixels), targets(np.array([label]), len(self.network.class_names))[0])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what corrections do.")
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], help=f"one of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--drawings", type=Path, metavar="FOLDER", help="drawings with a labels.csv that names writers "
        "(default: drawings/pen in DIGITS_MIRROR)",
    )  # fmt: skip
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE")
    parser.add_argument("--writers", metavar="NAME", nargs="+", help="only these (default: all)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="where the picture of the errors is saved")
    options = parser.parse_args()
    folder = options.drawings or Path(os.environ.get("DIGITS_MIRROR", "")) / "drawings" / "pen"
    if not (folder / "labels.csv").exists():
        print(f"error: there is no {folder / 'labels.csv'}; name a folder with --drawings.", file=sys.stderr)
        return 1
    drawings = [*by_writer(folder, options.writers)]
    for part in options.part or PARTS:
        PARTS[part](options, drawings)
    return 0


def by_writer(folder: Path, names: list[str] | None) -> Iterator[Drawings]:
    """Yield the drawings of each writer, prepared as the server does it."""
    listed = find_pictures(folder, "0123456789")
    for writer in sorted({picture.writer for picture in listed}):
        if names and writer not in names:
            continue
        own = [picture for picture in listed if picture.writer == writer]
        files = [picture.path.read_bytes() for picture in own]
        pixels = np.stack([prepare(decode(file)).ravel() for file in files])
        yield Drawings(writer, files, pixels, np.array([picture.label for picture in own], np.uint8))


def writers(options: argparse.Namespace, drawings: list[Drawings]) -> None:
    """Let each writer correct the network, and score it; print the means, and draw the picture."""
    test = load("mnist", "test")
    trained = NeuralNetwork.load(options.model)
    before = accuracy(trained, test)
    courses: dict[str, list[Course]] = {"this project": [], "single step": []}
    for own in tqdm(drawings, desc="Writers", leave=False, disable=None):
        with no_data() as folder:
            teacher = Teacher(copy_of(options.model, folder), folder / "corrections.db")
            courses["this project"].append(course(own, test, teacher))
        courses["single step"].append(course(own, test, Naive(options.model)))
    print(f"{len(drawings)} writers; accuracy on the MNIST test digits before: {before:.2%}")
    for name, taken in courses.items():
        first = np.array([one.errors[0] for one in taken])
        last = np.array([one.errors[-1] for one in taken])
        drops = 100 * (before - np.array([one.accuracies[-1] for one in taken]))
        counts = [len(one.errors) - 1 for one in taken]
        own = [1 - after / begun for begun, after in zip(first, last, strict=True) if begun]
        kept = np.average([one.kept for one in taken], weights=counts)
        print(
            f"{name}: {np.mean(counts):.1f} corrections each; errors on the last {PART} drawings "
            f"{first.sum()} -> {last.sum()}, {1 - last.sum() / first.sum():.1%} fewer "
            f"(mean over writers who had any: {np.mean(own):.1%})\n"
            f"    MNIST {np.mean(drops):.2f} points down on average, {drops.max():.2f} at worst; corrected drawings "
            f"right at once {sum(one.fixed for one in taken) / sum(counts):.1%}, in the end {kept:.1%}; "
            f"{1000 * np.median(np.concatenate([one.seconds for one in taken])):.0f} ms a correction"
        )
    if options.picture:
        errors = {name: [[count / PART for count in one.errors] for one in taken] for name, taken in courses.items()}
        losses = {name: [[before - now for now in one.accuracies] for one in taken] for name, taken in courses.items()}
        corrections(errors, losses, options.picture)


def course(own: Drawings, test: Records, taught: Teacher | Naive) -> Course:
    """Correct every wrong answer to the first drawings, and score the last."""
    done = Course()
    corrected = []
    inputs = scale(own.pixels)

    def look() -> None:
        done.errors.append(int((taught.network.query(inputs[-PART:]).argmax(axis=1) != own.labels[-PART:]).sum()))
        done.accuracies.append(accuracy(taught.network, test))

    look()
    for row in range(PART):
        if taught.network.query(inputs[row]).argmax() != own.labels[row]:
            started = time.perf_counter()
            taught.teach(own.pixels[row], int(own.labels[row]), own.files[row])
            done.seconds.append(time.perf_counter() - started)
            done.fixed += int(taught.network.query(inputs[row]).argmax() == own.labels[row])
            corrected.append(row)
            look()
    if corrected:
        done.kept = float((taught.network.query(inputs[corrected]).argmax(axis=1) == own.labels[corrected]).mean())
    return done


def accuracy(network: NeuralNetwork, test: Records) -> float:
    """Return the share of test records that are answered rightly."""
    return float((network.query(test.inputs).argmax(axis=1) == test.labels).mean())


def speed(options: argparse.Namespace, drawings: list[Drawings]) -> None:
    """Time one more correction, and taking one back, among many."""
    pixels = np.concatenate([own.pixels for own in drawings])
    labels = np.concatenate([own.labels for own in drawings])
    wrong = np.flatnonzero(NeuralNetwork.load(options.model).query(scale(pixels)).argmax(axis=1) != labels)
    order = np.random.default_rng(0).permutation(wrong)
    with no_data() as folder:
        teacher = Teacher(copy_of(options.model, folder), folder / "corrections.db")
        for stored in (0, 20, 100, 200, 400):
            have = teacher.count()
            if stored > have:
                teacher.teach_rows(pixels[order[have:stored]], labels[order[have:stored]])
            times, undone = [], []
            for row in order[stored : stored + 15]:
                started = time.perf_counter()
                number = teacher.teach(pixels[row], int(labels[row])).correction.id
                times.append(time.perf_counter() - started)
                started = time.perf_counter()
                teacher.take_back(number)
                undone.append(time.perf_counter() - started)
            middle = teacher.page(-1)[stored // 2] if stored else None
            one_more, back = 1000 * np.median(times), 1000 * np.median(undone)
            text = f"{stored} stored: one more {one_more:.0f} ms, taken back {back:.0f} ms"
            if middle:
                started = time.perf_counter()
                teacher.take_back(middle.id)
                text += f", one from the middle {1000 * (time.perf_counter() - started):.0f} ms"
            print(text)


def kill(options: argparse.Namespace, drawings: list[Drawings]) -> None:
    """Kill the server at random moments while it is taught, and look for what it acknowledged."""
    bodies = [body for own in drawings for body in lessons_of(own)][:1000]
    kills, given = 30, dict[int, int]()
    moments = random.Random(0)
    sent = 0
    with no_data() as folder:
        model = copy_of(options.model, folder)
        os.environ.update(DIGITS_DATA=str(folder), DIGITS_LESSONS_PER_MINUTE="1000000")
        for turn in range(kills + 1):
            with running("server.py", "--port", "0", "--model", str(model)) as (server, port):
                until = len(bodies) * (turn + 1) // (kills + 1)
                if turn < kills:
                    threading.Timer(moments.uniform(0.2, 1.2), server.send_signal, [signal.SIGKILL]).start()
                    until = len(bodies)
                try:
                    while sent < until:
                        status, reply = asked(port, "POST", "/train", bodies[sent])
                        if status in (200, 201):
                            given[reply["correction"]["id"]] = int(reply["correction"]["label"])
                            sent += 1
                except (OSError, http.client.HTTPException):
                    pass  # killed
            NeuralNetwork.load(model)
        found = Teacher(model, folder / "corrections.db")
        stored = {kept.id: kept.label for kept in found.page(-1)}
        taken = found.page(-1)[::-1]
        afresh = Learner(NeuralNetwork.load(options.model)).taught([Lesson(kept.pixels, kept.label) for kept in taken])
        same = np.array_equal(afresh.wih, found.network.wih) and np.array_equal(afresh.who, found.network.who)
        lost = [number for number in given if stored.get(number) != given[number]]
        print(
            f"{kills} kills, {len(given)} corrections acknowledged, {len(stored)} stored, {len(lost)} lost; "
            f"weights equal those computed afresh: {same}"
        )


def together(options: argparse.Namespace, drawings: list[Drawings], seconds: float = 60) -> None:
    """Let 8 clients ask and 2 teach at once; every answer must come from one whole set of weights."""
    own = drawings[0]
    trained = NeuralNetwork.load(options.model)
    wrong = np.flatnonzero(trained.query(scale(own.pixels)).argmax(axis=1) != own.labels)[:3]
    lessons = [Lesson(own.pixels[row], int(own.labels[row])) for row in wrong[:2]]
    learner = Learner(trained)
    probe = scale(own.pixels[wrong[2]])
    lists = [[], [0], [1], [0, 1], [1, 0]]
    allowed = np.array([learner.taught([lessons[i] for i in order]).query(probe) for order in lists])  # (5, output)
    counts = {"answers": 0, "lessons": 0, "errors": 0, "half-updated": 0}
    seen: set[int] = set()
    lock = threading.Lock()
    with no_data() as folder:
        os.environ.update(DIGITS_DATA=str(folder), DIGITS_LESSONS_PER_MINUTE="1000000")
        model = copy_of(options.model, folder)
        with running("server.py", "--port", "0", "--model", str(model)) as (_, port):
            end = time.monotonic() + seconds

            def ask() -> None:
                question = json.dumps({"imageData": file_url(own.files[wrong[2]])})
                with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
                    while time.monotonic() < end:
                        status, reply = asked(port, "POST", "/query", question, connection)
                        apart = np.abs(allowed - np.array(reply.get("outputs", np.inf))).max(axis=1)
                        with lock:
                            counts["answers"] += 1
                            counts["errors"] += status != 200
                            counts["half-updated"] += status == 200 and apart.min() > 1e-5
                            seen.add(int(apart.argmin()))

            def teach(row: int) -> None:
                lesson = json.dumps({"imageData": file_url(own.files[row]), "label": str(own.labels[row])})
                with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
                    while time.monotonic() < end:
                        status, reply = asked(port, "POST", "/train", lesson, connection)
                        number = reply.get("correction", {}).get("id", 0)
                        undone, _ = asked(port, "DELETE", f"/corrections/{number}", None, connection)
                        with lock:
                            counts["lessons"] += 1
                            counts["errors"] += status != 201 or undone != 200

            threads = [threading.Thread(target=ask) for _ in range(8)]
            threads += [threading.Thread(target=teach, args=[row]) for row in wrong[:2]]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    print(
        f"{seconds:.0f} s: {counts['answers']} answers from {len(seen)} of {len(lists)} sets of weights, "
        f"{counts['lessons']} lessons given and taken back, {counts['errors']} errors, "
        f"{counts['half-updated']} answers from none of these sets"
    )


def lessons_of(own: Drawings) -> Iterator[str]:
    """Yield a request for each drawing of a writer."""
    for file, label in zip(own.files, own.labels, strict=True):
        yield json.dumps({"imageData": file_url(file), "label": str(label)})


def asked(
    port: int, method: str, path: str, body: str | None, connection: http.client.HTTPConnection | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of an answer."""
    used = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        used.request(method, path, body, {"Content-Type": "application/json"})
        response = used.getresponse()
        return response.status, json.loads(response.read())
    finally:
        if connection is None:
            used.close()


@contextmanager
def no_data() -> Iterator[Path]:
    """Give an empty folder for the model and the corrections: no data set is anywhere near while it learns."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def copy_of(model: Path, folder: Path) -> Path:
    """Copy the trained model into the folder, for teaching writes to it."""
    copied = folder / "model.npz"
    copied.write_bytes(model.read_bytes())
    return copied


PARTS = {"writers": writers, "speed": speed, "kill": kill, "together": together}

if __name__ == "__main__":
    sys.exit(main())
