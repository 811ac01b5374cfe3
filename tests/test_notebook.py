"""The notebook runs on every machine without a warning, and its mathematics is that of the class."""

import copy
import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode, validate
from nbformat.v4 import new_code_cell
from numpy.typing import NDArray

from neural_network import NeuralNetwork
from notebooks.refresh import NOTEBOOK, read, run
from tests.conftest import NOWHERE, PROJECT, central_differences

Doubles = NDArray[np.float64]

LARGEST = 1_500_000  # bytes
LONGEST = 15  # lines of code in a cell, blank ones aside
FENCED = re.compile(r"```python\n(.*?)```", re.DOTALL)
# What the text may say: sizes, settings and values that were chosen. Whatever was measured, a cell prints.
STATED = {"0.01", "0.5", "0.99", "1.0", "20", "28", "100", "255", "280", "784"} | {str(number) for number in range(19)}

# Runs before the first cell: a warning is an error, and each figure that is drawn is looked at.
WATCH = """
import warnings
from matplotlib.figure import Figure
from matplotlib.text import Text

warnings.simplefilter("error")
figures, complaints, boxes = [], [], []
draw_figure, draw_text = Figure.draw, Text.draw


def watched_text(self, renderer):
    draw_text(self, renderer)
    if self.get_visible() and self.get_text().strip():
        boxes.append((self.get_text(), self.get_window_extent(renderer).padded(-1)))


def watched_figure(self, renderer):
    boxes.clear()
    draw_figure(self, renderer)
    figures.append(self)
    for number, (text, box) in enumerate(boxes):
        complaints.extend(f"{text!r} lies over {other!r}" for other, place in boxes[:number] if box.overlaps(place))
        if not (box.x0 >= -2 and box.y0 >= -2 and box.x1 <= self.bbox.x1 + 2 and box.y1 <= self.bbox.y1 + 2):
            complaints.append(f"{text!r} is cut off")
    for axes in self.axes:
        if hasattr(axes, "_colorbar"):
            named = axes.get_xlabel() or axes.get_ylabel()
        elif axes.axison and (len(axes.get_xticks()) or len(axes.get_yticks())):
            named = axes.get_xlabel() and axes.get_ylabel()
        else:
            named = axes.get_title()
        if not named:
            complaints.append(f"figure {len(figures)} has a panel or an axis without a name")


Text.draw, Figure.draw = watched_text, watched_figure
"""
TELL = "import json\nprint(json.dumps([len(figures), complaints]))"


@pytest.fixture(scope="module")
def notebook() -> NotebookNode:
    return read()


