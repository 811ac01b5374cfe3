import logging
import re

import pytest

from tests.asking import OPEN, assert_problem, data_url, seven
from web import answers


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
        patch.setattr(answers, "steps", fail)
        response = client.post("/query", data=seven(), content_type="image/png")
    assert_problem(response, 500, "internal-server-error")
    assert "secret" not in response.text
    assert "a secret of the inside" in caplog.text
    assert client.post("/query", data=seven(), content_type="image/png").status_code == 200


@pytest.mark.parametrize("path", ["/", *OPEN, "/query", "/nothing", "/static/openapi.json"])
def test_every_answer_carries_the_security_headers(client, path):
    for response in (client.get(path), client.options(path), client.get(path, headers={"Host": "evil.example"})):
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "no-referrer"


def test_each_request_is_a_line_in_the_log_without_what_was_drawn(client, caplog):
    with caplog.at_level(logging.INFO):
        client.post("/query", json={"imageData": data_url(seven())})
        client.get("/nothing%0AGET /forged 200")
    drawn, forged = caplog.messages
    assert re.fullmatch(r"POST /query 200 [0-9.]+ ms", drawn)
    assert re.fullmatch(r"GET /nothing%0AGET%20/forged%20200 404 [0-9.]+ ms", forged)
