"""The page that shows a training, in a real browser, against the real server and real trainings of small digits."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from docs.screenshots import SEVEN, draw, place
from neural_network import NeuralNetwork
from runs import folder
from runs.folder import RunFolder, current_run
from tests.browsing import PHONE, Service, barriers, touch
from tests.test_runs import lines, training_process

Open = Callable[..., Page]
PATIENCE = 120_000  # milliseconds: a training is a process that has to start, on a machine that may be slow
SMALL = "data=digits&hidden_nodes=16&epochs=3&seconds=0"


@pytest.fixture
def service(digits_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A server whose runs stand in a folder of this test."""
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    running = Service(digits_model, tmp_path)
    yield running
    folder.forget()
    running.stop()


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[Open]:
    """Open the page. Whatever a test does, it may neither throw nor complain."""
    contexts, complaints = [], []

    def open_in_context(address: str = SMALL, **options: Any) -> Page:
        contexts.append(browser.new_context(**({"viewport": {"width": 1366, "height": 650}} | options)))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.extend([message.text] * (message.type == "error")))
        page.goto(f"{service.url}learn?{address}")
        expect(page.locator("#form label")).to_have_count(12)
        return page

    yield open_in_context
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.startswith("Failed to load resource")] == []


def start(page: Page) -> None:
    page.get_by_role("button", name="Start").click()


def expect_end(page: Page, words: str = "finished") -> RunFolder:
    """Wait for the end of the run, and return its folder."""
    expect(page.locator("#status")).to_contain_text(words, timeout=PATIENCE)
    expect(page.get_by_role("button", name="Start again")).to_be_enabled(timeout=PATIENCE)
    run = current_run()
    assert run
    return run


def expect_snapshots(page: Page, count: int) -> None:
    """Wait until the curve of accuracy has so many points."""
    page.wait_for_function(
        """(count) => (document.querySelector("#accuracy-chart .validation")?.getAttribute("points") ?? "")
            .split(" ").filter(Boolean).length >= count""",
        arg=count,
        timeout=PATIENCE,
    )


# experiments


@pytest.mark.parametrize(
    ("name", "prediction", "check"),
    [
        ("One hidden node", "About 1 in 10", lambda run, last: last["validation_accuracy"] < 0.3),
        ("Too fast", "Learn nothing, or fall apart", lambda run, last: last["validation_accuracy"] < 0.5),
        ("All alike", "All stay the same", lambda run, last: last["spread"] < 1e-3),
        ("Wrong labels", "A good deal more", lambda run, last: last["validation_accuracy"] > last["accuracy"] + 0.1),
        ("The textbook's way", None, lambda run, last: lines(run, "ready")[0]["steps"] == 2 * 1294),
    ],
)
def test_an_experiment_does_what_its_question_is_about(open_page, name, prediction, check):
    page = open_page("data=digits&seconds=1")
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#question")).to_contain_text("?")
    if prediction:
        page.get_by_role("button", name=prediction).click()
    start(page)
    expect(page.locator("#outcome")).to_be_visible(timeout=PATIENCE)
    outcome = page.locator("#outcome").inner_text()
    assert outcome.startswith("You were right.") == bool(prediction)
    run = current_run()
    assert run
    last = lines(run, "snapshot")[-1]
    assert check(run, last)
    assert f"{100 * last['validation_accuracy']:.1f}%" in outcome


def test_learning_by_heart_knows_its_records_far_better_than_others(open_page, real_data, monkeypatch):
    for name, value in real_data.items():
        monkeypatch.setenv(name, value)
    page = open_page("preset=by-heart&data=mnist&seconds=0")
    page.get_by_role("button", name="As well as on the 300").click()
    start(page)
    expect(page.locator("#outcome")).to_contain_text("It came otherwise.", timeout=PATIENCE)
    run = current_run()
    assert run
    last = lines(run, "snapshot")[-1]
    assert last["accuracy"] > 0.98
    assert last["validation_accuracy"] < last["accuracy"] - 0.05
    folder.forget()


