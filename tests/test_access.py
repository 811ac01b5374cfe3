import logging
import re
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

import server
from tests.asking import OPEN, assert_problem, data_url, lesson, saved, seven, teach
from tests.conftest import Make
from web import access
from web.settings import addresses

LISTED, FOREIGN = "http://localhost:4200", "https://a.example"


@pytest.fixture
def app(make: Make) -> Flask:
    return make()


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


def test_a_server_of_this_machine_alone_has_no_address_for_others(client):
    assert client.get("/network").json["address"] == ""
    assert_problem(client.get("/address.svg"), 404, "not-found")


def test_the_address_for_others_is_the_one_they_use_or_that_of_this_machine_in_its_network(network, tmp_path):
    client = server.create_app({"MODEL": saved(network, tmp_path), "HOST": "0.0.0.0"}).test_client()
    own = addresses()[0]
    assert client.get("/network", headers={"Host": "localhost:5000"}).get_json()["address"] == f"http://{own}:5000/"
    assert client.get("/network", headers={"Host": f"{own}:5000"}).get_json()["address"] == f"http://{own}:5000/"


def test_the_address_for_others_is_in_a_code_that_phones_read(network, tmp_path):
    client = server.create_app({"MODEL": saved(network, tmp_path), "HOSTS": "school.example"}).test_client()
    answer = client.get("/address.svg", headers={"Host": "school.example"})
    assert answer.mimetype == "image/svg+xml"
    size = int(re.findall(r'width="(\d+)"', answer.text)[0])
    code = np.full((size, size), 255, np.uint8)
    x = y = 0.0
    path = re.findall(r'class="qrline" stroke="#000" d="(.*?)"', answer.text)[0]
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if kind == "h":
            code[int(8 * (y - 0.5)) : int(8 * (y + 0.5)), int(8 * x) : int(8 * (x + values[0]))] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if kind == "M" else (x + values[0], y + values[1])
    assert cv2.QRCodeDetector().detectAndDecode(code)[0] == "http://school.example/"


def test_a_client_that_teaches_too_fast_is_told_when_to_go_on(make, monkeypatch, digits):
    clock: Any = SimpleNamespace(monotonic=lambda: clock.now, perf_counter=time.perf_counter, now=1000.0)
    monkeypatch.setattr(access, "time", clock)
    client = make(LESSONS_PER_MINUTE=3).test_client()
    for row in range(3):
        clock.now += 10
        teach(client, digits[row], "1")
    for change in ("post", "patch", "delete"):
        path = "/train" if change == "post" else "/corrections/1"
        refused = client.open(path, method=change.upper(), json=lesson(digits[3], "1"))
        assert_problem(refused, 429, "too-many")
        assert refused.headers["Retry-After"] == "41"
        assert "41 seconds" in refused.json["detail"]
    assert client.get("/corrections").json["total"] == 3
    assert client.post("/query", json={"inputs": digits[3].tolist()}).status_code == 200
    elsewhere = client.post("/train", json=lesson(digits[4], "1"), environ_base={"REMOTE_ADDR": "127.0.0.2"})
    assert elsewhere.status_code == 201
    clock.now += 41
    teach(client, digits[3], "1")
    assert_problem(client.post("/train", json=lesson(digits[5], "1")), 429, "too-many")


