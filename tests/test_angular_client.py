"""The Angular client as it is built, in a real browser: its page has one origin, and the server that it asks another.

The client is built by `npm ci && npm run build` in clients/angular; its unit tests are run by `npm test` there.
"""

import json
import re
import shlex
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from string import ascii_uppercase
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from docs.screenshots import Stroke, draw, place
from tests.browsing import (
    ONE,
    PHONE,
    SEVEN,
    ZERO,
    Service,
    barriers,
    expect_answer,
    expect_targets,
    letters_model,
    touch,
)
from tests.conftest import PROJECT, missing
from web.settings import DEVELOPMENT

CLIENT = PROJECT / "clients" / "angular"
BUILT = CLIENT / "dist" / "digits" / "browser"
README = (CLIENT / "README.md").read_text(encoding="utf-8")
SEVEN_PNG = PROJECT / "docs" / "seven.png"
DESKTOP = {"width": 1366, "height": 650}
ROUTES = json.loads((PROJECT / "static" / "openapi.json").read_text(encoding="utf-8"))["paths"]


class Site(ThreadingHTTPServer):
    """Serves the built client, told which server to ask, where pages under development are served."""

    def __init__(self, address: tuple[str, int], recognizer: str) -> None:
        super().__init__(address, Files)
        index = (BUILT / "index.html").read_text(encoding="utf-8")
        self.index, found = re.subn('<meta name="digits-server" content(="")?>', setting(recognizer), index)
        assert found == 1


class Files(SimpleHTTPRequestHandler):
    """The files of the build, and for the pages of others an empty one."""

    server: Site
    extensions_map = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}  # noqa: RUF012

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(BUILT))

    def do_GET(self) -> None:
        pages = {"/": self.server.index, "/empty": "<!doctype html><title>Somebody's client</title>"}
        if self.path not in pages:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(pages[self.path].encode())

    def log_message(self, *_: object) -> None:
        pass


def setting(recognizer: str) -> str:
    return f'<meta name="digits-server" content="{recognizer.rstrip("/")}">'


def is_free(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.fixture
def school(serve: Callable[..., Service]) -> Service:
    """A server with its usual settings that this test alone teaches."""
    return serve()


@pytest.fixture
def site() -> Iterator[Callable[[Service], str]]:
    """Serve the client for a server. Returns its address: an origin that the server lists by default."""
    if not BUILT.is_dir():
        missing("the built Angular client: npm ci && npm run build in clients/angular, with Node 20.19 or newer")
    running: list[Site] = []

    def start(recognizer: Service) -> str:
        for origin in sorted(DEVELOPMENT.split(), key=lambda origin: origin != "http://localhost:4200"):
            address = urlsplit(origin)
            host, port = address.hostname or "", address.port or 0
            try:
                if is_free(host, port):
                    running.append(Site(("127.0.0.1", port), recognizer.url))
                    threading.Thread(target=running[-1].serve_forever, daemon=True).start()
                    return origin
            except OSError:  # another test was quicker
                continue
        missing("a free port among those of DIGITS_ORIGINS")
        return ""

    yield start
    for each in running:
        each.shutdown()
        each.server_close()


@pytest.fixture
def open_client(browser: Browser, site: Callable[[Service], str]) -> Iterator[Callable[..., Page]]:
    """Open the client of a server in a fresh profile. Whatever a test does, it may neither throw nor complain."""
    contexts, complaints = [], []

    def open_in_context(recognizer: Service, path: str = "/", **options: Any) -> Page:
        contexts.append(browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options)))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.extend([message.text] * (message.type in ("error", "warning"))))
        page.goto(f"{site(recognizer)}{path}")
        return page

    yield open_in_context
    for context in contexts:
        context.close()
    refused = re.compile("Failed to load resource|blocked by CORS policy")  # told by the browser, not by the page
    assert [text for text in complaints if not refused.search(text)] == []


@pytest.fixture
def client(open_client: Callable[..., Page], school: Service) -> Page:
    page = open_client(school)
    expect(outputs(page)).to_have_count(10)
    return page


FOUR: list[Stroke] = [[(0.42, 0.2), (0.3, 0.55), (0.72, 0.55)], [(0.6, 0.3), (0.6, 0.85)]]
NUMBER = (FOUR, ZERO, SEVEN)