def test_a_link_of_a_teacher_sets_everything_and_what_is_chosen_becomes_a_link(open_page):
    page = open_page("preset=too-fast&learning_rate=7&batch_size=50&distort=true&data=digits")
    values = page.evaluate("Object.fromEntries(new FormData(form))")
    chosen = {"learning_rate": "7", "batch_size": "50", "distort": "true", "data": "digits", "epochs": "5"}
    assert values | chosen == values
    page.get_by_role("button", name="All settings").click()
    page.get_by_role("spinbutton", name="Hidden nodes").fill("33")
    page.get_by_role("spinbutton", name="Hidden nodes").blur()
    assert "hidden_nodes=33" in page.url
    page.goto(page.url)
    expect(page.locator("[name=hidden_nodes]")).to_have_value("33")
    page.get_by_role("button", name="All alike").click()
    assert page.url.endswith("/learn?preset=all-alike&data=digits")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("learning_rate=abc", "learning_rate=abc"),
        ("epochs=NaN", "epochs=NaN"),
        ("data=../secret", "data=../secret"),
        ("zero_weights=perhaps", "zero_weights=perhaps"),
    ],
)
def test_an_address_that_makes_no_sense_is_told_and_the_usual_setting_stays(open_page, address, words):
    page = open_page(address)
    expect(page.locator("#settings-problem")).to_contain_text(words)
    expect(page.get_by_role("button", name="Start")).to_be_enabled()


@pytest.mark.parametrize(("name", "value"), [("Hidden nodes", "401"), ("Learning rate", "-1"), ("Epochs", "")])
def test_a_setting_out_of_range_is_told_and_then_the_run_works(open_page, name, value):
    page = open_page()
    page.get_by_role("button", name="All settings").click()
    field = page.get_by_role("spinbutton", name=name)
    usual = field.input_value()
    field.fill(value)
    start(page)
    expect(page.locator("#settings-problem")).to_contain_text(f"{name.lower().replace(' ', '_')} must be")
    field.fill(usual)
    start(page)
    expect(page.locator("#settings-problem")).to_be_hidden()
    expect_end(page)


# run


def test_a_run_is_paused_stepped_played_and_stopped(open_page):
    page = open_page("data=digits&hidden_nodes=16&epochs=40&seconds=60")
    start(page)
    expect_snapshots(page, 3)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#status")).to_have_text("Paused")
    run = current_run()
    assert run
    before = lines(run, "snapshot")[-1]["step"]
    page.get_by_role("button", name="One step").click()
    expect(page.locator("#one-step-words")).to_contain_text(f"Step {before + 1}:", timeout=PATIENCE)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    page.get_by_role("button", name="Stop").click()
    expect_end(page, "stopped")


def test_two_visitors_and_a_reloaded_page_see_the_same_run_and_the_next_starts_for_all(open_page):
    first, second = open_page("data=digits&seconds=3"), open_page("")
    start(first)
    expect_snapshots(second, 3)
    assert first.locator("#form [name=data]").input_value() == second.locator("#form [name=data]").input_value()
    expect(second.get_by_role("button", name=re.compile("^Start"))).to_be_disabled()
    second.reload()
    for page in (first, second):
        expect_end(page)
    assert first.locator("#accuracy-chart").inner_html() == second.locator("#accuracy-chart").inner_html()
    start(second)
    expect(first.locator("#status")).to_contain_text("Loading", timeout=PATIENCE)
    expect_end(first)


def test_ten_tabs_at_once_hear_everything(browser, service, open_page):
    context = browser.new_context()
    tabs = [context.new_page() for _ in range(10)]
    for tab in tabs:
        tab.goto(f"{service.url}learn?{SMALL}")
    page = open_page()
    start(page)
    for tab in (page, *tabs):
        expect(tab.locator("#status")).to_contain_text("finished", timeout=PATIENCE)
    context.close()


