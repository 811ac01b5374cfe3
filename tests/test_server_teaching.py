"""What those who teach over HTTP can rely on, and what those who may not teach run into."""

import base64
import csv
import io
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from numpy.typing import NDArray

import server
import teaching.store
from benchmarks.hold import teach_and_kill
from data.csv_files import read_csv
from data.data_sets import bundled_digits, shipped_model
from data.records import scale
from drawing.decoding import decode
from drawing.preparation import prepare
from neural_network import NeuralNetwork
from teaching.model_file import to_arrays
from teaching.teacher import LEARNING_TIMEOUT
from teaching.update import Learner
from tests.asking import WholeAnswers, assert_problem, data_url, lesson, picture, seven, teach
from tests.conftest import missing, same_weights
from tests.test_teacher import SlowLearner, wait_until_learnt

LISTED, FOREIGN = "http://localhost:4200", "https://a.example"
Make = Callable[..., Flask]


@pytest.fixture
def make(model: Path) -> Make:
    """Make an app that can be taught, with whatever settings."""

    def make_app(**config: object) -> Flask:
        app = server.create_app({"MODEL": model, "LESSONS_PER_MINUTE": 10_000, **config})
        app.extensions["teacher"].timeout = None  # until it is learnt, however slow the machine
        app.test_client_class = WholeAnswers
        return app

    return make_app


@pytest.fixture
def app(make: Make) -> Flask:
    return make()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture(scope="session")
def digits() -> NDArray[np.uint8]:
    """Drawings (360, 784) that the model was not trained on."""
    return bundled_digits("test")[0]


def another(client: FlaskClient, pixels: NDArray[np.uint8]) -> str:
    """A class that the network does not take these pixels for."""
    answer: Any = client.post("/query", json={"inputs": pixels.tolist()}).json
    return str((int(answer["label"]) + 1) % 10)


def network_of(app: Flask) -> NeuralNetwork:
    return app.extensions["teacher"].network


