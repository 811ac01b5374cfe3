import base64
import http.client
import io
import json
import logging
import math
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_info
from werkzeug.test import TestResponse

import server
from confidence import UNSURE_BELOW, confidence
from data.data_sets import FASHION, shipped_model
from data.records import DataError, scale
from drawing.decoding import decode
from drawing.preparation import prepare
from explanation import backquery
from neural_network import NeuralNetwork
from tests.conftest import PROJECT, missing
from web import messages
from web.settings import addresses


class WholeAnswers(FlaskClient):
    """Reads each answer to its end and closes it, as a client over HTTP does."""

    def open(self, *request: Any, **options: Any) -> TestResponse:
        return super().open(*request, buffered=True, **options)


OPEN = ("/network", "/network/hidden/0", "/healthz", "/openapi.json")


def seven(file_type: str = ".png") -> bytes:
    """A 7 on a canvas of 280 x 280, as a picture file."""
    canvas = np.full((280, 280), 255, np.uint8)
    cv2.polylines(canvas, [np.array([[80, 60], [200, 60], [130, 220]])], False, 0, 18, cv2.LINE_AA)
    return picture(canvas, file_type)


def picture(canvas: NDArray[Any], file_type: str = ".png") -> bytes:
    return cv2.imencode(file_type, canvas)[1].tobytes()


def data_url(file: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(file).decode()}"