@pytest.mark.skipif(os.name == "nt", reason="looks for the process in /proc")
def test_a_training_that_is_killed_is_told_and_the_next_one_works(open_page):
    page = open_page("data=digits&hidden_nodes=16&seconds=60")
    start(page)
    expect_snapshots(page, 2)
    run = current_run()
    assert run
    os.kill(training_process(run), signal.SIGKILL)
    expect_end(page, "ended from outside")
    page.goto(page.url.replace("seconds=60", "seconds=0"))
    start(page)
    expect_end(page)


def test_a_server_that_is_away_is_told_and_the_page_goes_on_when_it_is_back(open_page, service):
    page = open_page("data=digits&hidden_nodes=16&seconds=20")
    start(page)
    expect_snapshots(page, 2)
    service.stop()
    expect(page.locator("#banner")).to_contain_text("does not answer", timeout=PATIENCE)
    service.start()
    expect(page.locator("#banner")).to_be_hidden(timeout=PATIENCE)
    expect_end(page)


def test_a_csv_file_that_is_wrong_is_told_in_the_words_of_train_model(open_page, tmp_path):
    (tmp_path / "wrong.csv").write_text("7,1,2\n")
    page = open_page("data=wrong.csv")
    start(page)
    run = expect_end(page, "row 1: has 3 values, needs 785")
    assert lines(run, "ended")[0]["reason"] == "error"


# look


def test_nodes_curves_and_figures_are_those_of_the_run(open_page):
    page = open_page()
    start(page)
    run = expect_end(page)
    last = lines(run, "snapshot")[-1]
    expect(page.locator("#accuracy")).to_contain_text(f"validation {100 * last['validation_accuracy']:.1f}%")
    expect(page.locator("#nodes-note")).to_contain_text(f"{last['stuck']} of 16 stuck")
    expect(page.locator("#nodes")).to_have_attribute("aria-label", "The weights of 16 hidden nodes as pictures")
    best = lines(run, "ended")[0]["best"]
    expect(page.locator("#status")).to_contain_text(f"Epoch {best} is the best")
    shown = np.array(page.evaluate(PIXELS_OF_NODE))  # (28, 28, 3) of node 0
    weights = run.load_snapshot(run.snapshots()[-1])["wih"][0].reshape(28, 28)
    strong = np.abs(weights) > np.abs(weights).max() / 3
    np.testing.assert_array_equal((shown[..., 2] > shown[..., 0])[strong], (weights > 0)[strong])


PIXELS_OF_NODE = """() => {
    const {data} = nodes.getContext("2d").getImageData(1, 1, 28, 28);
    const at = (y, x) => [...data.slice(4 * (28 * y + x), 4 * (28 * y + x) + 3)];
    return Array.from({length: 28}, (_, y) => Array.from({length: 28}, (_, x) => at(y, x)));
}"""


def test_the_slider_shows_what_was_own_drawing_included(open_page, service):
    page = open_page("data=digits&hidden_nodes=30&seconds=3")
    draw(page, SEVEN)
    start(page)
    run = expect_end(page)
    slider = page.get_by_role("slider", name="Back through the run")
    expect(slider).to_be_visible()
    numbers = run.snapshots()
    pixels = page.request.post(f"{service.url}run/query", data={"inputs": [0] * 784}).json()
    assert [answer["number"] for answer in pixels["answers"]] == numbers
    outputs = [shown_outputs(page)]
    pictures = [page.evaluate("nodes.toDataURL()")]
    for key in ("Home", "End"):
        slider.press(key)
        place_in_run = numbers[0 if key == "Home" else -1]
        snapshot = next(line for line in lines(run, "snapshot") if line["number"] == place_in_run)
        expect(page.locator("#moment")).to_contain_text(f"step {snapshot['step']}")
        expect(page.locator("#accuracy")).to_contain_text(f"{100 * snapshot['validation_accuracy']:.1f}%")
        page.wait_for_function("(before) => nodes.toDataURL() !== before", arg=pictures[-1], timeout=PATIENCE)
        outputs.append(shown_outputs(page))
        pictures.append(page.evaluate("nodes.toDataURL()"))
    assert outputs[0] == outputs[2] != outputs[1]
    assert pictures[0] == pictures[2]
    assert outputs[2].index(max(outputs[2])) == 7


