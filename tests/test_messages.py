import io
import json
import math

import numpy as np
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

import server
from neural_network import NeuralNetwork
from tests.asking import assert_problem, bomb, data_url, picture, saved, seven

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
    [
        None,
        "7",
        {},
        [],
        ONES,
        [*ONES, 1, 1],
        [*ONES, -1],
        [*ONES, 255.01],
        [*ONES, True],
        [*ONES, None],
        [*ONES, "1"],
        [*ONES, [1]],
        [*ONES, math.nan],
        [*ONES, math.inf],
        [*ONES, 10**400],
        [ONES],
    ],
    ids=range(16),
)
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
