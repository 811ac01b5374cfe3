"""README's commands, options, links and packages exist, and its request is answered."""

import ast
import json
import re
import sys

import pytest
import yaml

import evaluate
import server
import train_model
from data.data_sets import shipped_model
from tests.conftest import PROJECT
from tests.test_contributing import module_of, product_files

README = (PROJECT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:sh|powershell)\n(.*?)```", README, re.DOTALL)
MODULES = re.findall(r"python3? -m (\w+(?:\.\w+)+)", README)
COMMANDS = re.findall(r"(?:python3?|py)\s+([\w/]+\.py)([^\n&;]*)", "\n".join(BLOCKS))


def test_readme_is_read_in_one_sitting():
    words = re.sub(r"```.*?```", "", README, flags=re.DOTALL).split()
    assert 150 < len(words) < 600


def test_readme_has_commands():
    assert {"train_model.py", "evaluate.py", "server.py"} <= {program for program, _ in COMMANDS}


@pytest.mark.parametrize(("program", "options"), COMMANDS)
def test_a_command_in_readme_exists_with_its_options(program, options):
    assert (PROJECT / program).is_file()
    text = (PROJECT / program).read_text(encoding="utf-8")
    for option in re.findall(r"--[\w-]+", options):
        assert f'"{option}"' in text


def test_a_program_of_a_package_in_readme_exists():
    assert MODULES
    assert [module for module in MODULES if not (PROJECT / f"{module.replace('.', '/')}.py").is_file()] == []


def test_the_picture_that_readme_sends_is_answered(model):
    request = re.search(r'curl -H "Content-Type: (\S+)" --data-binary @(\S+) http://[\d.:]+(/\S+)', README)
    assert request
    kind, file, path = request.groups()
    client = server.create_app({"TESTING": True, "MODEL": shipped_model()}).test_client()
    reply = client.post(path, data=(PROJECT / file).read_bytes(), content_type=kind)
    assert json.loads(reply.data)["text"] == "407"


@pytest.mark.parametrize("parse", [train_model.parse, evaluate.parse, server.parse])
def test_the_options_in_readme_are_understood(parse):
    program = f"{parse.__module__}.py"
    for name, options in COMMANDS:
        if name == program:
            assert parse(options.split())


def test_every_file_and_picture_that_readme_links_to_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []


def test_ci_runs_the_test_command_of_readme():
    command = ".venv/bin/python -m pytest"
    assert command in README
    assert command in (PROJECT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_public_ci_runs_the_commands_of_readme_on_each_system():
    workflow = yaml.safe_load((PROJECT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["readme"]
    assert {"ubuntu-latest", "macos-latest", "windows-latest"} <= set(job["strategy"]["matrix"]["os"])
    first = [block.strip() for block in BLOCKS[:3]]  # train and score, test, both again for Windows
    assert [step["run"] for step in job["steps"] if "run" in step] == [*first[:2], *first[2].splitlines()]
    kernels = workflow["jobs"]["kernels"]["strategy"]["matrix"]["kernel"]
    assert len(kernels) >= 2


def test_every_package_is_installed_by_the_first_command():
    lines = (PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {line.split(">=")[0] for line in lines if ">=" in line}
    imported = set()
    for path in product_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else getattr(node, "names", [])
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                imported |= {str(getattr(name, "name", name)).partition(".")[0] for name in names}
    own = {module_of(path).partition(".")[0] for path in product_files()}
    packages = {"cv2": "opencv-python", "sklearn": "scikit-learn", "PIL": "pillow", "flask_cors": "flask-cors"}
    assert required == {packages.get(module, module) for module in imported - own - sys.stdlib_module_names}