def shown_outputs(page: Page) -> list[int]:
    texts = page.locator("#bars .value").all_inner_texts()
    return [int(text.removesuffix("%")) for text in texts]


def test_a_drawing_made_after_the_run_is_answered_as_well(open_page):
    page = open_page("data=digits&hidden_nodes=30&seconds=0")
    start(page)
    expect_end(page)
    draw(page, SEVEN)
    expect(page.locator("#bars .best .name")).to_have_text("7")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#bars .best")).to_have_count(0)


def test_two_runs_are_laid_over_each_other(open_page):
    page = open_page()
    start(page)
    expect_end(page)
    expect(page.locator("#accuracy-chart .before")).to_have_count(0)
    page.get_by_role("button", name="All settings").click()
    page.get_by_label("Learning rate").fill("0.3")
    start(page)
    expect(page.locator("#status")).to_contain_text("Loading")
    expect_end(page)
    expect(page.locator("#accuracy-chart polyline.before")).to_have_count(2)
    page.get_by_label("Show the run before as well").uncheck()
    expect(page.locator("#accuracy-chart polyline.before")).to_have_count(0)


# one step


def test_one_step_shows_the_lines_of_the_class_and_their_numbers(open_page, service):
    page = open_page("data=digits&hidden_nodes=16&batch_size=1&seconds=0")
    page.get_by_role("button", name="One step").click()
    expect(page.locator("#one-step-words")).to_contain_text("Step 1: a ", timeout=PATIENCE)
    step = page.request.get(f"{service.url}run/step").json()
    source = (Path(__file__).parent.parent / "neural_network.py").read_text("utf-8").splitlines()
    shown: dict[str, str] = {}
    while True:
        line = page.locator("#code li[aria-current=step]")
        number = int(line.evaluate("line => line.value"))
        assert line.inner_text().strip() == source[number - 1].strip()
        for figure in page.locator("#values figure").all():
            shown[figure.locator("h3").inner_text()] = figure.inner_text()
        if page.get_by_role("button", name="Next line").is_disabled():
            break
        page.get_by_role("button", name="Next line").click()
    values = {name: value for moment in step["moments"] for name, value in moment["values"].items()}
    assert shown.keys() == values.keys()
    for name in ("targets", "final_outputs", "output_errors"):
        for number in values[name]["values"]:
            assert f": {number:.4f}" in shown[name]
    run = current_run()
    assert run
    first, second = (run.load_snapshot(number) for number in run.snapshots()[:2])
    for name in ("wih", "who"):
        change = values[f"self.{name}"]
        row, column = change["row"], change["column"]
        assert first[name][row, column] == np.float32(change["before"])
        assert second[name][row, column] == np.float32(change["after"])
        assert f"{name}[{row}, {column}]" in shown[f"self.{name}"]


# keep


def test_a_network_is_kept_after_a_question_and_answers_on_the_drawing_page(open_page, service):
    page = open_page()
    start(page)
    run = expect_end(page)
    old = NeuralNetwork.load(service.folder / "own.npz").wih
    page.get_by_role("button", name="Use it on the drawing page").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    np.testing.assert_array_equal(NeuralNetwork.load(service.folder / "own.npz").wih, old)
    page.get_by_role("button", name="Use it on the drawing page").click()
    page.get_by_role("dialog").get_by_role("button", name="Use this network").click()
    expect(page.locator("#kept")).to_contain_text("own_before.npz")
    assert (service.folder / "own.npz").read_bytes() == run.model.read_bytes()
    np.testing.assert_array_equal(NeuralNetwork.load(service.folder / "own_before.npz").wih, old)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes() == run.model.read_bytes()
    page.get_by_role("button", name="Forget this run").click()
    expect(page.locator("#keep")).to_be_hidden()
    page.get_by_role("link", name="Draw").click()
    expect(page.locator("#node-count")).to_have_text("16")
    page.get_by_role("link", name="Watch one learn").click()
    expect(page.get_by_role("heading", name="Watch it learn")).to_be_visible()


