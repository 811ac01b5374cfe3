"""How fast the drawing page answers: `python -m benchmarks.page` draws in a headless Chromium and prints a table.

A pen draws four rings in four seconds, a point with each frame. It is measured with the model that ships, with 600 of
its hidden nodes, and on lines with a delay. It needs the packages of requirements-dev.txt, and Chromium or Chrome.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page

from data.data_sets import shipped_model
from data.model_files import load_model
from docs.screenshots import open_browser, running_server
from neural_network import NeuralNetwork

WINDOW = 1366, 650
DELAYS = 0.3, 2.0  # seconds that each request takes more
WATCH = """() => {
    window.seen = {frames: [], shift: 0};
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (seen.shift += entry.value)))
        .observe({type: "layout-shift", buffered: true});
    let before = performance.now();
    const frame = (now) => { seen.frames.push(now - before); before = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
}"""
DRAW = """async () => {
    const pad = document.getElementById("pad"), box = pad.getBoundingClientRect(), start = performance.now();
    const common = {bubbles: true, isPrimary: true, pointerId: 1, pointerType: "pen", pressure: 0.5, buttons: 1};
    const send = (type, x, y) => pad.dispatchEvent(new PointerEvent(type, {...common, clientX: x, clientY: y}));
    pad.setPointerCapture = () => {};
    const answers = [];
    const read = window.fetch;
    window.fetch = async (...request) => {
        const reply = await read(...request);
        if (String(request[0]).startsWith("read")) answers.push(performance.now());
        return reply;
    };
    seen.frames = [];
    for (let share = 0, ring = -1; share < 1; share = (performance.now() - start) / 4000) {
        const now = Math.floor(4 * share), angle = 2 * Math.PI * ((4 * share) % 1);
        const x = box.left + box.width * (0.15 + 0.23 * now) + box.height * 0.1 * Math.sin(angle);
        const y = box.top + box.height * (0.5 - 0.25 * Math.cos(angle));
        if (now !== ring) send("pointerup", x, y);
        send(now === ring ? "pointermove" : "pointerdown", x, y);
        ring = now;
        await new Promise(requestAnimationFrame);
    }
    const lifted = performance.now(), count = answers.length;
    send("pointerup", box.left + box.width * 0.84, box.top + box.height * 0.25);
    while (document.getElementById("teach").classList.contains("idle")) await new Promise((go) => setTimeout(go, 1));
    const frames = seen.frames.sort((a, b) => a - b);
    return {
        rate: (1000 * count) / (lifted - start), first: answers[0] - start, last: performance.now() - lifted,
        frame: frames[Math.floor(0.95 * frames.length)], shift: seen.shift,
    };
}"""


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how fast the drawing page answers.")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE", help="(default: %(default)s)")
    network = load_model(parser.parse_args(argv).model)
    print("| hidden nodes, delay | answers a second | first answer | after the pen is lifted | frames, p95 | moved |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        for nodes, delays in ((600, (0.0,)), (len(network.wih), (0.0, *DELAYS))):
            path = Path(folder) / f"{nodes}.npz"
            take_nodes(network, nodes).save(path)
            with running_server("--model", str(path)) as url:
                for delay in delays:
                    measure(browser, url, nodes, delay)
    return 0


def take_nodes(network: NeuralNetwork, count: int) -> NeuralNetwork:
    """Return a network with `count` of the hidden nodes; it answers worse, and as fast as one with so many."""
    small = NeuralNetwork(network.wih.shape[1], count, len(network.who), 0.1)
    small.wih[:], small.who[:] = network.wih[:count], network.who[:, :count]
    small.class_names = network.class_names
    return small


def measure(browser: Browser, url: str, nodes: int, delay: float) -> None:
    """Draw on the page with a delay in seconds, and print a row."""
    page = browser.new_page(viewport={"width": WINDOW[0], "height": WINDOW[1]})
    page.goto(url)
    page.locator("#choices button").first.wait_for(state="attached")
    slow_down(page, delay)
    page.evaluate(WATCH)
    row = page.evaluate(DRAW)
    print(
        f"| {nodes}, {delay:.1f} s | {row['rate']:.1f} | {row['first']:.0f} ms | {row['last']:.0f} ms "
        f"| {row['frame']:.0f} ms | {row['shift']:.4f} |"
    )
    page.close()


def slow_down(page: Page, delay: float) -> None:
    """Let each request of a page take `delay` seconds more."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    line = {"offline": False, "latency": 1000 * delay, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", line)


if __name__ == "__main__":
    sys.exit(main())