def test_lessons_of_many_clients_are_counted_at_once():
    def count(number: int) -> None:
        try:
            for lesson in range(50):
                pace.check(f"{number}-{lesson}")
        except Exception as error:
            failures.append(error)

    pace = access.Pace(10)
    failures: list[Exception] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads come between each other all the time
    try:
        threads = [threading.Thread(target=count, args=[number]) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


ROUTES = [
    ("POST", "/train"),
    ("GET", "/corrections"),
    ("GET", "/corrections.csv"),
    ("GET", "/corrections/1"),
    ("PATCH", "/corrections/1"),
    ("DELETE", "/corrections/1"),
    ("DELETE", "/corrections"),
]


def statuses(client: FlaskClient, **headers: str) -> list[int]:
    """What each of ROUTES answers in turn, which does not end before each has been used."""
    body = {"imageData": data_url(seven()), "label": "7"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [
        client.open(path, method=method, json=None if method == "GET" else body, headers=named).status_code
        for method, path in ROUTES
    ]


ALLOWED, REFUSED = [201] + [200] * 6, [403] * 7


@pytest.mark.parametrize("word", ["off", "OFF", "0", "no", "false"])
def test_learning_can_be_turned_off(make, monkeypatch, word):
    monkeypatch.setenv("DIGITS_LEARNING", word)
    client = make().test_client()
    assert statuses(client) == REFUSED
    refused = client.post("/train", json={})
    assert_problem(refused, 403, "learning-off")
    assert "DIGITS_LEARNING" in refused.json["detail"]
    assert client.get("/network").json["learning"] == {"on": False, "reason": refused.json["detail"], "token": False}
    assert client.post("/query", data=seven(), content_type="image/png").status_code == 200


def test_learning_is_on_unless_it_is_turned_off(client):
    assert client.get("/network").json["learning"] == {"on": True, "reason": "", "token": False}
    assert statuses(client) == ALLOWED


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "digits.example"])
def test_a_server_beyond_this_machine_needs_a_token_to_be_taught(make, host):
    client = make(HOST=host).test_client()
    assert statuses(client) == REFUSED
    refused = client.post("/train", json={})
    assert_problem(refused, 403, "learning-off")
    assert "DIGITS_TOKEN" in refused.json["detail"]
    assert client.get("/network").json["learning"]["on"] is False
    assert client.post("/query", data=seven(), content_type="image/png").status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "::1"])
def test_a_server_of_this_machine_needs_none(make, host):
    assert statuses(make(HOST=host).test_client()) == ALLOWED


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_who_has_the_token_may_teach(make, monkeypatch, host):
    monkeypatch.setenv("DIGITS_TOKEN", "open sesame open sesame")
    client = make(HOST=host).test_client()
    assert client.get("/network").json["learning"] == {"on": True, "reason": "", "token": True}
    for wrong in (
        "",
        "Bearer",
        "Bearer ",
        "Bearer open",
        "open sesame open sesame",
        "Bearer open sesame open sesame!",
        "Basic open sesame open sesame",
        "é",
    ):
        assert statuses(make(HOST=host).test_client(), Authorization=wrong) == REFUSED
    assert_problem(client.get("/corrections"), 403, "needs-token")
    assert statuses(client, Authorization="Bearer open sesame open sesame") == ALLOWED


def test_a_token_may_have_any_letters(make):
    client = make(TOKEN="öffne dich, Sesam!").test_client()
    as_sent = "Bearer öffne dich, Sesam!".encode().decode("latin-1")  # curl sends UTF-8; headers are read as Latin-1
    assert client.get("/corrections", headers={"Authorization": as_sent}).status_code == 200


