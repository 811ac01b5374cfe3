"""What the tests of pages share: a server, drawings, a model of letters, and what a page shows."""

import base64
import shutil
import string
import threading
from pathlib import Path

import cv2
import numpy as np
from axe_playwright_python.sync_playwright import Axe
from flask import request
from playwright.sync_api import CDPSession, Locator, Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

import train_model
from docs.screenshots import SEVEN, Stroke, draw
from drawing.preparation import prepare
from server import create_app

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}

ONE: list[Stroke] = [[(0.5, 0.2), (0.5, 0.8)]]
ROUND = [(0.5 + 0.2 * np.sin(angle), 0.5 - 0.3 * np.cos(angle)) for angle in np.linspace(0, 2 * np.pi, 25)]
ZERO: list[Stroke] = [[(float(x), float(y)) for x, y in ROUND]]
FOUR: list[Stroke] = [[(0.45, 0.2), (0.3, 0.55), (0.65, 0.55)], [(0.53, 0.4), (0.51, 0.85)]]


def side_by_side(*digits: list[Stroke]) -> list[Stroke]:
    """Return the strokes of a number whose digits are about half as high as the paper."""
    left = 0.5 - 0.4 * len(digits) / 2
    return [
        [(left + 0.4 * place + 0.55 * (x - 0.5) + 0.2, 0.5 + 0.55 * (y - 0.5)) for x, y in stroke]
        for place, strokes in enumerate(digits)
        for stroke in strokes
    ]


class Service:
    """The server of one model, on a port that stays the same when it is stopped and started again."""

    def __init__(self, model: Path, folder: Path, **config: object) -> None:
        own = shutil.copyfile(model, folder / "own.npz")
        self.config, self.port = {"MODEL": own, "CORRECTIONS": folder / "corrections.db", **config}, 0
        self.folder = folder
        self.received: list[bytes] = []  # bodies of requests, for the browser does not tell what pictures it sent
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        app = create_app(self.config)
        app.extensions["teacher"].timeout = None  # answer a correction when it is learnt, however busy the machine
        app.before_request(lambda: self.received.append(request.get_data()))
        self.http: BaseWSGIServer = make_server("127.0.0.1", self.port, app, threaded=True)
        self.port = self.http.port
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def letters_model(folder: Path) -> Path:
    """Train a small model on letters, a CSV file with class names of its own; return its file."""
    random = np.random.default_rng(0)
    rows = []
    for label, letter in enumerate(string.ascii_uppercase):
        for size in random.uniform(2.6, 3.4, 20):
            canvas = np.full((140, 140), 255, np.uint8)
            cv2.putText(canvas, letter, (30, 105), cv2.FONT_HERSHEY_SIMPLEX, size, 0, 9, cv2.LINE_AA)
            turn = cv2.getRotationMatrix2D((70, 70), random.uniform(-12, 12), 1)
            turned = cv2.warpAffine(canvas, turn, (140, 140), borderValue=255)
            rows.append([label, *prepare(turned).ravel()])
    np.savetxt(folder / "letters.csv", rows, fmt="%d", delimiter=",")
    names, model = ",".join(string.ascii_uppercase), folder / "letters.npz"
    options = ["--class-names", names, "--hidden-nodes", "30", "--epochs", "40", "--output", str(model)]
    assert train_model.main([str(folder / "letters.csv"), *options]) == 0
    return model


def touch(session: CDPSession, points: list[tuple[float, float]]) -> None:
    """Put a finger down, drag it along `points` of the window, and lift it."""
    for i, (x, y) in enumerate(points):
        kind = "touchMove" if i else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def ink(page: Page) -> float:
    """Return how much is inked, as a share of a square as high as the paper."""
    return page.evaluate("""async () => {
        await new Promise(requestAnimationFrame);
        const {data} = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height);
        return data.filter((value, i) => i % 4 === 3 && value > 127).length / pad.height ** 2;
    }""")


def draw_to_the_end(page: Page, strokes: list[Stroke] = SEVEN, label: str = "7") -> None:
    """Draw, and wait for the answer to the whole drawing; those before it are about a part."""
    draw(page, strokes)
    expect_answer(page, label)
    expect(page.locator("#right")).to_be_enabled()


def expect_answer(page: Page, label: str) -> None:
    expect(page.locator("#label")).to_have_text(label)


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="No, it is").get_by_role("button", name=name, exact=True)


def expect_targets(buttons: Locator, width: int) -> int:
    """Expect buttons that a finger can hit, none outside the window; return in how many rows they stand."""
    rows = set()
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        rows.add(box["y"])
    return len(rows)


def undo_button(page: Page) -> Locator:
    return page.locator("#unlearn")


def picture_of_seven(extension: str, side: int = 200) -> bytes:
    points = np.array([[(x * side, y * side) for x, y in SEVEN[0]]], np.int32)
    image = cv2.polylines(np.full((side, side, 3), 255, np.uint8), [points], False, (0, 0, 0), side // 14, cv2.LINE_AA)
    return cv2.imencode(extension, image)[1].tobytes()


def drop_files(page: Page, contents: list[bytes], names: list[str]) -> None:
    """Drop several picture files on the page at once."""
    files = [[base64.b64encode(content).decode(), name] for content, name in zip(contents, names, strict=True)]
    page.evaluate(
        """(files) => {
            const dataTransfer = new DataTransfer();
            for (const [content, name] of files) {
                const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
                dataTransfer.items.add(new File([bytes], name, {type: "image/png"}));
            }
            paper.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        files,
    )


def barriers(page: Page) -> list[tuple[str, list[str]]]:
    found = Axe().run(page).response["violations"]
    return [(violation["id"], [node["html"] for node in violation["nodes"]]) for violation in found]
