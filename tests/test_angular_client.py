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
from playwright.sync_api import Browser, Page, expect

from docs.screenshots import draw, place
from tests.browsing import (
    ONE,
    PHONE,
    SEVEN,
    Service,
    barriers,
    choice,
    expect_answer,
    expect_targets,
    letters_model,
    touch,
    undo_button,
)
from tests.conftest import PROJECT, missing
from web.settings import DEVELOPMENT

CLIENT = PROJECT / "clients" / "angular"
BUILT = CLIENT / "dist" / "digits" / "browser"
README = (CLIENT / "README.md").read_text(encoding="utf-8")
SEVEN_PNG = PROJECT / "docs" / "seven.png"
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
    expect(page.locator("#bars li")).to_have_count(10)
    return page


def test_a_drawing_is_answered_across_origins_corrected_and_taken_back(client):
    with client.expect_response("**/query?*") as asked:
        draw(client, SEVEN)
    expect_answer(client, "7")
    expect(client.locator("#sentence")).to_have_text(re.compile(r"^\d+% sure$"))
    expect(client.locator("#bars .best .name")).to_have_text("7")
    origin = asked.value.request.all_headers()["origin"]
    assert client.url == f"{origin}/"
    assert not asked.value.url.startswith(origin)
    assert asked.value.headers["access-control-allow-origin"] == "*"

    with client.expect_response("**/train") as taught:
        choice(client, "1").click()
    assert taught.value.status == 201
    assert taught.value.headers["access-control-allow-origin"] == origin
    words = re.compile(r"^It said 7 \(\d+% sure\); now it says 1 \(\d+% sure\)\.$")
    expect(client.locator("#question")).to_have_text(words)
    expect(client.locator("#label")).to_have_text(re.compile(r"^1\??$"))

    undo_button(client).click()
    expect_answer(client, "7")
    expect(client.locator("#question")).to_have_text("Is that right?")


def test_a_finger_draws_and_the_page_stays_where_it_is(open_client, school):
    page = open_client(school, **PHONE)
    expect(page.locator("#pad")).to_be_in_viewport(ratio=1)
    touch(page.context.new_cdp_session(page), [place(page, (0.5, y)) for y in np.linspace(0.8, 0.2, 12)])
    expect_answer(page, "1")
    assert page.evaluate("scrollY") == 0


def test_what_the_network_saw_is_shown(client):
    draw(client, SEVEN)
    expect_answer(client, "7")
    shades = "new Set(seen.getContext('2d').getImageData(0, 0, 28, 28).data).size"
    client.wait_for_function(f"{shades} > 20")


def test_an_empty_paper_is_not_sent_and_undo_brings_a_drawing_back(client):
    asked: list[str] = []
    client.on("request", lambda request: asked.append(request.url))
    expect(client.get_by_role("button", name="Clear")).to_be_disabled()
    expect(client.locator("#sentence")).to_have_text("Draw a digit")
    draw(client, ONE)
    expect_answer(client, "1")
    client.get_by_role("button", name="Clear").click()
    expect(client.locator("#sentence")).to_have_text("Draw a digit")
    sent = len(asked)
    client.wait_for_timeout(500)  # there is nothing to wait for: nothing may be sent
    assert len(asked) == sent
    client.keyboard.press("Control+z")
    expect_answer(client, "1")


def test_the_keyboard_alone_can_draw_and_correct(client):
    client.keyboard.press("Tab")
    expect(client.locator("#pad")).to_be_focused()
    for _ in range(8):
        client.keyboard.press("ArrowUp")
    client.keyboard.press("Space")
    for _ in range(16):
        client.keyboard.press("ArrowDown")
    client.keyboard.press("Enter")
    expect_answer(client, "1")
    expect(client.locator("#spoken")).to_contain_text("1, ")
    client.get_by_role("button", name="Yes").focus()
    client.keyboard.press("Enter")
    expect(client.locator("#question")).to_have_text("Thank you.")
    client.keyboard.press("Tab")
    expect(undo_button(client)).to_be_focused()
    client.keyboard.press("Enter")
    expect(client.locator("#question")).to_have_text("Is that right?")
    expect(undo_button(client)).to_be_focused()


def test_a_server_that_goes_away_is_told_and_asked_again(client, school):
    school.stop()
    draw(client, SEVEN)
    expect(client.get_by_role("alert")).to_contain_text("The server does not answer.")
    school.start()
    expect_answer(client, "7")
    expect(client.get_by_role("alert")).to_be_empty()


def test_an_origin_that_is_not_listed_may_ask_and_is_told_why_it_may_not_teach(open_client, serve):
    page = open_client(serve(ORIGINS="https://a.example"))
    draw(page, SEVEN)
    expect_answer(page, "7")
    choice(page, "1").click()
    expect(page.locator(".problem")).to_contain_text("DIGITS_ORIGINS")


def test_a_server_that_cannot_be_taught_says_so(open_client, serve):
    page = open_client(serve(LEARNING="off"))
    expect(page.get_by_text("Learning is turned off here")).to_be_visible()


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, PHONE], ids=["dark", "phone"])
def test_axe_finds_no_barrier_and_nothing_scrolls_sideways(open_client, school, options):
    page = open_client(school, **options)
    expect(page.locator("#bars li")).to_have_count(10)
    assert barriers(page) == []
    draw(page, SEVEN)
    choice(page, "1").click()
    expect(page.locator("#question")).to_contain_text("now it says")
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_letters_are_shown_and_taught_and_all_of_them_fit(open_client, serve, tmp_path, options):
    page = open_client(serve(letters_model(tmp_path)), **options)
    width = page.evaluate("innerWidth")
    expect(page.locator("h1")).to_have_text("Which letter is it?")
    expect(page).to_have_title("Which letter is it?")
    expect(page.locator("#sentence")).to_have_text("Draw a letter")
    expect(page.locator("#bars .name")).to_have_text(list(ascii_uppercase))
    choices = page.get_by_role("group", name="No, it is:").get_by_role("button")
    expect(choices).to_have_text(list(ascii_uppercase))
    expect_targets(choices, width)
    draw(page, [[(0.35, 0.2), (0.35, 0.8), (0.7, 0.8)]])
    expect(page.locator("#bars .best .name")).to_have_text("L")
    choice(page, "Z").click()
    words = re.compile(r"^It said L \(\d+% sure\); now it says Z \(\d+% sure\)\.$")
    expect(page.locator("#question")).to_have_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
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
