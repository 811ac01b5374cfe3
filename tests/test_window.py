"""The drawing page as a whole: what fits one window, what is loaded, what moves, and what it takes from strangers."""

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from docs.screenshots import SEVEN, SIZES, draw, place
from tests.browsing import (
    FOUR,
    ZERO,
    Service,
    barriers,
    choice,
    draw_to_the_end,
    drop_files,
    expect_answer,
    ink,
    picture_of_seven,
    side_by_side,
    touch,
)

NUMBER = side_by_side(FOUR, ZERO, SEVEN)
FIRST_WINDOW = (
    "#pad, #undo, #clear, #pen, #example, #result, #label, #seen, #bars, #right, #none, #theme, #projector, "
    ".decider:visible, #choices button, #against"
)


def window(width: int, height: int, **options: Any) -> dict[str, Any]:
    """Return the options of a window; those of phones and tablets are touched."""
    is_touched = width in (390, 844, 820)
    return {"viewport": {"width": width, "height": height}, "has_touch": is_touched, "is_mobile": is_touched} | options


def expect_one_window(page: Page) -> None:
    width, height = page.evaluate("[innerWidth, innerHeight]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in page.locator(FIRST_WINDOW).all():
        box = part.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, part
        assert 0 <= box["y"] <= box["y"] + box["height"] <= height, part


@pytest.mark.parametrize("projector", [False, True], ids=["", "projector"])
@pytest.mark.parametrize("size", SIZES, ids="x".join)
def test_paper_answer_nodes_and_the_way_to_correct_fit_one_window(open_page, size, projector):
    page = open_page(**window(*map(int, size)))
    if projector:
        before = page.locator("#sentence").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
        page.locator("#projector").click()
        after = page.locator("#sentence").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
        assert after > 1.1 * before
    draw_to_the_end(page)
    expect(page.locator(".decider:visible .value").first).to_have_text(re.compile(r"\d"))
    assert 5 <= page.locator(".decider:visible").count() <= 7
    expect_one_window(page)


@pytest.mark.parametrize("size", SIZES, ids="x".join)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_barrier_at_any_size(open_page, size, scheme):
    page = open_page(**window(*map(int, size), color_scheme=scheme))
    draw_to_the_end(page)
    assert barriers(page) == []


@pytest.mark.parametrize("size", [(200, 200), (256, 160), (5000, 2000)], ids=["tiny", "zoomed", "huge"])
def test_extreme_windows_can_be_drawn_on_and_do_not_scroll_sideways(open_page, size):
    page = open_page(viewport={"width": size[0], "height": size[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.locator("#pad").scroll_into_view_if_needed()
    draw(page, SEVEN)
    expect(page.locator("#label")).to_have_text(re.compile(r"^7\??$"))


def test_nothing_moves_in_a_whole_visit(open_page, school):
    page = open_page(school.url, viewport={"width": 1366, "height": 650})
    page.evaluate("""() => {
        window.moved = 0;
        const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
        new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
    }""")
    draw_to_the_end(page, NUMBER, "407")
    choice(page, "1").click()
    expect(page.locator("#teach-words")).to_contain_text("It said 7")
    page.keyboard.press("Control+z")
    expect(page.locator("#right")).to_be_enabled()
    page.locator("#clear").click()
    page.locator("#example").click()
    expect_answer(page, "2")
    assert page.evaluate("moved") < 0.01


def test_nothing_moves_where_the_network_may_not_be_taught(open_page, serve):
    page = open_page(serve(LEARNING="off").url, viewport={"width": 1366, "height": 650})
    draw(page, SEVEN)
    expect_answer(page, "7")
    moved = """new Promise((resolve) => {
        const add = (list) => resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0));
        new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
        setTimeout(() => resolve(0), 300);
    })"""
    assert page.evaluate(moved) < 0.01


def test_the_tools_stay_where_they_are_when_the_paper_gets_the_focus(page):
    before = page.locator(".tools").bounding_box()
    page.locator("#pad").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#pad-help")).to_be_visible()
    assert page.locator(".tools").bounding_box() == before


def test_everything_is_asked_for_at_once_so_that_two_round_trips_are_enough(open_page, service, page):
    loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)")
    needed = {path for path in loaded if path.endswith((".js", ".css"))} | {"/network"}
    held: list[Route] = []
    fresh = page.context.new_page()
    fresh.route("**/static/**", lambda route: held.append(route))
    fresh.route("**/network", lambda route: held.append(route))
    fresh.goto(service.url, wait_until="commit")
    asked = set()
    for _ in range(50):
        fresh.wait_for_timeout(100)  # while nothing is answered, nothing can be found out from it
        asked = {re.sub(r"^http://[^/]+", "", route.request.url) for route in held}
        if asked >= needed:
            break
    assert asked >= needed
    for route in held:
        route.continue_()
    expect(fresh.locator("#choices button")).to_have_count(10)
    draw(fresh, SEVEN)
    expect_answer(fresh, "7")
    fresh.close()


def test_the_first_view_is_small(page, service):
    # what the browser got over the wire, headers included
    sizes = page.evaluate("""["resource", "navigation"]
        .flatMap((type) => performance.getEntriesByType(type))
        .map((entry) => entry.transferSize)""")
    assert 0 < sum(sizes) < 100_000


def test_a_browser_without_modules_gets_a_sentence(browser, service):
    page = browser.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(service.url)
    expect(page.locator("#no-modules")).to_be_visible(timeout=10_000)
    expect(page.locator("#no-modules")).to_contain_text("newer one")
    page.close()


# by keyboard alone, by touch alone


def press_until(page: Page, selector: str, key: str = "Tab") -> None:
    """Press a key until an element has the focus."""
    for _ in range(80):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{selector} is not reached")


def test_all_of_it_by_keyboard_alone(open_page, school):
    page = open_page(school.url)
    press_until(page, "#example")
    for _ in range(2):
        page.keyboard.press("Enter")
    expect(page.locator("#label")).to_have_text("407")
    expect(page.locator("#spoken")).to_have_text(re.compile("^four zero seven, "))
    press_until(page, ".digit")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#teach-words")).to_have_text("Is digit 2 a 0?")
    press_until(page, "#why")
    page.keyboard.press("Space")
    expect(page.locator("#reasons image")).to_have_count(0)
    press_until(page, ".decider")
    expect(page.get_by_role("tooltip")).to_be_visible()
    press_until(page, "#against")
    page.keyboard.press("Enter")
    expect(page.locator(".decider:visible .value").first).to_contain_text("−")
    press_until(page, "#choices button:nth-child(7)")
    page.keyboard.press("Enter")
    expect(page.locator("#teach-words")).to_contain_text("It said 0")
    expect(page.locator("#unlearn")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#label")).to_have_text("407")
    press_until(page, "#all-nodes summary")
    page.keyboard.press("Enter")
    press_until(page, "#nodes")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#node-title")).to_contain_text("Hidden node 1 ")
    press_until(page, "#corrections summary")
    page.keyboard.press("Enter")
    expect(page.locator("#corrections-count")).to_have_text("No corrections yet.")


def test_all_of_it_by_touch_alone(open_page, school):
    page = open_page(school.url, **window(390, 844))
    session = page.context.new_cdp_session(page)
    for stroke in side_by_side(FOUR, SEVEN):
        points = [place(page, point) for point in stroke]
        touch(
            session,
            [
                (a[0] + (b[0] - a[0]) * t / 4, a[1] + (b[1] - a[1]) * t / 4)
                for a, b in pairwise(points)
                for t in range(5)
            ],
        )
    expect(page.locator("#label")).to_have_text(re.compile(r"^47\??$"))
    page.get_by_role("button", name="Digit 1 of 2").tap()
    expect(page.locator("#teach-words")).to_have_text("Is digit 1 a 4?")
    page.locator(".decider").first.tap()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.locator("#against").tap()
    expect(page.get_by_role("tooltip")).to_be_hidden()
    page.locator("#choices button").nth(9).tap()
    expect(page.locator("#teach-words")).to_contain_text("It said 4")
    page.locator("#unlearn").tap()
    expect(page.locator("#teach-words")).to_have_text("Is digit 1 a 4?")
    page.locator("#clear").tap()
    assert ink(page) == 0


# examples and several pictures


def test_ten_examples_are_one_tap_away_and_the_network_is_unsure_of_two(page):
    answers = []
    for _ in range(10):
        with page.expect_response("**/query*"):  # about the digit that was read
            page.locator("#example").click()
        expect(page.locator("#right")).to_be_enabled()
        answers.append(page.locator("#label").inner_text().replace("\n", ""))
    assert answers[:6] == ["2", "407", "8", "2026", "5", "7"]
    assert answers[6].startswith("314")
    assert all(answer.endswith("?") for answer in answers[8:])


def test_several_pictures_are_all_read_and_saved_as_a_table(page):
    names = [
        "seven.png",
        "=cmd|' /C calc'!A0.png",
        '"<img src=x onerror=alert(1)>.png',
        "no picture.png",
        "x" * 300 + ".png",
    ]
    contents = [
        picture_of_seven(".png"),
        picture_of_seven(".png"),
        picture_of_seven(".png"),
        b"no",
        picture_of_seven(".png"),
    ]
    drop_files(page, contents, names)
    expect(page.locator("#album-title")).to_have_text("5 pictures")
    expect(page.locator("#album-list strong")).to_have_text(["7", "7", "7", "–", "7"])
    with page.expect_download() as saved:
        page.locator("#album-save").click()
    table = saved.value.path().read_bytes().decode()
    assert table.splitlines()[1].startswith('"seven.png","7","0.')
    assert "\"'=cmd" in table
    assert '"""<img' in table
    assert "cannot read no picture.png" in table
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_picture_of_several_is_put_on_the_paper_and_corrected(open_page, school):
    page = open_page(school.url)
    drop_files(page, [picture_of_seven(".png"), picture_of_seven(".jpeg")], ["a.png", "b.jpeg"])
    expect(page.locator("#album-title")).to_have_text("2 pictures")
    page.locator("#album-list button").nth(1).click()
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#right")).to_be_enabled()
    choice(page, "1").click()
    expect(page.locator("#teach-words")).to_contain_text("It said 7")
    expect(page.locator("#album-list strong").nth(1)).to_have_text(re.compile(r"^1\??$"))


def test_two_hundred_pictures_at_once_are_read_one_after_the_other(page):
    page.route("**/read*", lambda route: route.fulfill(json=READING))
    drop_files(page, [picture_of_seven(".png", 28)] * 200, [f"{n}.png" for n in range(200)])
    expect(page.locator("#album-title")).to_have_text("200 pictures", timeout=60_000)


READING = {
    "text": "7",
    "confidence": 0.9,
    "unsure": False,
    "lines": 1,
    "class_names": list("0123456789"),
    "digits": [],
    "left_out": [],
}


def test_pictures_wait_for_a_server_that_is_away(open_page, serve):
    service: Service = serve()
    page = open_page(service.url)
    service.stop()
    drop_files(page, [picture_of_seven(".png")] * 2, ["a.png", "b.png"])
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    service.start()
    expect(page.locator("#album-list strong")).to_have_text(["7", "7"], timeout=20_000)


def test_a_pasted_file_of_fifty_megabytes_is_refused_and_the_drawing_stays(page):
    draw_to_the_end(page)
    drawn = ink(page)
    page.evaluate("""() => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([new Uint8Array(50 * 1024 * 1024)], "large.png", {type: "image/png"}));
        document.dispatchEvent(new ClipboardEvent("paste", {clipboardData}));
    }""")
    expect(page.locator("#sentence")).to_contain_text("cannot read large.png")
    assert ink(page) == drawn


def test_dots_say_that_an_answer_is_due(page):
    held: list[Route] = []
    page.route("**/read*", lambda route: held.append(route))
    draw(page, SEVEN)
    expect(page.locator("#due")).to_be_visible()
    held[0].continue_()
    page.unroute("**/read*")
    expect_answer(page, "7")
    expect(page.locator("#due")).to_be_hidden()


def test_the_token_dialog_opens_empty(open_page, serve):
    page = open_page(serve(TOKEN="8abc-open-sesame").url)
    draw_to_the_end(page)
    for _ in range(2):
        page.keyboard.press("8")
    page.keyboard.type("8abc-open-sesame")
    with page.expect_request("**/train") as told:
        page.keyboard.press("Enter")
    assert told.value.headers["authorization"] == "Bearer 8abc-open-sesame"
    assert json.loads(told.value.post_data or "")["label"] == "8"
