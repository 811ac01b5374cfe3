"""The drawing page, in a real browser and against the real server."""

import base64
import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import Any
from urllib.parse import parse_qs, urlparse

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, JSHandle, Locator, Page, Request, Route, expect

from data.data_sets import FASHION, shipped_model
from docs.screenshots import Stroke, draw, place
from neural_network import NeuralNetwork
from teaching.update import curvature_tables
from tests.browsing import (
    FOUR,
    ONE,
    PHONE,
    SEVEN,
    ZERO,
    Service,
    barriers,
    choice,
    draw_to_the_end,
    expect_answer,
    expect_targets,
    ink,
    letters_model,
    picture_of_seven,
    side_by_side,
    touch,
    undo_button,
)
from tests.conftest import Open

L: list[Stroke] = [[(0.35, 0.2), (0.35, 0.8), (0.7, 0.8)]]


def transfer(page: Page, content: bytes, kind: str, name: str = "seven") -> JSHandle:
    """Return a DataTransfer with one file, as dropping and pasting bring."""
    return page.evaluate_handle(
        """([content, type, name]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, {type}));
            return transfer;
        }""",
        [base64.b64encode(content).decode(), kind, name],
    )


def colours(page: Page, selector: str) -> NDArray[np.int64]:
    """Return red, green and blue of the 784 pixels of a canvas, (784, 3) from 0 to 255."""
    data = page.evaluate(
        "(selector) => [...document.querySelector(selector).getContext('2d').getImageData(0, 0, 28, 28).data]", selector
    )
    return np.array(data).reshape(784, 4)[:, :3]


def greys(page: Page, selector: str) -> list[int]:
    """Return the 784 greys of a canvas, 0 to 255; there may be no other colour."""
    red, green, blue = colours(page, selector).T.tolist()
    assert red == green == blue
    return red


def drop(page: Page, content: bytes, kind: str, name: str = "seven") -> None:
    page.dispatch_event("#paper", "drop", {"dataTransfer": transfer(page, content, kind, name)})


def queries(page: Page) -> list[Request]:
    """Return a list to which each question to the server will be added."""
    asked: list[Request] = []

    def notice(request: Request) -> None:
        if "/read" in request.url:
            asked.append(request)

    page.on("request", notice)
    return asked