def write(page: Page, *digits: list[Stroke]) -> None:
    """Draw digits side by side, each in a square: the paper itself is as wide as the window."""
    box = page.locator("#pad").bounding_box()
    assert box
    edge = 0.5 - box["width"] / box["height"] / 2  # of the paper, in heights, as `place` counts
    for number, strokes in enumerate(digits):
        left = edge + 10 / box["height"] + number * 0.65 * 0.7
        draw(page, [[(left + x * 0.65, 0.15 + y * 0.65) for x, y in stroke] for stroke in strokes])
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")  # it has seen it


def outputs(page: Page) -> Locator:
    return page.locator("#outputs button")


def choice(page: Page, name: str) -> Locator:
    """Return the button that corrects a digit to `name`, once the last stroke is answered."""
    expect(page.locator("#outputs")).to_have_attribute("aria-busy", "false")
    return outputs(page).filter(has=page.get_by_text(name, exact=True))


def digit_box(page: Page, number: int) -> tuple[float, float]:
    """Return the middle of the box around a digit, in the window."""
    box = page.locator(".box").nth(number).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_number_is_read_across_origins_and_its_digit_is_corrected_and_taken_back(client):
    with client.expect_response("**/read?*") as asked:
        write(client, *NUMBER)
    expect_answer(client, "407")
    expect(client.locator("#sentence")).to_have_text(re.compile(r"\d+%"))
    origin = asked.value.request.all_headers()["origin"]
    assert client.url == f"{origin}/"
    assert not asked.value.url.startswith(origin)
    assert asked.value.headers["access-control-allow-origin"] == "*"

    client.mouse.click(*digit_box(client, 1))
    expect(client.locator("#title")).to_have_text(re.compile("^Digit 2 of 3: .*0"))
    with client.expect_response("**/train") as taught:
        choice(client, "6").click()
    assert taught.value.status == 201
    assert taught.value.headers["access-control-allow-origin"] == origin
    words = re.compile(r"^It said 0 \(\d+% sure\); now it says 6 \(\d+% sure\)\.$")
    expect(client.locator("#progress")).to_have_text(words)
    expect_answer(client, "467")

    client.get_by_role("button", name="Take back").click()
    expect_answer(client, "407")
    expect(client.locator("#progress")).to_have_text("Taken back.")


def test_each_digit_has_a_box_around_its_ink(client):
    write(client, *NUMBER)
    expect_answer(client, "407")
    expect(client.locator(".box")).to_have_count(3)
    ink = client.locator("#pad path").nth(2).bounding_box()  # the 4 has two strokes
    box = client.locator(".box").nth(1).bounding_box()
    for side in ("x", "y", "width", "height"):
        assert box[side] == pytest.approx(ink[side], abs=5)


def test_a_finger_draws_and_chooses_and_the_page_stays_where_it_is(open_client, school):
    page = open_client(school, **PHONE)
    expect(page.locator("#pad")).to_be_in_viewport(ratio=1)
    session = page.context.new_cdp_session(page)
    touch(session, [place(page, (0.25, y)) for y in np.linspace(0.8, 0.2, 12)])
    touch(session, [place(page, (0.6, y)) for y in np.linspace(0.2, 0.8, 12)])
    expect_answer(page, "11")
    page.touchscreen.tap(*digit_box(page, 0))
    expect(page.locator("#title")).to_contain_text("Digit 1 of 2")
    page.touchscreen.tap(*digit_box(page, 1))
    expect(page.locator("#title")).to_contain_text("Digit 2 of 2")
    expect_answer(page, "11")
    assert page.evaluate("scrollY") == 0


def test_what_the_network_saw_of_a_digit_is_shown(client):
    write(client, SEVEN)
    expect_answer(client, "7")
    shades = "new Set(seen.getContext('2d').getImageData(0, 0, 28, 28).data).size"
    client.wait_for_function(f"() => {shades} > 20")


def test_the_first_view_has_the_paper_and_no_button(client):
    expect(client.locator("#sentence")).to_have_text("Draw a number")
    expect(client.locator("#pad")).to_be_in_viewport(ratio=1)
    expect(client.get_by_role("button")).to_have_count(0)


