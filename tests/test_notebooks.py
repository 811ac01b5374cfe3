"""The course runs on every machine without a warning, its figures can be read and heard, its exercises solved."""

import base64
import itertools
import json
import math
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from nbformat import NotebookNode, validate
from nbformat.v4 import new_code_cell

from neural_network import NeuralNetwork
from notebooks.checks import CHECKS
from notebooks.course import SMALLEST
from notebooks.refresh import FOLDER, NOTEBOOKS, read, run
from tests.conftest import NOWHERE, PROJECT
from tests.wrong_answers import WRONG

LARGEST = 1_500_000  # bytes
LONGEST = 15  # lines of code in a cell, blank ones aside
FENCED = re.compile(r"```python\n(.*?)```", re.DOTALL)
DETAILS = re.compile(r"<details>.*?</details>", re.DOTALL)
NUMBERS = sorted(NOTEBOOKS)

# Runs before the first cell: a warning is an error, and each figure that is drawn is looked at.
WATCH = """
import warnings
from matplotlib.figure import Figure
from matplotlib.text import Text

warnings.simplefilter("error")
complaints, boxes = [], []
draw_figure, draw_text = Figure.draw, Text.draw


def watched_text(self, renderer):
    draw_text(self, renderer)
    if self.get_visible() and self.get_text().strip():
        boxes.append((self.get_text(), self.get_window_extent(renderer).padded(-1)))


def watched_figure(self, renderer):
    boxes.clear()
    draw_figure(self, renderer)
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
            complaints.append(f"a panel or an axis has no name beside {[text for text, _ in boxes]}")


Text.draw, Figure.draw = watched_text, watched_figure
"""
TELL = "import json\nprint(json.dumps(complaints))"


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


def exercises(notebook: NotebookNode) -> dict[str, tuple[NotebookNode, str, str]]:
    """Return for each exercise its number, the cell to fill in, its question and the code of its answer."""
    everything = "\n".join(cell.source for cell in texts(notebook))
    found = {}
    for cell in code_cells(notebook):
        call = re.search(r'^check\("(\d\.\d)"', cell.source, re.MULTILINE)
        if not call:
            continue
        number = call[1]
        question = re.search(rf"^### Exercise {number} · (.*?)(?=^#|<summary>Answer)", everything, re.M | re.S)
        answer = re.search(rf"<summary>Answer {number}</summary>(.*?)</details>", everything, re.S)
        assert question, number
        assert answer, number
        found[number] = cell, question[1], "\n".join(FENCED.findall(answer[1]))
    return found