def answer_with(page: Page, **answer: Any) -> None:
    """Let every number be read as the server does, but for what is given here of its one digit."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        reading = response.json()
        digits = [digit | answer for digit in reading["digits"]]
        also = {name: value for name, value in answer.items() if name in reading}
        also |= {"text": answer["label"]} if "label" in answer else {}
        route.fulfill(response=response, json=reading | also | {"digits": digits})

    page.route("**/read*", fulfil)


# drawing


@pytest.mark.parametrize(("digit", "strokes"), [("0", ZERO), ("1", ONE), ("7", SEVEN)])
def test_a_digit_drawn_with_the_mouse_is_recognised(page, digit, strokes):
    draw(page, strokes)
    expect_answer(page, digit)
    expect(page.locator("#bars .best .name")).to_have_text(digit)


def test_a_finger_draws_and_the_page_stays_where_it_is(open_page):
    page = open_page(**PHONE)
    session = page.context.new_cdp_session(page)
    touch(session, [place(page, (0.5, y)) for y in np.linspace(0.8, 0.2, 12)])
    expect_answer(page, "1")
    assert page.evaluate("scrollY") == 0
    touch(session, [(200, y) for y in range(50, 0, -4)])  # beside the paper a finger scrolls as ever
    page.wait_for_function("() => scrollY > 0")


def test_a_second_finger_draws_nothing(open_page):
    page = open_page(**PHONE)
    session = page.context.new_cdp_session(page)
    first, second = ({"x": x, "y": y} for x, y in (place(page, (0.3, 0.3)), place(page, (0.7, 0.7))))
    for kind, fingers in (("touchStart", [first]), ("touchStart", [first, second]), ("touchEnd", [])):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    page.locator("#undo").click()
    expect(page.locator("#undo")).to_be_disabled()  # there was one stroke


def test_a_stylus_that_is_pressed_harder_draws_wider(open_page):
    inked = []
    for force in (0.1, 0.9):
        page = open_page()
        session = page.context.new_cdp_session(page)
        kinds = ["mousePressed", *["mouseMoved"] * 8, "mouseReleased"]
        for kind, down in zip(kinds, np.linspace(0.2, 0.8, len(kinds)), strict=True):
            x, y = place(page, (0.5, down))
            event = {"type": kind, "x": x, "y": y, "force": force, "pointerType": "pen"}
            session.send("Input.dispatchMouseEvent", event | {"button": "left", "buttons": 1, "clickCount": 1})
        expect_answer(page, "1")
        inked.append(ink(page))
    assert 1.2 < inked[1] / inked[0] < 2


def test_the_pen_width_is_a_share_of_the_paper(page):
    draw(page, ONE)
    usual = ink(page)
    page.locator("#clear").click()
    page.locator("#pen").fill("12")
    draw(page, ONE)
    assert ink(page) == pytest.approx(usual * 12 / 6, rel=0.15)


def test_strokes_are_undone_redone_and_cleared_with_buttons(page):
    draw(page, [[(0.2, 0.2), (0.8, 0.2)], [(0.2, 0.8), (0.8, 0.8)]])
    both = ink(page)
    page.locator("#undo").click()
    one = ink(page)
    assert one == pytest.approx(both / 2, rel=0.05)
    page.locator("#redo").click()
    assert ink(page) == both
    page.locator("#clear").click()
    assert ink(page) == 0
    page.locator("#undo").click()  # clearing can be undone as well
    assert ink(page) == both


@pytest.mark.parametrize("redo", ["Control+Shift+Z", "Control+y"])
def test_strokes_are_undone_and_redone_with_keys(page, redo):
    draw(page, SEVEN)
    drawn = ink(page)
    page.keyboard.press("Control+z")
    assert ink(page) == 0
    page.keyboard.press(redo)
    assert ink(page) == drawn
    expect_answer(page, "7")


def test_a_drawing_is_sharp_and_survives_a_change_of_the_window(open_page):
    page = open_page(device_scale_factor=2)
    draw(page, SEVEN)
    drawn = ink(page)
    page.set_viewport_size({"width": 1000, "height": 500})
    page.wait_for_function("() => pad.height === Math.round(pad.clientHeight * 2) && pad.clientHeight < 450")
    assert ink(page) == pytest.approx(drawn, rel=0.02)


def test_the_keyboard_alone_can_draw(page):
    page.keyboard.press("Tab")  # to the button for projectors
    page.keyboard.press("Tab")  # to that for dark and light
    page.keyboard.press("Tab")
    expect(page.locator("#pad")).to_be_focused()
    expect(page.locator("#cursor")).to_be_visible()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    assert ink(page) == 0
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    expect_answer(page, "1")
    page.keyboard.press("Enter")
    drawn = ink(page)
    page.keyboard.press("ArrowRight")
    assert ink(page) == drawn  # the pen is up
    page.keyboard.press("Backspace")
    assert ink(page) == 0
    assert page.evaluate("scrollY") == 0


def test_escape_lifts_the_pen_of_the_keyboard_and_two_arrows_go_diagonally(page):
    page.locator("#pad").focus()
    page.keyboard.press("Space")
    page.keyboard.down("ArrowRight")
    for _ in range(5):
        page.keyboard.down("ArrowDown")
    page.keyboard.press("Escape")
    drawn = ink(page)
    page.keyboard.down("ArrowDown")
    assert ink(page) == drawn
    lines = page.evaluate("""async () => {
        await new Promise(requestAnimationFrame);
        const {width, height} = pad, side = height / 28, pixel = (x, y) =>
            pad.getContext("2d").getImageData(width / 2 + x * side, height / 2 + y * side, 1, 1).data[3];
        return [pixel(4, 3), pixel(0, 4)];
    }""")
    assert lines == [255, 0]


# the answer


def test_an_empty_paper_is_not_sent(page):
    asked = queries(page)
    draw(page, SEVEN)
    expect_answer(page, "7")
    page.locator("#clear").click()
    expect(page.locator("#sentence")).to_have_text("Draw a number")
    expect(page.locator("#label")).to_be_empty()
    sent = len(asked)
    page.keyboard.press("Control+z")
    expect_answer(page, "7")
    assert len(asked) == sent + 1


def test_a_dot_alone_is_no_digit_and_that_is_said_when_the_pen_is_lifted(page):
    page.mouse.move(*place(page, (0.5, 0.5)))
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#sentence")).to_have_text(re.compile("^(No digit is found here|Not sure|Is this a digit)"))


def test_the_answer_comes_while_the_pen_is_still_down(page):
    page.mouse.move(*place(page, (0.5, 0.2)))
    page.mouse.down()
    page.mouse.move(*place(page, (0.5, 0.8)), steps=10)
    expect_answer(page, "1")


def test_one_question_is_under_way_and_only_what_is_drawn_last_is_answered(page):
    held: list[Route] = []
    asked = queries(page)
    page.route("**/read*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/read*"):
        draw(page, ONE)
    page.locator("#clear").click()
    draw(page, SEVEN)
    assert len(asked) == 1
    held[0].continue_()
    expect_answer(page, "7")
    assert len(asked) == 2


def test_doubt_is_said_plainly(page):
    answer_with(page, label="7", unsure=True, confidence=0.4, outputs=[0, 0.3, 0, 0, 0, 0, 0, 0.4, 0, 0.1])
    draw(page, SEVEN)
    expect(page.locator("#sentence")).to_have_text("Not sure: 7 or 1?")
    expect_answer(page, "7?")


def test_what_is_hardly_a_digit_is_asked_about(page):
    answer_with(page, label="4", unsure=True, confidence=0.99, digit=0.1, is_digit=False)
    draw(page, SEVEN)
    expect(page.locator("#sentence")).to_have_text("Is this a digit? Perhaps 4.")
    expect_answer(page, "4?")
    expect(page.locator("#spoken")).to_have_text("four? Is this a digit? Perhaps 4.")


def test_the_bars_tell_how_strongly_each_output_node_fires_without_per_cent(page):
    answer_with(page, outputs=[0.004, 0.116, 0, 0, 0, 0, 0, 0.997, 0, 0])
    draw(page, SEVEN)
    expect(page.locator("#bars .value")).to_have_text(
        ["0.00", "0.12", "0.00", "0.00", "0.00", "0.00", "0.00", "0.99", "0.00", "0.00"]
    )


def test_the_pixels_that_the_network_sees_are_shown(page):
    pixels = [i % 256 for i in range(784)]
    answer_with(page, pixels=pixels)
    draw(page, SEVEN)
    expect_answer(page, "7")
    page.locator("#why").uncheck()
    assert greys(page, "#seen") == pixels


def test_what_is_sent_is_black_on_white_whatever_the_theme(open_page):
    for scheme in ("light", "dark"):
        page = open_page(color_scheme=scheme)
        asked = queries(page)
        draw(page, SEVEN)
        expect_answer(page, "7")
        kind, content = json.loads(asked[-1].post_data or "")["imageData"].split(",")
        assert kind == "data:image/png;base64"
        image = Image.open(io.BytesIO(base64.b64decode(content))).convert("L")
        assert (image.height, image.getpixel((0, 0)), image.getextrema()) == (280, 255, (0, 255))
        shape = page.evaluate("pad.clientWidth / pad.clientHeight")
        assert image.width / image.height == pytest.approx(shape, abs=0.01)


def test_a_screen_reader_hears_the_answer_only_once_it_has_settled(page):
    page.clock.install(time=0)
    page.reload()
    expect(page.locator("#choices button")).to_have_count(10)
    page.clock.pause_at(60_000)
    draw(page, ONE)
    page.clock.run_for(150)
    expect_answer(page, "1")
    page.clock.run_for(500)
    page.locator("#clear").click()
    draw(page, SEVEN)
    page.clock.run_for(150)
    expect_answer(page, "7")
    page.clock.run_for(500)
    expect(page.locator("#spoken")).to_be_empty()
    page.clock.run_for(800)
    expect(page.locator("#spoken")).to_contain_text("seven, ")


# numbers


NUMBER = side_by_side(FOUR, ZERO, SEVEN)


@pytest.fixture
def numbered(open_page: Open, school: Service) -> Page:
    """A page with 407 on it."""
    page = open_page(school.url)
    draw_to_the_end(page, NUMBER, "407")
    return page


def digit(page: Page, place: int) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^Digit {place} of"))


def over_digit(page: Page, place: int) -> tuple[float, float]:
    """Return where in the window the middle of a digit on the paper is."""
    box = page.locator("#boxes rect").nth(place - 1).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_number_is_read_with_a_box_around_each_digit_and_said_digit_by_digit(numbered):
    expect(numbered.locator("#boxes rect")).to_have_count(3)
    ink_height = numbered.evaluate("pad.clientHeight")
    for number, middle in enumerate((-0.4, 0, 0.4), 1):
        x, y = over_digit(numbered, number)
        assert (x, y) == pytest.approx(place(numbered, (0.5 + middle, 0.5)), abs=0.07 * ink_height)
    expect(numbered.locator("#spoken")).to_have_text(re.compile(r"^four zero seven, \d+% sure$"))


def test_a_digit_is_chosen_by_pointing_at_it_on_the_paper_with_its_pixels_and_outputs(numbered):
    expect(digit(numbered, 3)).to_have_attribute("aria-current", "true")  # what was written last
    expect(numbered.locator("#bars .best .name")).to_have_text("7")
    seen = numbered.evaluate("seen.toDataURL()")
    drawn = ink(numbered)
    numbered.mouse.move(*over_digit(numbered, 1))
    expect(digit(numbered, 1)).to_have_attribute("aria-current", "true")
    expect(numbered.locator("#boxes .chosen")).to_have_count(1)
    expect(numbered.locator("#bars .best .name")).to_have_text("4")
    assert numbered.evaluate("seen.toDataURL()") != seen
    assert ink(numbered) == drawn


def test_a_tap_on_a_digit_chooses_it_and_draws_nothing(open_page):
    page = open_page(**PHONE)
    draw_to_the_end(page, side_by_side(ONE, SEVEN), "17")
    drawn = ink(page)
    touch(page.context.new_cdp_session(page), [over_digit(page, 1)])
    expect(digit(page, 1)).to_have_attribute("aria-current", "true")
    expect(page.locator("#bars .best .name")).to_have_text("1")
    assert ink(page) == drawn


def test_a_stroke_may_begin_on_a_digit(page):
    draw_to_the_end(page, ONE, "1")
    draw(page, [[(0.5, 0.5), (0.5, 0.3)], [(0.5, 0.5), (0.8, 0.5)]])
    page.locator("#undo").click()
    page.locator("#undo").click()
    expect_answer(page, "1")


def test_the_keyboard_alone_chooses_a_digit_and_corrects_that_one(numbered):
    digit(numbered, 3).focus()
    numbered.keyboard.press("ArrowLeft")
    expect(digit(numbered, 2)).to_be_focused()
    expect(numbered.locator("#teach-words")).to_have_text("Is digit 2 a 0?")
    with numbered.expect_request("**/train") as told:
        teach_by_key(numbered, "6")
    sent = json.loads(told.value.post_data or "")
    assert (sent["label"], len(sent["inputs"])) == ("6", 784)
    expect(numbered.locator("#teach-words")).to_contain_text("It said 0")
    expect(numbered.locator("#label")).to_have_text(re.compile(r"^467\??$"))
    expect(digit(numbered, 2)).to_be_focused()
    numbered.keyboard.press("ArrowLeft")
    expect(numbered.locator("#teach-words")).to_have_text("Is digit 1 a 4?")  # each is asked about on its own
    numbered.keyboard.press("ArrowRight")
    undo_button(numbered).click()
    expect_answer(numbered, "407")


def test_marks_that_are_no_digits_are_told(page):
    draw(page, [*side_by_side(ONE, SEVEN), [(0.48, 0.5), (0.53, 0.5)]])
    expect(page.locator("#label")).to_have_text(re.compile(r"^17\??$"))
    expect(page.locator("#sentence")).to_contain_text("1 mark left out")
    expect(page.locator("#boxes .left-out")).to_have_count(1)


def test_a_number_stays_whole_on_a_narrower_paper(open_page):
    page = open_page(viewport={"width": 1600, "height": 800})
    draw_to_the_end(page, NUMBER, "407")
    drawn = ink(page)
    page.set_viewport_size({"width": 420, "height": 800})
    page.wait_for_function("() => pad.width < 400")
    assert ink(page) < drawn
    page.locator("#undo").click()
    page.locator("#redo").click()
    expect_answer(page, "407")


# pictures


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_dropped_picture_is_shown_sent_as_it_is_and_answered(page, service, kind):
    asked = queries(page)
    content = picture_of_seven(f".{kind}")
    drop(page, content, f"image/{kind}")
    expect_answer(page, "7")
    expect(page.locator("#preview")).to_be_visible()
    assert asked[-1].headers["content-type"] == f"image/{kind}"
    assert content in service.received


def test_a_pasted_picture_is_answered(page):
    clipboard = transfer(page, picture_of_seven(".png"), "image/png")
    page.evaluate("(clipboardData) => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData}))", clipboard)
    expect_answer(page, "7")


@pytest.mark.parametrize("selector", ["#file", "#photo"])
def test_a_chosen_or_photographed_picture_is_answered(open_page, selector):
    page = open_page(**PHONE)
    picture = {"name": "seven.png", "mimeType": "image/png", "buffer": picture_of_seven(".png")}
    page.locator(selector).set_input_files(picture)
    expect_answer(page, "7")


def test_a_picture_gives_way_to_drawing_and_clearing_and_comes_back_by_undo(page):
    drop(page, picture_of_seven(".png"), "image/png")
    expect_answer(page, "7")
    draw(page, ONE)
    expect_answer(page, "1")
    expect(page.locator("#preview")).to_be_hidden()
    page.locator("#undo").click()
    expect(page.locator("#preview")).to_be_visible()
    page.locator("#clear").click()
    expect(page.locator("#preview")).to_be_hidden()
    expect(page.locator("#sentence")).to_have_text("Draw a number")


@pytest.mark.parametrize(("kind", "side"), [("gif", 200), ("png", 4200)])
def test_what_the_server_does_not_take_is_made_into_what_it_takes(page, service, kind, side):
    content = io.BytesIO()
    Image.open(io.BytesIO(picture_of_seven(".png", side))).save(content, kind)
    asked = queries(page)
    drop(page, content.getvalue(), f"image/{kind}")
    expect_answer(page, "7")
    assert asked[-1].headers["content-type"] == "image/png"
    sent = Image.open(io.BytesIO(next(body for body in reversed(service.received) if body.startswith(b"\x89PNG"))))
    assert sent.format == "PNG"
    assert max(sent.size) <= 4096


def test_a_file_that_is_no_picture_is_told_and_not_sent(page):
    draw_to_the_end(page)
    drawn, asked = ink(page), queries(page)
    drop(page, b"no picture", "image/heic", "photo.heic")
    expect(page.locator("#sentence")).to_contain_text("cannot read photo.heic")
    assert (ink(page), asked) == (drawn, [])  # and the drawing stays


def test_a_picture_without_ink_asks_for_a_digit(page):
    drop(page, cv2.imencode(".png", np.full((100, 100), 255, np.uint8))[1].tobytes(), "image/png")
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#sentence")).to_have_text("Draw a number")


# the server away


def test_the_page_says_that_the_server_is_away_and_recovers_by_itself(open_page, serve):
    service = serve()
    page = open_page(service.url)
    draw_and_clear(page)
    service.stop()
    page.locator("#undo").click()
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(page.locator("#label")).to_be_empty()
    service.start()
    expect_answer(page, "7")
    expect(page.locator("#banner")).to_be_hidden()


def test_the_server_s_own_words_are_shown_while_it_fails(page):
    draw_and_clear(page)
    problem = {"type": "about:blank", "status": 503, "code": "busy", "detail": "A model is being trained."}
    page.route("**/read*", lambda route: route.fulfill(status=503, json=problem))
    page.locator("#undo").click()
    expect(page.get_by_role("alert")).to_contain_text("A model is being trained.")
    page.unroute("**/read*")
    expect_answer(page, "7")
    expect(page.locator("#banner")).to_be_hidden()


def draw_and_clear(page: Page) -> None:
    """Leave a drawing that comes back by undo at once: drawing it takes several questions, undo a single one."""
    draw(page, SEVEN)
    expect_answer(page, "7")
    page.locator("#clear").click()


def test_a_refusal_is_said_and_not_repeated(page):
    asked = queries(page)
    problem = {"type": "about:blank", "status": 422, "code": "bad-image", "detail": "The picture is not whole."}
    page.route("**/read*", lambda route: route.fulfill(status=422, json=problem))
    drop(page, picture_of_seven(".png"), "image/png")
    expect(page.locator("#sentence")).to_have_text("The picture is not whole.")
    expect(page.locator("#banner")).to_be_hidden()
    assert len(asked) == 1


# teaching


@pytest.fixture
def lesson(open_page: Open, school: Service) -> Page:
    """A page with a 7 that has been answered."""
    page = open_page(school.url)
    draw_to_the_end(page)
    return page


def corrections(page: Page) -> Locator:
    """Open the list of what was taught, and return its rows."""
    page.locator("#corrections summary").click()
    expect(page.locator("#corrections-count")).not_to_be_empty()
    return page.locator("#correction-list li")


def expect_taught(page: Page, said: str, label: str) -> None:
    words = page.locator("#teach-words")
    expect(words).to_have_text(re.compile(rf"^It said {said} \(\d+% sure\); now it says {label} \(\d+% sure\)\."))
    expect_learnt(page, label)
    expect(page.locator("#spoken")).to_have_text(re.compile(r"^It said"))


def expect_learnt(page: Page, label: str) -> None:
    """Expect the label that was taught; one lesson against what looks otherwise may leave doubts."""
    expect(page.locator("#label")).to_have_text(re.compile(rf"^{label}\??$"))
    expect(page.locator("#bars .best .name")).to_have_text(label)


def requests_to(page: Page, path: str) -> list[Request]:
    """Return a list to which each request to `path` will be added."""
    made: list[Request] = []

    def notice(request: Request) -> None:
        if urlparse(request.url).path == path:
            made.append(request)

    page.on("request", notice)
    return made


def test_a_click_on_what_is_right_teaches_it_and_the_new_answer_is_seen_and_heard(lesson):
    drawn = [lesson.locator("#lines").inner_html(), lesson.evaluate("seen.toDataURL()")]
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    lesson.wait_for_function(
        "([lines, pixels]) => window.lines.innerHTML !== lines && seen.toDataURL() !== pixels", arg=drawn
    )
    for name in "0123456789":
        expect(choice(lesson, name)).to_be_disabled()  # it has been told


def test_the_key_of_the_right_digit_teaches_it_when_it_is_pressed_once_more(lesson):
    sent = requests_to(lesson, "/train")
    lesson.keyboard.press("1")
    again = re.compile(r"^It is \d+% sure of 7\. Press 1 again to teach it 1\.$")
    expect(lesson.locator("#teach-words")).to_have_text(again)
    expect(lesson.locator("#spoken")).to_have_text(again)
    lesson.keyboard.press("2")  # another key asks anew
    expect(lesson.locator("#teach-words")).to_contain_text("Press 2 again")
    assert sent == []
    teach_by_key(lesson, "1")
    expect_taught(lesson, said="7", label="1")


def test_one_key_is_enough_where_the_network_is_not_sure(lesson):
    lesson.locator("#clear").click()
    answer_with(lesson, unsure=True, confidence=0.6)
    lesson.locator("#undo").click()
    expect_answer(lesson, "7?")
    expect(lesson.locator("#right")).to_be_enabled()
    with lesson.expect_request("**/train"):
        lesson.keyboard.press("1")


def teach_by_key(page: Page, key: str) -> None:
    """Press a key twice, as a sure answer needs it."""
    page.keyboard.press(key)
    page.keyboard.press(key)


def test_control_z_undoes_a_lesson_before_the_drawing(lesson):
    drawn = ink(lesson)
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    lesson.keyboard.press("Control+z")
    expect(lesson.locator("#teach-words")).to_have_text("Is that right?")
    expect_answer(lesson, "7")
    assert ink(lesson) == drawn
    lesson.keyboard.press("Control+z")
    assert ink(lesson) == 0
    assert len(lesson.get_by_role("button", name="Undo", exact=True).all()) == 1


def test_what_is_no_digit_is_taught_as_none_of_these(lesson):
    with lesson.expect_request("**/train") as told:
        lesson.get_by_role("button", name="None of these").click()
    assert json.loads(told.value.post_data or "")["label"] == "none"
    expect(lesson.locator("#teach-words")).to_contain_text("It said 7")
    expect(corrections(lesson).locator("select")).to_have_value("none")


def test_nothing_about_teaching_shows_before_there_is_an_answer(page):
    expect(page.locator("#teach")).to_be_hidden()
    draw_to_the_end(page)
    expect(page.locator("#teach")).to_be_visible()
    page.locator("#clear").click()
    expect(page.locator("#teach")).to_be_hidden()


def test_a_visit_is_counted_and_what_was_drawn_before_is_answered_again(lesson):
    lesson.locator("#right").click()
    expect(lesson.locator("#tally")).to_have_text("1 drawn, 1 right, 0 taught")
    lesson.locator("#clear").click()
    draw_to_the_end(lesson, ZERO, "0")
    choice(lesson, "6").click()
    expect(lesson.locator("#teach-words")).to_contain_text("drawn before are read as before.")
    expect(lesson.locator("#tally")).to_contain_text("2 drawn, 1 right, 1 taught")
    lesson.reload()
    expect(lesson.locator("#tally")).to_contain_text("2 drawn, 1 right, 1 taught")


def test_a_lesson_is_seen_by_the_others_of_a_class(open_page, school, lesson):
    other = open_page(school.url)
    draw_to_the_end(other)
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    expect_learnt(other, "1")
    expect(other.locator("#tally")).to_contain_text("1 taught by all")


def test_whoever_reads_the_list_keeps_the_focus_when_somebody_else_teaches(open_page, school, lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    rows = corrections(lesson)
    rows.get_by_role("button", name="Unlearn").focus()
    other = open_page(school.url)
    draw_to_the_end(other, ZERO, "0")
    choice(other, "6").click()
    expect(rows).to_have_count(2)
    expect(rows.last.get_by_role("button", name="Unlearn")).to_be_focused()


def test_a_class_is_invited_by_a_code_where_others_reach_the_server(open_page, serve):
    expect(open_page(serve().url).locator("#invite")).to_be_hidden()
    page = open_page(serve(HOSTS="school.example", TOKEN="open-sesame-today").url)
    answer = {"address": "http://school.example/"}
    page.route("**/network", lambda route: route.fulfill(json=route.fetch().json() | answer))
    page.route(
        "**/address.svg",
        lambda route: route.fulfill(content_type="image/svg+xml", body="<svg xmlns='http://www.w3.org/2000/svg'/>"),
    )
    page.reload()
    page.locator("#invite").click()
    expect(page.get_by_role("dialog", name="http://school.example/")).to_be_visible()


@pytest.mark.parametrize("tell", ["Yes", "7", "the key 7"])
def test_what_is_right_already_is_thanked_for_and_not_sent(lesson, tell):
    sent = requests_to(lesson, "/train")
    if tell == "the key 7":
        lesson.keyboard.press("7")
    else:
        lesson.get_by_role("group", name="Is that right?").get_by_role("button", name=tell, exact=True).click()
    expect(lesson.locator("#teach-words")).to_have_text("Thank you.")
    expect(lesson.locator("#spoken")).to_have_text("Thank you.")
    assert sent == []
    undo_button(lesson).click()
    expect(lesson.locator("#right")).to_be_enabled()


def test_yes_to_a_doubtful_answer_makes_the_network_surer(lesson):
    lesson.locator("#clear").click()
    answer_with(lesson, unsure=True)
    lesson.locator("#undo").click()
    expect_answer(lesson, "7?")
    lesson.unroute("**/read*")
    with lesson.expect_response("**/train") as told:
        lesson.locator("#right").click()
    assert json.loads(told.value.request.post_data or "")["label"] == "7"
    expect(lesson.locator("#teach-words")).to_contain_text("it still says 7")
    expect_answer(lesson, "7")


def test_a_correction_that_is_still_being_learnt_is_said_to_be_kept(lesson):
    def answer_late(route):
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | {"learning": True})

    lesson.route("**/train", answer_late)
    choice(lesson, "1").click()
    expect(lesson.locator("#teach-words")).to_contain_text("Your correction is kept. The network is still learning it")
    expect(undo_button(lesson)).to_be_enabled()


def test_undo_makes_the_network_forget_and_asks_again(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    undo_button(lesson).click()
    expect_answer(lesson, "7")
    expect(lesson.locator("#teach-words")).to_have_text("Is that right?")
    expect(choice(lesson, "1")).to_be_enabled()
    expect(corrections(lesson)).to_have_count(0)


def test_the_question_is_asked_about_each_drawing_anew(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    lesson.locator("#clear").click()
    expect(lesson.locator("#teach-words")).to_be_empty()
    expect(lesson.locator("#right")).to_be_hidden()
    lesson.keyboard.press("5")  # about nothing
    draw_to_the_end(lesson, ZERO, "0")
    expect(corrections(lesson)).to_have_count(1)


def test_a_drawing_is_taught_as_it_was_sent_and_of_a_picture_only_the_pixels(lesson):
    for kept in ("imageData", "inputs"):
        with lesson.expect_request("**/train") as told:
            choice(lesson, "1").click()
        assert json.loads(told.value.post_data or "").keys() == {kept, "label"}
        expect_taught(lesson, said="7", label="1")
        undo_button(lesson).click()
        expect_answer(lesson, "7")
        drop(lesson, picture_of_seven(".png"), "image/png")
        expect(lesson.locator("#right")).to_be_enabled()


def test_a_double_click_teaches_once(lesson):
    sent = requests_to(lesson, "/train")
    choice(lesson, "1").dblclick()
    expect_taught(lesson, said="7", label="1")
    assert len(sent) == 1
    expect(corrections(lesson)).to_have_count(1)


def test_while_the_network_learns_nothing_else_can_be_told(lesson):
    held: list[Route] = []
    lesson.route("**/train", lambda route: held.append(route))
    sent = requests_to(lesson, "/train")
    choice(lesson, "1").click()
    expect(lesson.locator("#teach")).to_have_attribute("aria-busy", "true")
    for button in (lesson.locator("#right"), choice(lesson, "1"), choice(lesson, "2")):
        expect(button).to_be_disabled()
    lesson.keyboard.press("2")
    held[0].continue_()
    expect_taught(lesson, said="7", label="1")
    expect(lesson.locator("#teach")).to_have_attribute("aria-busy", "false")
    assert len(sent) == 1


def test_whoever_draws_on_while_the_network_learns_is_asked_about_the_new_drawing(lesson):
    held: list[Route] = []
    lesson.route("**/train", lambda route: held.append(route))
    choice(lesson, "1").click()
    expect(lesson.locator("#teach")).to_have_attribute("aria-busy", "true")
    lesson.locator("#clear").click()
    draw(lesson, ZERO)
    expect_answer(lesson, "0")
    held[0].continue_()
    expect(lesson.locator("#spoken")).to_contain_text("now it says 1")
    expect(lesson.locator("#teach-words")).to_have_text("Is that right?")
    expect(lesson.locator("#right")).to_be_enabled()
    expect_answer(lesson, "0")
    expect(corrections(lesson)).to_have_count(1)


def test_keys_that_are_meant_otherwise_teach_nothing(lesson):
    sent = requests_to(lesson, "/train")
    expect(corrections(lesson)).to_have_count(0)
    for key in ("Control+1", "Alt+1", "x", "+"):
        lesson.keyboard.press(key)
    lesson.locator("#pad").focus()
    lesson.keyboard.press("Space")  # puts the keyboard's pen down: nobody has finished drawing
    lesson.keyboard.press("1")
    lesson.keyboard.press("Space")
    expect(lesson.locator("#right")).to_be_enabled()
    lesson.get_by_label("The keys 0 to 9 answer as well").uncheck()
    lesson.keyboard.press("1")
    expect(lesson.locator("#right")).to_be_enabled()
    assert sent == []


def test_the_keyboard_alone_can_teach_and_undo_and_keeps_its_place(lesson):
    choice(lesson, "1").focus()
    lesson.keyboard.press("Enter")
    expect(undo_button(lesson)).to_be_focused()
    expect_taught(lesson, said="7", label="1")
    lesson.keyboard.press("Enter")
    expect(lesson.locator("#right")).to_be_focused()
    expect_answer(lesson, "7")
    lesson.keyboard.press("Enter")
    expect(lesson.locator("#teach-words")).to_have_text("Thank you.")
    expect(undo_button(lesson)).to_be_focused()


# what it was taught


def test_what_was_taught_is_listed_newest_first_with_its_pixels(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    lesson.locator("#clear").click()
    draw_to_the_end(lesson, ZERO, "0")
    rows = corrections(lesson)
    teach_by_key(lesson, "6")  # while the list is open
    expect(rows).to_have_count(2)
    expect(lesson.locator("#corrections-count")).to_have_text("2 corrections")
    assert [row.locator("select").input_value() for row in rows.all()] == ["6", "1"]
    expect(rows.nth(0)).to_contain_text(re.compile(r"The answer was 0 \(\d+% sure\)"))
    expect(rows.nth(1).locator("time")).to_have_text(re.compile(r"^\d+ \w+ \d{4}, \d\d:\d\d:\d\d$"))
    selectors = ("#seen", "#correction-list li:nth-child(1) canvas", "#correction-list li:nth-child(2) canvas")
    lesson.locator("#why").uncheck()
    seen, newest, oldest = (greys(lesson, selector) for selector in selectors)
    assert seen == newest != oldest


def test_a_label_in_the_list_is_changed_and_the_network_follows(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    rows = corrections(lesson)
    rows.locator("select").select_option("4")
    expect_learnt(lesson, "4")
    expect(lesson.locator("#teach-words")).to_have_text("Is that right?")
    expect(rows.locator("select")).to_have_value("4")
    lesson.reload()
    assert corrections(lesson).locator("select").input_value() == "4"


def test_one_is_taken_back_and_the_others_stay(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    lesson.locator("#clear").click()
    draw_to_the_end(lesson, ZERO, "0")
    choice(lesson, "6").click()
    expect_taught(lesson, said="0", label="6")
    rows = corrections(lesson)
    rows.first.get_by_role("button", name="Unlearn").focus()
    lesson.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("button", name="Unlearn")).to_be_focused()
    expect(lesson.locator("#corrections-count")).to_have_text("1 correction")
    expect_answer(lesson, "0")
    assert rows.locator("select").input_value() == "1"


def test_all_is_taken_back_only_when_that_is_confirmed(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    rows = corrections(lesson)
    dialog = lesson.get_by_role("dialog", name="Unlearn 1 correction?")
    for refusal in ("Escape", "Enter"):  # Enter presses what has the focus: Cancel
        lesson.locator("#undo-all").click()
        expect(dialog).to_be_visible()
        lesson.keyboard.press(refusal)
        expect(dialog).to_be_hidden()
    expect(rows).to_have_count(1)
    lesson.locator("#undo-all").click()
    dialog.get_by_role("button", name="Unlearn all").click()
    expect(rows).to_have_count(0)
    expect(lesson.locator("#corrections-count")).to_have_text("No corrections yet.")
    expect(lesson.locator("#undo-all")).to_be_disabled()
    expect_answer(lesson, "7")


def test_what_was_taught_is_saved_as_csv(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    expect(corrections(lesson)).to_have_count(1)
    with lesson.expect_download() as saved:
        lesson.get_by_role("button", name="Save as CSV").click()
    assert saved.value.suggested_filename == "corrections.csv"
    row = saved.value.path().read_text(encoding="utf-8").strip().split(",")
    lesson.locator("#why").uncheck()
    assert row == ["1", *map(str, greys(lesson, "#seen"))]


def test_more_than_a_hundred_are_listed_page_by_page(lesson):
    made = {"label": "1", "said": "7", "confidence": 0.8, "created": "2026-01-31T10:15:30Z", "pixels": [0] * 784}
    ids = list(range(205, 0, -1))

    def a_page(route: Route) -> None:
        before = int(parse_qs(urlparse(route.request.url).query).get("before", ["206"])[0])
        found = [made | {"id": number} for number in ids if number < before][:100]
        route.fulfill(json={"corrections": found, "total": len(ids)})

    lesson.route("**/corrections?*", a_page)
    rows = corrections(lesson)
    more = lesson.get_by_role("button", name="Show more")
    for shown in (100, 200):
        expect(rows).to_have_count(shown)
        more.click()
    expect(rows).to_have_count(205)
    expect(more).to_be_hidden()
    assert [int(row.get_attribute("data-id") or 0) for row in rows.all()] == ids


# teaching that fails


def test_a_network_that_may_not_be_taught_says_why(open_page, serve):
    page = open_page(serve(LEARNING="off").url)
    draw(page, SEVEN)
    expect_answer(page, "7")
    expect(page.locator("#teach-off")).to_contain_text("off")
    expect(page.locator("#teach")).to_be_hidden()
    expect(page.locator("#corrections")).to_be_hidden()
    sent = requests_to(page, "/train")
    page.keyboard.press("1")
    assert sent == []


def test_the_token_is_asked_for_until_it_is_right_and_then_kept(open_page, serve):
    page = open_page(serve(TOKEN="open-sesame-today").url)
    sent = requests_to(page, "/train")
    draw_to_the_end(page)
    choice(page, "1").click()
    dialog = page.get_by_role("dialog", name="The token for teaching")
    refused = page.get_by_text("The server does not accept that token.")
    expect(dialog).to_be_visible()
    expect(refused).to_be_hidden()
    page.keyboard.type("wrong123")  # digits in it teach nothing
    page.keyboard.press("Enter")
    expect(refused).to_be_visible()
    page.keyboard.type("open-sesame-today")
    page.keyboard.press("Enter")
    expect_taught(page, said="7", label="1")
    assert [request.headers.get("authorization") for request in sent] == ["Bearer wrong123", "Bearer open-sesame-today"]
    page.reload()
    expect(corrections(page)).to_have_count(1)
    expect(dialog).to_be_hidden()


def test_whoever_has_no_token_keeps_drawing_and_question(open_page, serve):
    page = open_page(serve(TOKEN="open-sesame-today").url)
    draw_to_the_end(page)
    choice(page, "1").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#teach-words")).to_contain_text("This needs the token.")
    expect(page.locator("#right")).to_be_enabled()
    expect_answer(page, "7")
    page.locator("#corrections summary").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#corrections-problem")).to_have_text("This needs the token.")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(429, "too-many", "Go on in 7 seconds."), (503, "storage", "The disk is full."), (409, "full", "No more.")],
)
def test_what_goes_wrong_is_said_beside_the_buttons_and_can_be_tried_again(lesson, status, code, words):
    problem = {"type": "about:blank", "status": status, "code": code, "detail": words}
    lesson.route("**/train", lambda route: route.fulfill(status=status, json=problem))
    drawn = ink(lesson)
    choice(lesson, "1").click()
    expect(lesson.locator("#teach-words")).to_contain_text(words)
    expect(lesson.locator("#spoken")).to_have_text(words)
    expect(lesson.locator("#banner")).to_be_hidden()
    expect_answer(lesson, "7")
    assert ink(lesson) == drawn
    lesson.unroute("**/train")
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")


def test_whoever_teaches_too_much_at_once_is_told_how_long_to_wait(open_page, serve):
    page = open_page(serve(LESSONS_PER_MINUTE=1).url)
    draw_to_the_end(page)
    choice(page, "1").click()
    expect_taught(page, said="7", label="1")
    undo_button(page).click()
    expect(page.locator("#teach-words")).to_contain_text(re.compile(r"wait \d+ seconds"))
    expect(page.locator("#banner")).to_be_hidden()
    expect(undo_button(page)).to_be_enabled()
    expect_learnt(page, "1")


def test_what_cannot_be_stored_is_not_learnt(lesson, school):
    school.folder.joinpath("corrections.db").write_bytes(b"This is no database. " * 100)
    choice(lesson, "1").click()
    expect(lesson.locator("#teach-words")).to_contain_text("corrections.db cannot be used")
    expect_answer(lesson, "7")


def test_a_label_that_cannot_be_changed_stays_what_it_was(lesson):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    rows = corrections(lesson)
    problem = {"type": "about:blank", "status": 503, "code": "storage", "detail": "The disk is full."}
    lesson.route("**/corrections/*", lambda route: route.fulfill(status=503, json=problem))
    rows.locator("select").select_option("4")
    expect(lesson.locator("#corrections-problem")).to_have_text("The disk is full.")
    expect(rows.locator("select")).to_have_value("1")
    rows.get_by_role("button", name="Unlearn").click()
    expect(lesson.locator("#spoken")).to_have_text("The disk is full.")
    expect(rows).to_have_count(1)


def test_a_server_that_goes_away_while_it_is_taught_is_told_of_and_can_be_taught_when_it_is_back(lesson, school):
    school.stop()
    choice(lesson, "1").click()
    expect(lesson.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(lesson.locator("#teach-words")).to_contain_text("The server does not answer.")
    expect(choice(lesson, "1")).to_be_enabled()
    expect_answer(lesson, "7")
    school.start()
    expect(lesson.locator("#banner")).to_be_hidden()
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")


def test_what_was_taught_lasts_when_the_server_is_started_again(lesson, school):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    school.stop()
    school.start()
    lesson.reload()
    draw(lesson, SEVEN)
    expect_learnt(lesson, "1")
    expect(corrections(lesson)).to_have_count(1)


# look inside


def test_the_steps_to_the_pixels_are_asked_for_and_shown_only_while_they_are_open(page):
    asked = queries(page)
    draw(page, SEVEN)
    expect_answer(page, "7")
    assert not any("steps" in request.url for request in asked)
    page.get_by_text("How your drawing is prepared").click()
    steps = page.locator("#steps li")
    captions = ["Your picture", "The ink alone", "Cut out, no specks", "Usual stroke width", "Fitted and centred"]
    expect(steps).to_have_text(captions)
    page.wait_for_function("() => [...document.querySelectorAll('#steps img')].every((image) => image.naturalWidth)")
    assert page.evaluate("document.querySelector('#steps li:last-child img').naturalWidth") == 28
    page.locator("#clear").click()
    expect(steps).to_have_count(0)
    page.get_by_text("How your drawing is prepared").click()
    page.locator("#undo").click()
    expect_answer(page, "7")
    assert "steps" not in asked[-1].url


@pytest.fixture(scope="module")
def shipped() -> NeuralNetwork:
    return NeuralNetwork.load(shipped_model())


def test_the_nodes_that_decided_are_shown_with_what_they_add(page, service):
    draw_to_the_end(page)
    values = page.locator(".decider:visible .value")
    expect(values.first).to_have_text(re.compile(r"^\+\d\.\d$"))
    assert 5 <= values.count() <= 7
    shown = [float(text) for text in values.all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    expect(page.locator("#deciders-note")).to_have_text(
        re.compile(r"^Of \d+ hidden nodes, \d+ fire; those shown give \d+% of what speaks for the 7\.$")
    )
    page.get_by_role("button", name="Against it").click()
    expect(values.first).to_have_text(re.compile(r"^−\d\.\d$"))


@pytest.mark.parametrize("way", ["hover", "focus", "tap"])
def test_a_node_is_shown_large_with_what_it_adds_to_every_class(open_page, shipped, way):
    page = open_page(has_touch=way == "tap")
    draw_to_the_end(page)
    node = page.locator(".decider").first
    getattr(node, way)()
    card = page.get_by_role("tooltip")
    expect(card).to_be_visible()
    number = int(re.findall(r"node (\d+) fires", card.inner_text())[0])
    shares = page.locator("#votes .value").all_inner_texts()
    adds = np.array([float(text.replace("−", "-")) for text in shares])
    votes = shipped.who[:, number]
    assert adds / np.abs(adds).max() == pytest.approx(votes / np.abs(votes).max(), abs=0.05)
    box = card.bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 1280
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_ink_that_spoke_for_the_answer_is_blue_and_against_it_orange(page):
    draw_to_the_end(page)
    expect(page.locator("#reasons image")).to_have_count(1)
    red, _, blue = colours(page, "#seen").T
    assert ((blue - red) > 60).sum() > 10
    page.locator("#why").uncheck()
    expect(page.locator("#reasons image")).to_have_count(0)
    page.mouse.move(*place(page, (0.2, 0.2)))
    page.locator("#why").check()
    page.mouse.move(*place(page, (0.2, 0.2)))
    page.mouse.down()
    expect(page.locator("#reasons image")).to_have_count(0)  # not while somebody draws
    page.mouse.up()


def open_all_nodes(page: Page) -> Locator:
    page.locator("#all-nodes summary").click()
    nodes = page.get_by_role("slider", name="Hidden node")
    expect(nodes).to_have_attribute("aria-valuetext", re.compile(r"^Node \d+, \d+%$"))
    return nodes


def votes_times(network: NeuralNetwork, node: int, output: float) -> list[str]:
    return [f"{vote * output:+.2f}".replace("-", "−") for vote in network.who[:, node]]


def test_every_hidden_node_is_lit_by_its_output_and_shown_with_its_weights_and_votes(page, shipped):
    hidden = [1, 0.25, *[0] * (len(shipped.wih) - 2)]

    def fulfil(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"hidden": hidden})

    page.route("**/query*", fulfil)
    draw_to_the_end(page)
    nodes = open_all_nodes(page)
    nodes.focus()
    for node, output in enumerate(hidden[:2]):
        page.keyboard.press(("Home", "ArrowRight")[node])
        expect(nodes).to_have_attribute("aria-valuetext", f"Node {node}, {output:.0%}")
        expect(page.locator("#node-title")).to_have_text(f"Hidden node {node} fires {output:.0%}")
        expect(page.locator("#votes .value")).to_have_text(votes_times(shipped, node, output))
        row = shipped.wih[node]
        red, _, blue = colours(page, "#weights").T
        strong = np.abs(row) > np.abs(row).max() / 4
        assert (blue > red)[strong].tolist() == (row > 0)[strong].tolist()
    page.keyboard.press("ArrowDown")
    columns = int(nodes.get_attribute("aria-valuenow") or 0) - 1
    page.keyboard.press("End")  # where its frame hides nothing
    low, middle, high = nodes.evaluate(
        """(nodes, columns) => [2.5, 1.5, 0.5].map((place) => {
            const cell = nodes.width / columns;
            return [...nodes.getContext("2d").getImageData(place * cell, cell / 2, 1, 1).data];
        })""",
        columns,
    )
    assert low != high
    assert middle == pytest.approx(np.array(low) + 0.25 * (np.array(high) - low), abs=1)


def test_all_hidden_nodes_are_reached_by_arrow_keys(page, shipped):
    draw_to_the_end(page)
    nodes = open_all_nodes(page)
    nodes.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#node-title")).to_have_text(re.compile(r"^Hidden node 1 fires \d+%$"))
    page.keyboard.press("ArrowDown")
    below = int(nodes.get_attribute("aria-valuenow") or 0)
    assert below > 2
    page.keyboard.press("ArrowUp")
    expect(nodes).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press("End")
    expect(nodes).to_have_attribute("aria-valuenow", str(len(shipped.wih) - 1))
    page.keyboard.press("Home")
    expect(nodes).to_have_attribute("aria-valuenow", "0")


def test_a_tapped_node_of_the_grid_is_shown_above_the_thumb_and_the_grid_fits_a_phone(open_page):
    page = open_page(**PHONE)
    draw_to_the_end(page)
    nodes = open_all_nodes(page)
    nodes.scroll_into_view_if_needed()
    box = nodes.bounding_box()
    assert box is not None
    assert box["height"] < 600
    page.touchscreen.tap(box["x"] + 150, box["y"] + box["height"] / 2)
    card = page.get_by_role("tooltip")
    expect(card).to_be_visible()
    shown = card.bounding_box()
    assert shown is not None
    assert shown["y"] + shown["height"] <= box["y"] + box["height"] / 2


# how it looks


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_no_window_scrolls_sideways(open_page, school, width):
    page = open_page(school.url, viewport={"width": width, "height": 844})
    draw_to_the_end(page)
    choice(page, "1").click()
    expect_taught(page, said="7", label="1")
    expect(corrections(page)).to_have_count(1)
    page.locator("#preparation summary").click()
    expect(page.locator("#steps li")).to_have_count(5)
    page.locator("#all-nodes summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_paper_and_answer_at_once_with_targets_for_fingers(open_page):
    page = open_page(**PHONE)
    expect(page.locator("#pad")).to_be_in_viewport(ratio=1)
    expect(page.locator("#result")).to_be_in_viewport(ratio=0.9)
    draw_to_the_end(page)
    controls = "header button:visible, .tools button, .tools .button, #pen, #right, #none, #choices button, summary"
    for control in page.locator(controls).all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44


def test_the_theme_follows_the_system_until_somebody_chooses(open_page):
    page = open_page(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Light").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_drawing_changes_colour_with_the_theme(page):
    draw(page, ONE)
    colour = "Array.from(pad.getContext('2d').getImageData(pad.width / 2, pad.height / 2, 1, 1).data)"
    assert page.evaluate(colour) == [0, 0, 0, 255]
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(colour) == [255, 255, 255, 255]


def test_the_page_works_where_nothing_can_be_stored(browser, service):
    page = browser.new_page()
    page.add_init_script("""for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(window, name, {get() { throw new DOMException("no"); }});
    }""")
    page.goto(service.url)
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    draw(page, SEVEN)
    expect_answer(page, "7")
    page.close()


def test_nothing_moves_for_people_who_ask_for_that(open_page):
    page = open_page(reduced_motion="reduce")
    assert page.locator("#bars .fill").first.evaluate("bar => getComputedStyle(bar).transitionDuration") == "0s"


def test_a_drawing_and_the_bars_are_seen_in_forced_colours(open_page):
    page = open_page(forced_colors="active", color_scheme="dark")
    draw(page, SEVEN)
    expect_answer(page, "7")
    differ = """([a, b, name]) => getComputedStyle(document.querySelector(a))[name]
        !== getComputedStyle(document.querySelector(b)).backgroundColor"""
    assert page.evaluate(differ, ["#pad", "#pad", "color"])
    assert page.evaluate(differ, ["#bars .best .fill", "#bars .best .track", "backgroundColor"])


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_axe_finds_no_barrier(open_page, school, options):
    page = open_page(school.url, **options)
    assert barriers(page) == []
    draw_to_the_end(page)
    assert barriers(page) == []
    choice(page, "1").click()
    expect_taught(page, said="7", label="1")
    expect(corrections(page)).to_have_count(1)
    page.locator("#preparation summary").click()
    expect(page.locator("#steps li")).to_have_count(5)
    page.locator("#all-nodes summary").click()
    assert barriers(page) == []
    for dialog in ("undo-all-dialog", "token-dialog"):
        page.evaluate("(dialog) => document.getElementById(dialog).showModal()", dialog)
        assert barriers(page) == []
        page.keyboard.press("Escape")


def test_clothes_are_named_and_fit_a_phone(open_page, serve, tmp_path):
    network = NeuralNetwork(784, 30, 10, 0.1, seed=1)
    network.class_names = FASHION.class_names
    network.extras = curvature_tables(network, np.random.default_rng(1).random((500, 784), np.float32))
    network.save(tmp_path / "clothes.npz")
    page = open_page(serve(tmp_path / "clothes.npz").url, **PHONE)
    expect(page.locator("h1")).to_have_text("What is it?")
    expect(page.locator("#sentence")).to_have_text("Draw a picture")
    draw(page, SEVEN)
    expect(page.locator("#label")).not_to_be_empty()
    expect(page.locator("#bars .name")).to_have_text(list(FASHION.class_names))
    expect(page.locator("#choices button")).to_have_text(list(FASHION.class_names))
    choice(page, "Ankle boot").click()
    expect(page.locator("#teach-words")).to_have_text(re.compile(r"^It said .+; .+ says Ankle boot \(\d+% sure\)\.$"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


# classes of one's own


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 26 letters; to be read only."""
    return letters_model(tmp_path_factory.mktemp("letters"))


