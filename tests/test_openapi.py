import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import Case, Config

import server
from neural_network import NeuralNetwork
from tests.conftest import PROJECT

CONFIG = Config.from_dict(
    {
        # No schema can say whether Base64 holds a picture, or how many hidden nodes there are: such requests fit
        # the description and may still be refused.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]}},
    }
)


schema = schemathesis.openapi.from_path(PROJECT / "static" / "openapi.json", config=CONFIG)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    path = tmp_path_factory.mktemp("model") / "some.npz"
    NeuralNetwork(784, 20, 10, learning_rate=0.1, seed=1).save(path)
    return server.create_app({"MODEL": path})


@schema.parametrize()
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_app_does_what_its_description_says(app: Flask, case: Case):
    case.call_and_validate(app=app)


def test_the_description_is_served(app: Flask):
    assert app.test_client().get("/openapi.json").json == schema.raw_schema


def test_every_route_is_described_and_nothing_else(app: Flask):
    routes = {
        (rule.rule.replace("<int:node>", "{node}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    assert routes == {(path, method) for path, methods in schema.raw_schema["paths"].items() for method in methods}