def with_answers(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells, and after each exercise some usual wrong answers and the right one, with what each shall do."""
    answers = {cell.id: (number, answer) for number, (cell, _, answer) in exercises(notebook).items()}
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.id in answers:
            number, answer = answers[cell.id]
            for wrong in WRONG[number]:
                code = f"{wrong}\nprediction = 'any'\ncheck({number!r}, answer, prediction)"
                cells.append(new_code_cell(f"{code}\nassert {number!r} not in right_answers, 'a wrong answer passes'"))
            cells.append(new_code_cell(f"{answer}\nassert {number!r} in right_answers, 'the answer does not pass'"))
    return cells


def executed(number: str, folder: Path) -> str:
    """Run a notebook with all answers; return all that it printed or showed as text."""
    notebook = read(NOTEBOOKS[number])
    ready = new_code_cell(f"import sys\nsys.path.insert(0, {str(PROJECT)!r})\n" + WATCH)
    imported = new_code_cell("from notebooks.course import right_answers")
    notebook.cells = [ready, imported, *with_answers(notebook), new_code_cell(TELL)]
    run(notebook, folder)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    told = notebook.cells[-1].outputs  # the kernel may send one line in two pieces
    assert json.loads("".join(output.text for output in told)) == []
    return "\n".join(output.get("text") or output.data.get("text/markdown", "") for output in outputs)


@pytest.mark.parametrize("number", NUMBERS)
def test_it_runs_on_mnist_from_the_folder_of_the_project(number, real_data, apart, monkeypatch):
    for variable, value in real_data.items():
        monkeypatch.setenv(variable, value)
    assert "cannot be downloaded" not in executed(number, PROJECT)


@pytest.mark.parametrize("number", NUMBERS)
def test_it_runs_without_mnist_from_its_own_folder_and_touches_nothing_of_the_user(number, apart, monkeypatch):
    monkeypatch.setenv("DIGITS_MIRROR", NOWHERE)
    monkeypatch.setenv("https_proxy", NOWHERE)
    printed = executed(number, FOLDER)
    assert ("going on with the small digits" in printed) == ("load_digits()" in NOTEBOOKS[number].read_text("utf-8"))
    assert not (apart / "own").exists()


@pytest.mark.parametrize("number", NUMBERS)
def test_it_can_be_read_without_running_and_holds_nothing_about_the_machine(number):
    notebook, text = read(NOTEBOOKS[number]), NOTEBOOKS[number].read_text(encoding="utf-8")
    validate(notebook)
    assert len(text.encode()) < LARGEST
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {"stream", "display_data"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    assert not re.search(r"/(?:home|root|tmp|work|Users)/|[A-Z]:\\\\", re.sub(r'"image/png": "[^"]*"', "", text))


@pytest.mark.parametrize("number", NUMBERS)
def test_each_figure_is_large_enough_and_has_an_alternative_text(number):
    figures = [out for cell in code_cells(read(NOTEBOOKS[number])) for out in cell.outputs if "image/png" in str(out)]
    assert len(figures) >= 3
    for figure in figures:
        width, height = struct.unpack(">II", base64.b64decode(figure.data["image/png"])[16:24])
        assert min(width, height) >= SMALLEST
        assert len(figure.metadata["image/png"]["alt"]) > 40


@pytest.mark.parametrize("number", NUMBERS)
def test_each_step_is_a_short_cell_with_words_before_it(number):
    notebook = read(NOTEBOOKS[number])
    for cell in code_cells(notebook):
        assert len([line for line in cell.source.splitlines() if line]) <= LONGEST, cell.id
    for before, cell in itertools.pairwise(notebook.cells):
        assert "markdown" in (before.cell_type, cell.cell_type), cell.id
    headings = [int(found) for cell in texts(notebook) for found in re.findall(r"^## (\d+)\. ", cell.source, re.M)]
    assert headings == list(range(1, len(headings) + 1))


@pytest.mark.parametrize("number", NUMBERS)
def test_its_text_states_no_share_that_was_measured(number):
    for cell in texts(read(NOTEBOOKS[number])):
        words = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$", "", cell.source, flags=re.DOTALL)
        assert "%" not in words, cell.id


def test_there_are_thirty_exercises_each_with_a_check_and_wrong_answers():
    numbers = [number for path in NOTEBOOKS.values() for number in exercises(read(path))]
    assert numbers == sorted(CHECKS) == sorted(WRONG)
    assert len(numbers) == 30


@pytest.mark.parametrize("number", NUMBERS)
def test_each_exercise_has_a_kind_a_prediction_and_a_hint(number):
    for exercise, (cell, question, answer) in exercises(read(NOTEBOOKS[number])).items():
        assert question.partition("\n")[0] in {"on paper", "fill in code", "experiment"}, exercise
        assert "*Predict first:*" in question, exercise
        assert "<summary>Hint</summary>" in question, exercise
        assert "prediction = ...  # " in cell.source or "prediction = ...\n" in cell.source, exercise
        assert f'check("{exercise}"' in answer, exercise


def test_the_course_has_exercises_of_each_kind_in_each_notebook():
    for number, path in NOTEBOOKS.items():
        kinds = {question.partition("\n")[0] for _, question, _ in exercises(read(path)).values()}
        assert kinds == {"on paper", "fill in code", "experiment"}, number


# Each term, by the notebook that explains it. The first place where it stands in bold is its definition.
TERMS = {
    "0": "nudge, slope, central difference, chain rule, gradient, learning rate, gradient descent, weighted sum, "
    "vector, matrix, transpose, node, hidden",
    "1": "MNIST, label, record, validation, targets, odds, sigmoid, neuron, cross-entropy, loss, nat, mini-batch, "
    "epoch, recall, bias, accuracy, standard deviation, layer, XOR",
    "2": "forward pass, back-propagation, hidden error, stuck",
    "3": "momentum, velocity, learning-rate course, ReLU, vanishing gradients, overfitting, soft, hard, distortion, "
    "committee, confusion matrix",
    "4": "preparation, centre of mass, candidate, best path, softmax, confidence, temperature, calibrated, "
    "calibration error, reliability diagram, membership, catastrophic forgetting, least squares, ridge regression, "
    "second moments, Kronecker product",
}


def prose(number: str) -> str:
    """The text of a notebook without headings, code, links to the other notebooks, and its list of what one needs."""
    cells = [cell.source for cell in texts(read(NOTEBOOKS[number]))]
    cells[0] = re.sub(r"^The course in five notebooks.*?\n\n|\*\*You need:\*\*.*", "", cells[0], flags=re.M | re.S)
    text = re.sub(r"^#.*$", "", "\n".join(cells), flags=re.MULTILINE)
    return " ".join(re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", text, flags=re.DOTALL).split())


@pytest.mark.parametrize(("number", "term"), [(n, term) for n, terms in TERMS.items() for term in terms.split(", ")])
def test_a_term_is_explained_before_it_is_used(number, term):
    before = [prose(earlier) for earlier in NUMBERS if earlier < number]
    definition = re.search(rf"\*\*{term}s?\*\*", prose(number), re.IGNORECASE)
    assert definition
    earlier = " ".join([*before, prose(number)[: definition.start()]])
    assert not (found := re.search(rf".{{40}}(?<![\w-]){term}(?:s|es)?(?![\w-]).{{20}}", earlier, re.IGNORECASE)), found


@pytest.mark.parametrize("number", ["2", "3", "4"])
def test_after_the_first_two_notebooks_a_node_is_called_nothing_else(number):
    assert "neuron" not in prose(number)


def test_every_line_of_the_example_by_hand_is_right_and_the_class_comes_to_the_same_weights():
    (table,) = (cell.source for cell in texts(read(NOTEBOOKS["2"])) if "by-hand" in cell.metadata.get("tags", []))
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    results = {what: (value(sum_), value(result)) for what, sum_, result in lines if re.search(r"\d", sum_)}
    assert len(results) == 19
    for what, (worked_out, printed) in results.items():
        assert worked_out == pytest.approx(printed, abs=1e-12), what
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


def test_the_notebooks_and_the_page_for_teachers_link_to_every_preset_of_the_page():
    page = (PROJECT / "static" / "learn" / "presets.js").read_text(encoding="utf-8")
    presets = dict(re.findall(r'\bid: "([^"]+)",\s*name: "([^"]+)"', page))
    assert len(presets) >= 6
    teaching = (PROJECT / "docs" / "teaching.md").read_text(encoding="utf-8")
    course = "\n".join(cell.source for path in NOTEBOOKS.values() for cell in texts(read(path)))
    for text in (teaching, course):
        links = re.findall(r'\["?([^]"]+)"?\]\(http://127.0.0.1:5000/learn\?preset=([\w-]+)\)', text)
        assert {(preset, name) for name, preset in links} == set(presets.items())


def test_this_course_has_every_row_of_the_comparison():
    table = (PROJECT / "docs" / "courses.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 25
    assert [row[0] for row in rows if len(row) != 8 or row[1].strip() in {"–", ""}] == []
    named = {number for row in rows for number in re.findall(r"\((\d)\)", row[1])}
    assert named == set(NOTEBOOKS)