def draw_l(page: Page) -> None:
    """Draw an L, and wait for the answer; so small a model may have doubts."""
    draw(page, L)
    expect_learnt(page, "L")
    expect(page.locator("#right")).to_be_enabled()


def test_letters_are_asked_for_answered_taught_by_key_and_listed(open_page, serve, letters):
    page = open_page(serve(letters).url, classes=26)
    expect(page.locator("h1")).to_have_text("Which letter is it?")
    expect(page.locator("#sentence")).to_have_text("Draw a letter")
    expect(page.locator("#choices button")).to_have_text(list(ascii_uppercase))
    draw_l(page)
    expect(page.locator("#bars .name")).to_have_count(10)  # the highest
    expect(page.locator("#bars .name").first).to_have_text("L")
    page.locator(".decider").first.focus()
    expect(page.locator("#votes .name")).to_have_text(list(ascii_uppercase))
    expect(page.get_by_label("The keys A to Z answer as well")).to_be_checked()
    teach_by_key(page, "z")  # as on a keyboard, without Shift
    expect_taught(page, said="L", label="Z")
    rows = corrections(page)
    expect(rows.locator("select")).to_have_value("Z")
    expect(rows.locator("option")).to_have_text([*ascii_uppercase, "None of these"])
    rows.locator("select").select_option("Q")
    expect_learnt(page, "Q")
    expect(page.locator("#teach-words")).to_have_text("Is that right?")
    choice(page, "L").click()
    expect_learnt(page, "L")


