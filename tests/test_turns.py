import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from drawing.decoding import decode
from tests.asking import ask, assert_problem, picture, running, saved, seven
from tests.conftest import Make
from web import answers, turns

LARGE = picture(np.kron(decode(seven()), np.ones((4, 4), np.uint8)))  # 1120 x 1120
STRANGE = picture(np.zeros((280, 280), np.uint8)).replace(b"IHDR", b"IHDS", 1)  # its size is not where it should be


class Work:
    """Stands in for the preparation of large pictures: it waits until it is told to go on, and counts."""

    def __init__(self) -> None:
        self.go_on, self.began = threading.Event(), threading.Event()
        self.now = self.most = 0

    def __call__(self, image: Any) -> dict[str, Any]:
        if image.size > turns.LARGE:
            self.now += 1
            self.most = max(self.most, self.now)
            self.began.set()
            assert self.go_on.wait(timeout=30)
            self.now -= 1
        return {"ink": np.full((28, 28), 255, np.uint8), "pixels": np.zeros((28, 28), np.uint8)}


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    work = Work()
    monkeypatch.setattr(answers, "steps", work)
    yield work
    work.go_on.set()


@pytest.fixture
def app(make: Make) -> Flask:
    return make()


@pytest.fixture
def post(app: Flask) -> Callable[[bytes], Any]:
    return lambda file: app.test_client().post("/query", data=file, content_type="image/png")


def test_large_pictures_take_turns_and_keep_nobody_else_waiting(app, post, work):
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(post(LARGE).status_code)) for _ in range(turns.PLACES)]
    for thread in threads:
        thread.start()
    assert work.began.wait(timeout=30)
    began = time.monotonic()
    assert post(seven()).status_code == 200
    assert app.test_client().get("/healthz").status_code == 200
    assert time.monotonic() - began < 1
    assert answers == []
    work.go_on.set()
    for thread in threads:
        thread.join()
    assert answers == [200] * turns.PLACES
    assert work.most == 1


@pytest.mark.parametrize("route", ["/query", "/recognize-digit", "/train"])
def test_who_waits_too_long_is_told_when_to_try_again(app, post, work, monkeypatch, route):
    first = threading.Thread(target=post, args=[LARGE])
    first.start()
    assert work.began.wait(timeout=30)
    monkeypatch.setattr(turns, "LONGEST_WAIT", 0.2)
    refused = app.test_client().post(route, json={"imageData": answers.file_url(LARGE), "label": "7"})
    assert_problem(refused, 503, "busy")
    assert int(refused.headers["Retry-After"]) >= 1
    work.go_on.set()
    first.join()
    assert post(LARGE).status_code == 200


def test_more_large_pictures_than_may_wait_are_refused_at_once(post, work):
    threads = [threading.Thread(target=post, args=[LARGE]) for _ in range(turns.PLACES)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while (began := time.monotonic()) < deadline:
        answer = post(LARGE) if work.began.is_set() and began > deadline - 18 else None
        if answer is not None and answer.status_code == 503:
            assert time.monotonic() - began < 1
            break
        time.sleep(0.1)
    else:
        pytest.fail("none was refused")
    work.go_on.set()
    for thread in threads:
        thread.join()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")
def test_eight_of_the_largest_pictures_at_once_take_bounded_memory_and_keep_nobody_waiting(network, tmp_path):
    image = np.full((4096, 4096, 4), 255, np.uint8)
    image[500:3500, 1800:2200, :3] = 0
    largest = picture(image)
    saved(network, tmp_path)
    answers: list[int] = []
    command = [sys.executable, "server.py", "--port", "0"]
    with running(command, tmp_path, r"\AOpen http://127\.0\.0\.1:(\d+)") as (process, port):
        threads = [threading.Thread(target=lambda: answers.append(ask(port, largest)[0])) for _ in range(8)]
        for thread in threads:
            thread.start()
        longest = 0.0
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            assert ask(port)[0] == 200
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.1)
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert longest < 2
    assert peak
    assert int(peak[1]) < 400_000


def test_a_damaged_picture_gives_its_turn_to_the_next(post):
    damaged = LARGE[: len(LARGE) // 2]
    assert [post(file).status_code for file in (damaged, STRANGE, damaged, LARGE, seven())] == [422, 422, 422, 200, 200]
