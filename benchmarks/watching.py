"""What it costs to watch a training: `python -m benchmarks.watching` trains with a browser on the page, and without.

It measures whole runs of train_model.py beside the same runs on the page /learn, how many pictures a second come, the
memory of server and training together, and how soon drawings are answered meanwhile. It needs Chromium or Chrome, and
MNIST in the data folder.
"""

import argparse
import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import psutil
from playwright.sync_api import Browser, expect

from benchmarks.measuring import Row, describe_machine, format_table, ratio
from benchmarks.serving import SEVEN, Server, running
from data.data_sets import load
from data.files import PROJECT, data_folder
from docs.screenshots import open_browser
from neural_network import NeuralNetwork

TIMEOUT = 600_000  # milliseconds
PAUSE = 0.1  # seconds between two questions, and between two looks at the memory
COUNT_PICTURES = """
    window.pictureMoments = [];
    window.EventSource = class extends EventSource {
        constructor(address) {
            super(address);
            this.addEventListener("picture", () => pictureMoments.push(performance.now()));
        }
    };
"""


@dataclass
class Watched:
    """What one run came to while somebody watched it: seconds, pictures a second, MB, milliseconds of each answer."""

    seconds: float = 0.0
    pictures: float = 0.0
    memory: float = 0.0
    answers: list[float] = field(default_factory=list)


def train_alone(folder: Path, options: Mapping[str, int]) -> float:
    """Return the seconds of train_model.py, which saves alone.npz."""
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [sys.executable, str(PROJECT / "train_model.py"), "--dataset", "mnist", *arguments]
    started = time.perf_counter()
    with (folder / "output.txt").open("w") as output:
        subprocess.run([*command, "--output", str(folder / "alone.npz")], stdout=output, stderr=output, check=True)
    return time.perf_counter() - started


def train_watched(server: Server, browser: Browser, options: Mapping[str, int]) -> Watched:
    """Train on the page, and return what that came to."""
    address = "&".join(f"{name}={value}" for name, value in options.items())
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.add_init_script(COUNT_PICTURES)
    page.goto(f"http://127.0.0.1:{server.port}/learn?data=mnist&seconds=0&{address}")
    watched = Watched()
    with measuring(server, watched):
        started = time.perf_counter()
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#keep")).to_be_hidden()  # that of the run before
        expect(page.locator("#keep")).to_be_visible(timeout=TIMEOUT)
        watched.seconds = time.perf_counter() - started
    moments = page.evaluate("pictureMoments")
    page.close()
    watched.pictures = 1000 * (len(moments) - 1) / (moments[-1] - moments[0])
    return watched


@contextmanager
def measuring(server: Server, watched: Watched) -> Iterator[None]:
    """Ask the server for answers, and look at its memory and that of its training, until the block ends."""
    done = threading.Event()

    def ask() -> None:
        while not done.wait(PAUSE):
            started = time.perf_counter()
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
                connection.request("POST", "/query", SEVEN, {"Content-Type": "image/png"})
                connection.getresponse().read()
            watched.answers.append((time.perf_counter() - started) * 1000)
            watched.memory = max(watched.memory, memory_of(server))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def memory_of(server: Server) -> float:
    """Return the MB of a server and of all that it has started; what they share counts once, where the system tells."""
    process = psutil.Process(server.process.pid)
    total = 0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            memory = one.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total / 1e6


def measure(rounds: int, nodes: int, least_pictures: float) -> list[Row]:
    """Return the figures of default runs with so many hidden nodes."""
    options = {"hidden_nodes": nodes}
    alone, watched = [], []
    with running() as server, open_browser() as browser:
        for path in data_folder().glob("mnist_train.csv*"):
            (server.folder / path.name).symlink_to(path.resolve())
        os.environ["DIGITS_DATA"] = str(server.folder)
        for _ in range(rounds):
            alone.append(train_alone(server.folder, options))
            watched.append(train_watched(server, browser, options))
        run = next((server.folder / "runs").glob("*/model.npz"))
        same = is_same(run, server.folder / "alone.npz")
    p95 = [quantiles(one.answers, n=20)[-1] for one in watched]
    return [
        Row(f"python train_model.py, {nodes} nodes", alone, "s"),
        Row(f"the same, watched, {nodes} nodes", [one.seconds for one in watched], "s"),
        ratio(f"watched / alone, {nodes} nodes", [one.seconds for one in watched], alone, at_most=1.25),
        Row(f"pictures, {nodes} nodes", [one.pictures for one in watched], "a second", at_least=least_pictures),
        Row(f"memory of server and training, {nodes} nodes", [one.memory for one in watched], "MB", at_most=700),
        Row(f"p95 of /query meanwhile, {nodes} nodes", p95, "ms", at_most=60),
        Row(f"weights equal to the last bit, {nodes} nodes", [float(same)], "1 is yes", at_least=1),
    ]


def is_same(path: Path, other: Path) -> bool:
    """Tell whether two model files hold the same weights, to the last bit."""
    one, two = NeuralNetwork.load(path), NeuralNetwork.load(other)
    return bool((one.wih == two.wih).all() and (one.who == two.who).all())


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each (default: %(default)s)")
    rounds = parser.parse_args(argv).rounds
    load("mnist", "train")  # so that no run has to download or parse it
    print(f"Machine: {describe_machine()}\n")
    data = os.environ.get("DIGITS_DATA", "")
    for nodes, least_pictures in ((200, 4), (30, 10)):
        os.environ["DIGITS_DATA"] = data
        print(format_table(measure(rounds, nodes, least_pictures)), flush=True)


if __name__ == "__main__":
    main()
