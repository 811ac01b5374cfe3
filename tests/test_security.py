"""What SECURITY.md promises is shown by tests that are there, and the container keeps to it."""

import re

import pytest

from tests.conftest import PROJECT
from web.settings import DEFAULTS

SECURITY, DOCKERFILE = ((PROJECT / name).read_text("utf-8") for name in ("SECURITY.md", "Dockerfile"))


@pytest.mark.parametrize("path", sorted(set(re.findall(r"tests/\w+\.py", SECURITY))))
def test_each_test_that_is_named_is_there(path):
    assert "def test_" in (PROJECT / path).read_text("utf-8")


def test_each_setting_that_is_named_is_one():
    named = set(re.findall(r"DIGITS_(\w+)", SECURITY + DOCKERFILE))
    assert named <= {*DEFAULTS, "MODEL", "DATA"}


def test_the_container_runs_as_a_user_without_rights_and_tells_its_health():
    instructions = [line.split()[0] for line in DOCKERFILE.splitlines() if re.match("[A-Z]+ ", line)]
    assert instructions.index("USER") < instructions.index("CMD")
    assert "HEALTHCHECK" in instructions
    assert "USER root" not in DOCKERFILE