def test_neither_the_token_nor_what_was_taught_is_written_into_the_log(make, caplog):
    client = make(TOKEN="sesame-sesame-sesame").test_client()
    with caplog.at_level(logging.DEBUG):
        assert statuses(client, Authorization="Bearer sesame-sesame-sesame") == ALLOWED
        assert statuses(client, Authorization="sesame-sesame-sesame") == REFUSED
        client.get("/corrections?token=sesame-sesame-sesame")
    assert len([record for record in caplog.records if record.name == "server"]) == 15
    assert "sesame-sesame-sesame" not in caplog.text
    assert "base64" not in caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": LISTED},
        {"Origin": LISTED, "Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
    ],
    ids=str,
)
def test_pages_of_its_own_and_of_listed_origins_and_programs_may_teach(client, headers):
    assert statuses(client, **headers) == ALLOWED


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": origin}
        for origin in (
            FOREIGN,
            "null",
            "",
            "http://localhost:1",
            "http://localhost.a.example",
            "http://[",
            "localhost",
            "http://a.example@localhost",
            LISTED + "/",
        )
    ]
    + [
        {"Origin": FOREIGN, "Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_pages_of_other_origins_may_neither_teach_nor_read_what_was_taught(client, headers):
    assert statuses(client, **headers) == REFUSED
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    refused = client.get("/corrections", headers=named)
    assert_problem(refused, 403, "foreign-page")
    assert refused.access_control_allow_origin != headers.get("Origin", "*")
    assert client.get("/corrections").json["total"] == 0


def test_the_list_of_origins_can_be_changed(make, monkeypatch):
    monkeypatch.setenv("DIGITS_ORIGINS", "https://school.example https://b.example")
    client = make().test_client()
    assert statuses(client, Origin="https://b.example") == ALLOWED
    assert statuses(client, Origin=LISTED) == REFUSED


def test_a_foreign_page_is_refused_even_with_the_token(make):
    client = make(TOKEN="sesame-sesame-sesame").test_client()
    assert statuses(client, Authorization="Bearer sesame-sesame-sesame", Origin=FOREIGN) == REFUSED


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_browsers_are_told_that_listed_origins_alone_may_teach(make, method, path):
    client = make(TOKEN="sesame-sesame-sesame").test_client()
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization, content-type"}
    preflight = client.options(path, headers=asked | {"Origin": LISTED})
    assert preflight.status_code == 200
    assert preflight.access_control_allow_origin == LISTED
    assert method in preflight.access_control_allow_methods
    assert {"authorization", "content-type"} <= set(preflight.access_control_allow_headers)
    assert "Origin" in preflight.vary
    assert client.options(path, headers=asked | {"Origin": FOREIGN}).access_control_allow_origin is None
    refused = client.open(path, method=method, headers={"Origin": LISTED})  # without the token
    assert_problem(refused, 403, "needs-token")
    assert refused.access_control_allow_origin == LISTED  # else the page could not read why


@pytest.mark.parametrize("path", ["/corrections", "/corrections.csv", "/corrections/1", "/corrections/2"])
def test_nobody_else_keeps_or_embeds_what_was_taught(client, digits, path):
    teach(client, digits[0], "1")
    for headers in ({}, {"Origin": FOREIGN}):
        answer = client.get(path, headers=headers)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


# Which pages may use a route follows from its blueprint


@pytest.mark.parametrize(
    ("blueprint", "foreign", "listed"),
    [("pages", None, None), ("asking", "*", "*"), ("listed.teaching", None, LISTED)],
)
def test_a_route_that_is_added_is_open_to_whom_its_blueprint_is(app, blueprint, foreign, listed):
    app.add_url_rule("/added", endpoint=f"{blueprint}.added", view_func=lambda: "", methods=["POST"])
    client = app.test_client()
    for origin, allowed in ((FOREIGN, foreign), (LISTED, listed)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert client.options("/added", headers=asked).access_control_allow_origin == allowed
        answer = client.post("/added", headers={"Origin": origin})
        assert answer.access_control_allow_origin == allowed
        assert answer.status_code == (403 if (blueprint, origin) == ("listed.teaching", FOREIGN) else 200)


def test_every_route_is_on_one_of_the_blueprints(app):
    assert {rule.endpoint.rpartition(".")[0] for rule in app.url_map.iter_rules()} == {
        "pages",
        "asking",
        "listed.teaching",
    }


# Who reaches the server from where

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
TOKEN = "sesame-sesame-sesame"


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", ""])
def test_who_connects_from_another_machine_needs_the_token_whatever_the_settings_say(make, address):
    there = {"REMOTE_ADDR": address}
    refused = make().test_client().post("/train", json={}, environ_base=there)
    assert_problem(refused, 403, "learning-off")
    assert "DIGITS_TOKEN" in refused.json["detail"]
    client = make(TOKEN=TOKEN).test_client()
    assert_problem(client.get("/corrections", environ_base=there), 403, "needs-token")
    given = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/corrections", environ_base=there, headers=given).status_code == 200
    assert client.get("/network", environ_base=there).json["learning"]["on"] is True


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_who_connects_from_this_machine_needs_no_token(make, address):
    assert make().test_client().get("/corrections", environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via"])
def test_behind_a_proxy_teaching_needs_the_token(make, header):
    client = make().test_client()
    assert_problem(client.get("/corrections", headers={header: "for=192.0.2.7"}), 403, "learning-off")


@pytest.mark.parametrize("config", [{"HOSTS": "digits.example"}, {"PROXIES": "1"}])
def test_a_server_that_is_known_elsewhere_needs_the_token(make, config):
    assert_problem(make(**config).test_client().get("/corrections"), 403, "learning-off")


def test_behind_known_proxies_the_client_counts_and_the_scheme_of_its_origin(make, digits):
    client = make(TOKEN=TOKEN, PROXIES="1", HOSTS="digits.example", LESSONS_PER_MINUTE=1).test_client()

    def teach_from(address: str, scheme: str, row: int) -> Any:
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Origin": "https://digits.example",
            "X-Forwarded-Host": "digits.example",
            "X-Forwarded-For": f"203.0.113.1, {address}",
            "X-Forwarded-Proto": scheme,
        }
        return client.post("/train", json=lesson(digits[row], "1"), headers=headers)

    assert teach_from("192.0.2.7", "https", 0).status_code == 201
    assert_problem(teach_from("192.0.2.7", "https", 1), 429, "too-many")
    assert teach_from("192.0.2.8", "https", 1).status_code == 201
    assert_problem(teach_from("192.0.2.9", "http", 2), 403, "foreign-page")


# Guesses


def test_ten_wrong_tokens_a_minute_are_enough(make, monkeypatch):
    clock: Any = SimpleNamespace(monotonic=lambda: clock.now, now=1000.0)
    monkeypatch.setattr(access, "time", clock)
    client = make(TOKEN=TOKEN).test_client()
    right, wrong = {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer sesame-sesame-sesamE"}
    for _ in range(20):  # what shows no token is no guess
        assert_problem(client.get("/corrections"), 403, "needs-token")
    for _ in range(10):
        assert_problem(client.get("/corrections", headers=wrong), 403, "needs-token")
    for headers in (wrong, right):  # else the right one could be told from the others
        refused = client.get("/corrections", headers=headers)
        assert_problem(refused, 429, "too-many")
        assert refused.headers["Retry-After"] == "61"
    assert client.get("/corrections", headers=right, environ_base=ELSEWHERE).status_code == 200
    clock.now += 61
    assert client.get("/corrections", headers=right).status_code == 200


def test_the_addresses_of_one_ipv6_network_are_one_client(make):
    client = make(TOKEN=TOKEN).test_client()
    wrong = {"Authorization": "Bearer sesame-sesame-sesamE"}
    answers = [
        client.get("/corrections", headers=wrong, environ_base={"REMOTE_ADDR": f"2001:db8::{number}"}).status_code
        for number in range(1, 12)
    ]
    assert answers == [403] * 10 + [429]
    other = client.get("/corrections", headers=wrong, environ_base={"REMOTE_ADDR": "2001:db8:0:1::1"})
    assert other.status_code == 403


# By which name


@pytest.mark.parametrize("host", ["[::1]", "[::1]:5000", "LOCALHOST:5000"])
def test_this_machine_is_known_by_its_ipv6_address_and_in_capitals(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_the_page_at_an_ipv6_address_may_teach(make):
    client = make(HOST="::1").test_client()
    headers = {"Host": "[::1]:5000", "Origin": "http://[::1]:5000"}
    assert client.get("/corrections", headers=headers).status_code == 200
    listed = (
        make(ORIGINS="http://[::1]:4200").test_client().get("/corrections", headers={"Origin": "http://[::1]:4200"})
    )
    assert (listed.status_code, listed.access_control_allow_origin) == (200, "http://[::1]:4200")


def test_names_that_end_in_a_domain_of_the_list_are_known(make):
    client = make(HOSTS=".digits.example").test_client()
    assert client.get("/healthz", headers={"Host": "a.digits.example"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "adigits.example"}).status_code == 400