def bomb(width: int, height: int) -> bytes:
    """A small PNG file that says it is huge."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 + width // 8) * 2000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def saved(network: NeuralNetwork, folder: Path) -> Path:
    network.save(folder / "some.npz")
    return folder / "some.npz"


def that_answers(outputs: list[float]) -> NeuralNetwork:
    """A network that gives these outputs whatever it is asked."""
    network = NeuralNetwork(784, 2, len(outputs), 0.1)
    network.wih[:] = 0  # so that both hidden outputs are 0.5
    network.who[:] = [[math.log(output / (1 - output))] * 2 for output in outputs]
    return network


@pytest.fixture
def network() -> NeuralNetwork:
    return NeuralNetwork(784, 20, 10, learning_rate=0.1, seed=1)


@pytest.fixture
def app(network: NeuralNetwork, tmp_path: Path) -> Flask:
    return server.create_app({"MODEL": saved(network, tmp_path)})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = WholeAnswers
    return app.test_client()


def assert_problem(response: TestResponse, status: int, code: str) -> None:
    """The answer is a problem as RFC 9457 has it, and carries nothing of the inside."""
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    problem = response.get_json()
    assert set(problem) == {"type", "title", "status", "detail", "code"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert "Traceback" not in response.text
    assert str(PROJECT) not in response.text


# What is asked, and what is answered


def test_a_drawing_may_come_as_json_as_a_file_and_in_a_form(client):
    file = seven()
    answers = [
        client.post("/query", json={"imageData": data_url(file)}),
        client.post("/query", data=file, content_type="image/png"),
        client.post("/query", data={"image": (io.BytesIO(file), "seven.png")}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json == answers[1].json == answers[2].json


@pytest.mark.parametrize(("file_type", "kind"), [(".jpg", "image/jpeg"), (".webp", "image/webp")])
def test_jpeg_and_webp_are_taken_too(client, file_type, kind):
    file = seven(file_type)
    assert client.post("/query", json={"imageData": data_url(file, kind)}).status_code == 200
    assert client.post("/query", data=file, content_type=kind).status_code == 200


def test_the_answer_is_what_the_network_says_of_the_prepared_drawing(client, network):
    answer = client.post("/query?include=pixels,hidden", data=seven(), content_type="image/png").json
    pixels = prepare(decode(seven()))
    outputs = network.query(scale(pixels).reshape(-1))
    assert answer["pixels"] == pixels.ravel().tolist()
    assert answer["outputs"] == outputs.tolist()
    assert answer["label"] == str(outputs.argmax())
    assert answer["confidence"] == pytest.approx(confidence(network, outputs[None])[0])
    assert answer["unsure"] == (answer["confidence"] < UNSURE_BELOW)
    assert len(answer["hidden"]) == 20
    # from the hidden outputs on, the network can be followed with a pocket calculator
    assert 1 / (1 + np.exp(-network.who @ answer["hidden"])) == pytest.approx(outputs, abs=1e-5)


def test_pixels_are_put_to_the_network_as_they_are(client, network):
    pixels = np.linspace(0, 255, 784)
    answer = client.post("/query", json={"inputs": pixels.tolist()}).json
    assert answer["outputs"] == pytest.approx(network.query(scale(pixels)).tolist())


def test_the_parts_of_an_answer_come_on_request_only(client):
    file = {"data": seven(), "content_type": "image/png"}
    plain = {"label", "confidence", "unsure", "class_names", "outputs"}
    assert set(client.post("/query", **file).json) == plain
    assert set(client.post("/query?include=steps,pixels", **file).json) == plain | {"steps", "pixels"}
    assert_problem(client.post("/query?include=pixels,weather", **file), 400, "bad-include")
    assert set(client.post("/query?include=steps", json={"inputs": [0] * 784}).json) == plain


def test_the_steps_end_at_what_the_network_sees(client):
    answer = client.post("/query?include=steps,pixels", data=seven(), content_type="image/png").json
    *_, last = answer["steps"]
    seen = decode(messages.picture_file({"imageData": last["image"]}))
    assert seen.ravel().tolist() == answer["pixels"]


def test_the_steps_of_a_large_photo_are_sent_small(client):
    large = np.kron(decode(seven()), np.ones((7, 7), np.uint8))
    answer = client.post("/query?include=steps", data=picture(large), content_type="image/png").json
    for step in answer["steps"]:
        assert max(decode(messages.picture_file({"imageData": step["image"]})).shape) <= 280


def replace_network(app, network: NeuralNetwork) -> None:
    """Let the app answer with another network from now on, as if its model file held it."""
    app.extensions["teacher"]._file.network = network


@pytest.mark.parametrize(
    ("outputs", "unsure"),
    [([0.99, 0.1, 0.4], False), ([0.9, 0.1, 0.5], True), ([0.45, 0.1, 0.1], True), ([0.95, 0.1, 0.1], False)],
)
def test_an_answer_is_unsure_where_the_winner_is_weak_or_has_a_rival(app, client, outputs, unsure):
    replace_network(app, that_answers(outputs))
    answer = client.post("/query", json={"inputs": [0] * 784}).json
    assert answer["outputs"] == pytest.approx(outputs)
    assert answer["unsure"] is unsure


def test_a_network_of_one_class_answers_too(app, client):
    replace_network(app, that_answers([0.8]))
    assert client.post("/query", json={"inputs": [0] * 784}).json["label"] == "0"


def test_older_angular_clients_get_the_digit_as_text_in_message(client):
    answer = client.post("/recognize-digit", json={"imageData": data_url(seven())}).json
    plain = client.post("/query", json={"imageData": data_url(seven())}).json
    assert answer == {"message": plain["label"], **plain}
    assert isinstance(answer["message"], str)


def test_class_names_come_from_the_model(tmp_path):
    network = NeuralNetwork(784, 30, 10, 0.1)
    network.class_names = FASHION.class_names
    path = saved(network, tmp_path)
    client: Any = server.create_app({"MODEL": path}).test_client()
    answer = client.post("/query", data=seven(), content_type="image/png").json
    assert answer["class_names"] == list(FASHION.class_names)
    assert answer["label"] in FASHION.class_names


def test_the_model_that_ships_reads_a_seven(monkeypatch, tmp_path):
    if not shipped_model().exists():
        missing("the trained model that ships")
    monkeypatch.setenv("DIGITS_MODEL", str(tmp_path / "not trained yet.npz"))
    client: Any = server.create_app().test_client()
    assert client.post("/query", data=seven(), content_type="image/png").json["label"] == "7"
    assert client.get("/healthz").json["model"]["file"] == shipped_model().name


def test_the_model_that_the_user_trained_comes_before_the_one_that_ships(monkeypatch, network, tmp_path):
    monkeypatch.setenv("DIGITS_MODEL", str(saved(network, tmp_path)))
    client: Any = server.create_app().test_client()
    assert client.get("/healthz").json["model"]["nodes"] == [784, 20, 10]


# What the network looks like from inside


def test_the_network_shows_what_it_imagines(client, network):
    network_shown = client.get("/network").json
    assert network_shown["class_names"] == list("0123456789")
    assert network_shown["hidden_nodes"] == 20
    wanted = np.where(np.eye(10, dtype=bool), 0.99, 0.01)
    assert np.array(network_shown["imagined"]) == pytest.approx(backquery(network, wanted) * 255, abs=0.51)


def test_a_hidden_node_shows_its_weights_and_votes(client, network):
    shown = client.get("/network/hidden/17").json
    assert shown == {"node": 17, "weights": network.wih[17].tolist(), "votes": network.who[:, 17].tolist()}


@pytest.mark.parametrize("node", ["20", "-1", "x", "1" + "0" * 40])
def test_a_hidden_node_that_does_not_exist_is_not_found(client, node):
    assert_problem(client.get(f"/network/hidden/{node}"), 404, "not-found")


def test_health_tells_the_model_in_use(client):
    model = {"file": "some.npz", "nodes": [784, 20, 10], "class_names": list("0123456789"), "training": {}}
    assert client.get("/healthz").json == {"status": "ok", "model": model}


def test_a_training_with_an_unknown_loss_is_still_json(network, tmp_path):
    network.training = {"dataset": "mnist", "best_epoch": {"loss": math.nan}}
    client = server.create_app({"MODEL": saved(network, tmp_path)}).test_client()
    for route in ("/healthz", "/network"):
        text = client.get(route).text
        assert "NaN" not in text
        assert '{"loss":null}' in text


def test_the_page_is_served_at_the_root(client):
    page = client.get("/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert client.get("/static/openapi.json").json == client.get("/openapi.json").json


# What cannot be answered

ONES = [1.0] * 783


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 400, "not-json"),
        ("{", 400, "not-json"),
        ("\xff\xfe", 400, "not-json"),
        ("null", 400, "not-json"),
        ("7", 400, "not-json"),
        ('"text"', 400, "not-json"),
        ("[]", 400, "not-json"),
        ("[" * 100_000, 400, "not-json"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, 400, "not-json"),
        ('{"inputs": ' + "9" * 5000 + "}", 400, "not-json"),
        ("{}", 422, "no-image"),
        ('{"imageData": null}', 422, "no-image"),
        ('{"imageData": 7}', 422, "no-image"),
        ('{"imageData": ["data:image/png;base64,AAAA"]}', 422, "no-image"),
        ('{"imageData": ""}', 422, "bad-image"),
        ('{"imageData": "AAAA"}', 422, "bad-image"),
        ('{"imageData": "data:image/png;base64,"}', 422, "bad-image"),
        ('{"imageData": "data:image/png;base64,A"}', 422, "bad-image"),
        ('{"imageData": "data:image/png;base64,AA AA"}', 422, "bad-image"),
        ('{"imageData": "data:image/png;base64,\\ud800"}', 422, "bad-image"),
        ('{"imageData": "data:image/png,AAAA"}', 422, "bad-image"),
        ('{"imageData": "data:text/plain;base64,NzcK"}', 422, "bad-image"),
        ('{"imageData": "data:image/svg+xml;base64,PHN2Zy8+"}', 422, "bad-image"),
        ('{"imageData": "data:image/gif;base64,R0lGODlhAQABAAAAACw="}', 422, "bad-image"),
        ('{"imageData": "data:application/pdf;base64,JVBERi0="}', 422, "bad-image"),
        (json.dumps({"imageData": data_url(b"GIF89a" + bytes(100))}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(b"%PDF-1.7" + bytes(100))}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(b"<svg/>")}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(seven()[:-20])}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(picture(np.zeros((1, 1), np.uint8)))}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(picture(np.zeros((4000, 1), np.uint8)))}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(bomb(60_000, 60_000))}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(bomb(4097, 4097))}), 422, "bad-image"),
        (json.dumps({"imageData": data_url(picture(np.zeros((280, 280), np.uint8)))}), 422, "no-ink"),
        (json.dumps({"imageData": data_url(picture(np.full((280, 280), 255, np.uint8)))}), 422, "no-ink"),
        (json.dumps({"imageData": data_url(picture(np.zeros((280, 280, 4), np.uint8)))}), 422, "no-ink"),
    ],
    ids=range(36),
)
def test_a_body_without_a_picture_is_refused(client, body, status, code):
    for route in ("/query", "/recognize-digit"):
        response = client.post(route, data=body.encode("latin-1"), content_type="application/json")
        assert_problem(response, status, code)


@pytest.mark.parametrize(
    "inputs",
    [None, "7", {}, [], ONES, [*ONES, 1, 1], [*ONES, -1], [*ONES, 255.01], [*ONES, True], [*ONES, None], [*ONES, "1"],
     [*ONES, [1]], [*ONES, math.nan], [*ONES, math.inf], [*ONES, 10**400], [ONES]],
    ids=range(16),
)  # fmt: skip
def test_inputs_that_are_not_784_numbers_from_0_to_255_are_refused(client, inputs):
    assert_problem(client.post("/query", json={"inputs": inputs}), 422, "bad-inputs")


def test_a_number_too_large_for_a_float_is_refused(client):
    body = '{"inputs": [' + "1," * 783 + "1e400]}"
    assert_problem(client.post("/query", data=body, content_type="application/json"), 422, "bad-inputs")


def test_inputs_are_nothing_for_the_older_protocol(client):
    assert_problem(client.post("/recognize-digit", json={"inputs": [0] * 784}), 422, "no-image")


@pytest.mark.parametrize("kind", ["text/plain", "image/gif", "image/svg+xml", "application/x-www-form-urlencoded", ""])
def test_other_types_of_content_are_refused(client, kind):
    for route in ("/query", "/recognize-digit"):
        assert_problem(client.post(route, data=seven(), content_type=kind), 415, "unsupported-media-type")


def test_a_form_without_a_picture_file_is_refused(client):
    assert_problem(client.post("/query", data={"picture": (io.BytesIO(seven()), "a.png")}), 422, "no-image")
    broken = client.post("/query", data=b"--x\r\nnonsense", content_type="multipart/form-data; boundary=x")
    assert_problem(broken, 422, "no-image")
    assert_problem(client.post("/query", data=b"", content_type="multipart/form-data"), 422, "no-image")


@pytest.mark.parametrize("kind", ["application/json", "image/png", "multipart/form-data; boundary=x"])
def test_a_request_of_more_than_4_mib_is_too_large(client, kind):
    assert_problem(client.post("/query", data=bytes((4 << 20) + 1), content_type=kind), 413, "too-large")
    assert client.post("/query", data=seven(), content_type="image/png").status_code == 200


def test_unknown_routes_are_not_found(client):
    for path in ("/nothing", "/query/", "/network//hidden/0", "/static/", "/static/../server.py", "/static/%2e%2e/x"):
        assert_problem(client.get(path), 404, "not-found")


def test_other_methods_are_told_which_to_use(client):
    response = client.get("/query")
    assert_problem(response, 405, "method-not-allowed")
    assert response.allow.as_set() == {"post", "options"}
    assert_problem(client.delete("/healthz"), 405, "method-not-allowed")


def test_what_nobody_foresaw_is_logged_and_not_shown(app, client, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    with monkeypatch.context() as patch:
        patch.setattr(messages, "steps", fail)
        response = client.post("/query", data=seven(), content_type="image/png")
    assert_problem(response, 500, "internal-server-error")
    assert "secret" not in response.text
    assert "a secret of the inside" in caplog.text
    assert client.post("/query", data=seven(), content_type="image/png").status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["imageData", "inputs"]) | st.text(), inner),
)
DATA_URLS = st.binary(max_size=300).map(data_url)


@st.composite
def damaged_pictures(draw: st.DrawFn) -> bytes:
    file = bytearray(seven(draw(st.sampled_from([".png", ".jpg", ".webp"]))))
    for place in draw(st.lists(st.integers(0, len(file) - 1), min_size=1, max_size=8)):
        file[place] = draw(st.integers(0, 255))
    return bytes(file[: draw(st.integers(0, len(file)))]) if draw(st.booleans()) else bytes(file)


@pytest.fixture(scope="module")
def lasting_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    network = NeuralNetwork(784, 20, 10, learning_rate=0.1, seed=1)
    return server.create_app({"MODEL": saved(network, tmp_path_factory.mktemp("model"))}).test_client()


@settings(max_examples=200, deadline=None)
@given(
    body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()),
    kind=st.sampled_from(["application/json", "image/png", "multipart/form-data; boundary=x", "text/plain"]),
    route=st.sampled_from(["/query", "/recognize-digit"]),
)
def test_no_body_makes_the_server_fail(lasting_client, body, kind, route):
    response = lasting_client.post(route, data=body, content_type=kind)
    assert 400 <= response.status_code < 500
    assert response.mimetype == "application/problem+json"


@settings(max_examples=200, deadline=None)
@given(url=DATA_URLS | damaged_pictures().map(data_url), parts=st.sampled_from(["", "steps", "pixels,hidden"]))
def test_no_picture_makes_the_server_fail(lasting_client, url, parts):
    response = lasting_client.post(f"/query?include={parts}", json={"imageData": url})
    assert response.status_code in (200, 422)


# Who may ask


@pytest.mark.parametrize("path", ["/", *OPEN, "/query", "/nothing", "/static/openapi.json"])
def test_every_answer_carries_the_security_headers(client, path):
    for response in (client.get(path), client.options(path), client.get(path, headers={"Host": "evil.example"})):
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", OPEN)
def test_pages_of_every_origin_may_read_the_open_routes(client, path):
    assert client.get(path, headers={"Origin": "https://a.example"}).access_control_allow_origin == "*"


@pytest.mark.parametrize("path", ["/query", "/recognize-digit"])
def test_pages_of_every_origin_may_ask(client, path):
    headers = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = client.options(path, headers=headers)
    assert preflight.status_code == 200
    assert preflight.access_control_allow_origin == "*"
    assert "POST" in preflight.access_control_allow_methods
    assert "content-type" in preflight.access_control_allow_headers
    answered = client.post(path, json={"imageData": data_url(seven())}, headers={"Origin": "https://a.example"})
    refused = client.post(path, json={}, headers={"Origin": "null"})
    assert (answered.status_code, refused.status_code) == (200, 422)
    assert answered.access_control_allow_origin == refused.access_control_allow_origin == "*"


def test_other_paths_are_closed_to_pages_of_other_origins(client):
    for path in ("/", "/static/openapi.json", "/queryx", "/network/hiddenx"):
        assert client.get(path, headers={"Origin": "https://a.example"}).access_control_allow_origin is None


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.0.2.7", "evil_x.example", "", "a b"])
def test_a_request_that_calls_the_server_by_another_name_is_refused(client, host):
    assert_problem(client.get("/healthz", headers={"Host": host}), 400, "bad-request")


@pytest.mark.parametrize("host", ["localhost", "localhost:5000", "127.0.0.1:1234"])
def test_this_machine_is_known_by_its_loopback_names(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_server_is_known_by_its_host_and_by_the_names_it_is_given(monkeypatch, network, tmp_path):
    monkeypatch.setenv("DIGITS_HOST", "digits.example")
    monkeypatch.setenv("DIGITS_HOSTS", "digits.example.org, school.example")
    client = server.create_app({"MODEL": saved(network, tmp_path)}).test_client()
    for name in ("digits.example", "digits.example.org", "school.example:8000", "localhost"):
        assert client.get("/healthz", headers={"Host": name}).status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_a_server_for_the_whole_network_is_known_by_the_name_and_address_of_its_machine(network, tmp_path):
    client = server.create_app({"MODEL": saved(network, tmp_path), "HOST": "0.0.0.0"}).test_client()
    for name in (*addresses(), "localhost"):
        assert client.get("/healthz", headers={"Host": name}).status_code == 200
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 400


def test_each_request_is_a_line_in_the_log_without_what_was_drawn(client, caplog):
    with caplog.at_level(logging.INFO):
        client.post("/query", json={"imageData": data_url(seven())})
        client.get("/nothing%0AGET /forged 200")
    drawn, forged = caplog.messages
    assert re.fullmatch(r"POST /query 200 [0-9.]+ ms", drawn)
    assert re.fullmatch(r"GET /nothing%0AGET%20/forged%20200 404 [0-9.]+ ms", forged)


# One network, many threads


def test_a_request_sees_one_whole_network_even_if_it_is_replaced_meanwhile(app, client):
    class Replaced(NeuralNetwork):
        """A network that is replaced while it answers."""

        def forward(self, *arguments):
            replace_network(app, newer)
            return super().forward(*arguments)

    older = Replaced(784, 20, 10, 0.1, seed=2)
    older.class_names = tuple(f"old {number}" for number in range(10))
    newer = NeuralNetwork(784, 30, 10, 0.1, seed=3)
    newer.class_names = tuple(f"new {number}" for number in range(10))
    replace_network(app, older)
    request = {"json": {"inputs": [128] * 784}}
    first, second = (client.post("/query?include=hidden", **request).json for _ in range(2))
    for answer, network, word in ((first, older, "old"), (second, newer, "new")):
        assert answer["outputs"] == NeuralNetwork.query(network, scale(np.full(784, 128))).tolist()
        assert answer["class_names"] == list(network.class_names)
        assert answer["label"].startswith(word)
        assert len(answer["hidden"]) == len(network.wih)


def test_threads_that_ask_while_the_network_is_replaced_get_the_answer_of_one_or_the_other(app):
    networks = [NeuralNetwork(784, 200, 10, 0.1, seed=seed) for seed in range(2)]
    pixels = np.linspace(0, 255, 784)
    right = [network.query(scale(pixels)).tolist() for network in networks]
    replace_network(app, networks[0])
    answers: list[list[float]] = []

    def ask() -> None:
        client = app.test_client()
        for _ in range(50):
            answers.append(client.post("/query", json={"inputs": pixels.tolist()}).json["outputs"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    replaced = 0
    while any(thread.is_alive() for thread in threads):
        replaced += 1
        replace_network(app, networks[replaced % 2])
    assert len(answers) == 200
    assert all(answer in right for answer in answers)


@pytest.mark.usefixtures("app")
def test_matrix_products_use_one_thread_while_serving():
    assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}


# Starting


def test_a_model_that_takes_other_inputs_is_refused(tmp_path):
    path = saved(NeuralNetwork(64, 20, 10, 0.1), tmp_path)
    with pytest.raises(DataError, match="64 inputs, but a drawing has 784 pixels"):
        server.create_app({"MODEL": path})


def test_importing_the_server_loads_no_model_and_writes_nothing(tmp_path):
    (tmp_path / "broken.npz").write_text("no model")
    command = [sys.executable, "-c", "import server; print(server.create_app.__name__)"]
    settings = {"DIGITS_MODEL": str(tmp_path / "broken.npz"), "DIGITS_DATA": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, env=os.environ | settings, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "create_app\n")
    assert [path.name for path in tmp_path.iterdir()] == ["broken.npz"]


@pytest.mark.parametrize("content", [None, b"", b"no model", b"PK\x03\x04 half of one"])
def test_a_missing_or_broken_model_ends_the_program_with_what_to_do(run, tmp_path, content):
    if content is not None:
        (tmp_path / "mine.npz").write_bytes(content)
    done = run("server.py", "--port", "0", "--model", "mine.npz")
    assert done.returncode == 1
    assert "mine.npz" in done.stderr
    assert "python train_model.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_ends_the_program_with_what_to_do(run, network, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("server.py", "--model", saved(network, tmp_path), env={"DIGITS_PORT": str(port)})
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_ends_the_program_with_status_2(run, port):
    done = run("server.py", env={"DIGITS_PORT": port})
    assert done.returncode == 2
    assert port in done.stderr


def test_opencv_without_its_libraries_ends_the_program_with_what_to_install(run, tmp_path):
    (tmp_path / "cv2.py").write_text('raise ImportError("libGL.so.1: cannot open shared object file")')
    done = run("server.py", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "libGL.so.1" in done.stderr
    assert "apt-get install libgl1" in done.stderr
    assert "opencv-python-headless" in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def running(command: list[str], tmp_path: Path, ready: str) -> Iterator[int]:
    """Run a server as a user does until the block ends; `ready` is the pattern of the line that tells its port."""
    settings = os.environ | {"DIGITS_MODEL": str(tmp_path / "some.npz"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=PROJECT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            told = ""
            while not (found := re.search(ready, told)):
                line = process.stdout.readline()
                assert line, f"{command} did not start: {told}"
                told += line
            yield int(found[1])
        finally:
            process.terminate()


@pytest.fixture
def port(network: NeuralNetwork, tmp_path: Path) -> Iterator[int]:
    """The port of python server.py."""
    saved(network, tmp_path)
    with running([sys.executable, "server.py", "--port", "0"], tmp_path, r"\AOpen http://127\.0\.0\.1:(\d+)") as port:
        yield port


def ask(port: int, body: bytes | Iterable[bytes] | None = None):
    """Post a picture, the seven where none is given, and return status, headers and JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/query", seven() if body is None else body, {"Content-Type": "image/png"})
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())
    finally:
        connection.close()