def locked(path: Path) -> sqlite3.Connection:
    """Write to the file of corrections from elsewhere, and do not come to an end."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


# Teaching


def test_a_corrected_drawing_is_answered_rightly_at_once_and_by_every_later_question(client):
    label = another(client, prepare(decode(seven())).ravel())
    answer = client.post("/train", json={"imageData": data_url(seven()), "label": label})
    assert answer.status_code == 201
    assert answer.json["before"]["label"] != label
    assert answer.json["after"]["label"] == label
    asked = client.post("/query", data=seven(), content_type="image/png").json
    assert asked == answer.json["after"]


def test_what_is_stored_is_told(client, digits):
    before = client.post("/query", json={"inputs": digits[0].tolist()}).json
    answer = teach(client, digits[0], another(client, digits[0]))
    correction = answer["correction"]
    assert set(correction) == {"id", "label", "said", "confidence", "created", "pixels"}
    assert answer["before"] == before
    assert (correction["said"], correction["confidence"]) == (before["label"], before["confidence"])
    assert correction["label"] == answer["after"]["label"]
    assert correction["pixels"] == digits[0].tolist()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_drawing_is_kept_as_it_came(client, kind):
    file = seven(f".{kind}")
    url = data_url(file, f"image/{kind}")
    number = client.post("/train", json={"imageData": url, "label": "7"}).json["correction"]["id"]
    kept = client.get(f"/corrections/{number}").json
    assert kept["imageData"] == url
    assert kept["pixels"] == prepare(decode(file)).ravel().tolist()


def test_pixels_are_kept_without_a_drawing(client, digits):
    number = teach(client, digits[0], "1")["correction"]["id"]
    assert client.get(f"/corrections/{number}").json["imageData"] is None


def test_a_label_may_be_a_number(client, digits):
    assert teach(client, digits[0], 3)["correction"]["label"] == "3"


def test_the_same_drawing_is_kept_once_with_the_label_that_was_given_last(app, client, digits):
    first = client.post("/train", json=lesson(digits[0], "3"))
    again = client.post("/train", json=lesson(digits[0], "3"))
    other = client.post("/train", json=lesson(digits[0], "5"))
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 200]
    assert other.json["correction"] == first.json["correction"] | {"label": "5"}
    assert client.get("/corrections").json["total"] == 1
    assert other.json["after"]["label"] == "5"


NAMELESS: list[object] = [None, "", "10", "-1", "seven", "7 ", "٧", 10, -1, 7.0, True, [], ["7"], {}, 10**400, "\ud800"]


@pytest.mark.parametrize("label", NAMELESS, ids=range(len(NAMELESS)))
def test_a_label_that_names_no_class_is_refused_and_nothing_is_stored(client, digits, label):
    number = teach(client, digits[1], "1")["correction"]["id"]
    assert_problem(client.post("/train", json=lesson(digits[0], label)), 422, "bad-label")
    assert_problem(client.patch(f"/corrections/{number}", json={"label": label}), 422, "bad-label")
    assert [kept["label"] for kept in client.get("/corrections").json["corrections"]] == ["1"]


def test_what_shows_none_of_the_classes_is_learnt_as_such(client, digits):
    learnt = teach(client, digits[0], "none")
    assert learnt["before"]["is_digit"]
    assert learnt["correction"]["label"] == "none"
    assert not learnt["after"]["is_digit"]
    number = learnt["correction"]["id"]
    assert client.get("/corrections").json["corrections"][0]["label"] == "none"
    assert client.patch(f"/corrections/{number}", json={"label": "1"}).json["label"] == "1"
    assert client.patch(f"/corrections/{number}", json={"label": "none"}).json["label"] == "none"
    assert not client.post("/query", json={"inputs": digits[0].tolist()}).json["is_digit"]


def test_a_lesson_without_a_label_is_refused(client):
    assert_problem(client.post("/train", json={"imageData": data_url(seven())}), 422, "bad-label")


@pytest.mark.parametrize(
    "drawing",
    [
        {"inputs": [0] * 784},
        {"inputs": [0.4] * 784},
        {"imageData": data_url(picture(np.full((280, 280), 255, np.uint8)))},
    ],
    ids=["no pixel", "hardly a pixel", "white paper"],
)
def test_nothing_is_learnt_from_an_empty_drawing(client, drawing):
    assert_problem(client.post("/train", json=drawing | {"label": "7"}), 422, "no-ink")
    assert client.get("/corrections").json["total"] == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "not-json"),
        ("[7]", 400, "not-json"),
        ('{"label": "7"}', 422, "no-image"),
        ('{"label": "7", "imageData": 7}', 422, "no-image"),
        ('{"label": "7", "imageData": "data:image/png;base64,AAAA"}', 422, "bad-image"),
        ('{"label": "7", "inputs": [1, 2, 3]}', 422, "bad-inputs"),
    ],
)
def test_a_body_that_cannot_be_learnt_is_refused(client, body, status, code):
    assert_problem(client.post("/train", data=body, content_type="application/json"), status, code)


@pytest.mark.parametrize(
    "kind", ["text/plain", "image/png", "multipart/form-data", "application/x-www-form-urlencoded", ""]
)
def test_lessons_are_json_alone_since_pages_of_other_origins_may_send_the_rest_unasked(client, digits, kind):
    number = teach(client, digits[0], "1")["correction"]["id"]
    assert_problem(client.post("/train", data=seven(), content_type=kind), 415, "unsupported-media-type")
    changed = client.patch(f"/corrections/{number}", data='{"label": "2"}', content_type=kind)
    assert_problem(changed, 415, "unsupported-media-type")


def test_two_clients_at_once_are_both_learnt_from(app, digits):
    answers: list[Any] = []
    trained = network_of(app)

    def teach_some(rows: range) -> None:
        client = app.test_client()
        answers.extend(client.post("/train", json=lesson(digits[row], str(row % 10))) for row in rows)

    threads = [threading.Thread(target=teach_some, args=(range(start, 20, 2),)) for start in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 20
    assert app.test_client().get("/corrections").json["total"] == 20
    corrections = app.extensions["teacher"].page(-1)[::-1]
    assert same_weights(network_of(app), Learner(trained).learn(*to_arrays(corrections)))


def test_a_restarted_server_knows_what_it_was_taught(make, digits):
    older = make()
    teach(older.test_client(), digits[0], another(older.test_client(), digits[0]))
    newer = make()
    assert same_weights(network_of(newer), network_of(older))
    assert newer.test_client().get("/corrections").json == older.test_client().get("/corrections").json


def test_the_model_that_ships_is_taught_in_a_file_of_the_users_own(monkeypatch, tmp_path, digits):
    if not shipped_model().exists():
        missing("the trained model that ships")
    monkeypatch.setenv("DIGITS_MODEL", str(tmp_path / "model.npz"))
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    shipped = shipped_model().read_bytes()
    app = server.create_app()
    app.extensions["teacher"].timeout = None
    client: Any = app.test_client()
    label = another(client, digits[0])
    assert teach(client, digits[0], label)["after"]["label"] == label
    assert shipped_model().read_bytes() == shipped
    assert same_weights(NeuralNetwork.load(tmp_path / "model.npz"), network_of(app))


def test_other_pages_and_other_processes_see_that_something_was_taught_and_taken_back(make, digits):
    one, other = make().test_client(), make().test_client()
    number = teach(one, digits[0], "1")["correction"]["id"]
    taught = other.get("/lessons").get_json()
    assert (taught["corrections"], taught["latest"]) == (1, number)
    one.delete(f"/corrections/{number}")
    taken_back = other.get("/lessons").get_json()
    assert taken_back["corrections"] == 0
    assert taken_back["revision"] > taught["revision"]


# Looking at what was taught, and taking it back


def test_corrections_are_listed_newest_first_and_in_parts(client, digits):
    numbers = [teach(client, digits[row], "1")["correction"]["id"] for row in range(5)]
    newest_first = numbers[::-1]

    def listed(query: str) -> list[int]:
        answer = client.get(f"/corrections{query}").json
        assert answer["total"] == 5
        return [kept["id"] for kept in answer["corrections"]]

    assert listed("") == newest_first
    assert listed("?limit=2") == newest_first[:2]
    assert listed(f"?limit=2&before={newest_first[1]}") == newest_first[2:4]
    assert listed(f"?before={numbers[0]}") == []
    assert listed(f"?before={2**53}") == newest_first


def test_nothing_is_listed_where_nothing_was_taught(client):
    assert client.get("/corrections").json == {"corrections": [], "total": 0}
    assert client.get("/corrections.csv").text == ""


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=",
        "limit=x",
        "limit=-1",
        "limit=1.5",
        "limit=٣",
        "before=0",
        f"before={2**53 + 1}",
        "before=" + "9" * 5000,
    ],
)
def test_a_number_in_the_address_that_is_none_is_refused(client, query):
    assert_problem(client.get(f"/corrections?{query}"), 400, "bad-number")


def test_corrections_are_exported_in_the_format_of_the_data_sets(client, digits, tmp_path):
    for row in range(3):
        teach(client, digits[row], str(row))
    answer = client.get("/corrections.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=corrections.csv"
    assert [len(row) for row in csv.reader(io.StringIO(answer.text))] == [785] * 3
    (tmp_path / "mine.csv").write_bytes(answer.data)
    pixels, labels = read_csv(tmp_path / "mine.csv")
    assert np.array_equal(pixels, digits[:3])
    assert labels.tolist() == [0, 1, 2]


NUMBERS = ["0", "2", "-1", "x", "1.0", "9" * 19, "9" * 40]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_correction_that_does_not_exist_is_not_found(client, digits, number):
    assert teach(client, digits[0], "1")["correction"]["id"] == 1
    assert_problem(client.get(f"/corrections/{number}"), 404, "not-found")
    assert_problem(client.patch(f"/corrections/{number}", json={"label": "2"}), 404, "not-found")
    assert_problem(client.delete(f"/corrections/{number}"), 404, "not-found")
    assert client.get("/corrections").json["total"] == 1


def test_a_relabelled_correction_counts_as_if_it_had_always_said_so(app, client, digits):
    corrections = [teach(client, digits[row], "1")["correction"] for row in range(3)]
    number = corrections[1]["id"]
    changed = client.patch(f"/corrections/{number}", json={"label": "4"})
    assert changed.status_code == 200
    assert changed.json == corrections[1] | {"label": "4"}
    assert client.get("/corrections").json["corrections"][1] == changed.json
    answers = network_of(app).query(scale(digits[:3])).argmax(axis=1)
    assert answers.tolist() == [1, 4, 1]


def test_twenty_wrong_labels_are_taken_back_exactly(app, client, digits):
    trained = network_of(app)
    for row in range(3):
        teach(client, digits[row], another(client, digits[row]))
    before = network_of(app)
    wrong = [teach(client, digits[row], another(client, digits[row]))["correction"]["id"] for row in range(3, 23)]
    assert not same_weights(network_of(app), before)
    np.random.default_rng(1).shuffle(wrong)
    left = [client.delete(f"/corrections/{number}").json["total"] for number in wrong]
    assert left == [*range(22, 2, -1)]
    assert same_weights(network_of(app), before)
    assert_problem(client.delete(f"/corrections/{wrong[0]}"), 404, "not-found")
    assert client.delete("/corrections").json == {"total": 0}
    assert same_weights(network_of(app), trained)
    assert client.get("/corrections").json == {"corrections": [], "total": 0}


def test_a_large_drawing_is_kept_small_beside_its_correction(client):
    noise = np.random.default_rng(0).integers(0, 40, (2000, 1500), np.uint8)
    file = picture(cv2.resize(decode(seven()), (1500, 2000)) // 2 + noise)
    assert len(file) > 1_500_000
    reply = client.post("/train", json={"imageData": data_url(file), "label": "7"})
    assert reply.status_code == 201, reply.text
    kept = client.get("/corrections/1").json["imageData"]
    assert len(kept) < 90_000
    small = decode(base64.b64decode(kept.partition(",")[2]))
    assert max(small.shape) <= 560
    assert np.corrcoef(prepare(small).ravel(), prepare(decode(file)).ravel())[0, 1] > 0.95


def test_as_many_corrections_as_are_kept_can_still_be_changed_and_taken_back(client, monkeypatch, digits):
    monkeypatch.setattr(teaching.store, "MAX_CORRECTIONS", 2)
    numbers = [teach(client, digits[row], "1")["correction"]["id"] for row in range(2)]
    assert_problem(client.post("/train", json=lesson(digits[2], "1")), 409, "full")
    assert client.post("/train", json=lesson(digits[0], "2")).status_code == 200
    assert client.delete(f"/corrections/{numbers[1]}").json == {"total": 1}
    teach(client, digits[2], "1")


# Questions meanwhile


def test_questions_during_learning_are_answered_at_once_and_by_one_whole_network(app, monkeypatch, digits):
    answers: list[tuple[list[float], list[float]]] = []
    answered = threading.Condition()
    pixels = digits[:8]
    learn = Learner.learn

    def learn_slowly(learner: Learner, pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NeuralNetwork:
        learnt = learn(learner, pixels, labels)
        with answered:
            enough = len(answers) + 20
            assert answered.wait_for(lambda: len(answers) >= enough, timeout=60), "questions wait for the learning"
        return learnt

    def ask() -> None:
        client = app.test_client()
        while not done.is_set():
            answer = client.post("/query?include=hidden", json={"inputs": pixels[0].tolist()}).json
            with answered:
                answers.append((answer["hidden"], answer["outputs"]))
                answered.notify()

    monkeypatch.setattr(Learner, "learn", learn_slowly)
    done = threading.Event()
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    networks = [network_of(app)]
    try:
        client = app.test_client()
        for row in range(8):
            teach(client, pixels[row], another(client, pixels[row]))
            networks.append(network_of(app))
    finally:
        done.set()
        for thread in threads:
            thread.join()
    whole = [[layer[0].tolist() for layer in network.forward(scale(pixels[:1]))] for network in networks]
    assert len(answers) >= 160
    assert all(list(answer) in whole for answer in answers)
    assert len({tuple(outputs) for _, outputs in answers}) > 2


def test_a_network_that_a_question_holds_is_never_changed(app, client, digits):
    held = network_of(app)
    wih, who = held.wih.copy(), held.who.copy()
    number = teach(client, digits[0], another(client, digits[0]))["correction"]["id"]
    client.patch(f"/corrections/{number}", json={"label": another(client, digits[0])})
    client.delete("/corrections")
    assert network_of(app) is not held
    assert np.array_equal(held.wih, wih)
    assert np.array_equal(held.who, who)


def test_while_something_is_learnt_corrections_are_acknowledged_and_everybody_is_answered(
    app, client, monkeypatch, digits
):
    teach(client, digits[0], another(client, digits[0]))
    known = client.post("/query", json={"inputs": digits[1].tolist()}).json
    slow = SlowLearner(monkeypatch)
    app.extensions["teacher"].timeout = LEARNING_TIMEOUT
    started = time.monotonic()
    answer = teach(client, digits[1], another(client, digits[1]))
    assert time.monotonic() - started < 1
    assert (answer["learning"], answer["after"]) == (True, known)
    assert client.get("/corrections").json["total"] == 2
    started = time.monotonic()
    learning = client.get("/healthz").json["corrections"]
    assert time.monotonic() - started < 0.5
    assert learning == {"learning": True, "corrections": 1, "latest": 1, "revision": 1, "problem": ""}
    assert client.delete("/corrections/1").json == {"total": 1, "learning": True}
    assert client.patch("/corrections/2", json={"label": "3"}).json["learning"] is True
    slow.may_end.set()
    wait_until_learnt(app.extensions["teacher"])
    learning = client.get("/healthz").json["corrections"]
    assert learning == {"learning": False, "corrections": 1, "latest": 2, "revision": 4, "problem": ""}
    assert client.post("/query", json={"inputs": digits[1].tolist()}).json["label"] == "3"


# What others change meanwhile


def test_what_the_command_line_takes_back_is_not_answered_with_any_more(run, app, client, digits, tmp_path):
    before = client.post("/query", json={"inputs": digits[0].tolist()}).json
    number = teach(client, digits[0], another(client, digits[0]))["correction"]["id"]
    assert run("teach.py", "undo", str(number), env={"DIGITS_DATA": str(tmp_path)}).returncode == 0
    assert client.post("/query", json={"inputs": digits[0].tolist()}).json == before
    assert client.get("/corrections").json["total"] == 0


def test_a_new_model_answers_the_next_request_and_a_damaged_one_never_does(client, digits, model, digits_model):
    teach(client, digits[0], another(client, digits[0]))
    good = client.post("/query", json={"inputs": digits[0].tolist()}).json
    model.write_bytes(b"half a model")
    assert client.post("/query", json={"inputs": digits[0].tolist()}).json == good
    assert "model.npz is damaged" in client.get("/healthz").json["corrections"]["problem"]
    assert_problem(client.post("/train", json=lesson(digits[1], "1")), 503, "storage")
    assert client.get("/corrections").json["total"] == 1
    shutil.copy(digits_model, model)
    assert client.get("/healthz").json["corrections"]["problem"] == ""
    assert client.get("/corrections").json["total"] == 0
    assert client.post("/query", json={"inputs": digits[0].tolist()}).json != good


@pytest.mark.skipif(os.name == "nt", reason="gunicorn needs Unix")
def test_four_workers_of_which_some_are_killed_lose_nothing_and_answer_alike(digits_model):
    kept = teach_and_kill(digits_model, workers=4, seconds=8)
    assert kept.acknowledged > 20
    assert kept.kills > 2
    assert kept.statuses.keys() <= {200, 201}
    assert (kept.lost, kept.answers, kept.afresh) == (0, 1, True)


# When the files fail


def assert_nothing_is_learnt(app: Flask, digits: NDArray[np.uint8], reason: str) -> None:
    """Nothing is learnt, the answer says why, and questions are answered as before."""
    client = app.test_client()
    before = network_of(app)
    refused = client.post("/train", json=lesson(digits[9], another(client, digits[9])))
    assert_problem(refused, 503, "storage")
    assert reason in refused.get_json()["detail"]
    assert network_of(app) is before
    assert client.post("/query", data=seven(), content_type="image/png").status_code == 200


def test_while_another_program_writes_nothing_is_learnt_and_afterwards_it_is(
    app, client, monkeypatch, digits, tmp_path
):
    monkeypatch.setattr(teaching.store, "TIMEOUT", 0.1)
    teach(client, digits[0], "1")
    with closing(locked(tmp_path / "corrections.db")):
        assert_nothing_is_learnt(app, digits, "another program is writing to it; try again")
        assert_problem(client.delete("/corrections/1"), 503, "storage")
    assert client.get("/corrections").json["total"] == 1
    teach(client, digits[9], "1")


def test_where_the_model_file_cannot_be_written_nothing_is_learnt_or_stored(app, client, digits, model):
    teach(client, digits[0], "1")
    model.rename(model.with_name("kept.npz"))
    model.mkdir()
    assert_nothing_is_learnt(app, digits, "model.npz cannot be written")
    assert client.get("/corrections").json["total"] == 1
    model.rmdir()
    teach(client, digits[9], "1")
    assert same_weights(NeuralNetwork.load(model), network_of(app))


@pytest.fixture
def damaged(make: Make, digits: NDArray[np.uint8], tmp_path: Path) -> NeuralNetwork:
    """The network that was taught before its corrections were damaged."""
    app = make()
    teach(app.test_client(), digits[0], another(app.test_client(), digits[0]))
    for path in tmp_path.glob("corrections.db*"):
        path.unlink()
    (tmp_path / "corrections.db").write_bytes(b"no database" * 1000)
    return network_of(app)


def test_a_server_with_damaged_corrections_starts_answers_and_says_why_it_cannot_learn(damaged, make, digits):
    app = make()
    assert same_weights(network_of(app), damaged)
    assert_nothing_is_learnt(app, digits, "it is damaged; move it away")
    client: Any = app.test_client()
    learning = client.get("/network").json["learning"]
    assert learning["on"] is False
    assert "corrections.db" in learning["reason"]
    assert_problem(client.get("/corrections"), 503, "storage")


def test_an_untaught_model_beside_damaged_corrections_answers_and_says_why_it_cannot_learn(
    damaged, make, digits, digits_model, model
):
    shutil.copy(digits_model, model)
    assert_nothing_is_learnt(make(), digits, "it is damaged; move it away")


def test_a_model_without_curvature_answers_and_says_that_it_cannot_learn(make, digits, tmp_path):
    NeuralNetwork(784, 20, 10, 0.1, seed=1).save(tmp_path / "older.npz")
    app = make(MODEL=tmp_path / "older.npz")
    assert_nothing_is_learnt(app, digits, "no memory")
    assert "no memory" in app.test_client().get("/network").get_json()["learning"]["reason"]
