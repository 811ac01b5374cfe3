"""Run the notebooks from top to bottom and save their outputs: `python -m notebooks.refresh [NUMBER…]`.

It saves only what a reader sees: no run times, no widgets, nothing about the machine.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent
NOTEBOOKS = {path.name[0]: path for path in sorted(FOLDER.glob("[0-9]_*.ipynb"))}  # by their numbers
SECONDS = 600  # for one cell, on a busy machine


def read(path: Path) -> NotebookNode:
    """Return a notebook as it is saved."""
    return nbformat.read(path, as_version=4)


def run(notebook: NotebookNode, folder: Path) -> None:
    """Execute all cells in `folder` and put their outputs into the notebook. Raises `CellExecutionError`."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=SECONDS, record_timing=False, resources=resources).execute()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}


def main(numbers: list[str]) -> None:
    """Run the notebooks with these numbers, or all of them, and write them back."""
    for number in numbers or NOTEBOOKS:
        notebook = read(NOTEBOOKS[number])
        run(notebook, FOLDER)
        NOTEBOOKS[number].write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        print(NOTEBOOKS[number].name)


if __name__ == "__main__":
    main(sys.argv[1:])