def test_an_empty_paper_is_not_sent_and_undo_brings_a_drawing_back(client):
    asked: list[str] = []
    client.on("request", lambda request: asked.append(request.url))
    write(client, ONE)
    expect_answer(client, "1")
    client.get_by_role("button", name="Clear").click()
    expect(client.locator("#sentence")).to_have_text("Draw a number")
    sent = len(asked)
    client.wait_for_timeout(500)  # there is nothing to wait for: nothing may be sent
    assert len(asked) == sent
    client.keyboard.press("Control+z")
    expect_answer(client, "1")


def test_the_keyboard_alone_chooses_a_digit_and_corrects_it(client):
    write(client, *NUMBER)
    expect_answer(client, "407")
    expect(client.locator("#spoken")).to_contain_text("4 0 7, ")
    client.get_by_role("button", name="Clear").focus()
    client.keyboard.press("Tab")
    expect(client.get_by_role("radio", checked=True)).to_be_focused()
    client.get_by_role("radio", name="4").check(force=True)
    client.keyboard.press("ArrowRight")
    expect(client.locator("#title")).to_contain_text("Digit 2 of 3")
    for _ in range(7):  # 0 to 6
        client.keyboard.press("Tab")
    expect(choice(client, "6")).to_be_focused()
    client.keyboard.press("Enter")
    expect(client.locator("#progress")).to_contain_text("now it says 6")
    expect(choice(client, "6")).to_be_focused()
    client.get_by_role("button", name="Take back").press("Enter")
    expect(client.locator("#progress")).to_have_text("Taken back.")
    expect_answer(client, "407")


def test_a_drawing_stays_whole_and_is_read_alike_in_a_narrower_window(client):
    write(client, *NUMBER)
    expect_answer(client, "407")
    client.set_viewport_size({"width": 320, "height": 800})
    inks, paper = client.locator("#pad path").all(), client.locator("#pad").bounding_box()
    boxes = [ink.bounding_box() for ink in inks]
    assert max(box["x"] + box["width"] for box in boxes) <= paper["x"] + paper["width"] + 10  # half a pen's width
    client.get_by_role("button", name="Undo").click()
    expect_answer(client, "40")
    client.mouse.click(*digit_box(client, 0))
    expect(client.locator("#title")).to_contain_text("Digit 1 of 2")


def test_a_server_that_goes_away_is_told_and_asked_again(client, school):
    school.stop()
    write(client, SEVEN)
    expect(client.get_by_role("alert")).to_contain_text("The server does not answer.")
    school.start()
    expect_answer(client, "7")
    expect(client.get_by_role("alert")).to_be_empty()


def test_a_correction_is_not_lost_when_the_server_goes_away(client, school):
    write(client, SEVEN)
    expect_answer(client, "7")
    one = choice(client, "1")
    school.stop()
    one.click()
    expect(client.locator("#progress")).to_contain_text("The server does not answer.")
    school.start()
    one.click()
    expect(client.locator("#progress")).to_contain_text("now it says 1")


def test_an_origin_that_is_not_listed_may_ask_and_is_told_why_it_may_not_teach(open_client, serve):
    page = open_client(serve(ORIGINS="https://a.example"))
    write(page, SEVEN)
    expect_answer(page, "7")
    choice(page, "1").click()
    expect(page.locator(".problem")).to_contain_text("DIGITS_ORIGINS")


def test_a_server_that_cannot_be_taught_says_so(open_client, serve):
    page = open_client(serve(LEARNING="off"))
    write(page, SEVEN)
    expect(page.get_by_text("Learning is turned off here")).to_be_visible()
    expect(choice(page, "1")).to_be_disabled()


