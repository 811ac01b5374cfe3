"""Write each notebook as a web page: `python -m notebooks.render [FOLDER]`.

The pages need no Jupyter. They stand beside each other in the folder, by default notebooks/html, and link to each
other. Formulas are drawn by MathJax, which a browser fetches from the internet.
"""

import base64
import re
import sys
from html import escape
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode

from notebooks.refresh import FOLDER, NOTEBOOKS, read

FILM = re.compile(r"(?<=\]\()[\w./]+\.webp(?=\))")  # its file, as a text names it
# A phone shows whole figures; wide tables and lines of code can be moved sideways.
STYLE = """<style>
.jp-OutputArea-output img { max-width: 100%; height: auto; }
.jp-RenderedHTMLCommon table, .highlight { display: block; overflow-x: auto; }
.MJXc-display { max-width: 100%; overflow-x: auto; overflow-y: hidden; }
@media (max-width: 600px) {
  body { padding: 4px !important; }
  .jp-InputPrompt, .jp-OutputPrompt, .jp-Collapser { display: none !important; }
}
@media (min-width: 1000px) { body { max-width: 62rem; margin: auto !important; } }
</style>
"""


def page(path: Path) -> str:
    """Return a notebook as a web page, with links to the pages of the others."""
    notebook = read(path)
    title = notebook.cells[0].source.partition("\n")[0].removeprefix("# ")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = FILM.sub(film_url, cell.source.replace(".ipynb)", ".html)"))
        for output in cell.get("outputs", []):
            describe(output)
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook, {"metadata": {"name": title}})
    return html.replace("</head>", f"{STYLE}</head>", 1)


def film_url(match: re.Match[str]) -> str:
    """Return the film as a data URL, so that the page needs no other file."""
    return f"data:image/webp;base64,{base64.b64encode((FOLDER / match[0]).read_bytes()).decode()}"


def describe(output: NotebookNode) -> None:
    """Give the figure of an output, if it has one, its alternative text, which this template would leave out."""
    if "image/png" in output.get("data", {}):
        text, content = output.metadata["image/png"]["alt"], output.data["image/png"].replace("\n", "")
        output.data = NotebookNode({"text/html": f'<img alt="{escape(text)}" src="data:image/png;base64,{content}">'})


def main(folder: Path) -> None:
    """Write all pages into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in NOTEBOOKS.values():
        target = folder / path.with_suffix(".html").name
        target.write_text(page(path), encoding="utf-8")
        print(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "html")