def test_the_program_prints_its_address_and_answers_there(port):
    status, headers, answer = ask(port)
    assert status == 200
    assert answer["label"] in "0123456789"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_body_that_never_ends_keeps_nobody_else_waiting(port):
    head = b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    endless = [
        head + b"Content-Length: 1000000\r\n\r\nhalf",
        head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        head,
    ]
    connections = []
    for sent in endless * 10:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(sent)
        connections.append(connection)
    assert [ask(port)[0] for _ in range(5)] == [200] * 5
    for connection in connections:
        connection.close()


def test_a_body_that_is_too_large_is_refused_whether_it_is_announced_or_not(port):
    five = bytes(5 << 20)
    for body in (five, iter([five])):  # the second is sent in chunks
        status, headers, problem = ask(port, body=body)
        assert (status, headers["Content-Type"], problem["code"]) == (413, "application/problem+json", "too-large")
    assert ask(port)[0] == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400),
        (b"POST /query HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_malformed_http_is_answered_with_a_problem_too(port, sent, status):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        response = http.client.HTTPResponse(connection)
        response.begin()
        problem = json.loads(response.read())
    assert (response.status, problem["status"]) == (status, status)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert ask(port)[0] == 200


@pytest.mark.parametrize(
    ("command", "ready"),
    [
        (["flask", "--app", "server", "run", "--port", "0"], r"Running on http://127\.0\.0\.1:(\d+)"),
        (["flask", "--app", "server", "--debug", "run", "--port", "0"], r"Running on http://127\.0\.0\.1:(\d+)"),
        (["waitress", "--port", "0", "--call", "server:create_app"], r"Serving on http://.*:(\d+)"),
        (["gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "--threads", "8", "server:create_app()"],
         r"Listening at: http://127\.0\.0\.1:(\d+)"),
    ],
    ids=["flask", "flask debug", "waitress", "gunicorn"],
)  # fmt: skip
def test_other_servers_run_the_app_as_well(network, tmp_path, command, ready):
    if command[0] == "gunicorn" and os.name == "nt":
        pytest.skip("gunicorn needs Unix")
    saved(network, tmp_path)
    with running([sys.executable, "-m", *command], tmp_path, ready) as port:
        assert ask(port)[0] == 200
        assert ask(port, body=b"nonsense")[2]["code"] == "bad-image"
