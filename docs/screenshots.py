"""Make the pictures of the page: `python -m docs.screenshots` starts the server, draws a digit and photographs it.

It also draws seven.png, which the examples send to the server. It needs the packages of requirements-dev.txt, and
Chromium or Chrome. The tests of the page use the same browser.
"""

import argparse
import io
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect, sync_playwright

DOCS = Path(__file__).resolve().parent
PROGRAMS = (
    "chromium-headless-shell",  # the same engine without windows takes two thirds of the time
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
TOUCHED = (390, 844, 820)  # widths of windows of phones and tablets
SIDE = 280  # pixels of a drawing, as the page sends it
SIZES = [("1366", "650"), ("390", "844"), ("844", "390"), ("820", "1180"), ("1920", "1080")]  # of windows
MOVE = 0.1  # of the height of the paper: the mouse moves by at most this at once

Stroke = list[tuple[float, float]]  # points as fractions of the paper

BOW = [(0.5 + 0.19 * math.cos(angle), 0.36 + 0.17 * math.sin(angle)) for angle in (3.4 + i * 0.23 for i in range(17))]
TWO: list[Stroke] = [[*BOW, (0.46, 0.66), (0.3, 0.79), (0.4, 0.775), (0.55, 0.79), (0.72, 0.78)]]

SEVEN: list[Stroke] = [[(0.3, 0.25), (0.7, 0.25), (0.6, 0.45), (0.5, 0.65), (0.44, 0.8)]]


def browser_program() -> str | None:
    """Return the path of Chromium or Chrome: what `CHROME` names, or the first that is installed."""
    names = (os.environ.get("CHROME", ""), *PROGRAMS)
    return next(filter(None, map(shutil.which, names)), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Run the browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_program(), args=OPTIONS)
        yield browser
        browser.close()


@contextmanager
def running_server(*options: str) -> Iterator[str]:
    """Run the server on a free port with these options, and give its address; its log is left out."""
    command = [sys.executable, str(DOCS.parent / "server.py"), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            words = process.stdout.readline().split() if process.stdout else []
            yield next((word for word in words if word.startswith("http")), "")
        finally:
            process.terminate()


def place(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    """Return where `point` lies in the window, in pixels: on a square as high as the paper, in its middle."""
    box = page.locator("#pad").bounding_box()
    if box is None:
        raise RuntimeError("the page shows no paper to draw on")
    return box["x"] + box["width"] / 2 + (point[0] - 0.5) * box["height"], box["y"] + point[1] * box["height"]


def draw(page: Page, strokes: list[Stroke]) -> None:
    """Draw `strokes` on the paper with the mouse."""
    left, top = place(page, (0, 0))
    height = place(page, (0, 1))[1] - top
    for stroke in strokes:
        page.mouse.move(left + stroke[0][0] * height, top + stroke[0][1] * height)
        page.mouse.down()
        for before, point in pairwise(stroke):
            steps = math.ceil(math.dist(before, point) / MOVE)
            page.mouse.move(left + point[0] * height, top + point[1] * height, steps=max(1, steps))
        page.mouse.up()


def draw_picture(strokes: list[Stroke], path: Path) -> None:
    """Write a small PNG of `strokes`, black on white."""
    picture = Image.new("L", (SIDE, SIDE), 255)
    for stroke in strokes:
        points = [(x * SIDE, y * SIDE) for x, y in stroke]
        ImageDraw.Draw(picture).line(points, fill=0, width=SIDE // 14, joint="curve")
    picture.save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.1f} kB")


def photograph(browser: Browser, url: str, size: tuple[int, int], theme: Literal["light", "dark"]) -> Image.Image:
    """Return what a window shows of the page, with an example that is read."""
    is_touched = size[0] in TOUCHED
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, has_touch=is_touched, is_mobile=is_touched, color_scheme=theme
    )
    page.goto(url)
    for label in ("2", "407"):
        page.locator("#example").click()
        expect(page.locator("#label")).to_have_text(label)
    expect(page.locator("#spoken")).to_contain_text("four zero seven")  # the answer has settled
    page.mouse.move(0, 0)
    content = page.screenshot(animations="disabled")
    page.close()
    return Image.open(io.BytesIO(content)).convert("RGB")


def save(picture: Image.Image, path: Path) -> None:
    """Write a small PNG: fewer shades, which nobody sees, make noisy pictures of weights a good deal smaller."""
    picture.point(lambda shade: round(shade / 5) * 5).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def lay_out(windows: list[Image.Image]) -> Image.Image:
    """Return the windows of all SIZES on one sheet, at half their size."""
    sheet = Image.new("RGB", (1420, 1170), (128, 128, 128))
    for window, corner in zip(windows, ((10, 10), (703, 10), (988, 620), (988, 10), (10, 610)), strict=True):
        sheet.paste(window.resize((window.width // 2, window.height // 2), Image.Resampling.LANCZOS), corner)
    return sheet


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=DOCS, help="where to write (default: %(default)s)")
    folder = parser.parse_args().folder
    draw_picture(SEVEN, folder / "seven.png")
    with running_server() as url, open_browser() as browser:
        if not url:
            raise SystemExit("error: the server did not start.")
        save(photograph(browser, url, (1280, 720), "light"), folder / "page_wide.png")
        save(photograph(browser, url, (390, 844), "light"), folder / "page_phone.png")
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            windows = [photograph(browser, url, (int(width), int(height)), theme) for width, height in SIZES]
            save(lay_out(windows), folder / f"page_{theme}.png")


if __name__ == "__main__":
    main()