def test_a_key_means_the_class_of_that_very_letter_where_both_cases_are_classes(open_page, serve, letters, tmp_path):
    network = NeuralNetwork.load(letters)
    network.class_names = (*ascii_uppercase[:13], *ascii_lowercase[:13])
    network.save(tmp_path / "both.npz")
    page = open_page(serve(tmp_path / "both.npz").url, classes=26)
    draw_l(page)
    with page.expect_request("**/train") as sent:
        teach_by_key(page, "c")
    assert json.loads(sent.value.post_data or "")["label"] == "c"


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_twenty_six_choices_fit_with_targets_for_fingers_and_no_barrier(open_page, serve, letters, options):
    page = open_page(serve(letters).url, classes=26, **options)
    width = page.evaluate("innerWidth")
    draw_l(page)
    buttons = page.locator("#choices button")
    expect(buttons).to_have_count(26)
    assert 1 < expect_targets(buttons, width) <= 5
    bars = page.locator("#bars").bounding_box()
    assert bars is not None
    assert bars["height"] < 450  # in several columns, so that the page below them is not far
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page) == []


# other pages


class ForeignPage(BaseHTTPRequestHandler):
    """A page of somebody else, on an origin of its own."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Somebody else's</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def foreign_page(browser: Browser) -> Iterator[Page]:
    foreign = ThreadingHTTPServer(("localhost", 0), ForeignPage)
    threading.Thread(target=foreign.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://localhost:{foreign.server_port}/")
    yield page
    page.close()
    foreign.shutdown()
    foreign.server_close()


def test_a_page_on_another_origin_can_ask(foreign_page, service):
    answer = foreign_page.evaluate(
        """async ([url, content]) => {
            const body = JSON.stringify({imageData: `data:image/png;base64,${content}`});
            const headers = {"Content-Type": "application/json"};
            const answer = await (await fetch(url, {method: "POST", headers, body})).json();
            return [location.origin, answer.label];
        }""",
        [f"{service.url}query", base64.b64encode(picture_of_seven(".png")).decode()],
    )
    assert answer == [foreign_page.url.rstrip("/"), "7"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])  # the second is sent without asking the server
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_a_page_on_another_origin_can_neither_teach_nor_read_nor_take_back(foreign_page, lesson, school, kind, mode):
    choice(lesson, "1").click()
    expect_taught(lesson, said="7", label="1")
    outcomes = foreign_page.evaluate(
        """async ([url, type, mode]) => {
            const body = JSON.stringify({inputs: Array.from({length: 784}, (_, i) => i % 256), label: "3"});
            const headers = {"Content-Type": type};
            const requests = [
                ["train", {method: "POST", headers, body}],
                ["corrections", {}],
                ["corrections.csv", {}],
                ["corrections/1", {method: "PATCH", headers, body: JSON.stringify({label: "3"})}],
                ["corrections/1", {method: "DELETE"}],
                ["corrections", {method: "DELETE"}],
            ];
            return Promise.all(requests.map(async ([path, options]) => {
                try {
                    return await (await fetch(url + path, {mode, ...options})).text();
                } catch (error) {
                    return error.name;
                }
            }));
        }""",
        [school.url, kind, mode],
    )
    assert set(outcomes) <= {"TypeError", ""}  # nothing at all is told: a failure, or an opaque answer
    assert corrections(lesson).locator("select").input_value() == "1"


# its pictures


def test_the_pictures_of_the_page_are_made_by_a_command(browser, run, tmp_path):
    made = run("docs.screenshots", "--folder", tmp_path)
    assert made.returncode == 0, made.stderr
    widths = {"page_wide": 1280, "page_phone": 390, "page_light": 1420, "page_dark": 1420, "seven": 280}
    sheets = {"page_light", "page_dark"}  # five windows each
    for name, width in widths.items():
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.width == width
        assert (tmp_path / f"{name}.png").stat().st_size < (500_000 if name in sheets else 200_000)