@pytest.mark.parametrize("options", [{"color_scheme": "dark", "viewport": DESKTOP}, PHONE], ids=["dark", "phone"])
def test_all_of_it_fits_without_scrolling_nothing_moves_and_axe_finds_no_barrier(open_client, school, options):
    page = open_client(school, **options)
    page.evaluate("""() => {
        window.moved = [];
        const note = (list) => list.getEntries().forEach((entry) => moved.push(entry.value));
        new PerformanceObserver(note).observe({type: "layout-shift", buffered: true});
    }""")
    expect(outputs(page)).to_have_count(10)
    assert barriers(page) == []
    write(page, ONE, SEVEN)
    expect_answer(page, "17")
    choice(page, "2").click()
    expect(page.locator("#progress")).to_contain_text("now it says")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.evaluate("moved") == []


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_letters_are_shown_and_taught_and_all_of_them_fit(open_client, serve, tmp_path, options):
    page = open_client(serve(letters_model(tmp_path)), **options)
    width = page.evaluate("innerWidth")
    expect(page.locator("#sentence")).to_contain_text("Draw one of these: A, B, C")
    with page.expect_response("**/query?*"):
        write(page, [[(0.35, 0.2), (0.35, 0.8), (0.7, 0.8)]])
    expect(page.locator("#outputs .best .name")).to_have_text("L")
    expect(page.locator("#outputs .name")).to_have_text(list(ascii_uppercase))
    expect_targets(outputs(page), width)
    choice(page, "Z").click()
    words = re.compile(r"^It said L \(\d+% sure\); now it says Z \(\d+% sure\)\.$")
    expect(page.locator("#progress")).to_have_text(words)
    expect(page.locator("#label")).to_have_text("Z")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page) == []


def test_clothes_are_shown_by_their_names(open_client, serve):
    page = open_client(serve(PROJECT / "models" / "clothes.npz"), **PHONE)
    write(page, ZERO)
    expect(page.locator("#label")).to_have_text(re.compile("[A-Za-z]{3,}"))
    expect_targets(outputs(page), page.evaluate("innerWidth"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == []


def test_a_client_of_the_older_protocol_works_unchanged(open_client, school):
    """What Angular's HttpClient sends for `http.post(url, {imageData: canvas.toDataURL()})`, and what it reads."""
    page = open_client(school, path="/empty")
    answer = page.evaluate(
        """(url) => new Promise((resolve, reject) => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 280;
            const context = canvas.getContext("2d");
            context.lineWidth = 20;
            context.stroke(new Path2D("M84 70h112l-28 56-28 56-17 42"));
            const request = new XMLHttpRequest();
            request.open("POST", url);
            request.setRequestHeader("Accept", "application/json, text/plain, */*");
            request.setRequestHeader("Content-Type", "application/json");
            request.onload = () => resolve(JSON.parse(request.responseText));
            request.onerror = () => reject(new Error("the browser refused"));
            request.send(JSON.stringify({imageData: canvas.toDataURL()}));
        })""",
        f"{school.url}recognize-digit",
    )
    assert answer["message"] == "7"


# its README


def test_every_route_in_its_readme_exists():
    named = set(re.findall(r"`(GET|POST|PATCH|DELETE) (/[^`?]*)", README))
    described = {(method.upper(), path) for path, methods in ROUTES.items() for method in methods}
    assert named == described


def test_every_status_in_its_readme_is_described():
    statuses = set(re.findall(r"\| (\d{3}) \|", README))
    described = {status for methods in ROUTES.values() for method in methods.values() for status in method["responses"]}
    assert statuses == {status for status in described if int(status) >= 400}


def example(language: str, recognizer: Service) -> str:
    """Return what README shows in `language`, sent to a server of the tests."""
    code = re.search(rf"```{language}\n(.*?)```", README[README.index("## The same request") :], re.DOTALL)
    assert code
    return code[1].replace("http://127.0.0.1:5000/", recognizer.url)


def test_its_curl_is_answered(school, tmp_path):
    if shutil.which("curl") is None:
        missing("curl")
    shutil.copy(SEVEN_PNG, tmp_path)
    command = example("sh", school).replace("curl", "curl --silent", 1)
    done = subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(done.stdout)["label"] == "7"


def test_its_python_is_answered(school, tmp_path, monkeypatch, capsys):
    shutil.copy(SEVEN_PNG, tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(example("python", school), {})
    assert capsys.readouterr().out.startswith("7 0.9")


def test_its_fetch_is_answered(open_client, school):
    page = open_client(school, path="/empty")
    drawn = "const canvas = document.createElement('canvas'); canvas.getContext('2d').fillRect(140, 20, 12, 110);"
    said: list[str] = []
    # The browser itself may say that the page has no icon.
    page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)
    page.evaluate(f"(async () => {{ {drawn} {example('js', school)} }})()")
    assert said[0].startswith("1 0.")


def test_the_lock_file_names_no_registry():
    assert "resolved" not in (CLIENT / "package-lock.json").read_text(encoding="utf-8")
