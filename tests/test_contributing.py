"""CONTRIBUTING.md is true: imports run one way, its walks lead where it says, its files and commands exist."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest

import evaluate
import train_model
from data.csv_files import write_csv
from data.data_sets import DATA_SETS, DataSet
from drawing.preparation import steps
from neural_network import NeuralNetwork
from tests.conftest import PROJECT

TEXT = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ROOMS = TEXT[TEXT.index("## The rooms") : TEXT.index("## The checks")]
LEVELS = [set(re.findall(r"`(\w+)(?:/|\.py)`", line)) for line in re.findall(r"^\d\. (.*)$", ROOMS, re.MULTILINE)]
ABOVE = {"tests", "benchmarks", "notebooks", "docs", "clients", "static", "models"}  # these may import anything


def product_files() -> list[Path]:
    """The programs and the files of their rooms: what may import only from below."""
    files = [*PROJECT.glob("*.py"), *PROJECT.glob("[!.]*/*.py")]
    return [path for path in files if path.relative_to(PROJECT).parts[0] not in ABOVE]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


def level_of(module: str) -> int:
    """How high the room of a module stands, from 0 for the network itself; the text lists them from the top."""
    return next(i for i, rooms in enumerate(reversed(LEVELS)) if module.partition(".")[0] in rooms)


def imports_of(path: Path, modules: set[str]) -> set[str]:
    """Return the modules of the product that a file imports, inside its functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {node.module or ""} | {f"{node.module}.{name.name}" for name in node.names}
    return found & modules


def import_graph() -> dict[str, set[str]]:
    files = {module_of(path): path for path in product_files()}
    return {module: imports_of(path, set(files)) for module, path in files.items()}


def test_every_file_has_a_room():
    assert len(LEVELS) == 7
    rooms = set().union(*LEVELS)
    assert {module.partition(".")[0] for module in import_graph()} == rooms
    assert sum(map(len, LEVELS)) == len(rooms)


def test_imports_run_one_way():
    upward = [
        f"{module} imports {other}"
        for module, others in import_graph().items()
        for other in others
        if module.partition(".")[0] != other.partition(".")[0] and level_of(other) >= level_of(module)
    ]
    assert upward == []


def test_imports_run_in_no_circle():
    graph = import_graph()
    assert len(graph) > 20
    # A room's __init__.py is imported with each of its files, and imports none of them.
    order = TopologicalSorter({module: others - {module.partition(".")[0]} for module, others in graph.items()})
    assert set(order.static_order()) >= set(graph)  # raises CycleError where there is a circle


def test_every_file_that_it_names_exists_and_every_program_of_a_package_too():
    named = set(re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|md|json|js|toml|txt|yml))`", TEXT))
    assert len(named) > 15
    assert {name for name in named if not (PROJECT / name).is_file()} == set()
    modules = re.findall(r"python -m (\w+\.\w+)", TEXT)
    assert all((PROJECT / f"{module.replace('.', '/')}.py").is_file() for module in modules)


def test_the_table_of_data_has_a_row_for_every_file():
    table = re.findall(
        r"^\| `(\w+\.py)` \|", (PROJECT / "data" / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(table) == sorted(path.name for path in (PROJECT / "data").glob("[!_]*.py"))


def test_its_checks_are_those_of_ci():
    checks = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    assert checks
    ci = (PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in checks[1].splitlines() if line.startswith("python")]
    assert len(commands) == 4
    for command in commands:
        program = command.removeprefix("python -m ")
        assert any(form in ci for form in (f".venv/bin/{program}", f".venv/bin/python -m {program}")), command


# first walk: a data set


@pytest.fixture
def new_data_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> DataSet:
    """The record of a new data set of three classes, added where the text says; its CSV files are there already."""
    data_set = DataSet("shapes", "three shapes", ("Bar", "Dot", "Ring"))
    monkeypatch.setitem(DATA_SETS, data_set.name, data_set)
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    monkeypatch.setenv("DIGITS_MODEL", str(tmp_path / "model.npz"))
    random = np.random.default_rng(0)
    for part in ("train", "test"):
        labels = np.repeat([0, 1, 2], 40)
        pixels = random.integers(0, 60, (len(labels), 28, 28))
        for label, picture in zip(labels, pixels, strict=True):
            picture[4 + 8 * label : 8 + 8 * label, 4:24] = 255
        write_csv(tmp_path / f"shapes_{part}.csv", np.column_stack([labels, pixels.reshape(-1, 784)]).astype(np.uint8))
    return data_set


def test_a_new_data_set_is_trained_and_scored_by_its_name(new_data_set, tmp_path, capsys):
    model = tmp_path / "shapes.npz"
    options = ["--dataset", "shapes", "--hidden-nodes", "10", "--epochs", "10", "--batch-size", "5", "--distort"]
    assert train_model.main([*options, "--output", str(model)]) == 0
    assert NeuralNetwork.load(model).class_names == new_data_set.class_names
    assert evaluate.main(["--dataset", "shapes", "--model", str(model), "--report", str(tmp_path / "report")]) == 0
    score = re.search(r"Performance: (\S+) %", capsys.readouterr().out)
    assert score
    assert float(score[1]) > 90


# second walk: a route

ADDED_ROUTES = """
import server

@server.asking.get("/echo")
def echo():
    return {"echo": "asked"}

@server.teaching.get("/secret")
def secret():
    return {"secret": "taught"}

client = server.create_app({"ORIGINS": "https://school.example"}).test_client()
for path in ("/echo", "/secret"):
    for origin in ("https://anybody.example", "https://school.example", ""):
        reply = client.get(path, headers={"Origin": origin} if origin else {})
        print(path, origin or "-", reply.status_code, reply.headers.get("Access-Control-Allow-Origin", "-"))
"""


def test_a_new_route_is_open_to_the_origins_of_its_blueprint(model):
    done = subprocess.run(
        [sys.executable, "-c", ADDED_ROUTES], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "/echo https://anybody.example 200 *",
        "/echo https://school.example 200 *",
        "/echo - 200 *",
        "/secret https://anybody.example 403 -",
        "/secret https://school.example 200 https://school.example",
        "/secret - 200 -",
    ]


# third walk: a step of the preparation


def test_every_step_of_the_preparation_has_a_caption_on_the_page():
    canvas = np.full((100, 100), 255, np.uint8)
    canvas[20:80, 48:54] = 0
    script = (PROJECT / "static" / "inside.js").read_text(encoding="utf-8")
    captions = re.search(r"const CAPTIONS = \{(.*?)\};", script, re.DOTALL)
    assert captions
    assert re.findall(r"^\s*(\w+):", captions[1], re.MULTILINE) == list(steps(canvas))
