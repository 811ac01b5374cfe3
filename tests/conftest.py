"""What several test files need: real data, small CSV files, programs run as users run them, a server and a browser."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

import train_model
from data.data_sets import bundled_digits, shipped_model
from docs.screenshots import browser_program, open_browser
from neural_network import NeuralNetwork
from server import create_app
from tests.asking import WholeAnswers, saved
from tests.browsing import Service

PROJECT = Path(__file__).resolve().parent.parent
NOWHERE = "http://127.0.0.1:9/"  # a port that nobody listens on

Run = Callable[..., subprocess.CompletedProcess[str]]
Make = Callable[..., Flask]
Open = Callable[..., Page]


def missing(what: str) -> None:
    """Skip a test for want of `what` on a user's machine; where CI runs, nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and CI must not skip")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of real data that DIGITS_MIRROR names."""
    folder = Path(os.environ.get("DIGITS_MIRROR", ""))
    if not (folder / "mnist" / "train-images-idx3-ubyte.gz").exists():
        missing("DIGITS_MIRROR, a folder with mnist/ and fashion-mnist/")
    return folder


@pytest.fixture(scope="session")
def real_data(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which MNIST and Fashion-MNIST can be had; their CSV files are written once a session."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a folder of its own within that of the session
        session = session.parent
    return {"DIGITS_MIRROR": str(mirror), "DIGITS_DATA": str(session / "real_data")}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program (train_model.py) or a module (docs.distortions) from a strange folder.

    It has neither network nor MNIST unless `env` says so.
    """

    def run_program(*command: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        program, *options = map(str, command)
        called = [str(PROJECT / program)] if program.endswith(".py") else ["-m", program]
        alone = {"DIGITS_MIRROR": NOWHERE, "DIGITS_DATA": str(tmp_path / "no_data"), "https_proxy": NOWHERE}
        alone |= {"PYTHONPATH": str(PROJECT)}
        return subprocess.run(
            [sys.executable, *called, *options],
            cwd=tmp_path,
            env=os.environ | alone | {"DIGITS_MODEL": str(tmp_path / "model.npz")} | (env or {}),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    return run_program


@pytest.fixture(scope="session")
def digit_rows() -> NDArray[np.uint8]:
    """200 rows (200, 785) of a CSV file: the label and 784 pixels of bundled digits."""
    pixels, labels = bundled_digits("train")
    return np.column_stack([labels, pixels])[:200]


@pytest.fixture
def digits_csv(tmp_path: Path, digit_rows: NDArray[np.uint8]) -> Path:
    """A small CSV file of digits, as a user would have it."""
    path = tmp_path / "digits.csv"
    np.savetxt(path, digit_rows, fmt="%d", delimiter=",")
    return path


@pytest.fixture(scope="session")
def digits_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model, trained on the bundled digits, that can be taught; to be read only."""
    path = tmp_path_factory.mktemp("trained") / "model.npz"
    options = ["--dataset", "digits", "--hidden-nodes", "30", "--output", str(path)]
    assert train_model.main(options) == 0
    return path


@pytest.fixture
def model(digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that model where a user has theirs; corrections.db is kept beside it and nowhere else."""
    monkeypatch.setenv("DIGITS_MODEL", str(tmp_path / "model.npz"))
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    path = tmp_path / "model.npz"
    path.write_bytes(digits_model.read_bytes())
    return path


@pytest.fixture
def network() -> NeuralNetwork:
    """A network that has learnt nothing."""
    return NeuralNetwork(784, 20, 10, learning_rate=0.1, seed=1)


@pytest.fixture
def app(network: NeuralNetwork, tmp_path: Path) -> Flask:
    return create_app({"MODEL": saved(network, tmp_path)})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = WholeAnswers
    return app.test_client()


@pytest.fixture
def make(model: Path) -> Make:
    """Make an app that can be taught, with whatever settings."""

    def make_app(**config: object) -> Flask:
        app = create_app({"MODEL": model, "LESSONS_PER_MINUTE": 10_000, **config})
        app.test_client_class = WholeAnswers
        return app

    return make_app


@pytest.fixture(scope="session")
def digits() -> NDArray[np.uint8]:
    """Drawings (360, 784) that the model was not trained on."""
    return bundled_digits("test")[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if browser_program() is None:
        missing("Chromium or Chrome")
    with open_browser() as running:
        yield running


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Run a server that nobody else teaches, with settings of its own."""
    running: list[Service] = []

    def start(model: Path | None = None, **config: object) -> Service:
        running.append(Service(model or shipped_model(), tmp_path, **config))
        return running[-1]

    yield start
    for service in running:
        service.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(shipped_model(), tmp_path_factory.mktemp("data"))
    yield running
    running.stop()


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[Open]:
    """Open the page in a fresh profile. Whatever a test does, the page may neither throw nor complain."""
    contexts, complaints = [], []

    def open_in_context(url: str = "", classes: int = 10, **options: Any) -> Page:
        contexts.append(browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options)))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.extend([message.text] * (message.type == "error")))
        page.goto(url or service.url)
        expect(page.locator("#choices button")).to_have_count(classes)
        return page

    yield open_in_context
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def page(open_page: Open) -> Page:
    return open_page()


@pytest.fixture
def school(serve: Callable[..., Service]) -> Service:
    """A server that this test alone teaches."""
    return serve()


def same_weights(a: NeuralNetwork, b: NeuralNetwork) -> bool:
    """Tell whether two networks agree to the last bit."""
    return np.array_equal(a.wih, b.wih) and np.array_equal(a.who, b.who)