def test_who_may_not_teach_may_watch_only(browser, digits_model, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    page = browser.new_page()
    page.goto(f"{serve(digits_model, LEARNING='off').url}learn")
    expect(page.locator("#settings-problem")).to_contain_text("You may watch.")
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    page.close()


def test_the_token_is_asked_for(browser, digits_model, serve, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    page = browser.new_page()
    page.goto(f"{serve(digits_model, TOKEN='a-token-of-the-class').url}learn?{SMALL}")
    expect(page.locator("#form label")).to_have_count(12)
    start(page)
    page.locator("#token").fill("a-token-of-the-class")
    page.get_by_role("button", name="Use it", exact=True).click()
    expect_end(page)
    page.close()


# for everybody


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark"}, PHONE, {"forced_colors": "active"}],
    ids=["wide", "dark", "phone", "forced colours"],
)
def test_it_fits_and_axe_finds_nothing(open_page, options):
    page = open_page(f"preset=one-node&{SMALL}", **options)
    page.get_by_role("button", name="One step").click()
    expect(page.locator("#one-step")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="All settings").click()
    assert barriers(page) == []
    page.get_by_role("button", name="Play", exact=True).click()
    expect_end(page)
    expect(page.locator("#keep")).to_be_visible()
    assert barriers(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if not options:  # the controls and all pictures are seen without scrolling
        page.get_by_role("button", name="All settings").click()
        page.evaluate("scrollTo(0, 0)")
        box = page.locator("#nodes").bounding_box()
        assert box
        assert box["y"] + box["height"] <= 650


def test_it_works_with_the_keyboard_alone(open_page):
    page = open_page()
    page.get_by_role("button", name="Start").focus()
    page.keyboard.press("Enter")
    page.locator("#pad").focus()
    for key in ("ArrowUp", "ArrowUp", "Space", *["ArrowDown"] * 6, "Space"):
        page.keyboard.press(key)
    expect_end(page)
    expect(page.locator("#bars .best")).to_have_count(1)
    page.locator("#slider").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#moment")).not_to_be_empty()


def test_it_works_with_a_finger(open_page):
    page = open_page(**PHONE)
    page.get_by_role("button", name="Start").tap()
    expect_end(page)
    page.locator("#pad").scroll_into_view_if_needed()
    touch(page.context.new_cdp_session(page), [place(page, point) for point in SEVEN[0]])
    expect(page.locator("#bars .best")).to_have_count(1)


def test_pictures_are_skipped_by_a_slow_browser_but_never_the_last(open_page, service):
    page = open_page("data=digits&hidden_nodes=30&seconds=3")
    sizes: list[int] = []

    def slow(response: Response) -> None:
        if "/run/events" in response.url:
            sizes.append(len(response.body()))

    page.on("response", slow)
    start(page)
    expect_snapshots(page, 2)
    page.evaluate("() => { const end = Date.now() + 2000; while (Date.now() < end); }")  # busy with something else
    run = expect_end(page)
    last = run.load_snapshot(run.snapshots()[-1])["wih"][0].reshape(28, 28)
    shown = np.array(page.evaluate(PIXELS_OF_NODE))
    strong = np.abs(last) > np.abs(last).max() / 3
    np.testing.assert_array_equal((shown[..., 2] > shown[..., 0])[strong], (last > 0)[strong])
    assert max(sizes) < 300_000
