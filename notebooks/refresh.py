"""Run the notebook from top to bottom and save its outputs: `python -m notebooks.refresh`.

It saves only what a reader sees: no run times, no widgets, nothing about the machine.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOK = Path(__file__).with_name("neural_network_from_scratch.ipynb")
SECONDS = 600  # for one cell, on a busy machine


def read() -> NotebookNode:
    """Return the notebook as it is saved."""
    return nbformat.read(NOTEBOOK, as_version=4)


def run(notebook: NotebookNode, folder: Path) -> None:
    """Execute all cells in `folder` and put their outputs into the notebook. Raises `CellExecutionError`."""
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=SECONDS, record_timing=False, resources=resources).execute()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}


def main() -> None:
    """Run the notebook and write it back."""
    notebook = read()
    run(notebook, NOTEBOOK.parent)
    NOTEBOOK.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
