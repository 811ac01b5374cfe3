"""The notebooks become web pages that need no Jupyter."""

import re
from importlib.util import find_spec

import pytest

from notebooks.refresh import NOTEBOOKS
from tests.conftest import missing


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pages by their numbers."""
    if find_spec("nbconvert") is None:
        missing("nbconvert")
    from notebooks import render

    folder = tmp_path_factory.mktemp("pages")
    render.main(folder)
    return {path.name[0]: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def test_each_notebook_becomes_a_page_that_links_to_the_others(pages):
    assert sorted(pages) == sorted(NOTEBOOKS)
    for number, text in pages.items():
        others = {f"{path.stem}.html" for other, path in NOTEBOOKS.items() if other != number}
        assert set(re.findall(r'href="(\d_\w+\.html)"', text)) == others
        assert ".ipynb" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)


def test_a_page_has_a_language_a_title_and_a_text_for_each_figure(pages):
    for text in pages.values():
        assert '<html lang="en">' in text
        assert re.search(r"<title>\d\. \w", text)
        figures = re.findall(r"<img [^>]{0,400}", text)
        assert len(figures) >= 3
        assert all(re.search(r'alt="[^"]{20,}"', figure) for figure in figures)


def test_the_film_of_a_training_comes_with_the_page(pages):
    assert len(re.findall(r'<img alt="A training[^"]+" src="data:image/webp;base64,[^"]{1000}', pages["2"])) == 1


def test_hints_and_answers_are_folded_away(pages):
    for text in pages.values():
        folded = re.findall(r"<details>\s*<summary>(?:Hint|Answer [\d.]+)</summary>(.*?)</details>", text, re.DOTALL)
        assert len(folded) == 12
        assert all("<p>" in part for part in folded)
