"""Make the film of a training: `python -m docs.film` trains, then photographs the page at every moment of the run.

It needs the packages of requirements-dev.txt, and Chromium or Chrome. Where MNIST cannot be had, it shows the small
digits of scikit-learn.
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from docs.screenshots import DOCS, TWO, draw, open_browser, running_server

SIZE = 1366, 700  # pixels of the window
WIDTH = 900  # pixels of the film
LARGEST = 1_500_000  # bytes
MILLISECONDS = 110  # a picture
LAST = 2500  # milliseconds of the last one
QUALITIES = 60, 45, 30, 20
TIMEOUT = 180_000  # milliseconds
HIDDEN = ".choose > :not(#back), .mistakes .note, .keep, #clear { display: none !important; }"  # what a film needs not


def photograph_run(page: Page) -> list[Image.Image]:
    """Train, and return a picture of the page at each snapshot of the run."""
    draw(page, TWO)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#back")).to_be_visible(timeout=TIMEOUT)
    page.add_style_tag(content=HIDDEN)
    slider = page.get_by_role("slider")
    count = int(slider.get_attribute("max") or 0) + 1
    pictures = []
    for place in range(count):
        with page.expect_response(lambda reply: "/run/snapshots/" in reply.url):
            slider.evaluate(
                "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", place
            )
        page.wait_for_timeout(80)  # the pictures are painted
        picture = Image.open(io.BytesIO(page.locator("main").screenshot(animations="disabled")))
        pictures.append(picture.convert("RGB").resize((WIDTH, WIDTH * picture.height // picture.width)))
    return pictures


def save(pictures: list[Image.Image], path: Path) -> None:
    """Write an animated WebP, as good as fits into `LARGEST` bytes."""
    durations = [MILLISECONDS] * (len(pictures) - 1) + [LAST]
    for quality in QUALITIES:
        first, *others = pictures
        first.save(path, save_all=True, append_images=others, duration=durations, loop=0, quality=quality)
        if path.stat().st_size <= LARGEST:
            break
    else:
        raise SystemExit(f"error: the film takes {path.stat().st_size:,} bytes, more than {LARGEST:,}.")
    print(f"{path}: {len(pictures)} pictures, {path.stat().st_size / 1000:.0f} kB, quality {quality}")


def main(argv: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=DOCS / "watching.webp", help="the film (default: %(default)s)")
    parser.add_argument(
        "--settings", default="hidden_nodes=49&epochs=3&seconds=24", help="as in the address of the page"
    )
    options = parser.parse_args(argv)
    with running_server() as url, open_browser() as browser:
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, bypass_csp=True)  # for the style
        page.request.delete(f"{url}/run")  # the one before would be laid over this one
        page.goto(f"{url}/learn?{options.settings}")
        pictures = photograph_run(page)
        page.request.delete(f"{url}/run")
    save(pictures, options.output)


if __name__ == "__main__":
    main()
