import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import Case, Config
from schemathesis.core import NOT_SET

import server
from confidence import UNSURE_BELOW
from runs import process
from tests.conftest import PROJECT

CONFIG = Config.from_dict(
    {
        # No schema can say whether Base64 holds a picture, or how many hidden nodes there are: such requests fit
        # the description and may still be refused.
        # Only one run is trained at a time.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}},
    }
)


schema = schemathesis.openapi.from_path(PROJECT / "static" / "openapi.json", config=CONFIG)


@pytest.fixture(scope="module")
def app(digits_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("model")
    model = Path(shutil.copy(digits_model, folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITS_DATA", str(folder))
        patch.setattr(process, "PROGRAM", folder / "nothing.py")  # runs are started, and end at once
        (folder / "nothing.py").touch()
        yield make_app(model, folder)


def make_app(model: Path, folder: Path) -> Flask:
    app = server.create_app({"MODEL": model, "CORRECTIONS": folder / "some.db", "LESSONS_PER_MINUTE": 1_000_000})
    inner = app.wsgi_app
    here = {"REMOTE_ADDR": "127.0.0.1", "HTTP_ACCEPT_ENCODING": ""}  # Schemathesis names no client, unpacks nothing
    app.wsgi_app = lambda environ, start_response: inner(environ | here, start_response)  # type: ignore[method-assign]
    return app


@pytest.fixture
def example() -> dict[str, str]:
    return schema.raw_schema["paths"]["/train"]["post"]["requestBody"]["content"]["application/json"]["example"]


@schema.parametrize()
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_app_does_what_its_description_says(app: Flask, example: dict[str, str], case: Case):
    app.test_client().post("/train", json=example)  # so that there is a correction to be asked for
    case.call_and_validate(app=app)


def test_the_description_is_served(app: Flask):
    assert app.test_client().get("/openapi.json").json == schema.raw_schema


def test_every_route_is_described_and_nothing_else(app: Flask):
    routes = {
        (re.sub(r"<int:(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "pages.static"
    }
    assert routes == {(path, method) for path, methods in schema.raw_schema["paths"].items() for method in methods}


def test_the_description_says_from_where_on_an_answer_is_unsure():
    answer = schema.raw_schema["components"]["schemas"]["Answer"]["properties"]
    assert f"below {UNSURE_BELOW}," in answer["unsure"]["description"]


def test_the_example_of_a_lesson_is_learnt(app: Flask, example: dict[str, str]):
    answer = app.test_client().post("/train", json=example)
    assert answer.status_code in (200, 201)
    assert answer.get_json()["after"]["label"] == example["label"]


def test_a_correction_is_shown_changed_and_taken_back_as_described(app: Flask, example: dict[str, str]):
    number = app.test_client().post("/train", json=example).get_json()["correction"]["id"]
    routes = schema["/corrections/{number}"]
    bodies: dict[str, Any] = {"GET": NOT_SET, "PATCH": {"label": "3"}, "DELETE": NOT_SET}
    for method, body in bodies.items():
        case = routes[method].Case(path_parameters={"number": number}, body=body)
        assert case.call_and_validate(app=app).status_code == 200