@pytest.fixture(scope="module")
def mathematics(notebook: NotebookNode) -> dict[str, Any]:
    """The functions and classes of the notebook, from its own cells."""
    names: dict[str, Any] = {"x_train": np.full((5, 784), 0.5)}
    for cell in notebook.cells:
        if "mathematics" in cell.metadata.get("tags", []):
            exec(cell.source, names)
    return names


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for all that the kernel or the project might write; the notebook meets no warning filter."""
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)  # those of the kernel itself are not ours; WATCH sets it
    for variable, name in {"IPYTHONDIR": "ipython", "JUPYTER_RUNTIME_DIR": "runtime", "MPLCONFIGDIR": "mpl"}.items():
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("DIGITS_MODEL", str(tmp_path / "own" / "model.npz"))
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "own"))
    return tmp_path


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def texts(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def executed(notebook: NotebookNode, folder: Path) -> str:
    """Run the notebook, then the answers to its exercises; return all that it printed or showed as text."""
    answers = [new_code_cell(code) for cell in texts(notebook) for code in FENCED.findall(cell.source)]
    assert len(answers) >= 6
    notebook = copy.deepcopy(notebook)
    notebook.cells = [new_code_cell(WATCH), *notebook.cells, *answers, new_code_cell(TELL)]
    run(notebook, folder)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    count, complaints = json.loads(outputs.pop().text)
    assert complaints == []
    assert count >= 15
    return "\n".join(output.get("text") or output.data.get("text/markdown", "") for output in outputs)


def test_it_runs_on_mnist_from_the_folder_of_the_project_and_reaches_its_goal(notebook, real_data, apart, monkeypatch):
    for variable, value in real_data.items():
        monkeypatch.setenv(variable, value)
    told = executed(notebook, PROJECT)
    assert "The goal of 97% is **reached**" in told
    assert "cannot be downloaded" not in told


def test_it_runs_without_mnist_from_its_own_folder_and_touches_nothing_of_the_user(notebook, apart, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", NOWHERE)
    monkeypatch.setenv("https_proxy", NOWHERE)
    told = executed(notebook, NOTEBOOK.parent)
    assert "going on with the small digits" in told
    assert not (apart / "own").exists()


def test_it_can_be_read_without_running_and_holds_nothing_about_the_machine(notebook):
    validate(notebook)
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert not re.search(r"/(?:home|root|tmp|work|Users)/|[A-Z]:\\\\", re.sub(r'"image/png": "[^"]*"', "", text))


def test_each_step_is_a_short_cell_with_words_before_it(notebook):
    for cell in code_cells(notebook):
        assert len([line for line in cell.source.splitlines() if line]) <= LONGEST, cell.id
    for before, cell in itertools.pairwise(notebook.cells):
        assert "markdown" in (before.cell_type, cell.cell_type), cell.id
    listed = re.findall(r"^(\d+)\. (.+)$", notebook.cells[0].source, re.MULTILINE)
    headings = [re.match(r"## (\d+)\. (.+)", cell.source) for cell in texts(notebook)]
    assert listed == [heading.groups() for heading in headings if heading]


def test_its_text_holds_no_number_that_was_measured(notebook):
    for cell in texts(notebook):
        if "by-hand" in cell.metadata.get("tags", []):  # these are worked out: see the next test
            continue
        words = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$", "", cell.source, flags=re.DOTALL)
        assert set(re.findall(r"\d[\d.,]*\d|\d", words)) <= STATED, cell.id
        assert "%" not in words, cell.id


def test_every_line_of_the_example_by_hand_is_right_and_the_class_comes_to_the_same_weights(notebook):
    (table,) = (cell.source for cell in notebook.cells if "by-hand" in cell.metadata.get("tags", []))
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    results = {what: (value(sum_), value(result)) for what, sum_, result in lines if re.search(r"\d", sum_)}
    assert len(results) == 19
    for what, (worked_out, told) in results.items():
        assert worked_out == pytest.approx(told, abs=1e-12), what
    network = NeuralNetwork(2, 2, 2, learning_rate=0.5)
    network.wih = np.array([[0.5, -1], [math.log(3), 0]], np.float32)
    network.who = np.array([[3, -2], [1.5, -1]], np.float32)
    assert network.train([1, 0.5], [0.9, 0.1]) == pytest.approx(0.5)
    for matrix, way in ((network.wih, "input {} → hidden {}"), (network.who, "hidden {} → output {}")):
        for end, start in np.ndindex(matrix.shape):
            assert matrix[end, start] == pytest.approx(results[way.format(start + 1, end + 1)][1], abs=1e-6)


def value(arithmetic: str) -> float:
    """Work out what stands in a table, which is numbers, signs, sigmoid and ln, and nothing else."""
    text = arithmetic.strip().replace("·", "*").replace("−", "-")
    assert re.fullmatch(r"(?:[\d.+*() -]|sigmoid|ln)+", text)
    return eval(text, {"sigmoid": lambda z: 1 / (1 + math.exp(-z)), "ln": math.log})


@pytest.fixture
def example() -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """`wih` (5, 6), `who` (3, 5), inputs (4, 6) and targets (4, 3)."""
    random = np.random.default_rng(3)
    targets = np.where(np.eye(3, dtype=bool)[[0, 1, 2, 1]], 0.99, 0.01)
    return random.normal(0, 1, (5, 6)), random.normal(0, 1, (3, 5)), random.uniform(0.01, 1, (4, 6)), targets


def step(network: NeuralNetwork, wih: Doubles, who: Doubles, inputs: Doubles, targets: Doubles) -> list[Doubles]:
    """Return the gradient that one step of the network follows."""
    network.wih, network.who = wih.astype(np.float32), who.astype(np.float32)
    network.train(inputs.astype(np.float32), targets.astype(np.float32))
    return [(matrix - after) / network.learning_rate for matrix, after in ((wih, network.wih), (who, network.who))]


def test_the_gradients_of_the_notebook_are_those_of_the_class_and_of_central_differences(mathematics, example):
    wih, who, inputs, _ = example
    told = mathematics["gradients"](*example)
    network = NeuralNetwork(6, 5, 3, learning_rate=1.0)
    for slopes, followed, matrix in zip(told, step(network, *example), (wih, who), strict=True):
        assert slopes == pytest.approx(followed, abs=1e-5)
        assert slopes == pytest.approx(central_differences(lambda: mathematics["loss"](*example), matrix), abs=1e-7)
    assert mathematics["forward"](wih, who, inputs)[1] == pytest.approx(network_outputs(wih, who, inputs), abs=1e-6)


def network_outputs(wih: Doubles, who: Doubles, inputs: Doubles) -> NDArray[np.float32]:
    network = NeuralNetwork(6, 5, 3, learning_rate=1.0)
    network.wih, network.who = wih.astype(np.float32), who.astype(np.float32)
    return network.query(inputs)


def test_the_slope_of_one_neuron_is_that_of_central_differences(mathematics, example):
    _, who, inputs, targets = example
    weights, wanted = np.append(who[0], 0.3), targets[:, 1]
    slopes = central_differences(lambda: mathematics["neuron_loss"](weights, inputs, wanted), weights)
    assert mathematics["neuron_slope"](weights, inputs, wanted) == pytest.approx(slopes, abs=1e-7)


def squared_error(wih: Doubles, who: Doubles, inputs: Doubles, targets: Doubles) -> float:
    outputs = 1 / (1 + np.exp(-(1 / (1 + np.exp(-inputs @ wih.T))) @ who.T))
    return ((targets - outputs) ** 2).sum() / 2


def cross_entropy_of_shares(wih: Doubles, who: Doubles, inputs: Doubles, targets: Doubles) -> float:
    reached = np.maximum(inputs @ wih.T, 0) @ who.T
    return -(targets * (reached - np.log(np.exp(reached).sum(axis=1, keepdims=True)))).sum()


@pytest.mark.parametrize(
    ("variant", "loss"), [("SquaredError", squared_error), ("ReluSoftmax", cross_entropy_of_shares)]
)
def test_a_variant_follows_the_gradient_of_its_loss(mathematics, example, variant, loss):
    followed = step(mathematics[variant](6, 5, 3, learning_rate=1.0), *example)
    for slopes, matrix in zip(followed, example[:2], strict=True):
        assert slopes == pytest.approx(central_differences(lambda: loss(*example), matrix), abs=1e-5)


def test_a_variant_that_varies_nothing_is_the_class(mathematics, example):
    networks = [kind(6, 5, 3, learning_rate=0.5) for kind in (mathematics["Variant"], NeuralNetwork)]
    for network in networks:
        network.momentum = 0.8
    for slopes, followed in zip(*(step(network, *example) for network in networks), strict=True):
        assert slopes == pytest.approx(followed, abs=1e-5)
