import io
import math
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import server
from confidence import confidence
from data.data_sets import FASHION, shipped_model
from data.records import DataError, scale
from drawing.decoding import decode
from drawing.preparation import prepare
from explanation import backquery
from neural_network import NeuralNetwork
from tests.asking import assert_problem, data_url, picture, saved, seven, that_answers
from tests.conftest import PROJECT, missing
from web import messages

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
    assert answer["digit"] == pytest.approx(outputs.max())
    assert len(answer["hidden"]) == 20
    # from the hidden outputs on, the network can be followed with a pocket calculator
    assert 1 / (1 + np.exp(-network.who @ answer["hidden"])) == pytest.approx(outputs, abs=1e-5)


def test_pixels_are_put_to_the_network_as_they_are(client, network):
    pixels = np.linspace(0, 255, 784)
    answer = client.post("/query", json={"inputs": pixels.tolist()}).json
    assert answer["outputs"] == pytest.approx(network.query(scale(pixels)).tolist())


def test_the_parts_of_an_answer_come_on_request_only(client):
    file = {"data": seven(), "content_type": "image/png"}
    plain = {"label", "confidence", "digit", "is_digit", "unsure", "class_names", "outputs"}
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
    ("outputs", "is_digit", "unsure"),
    [
        ([0.99, 0.1, 0.4], True, False),
        ([0.95, 0.1, 0.1], True, False),
        ([0.9, 0.1, 0.5], True, True),
        ([0.45, 0.1, 0.1], False, True),
        ([0.1, 0.0001, 0.0001], False, True),
    ],
)
@pytest.mark.parametrize("route", ["/query", "/recognize-digit"])
def test_an_answer_is_unsure_where_the_winner_has_a_rival_or_nothing_speaks_for_a_digit(
    app, client, route, outputs, is_digit, unsure
):
    replace_network(app, that_answers(outputs))
    answer = client.post(route, json={"imageData": data_url(seven())}).json
    assert answer["outputs"] == pytest.approx(outputs)
    assert answer["digit"] == pytest.approx(outputs[0])
    assert (answer["label"], answer["is_digit"], answer["unsure"]) == ("0", is_digit, unsure)
    assert answer.get("message", "0") == "0"  # of older clients, whatever the picture shows


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


def test_the_nodes_that_decided_come_with_what_they_add_and_what_they_look_for(client, network):
    answer = client.post("/query?include=hidden,nodes,why", data=seven(), content_type="image/png").json
    number = answer["class_names"].index(answer["label"])
    hidden = np.array(answer["hidden"])
    adds = [node["adds"][number] for node in answer["nodes"]]
    assert adds == sorted(adds, reverse=True)
    assert len(adds) == 12
    all_adds = network.who[number] * hidden
    assert (adds[0], adds[-1]) == pytest.approx((all_adds.max(), all_adds.min()), abs=1e-3)
    assert answer["speaks_for"] + answer["speaks_against"] == pytest.approx(all_adds.sum(), abs=1e-3)
    for node in answer["nodes"]:
        weights = network.wih[node["node"]]
        assert node["output"] == pytest.approx(hidden[node["node"]])
        assert node["weights"] == np.rint(100 * weights / np.abs(weights).max()).astype(int).tolist()
    assert answer["firing"] == (hidden > 0.5).sum()
    assert len(answer["why"]) == 784
    assert max(map(abs, answer["why"])) == 100


def test_a_hidden_node_shows_its_weights_and_votes(client, network):
    shown = client.get("/network/hidden/17").json
    assert shown == {"node": 17, "weights": network.wih[17].tolist(), "votes": network.who[:, 17].tolist()}


@pytest.mark.parametrize("node", ["20", "-1", "x", "1" + "0" * 40])
def test_a_hidden_node_that_does_not_exist_is_not_found(client, node):
    assert_problem(client.get(f"/network/hidden/{node}"), 404, "not-found")


def test_health_tells_the_model_in_use(client):
    model = {"file": "some.npz", "nodes": [784, 20, 10], "class_names": list("0123456789"), "training": {}}
    corrections = {"learning": False, "corrections": 0, "latest": 0, "revision": 0, "problem": ""}
    assert client.get("/healthz").json == {"status": "ok", "model": model, "corrections": corrections}


@pytest.mark.parametrize("year", ["2", "20000", "9" * 20])
@pytest.mark.parametrize("header", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
def test_dates_that_no_calendar_has_are_ignored(client, header, year):
    headers = {header: f"Mon, 01 Jan {year} 00:00:00 GMT", "Range": "bytes=0-9"}
    for path in ("/", "/static/style.css", "/healthz", "/nothing"):
        assert client.get(path, headers=headers).status_code in (200, 206, 404, 412)


def test_liveness_is_told_without_a_look_at_the_model(app, client, monkeypatch):
    monkeypatch.setitem(app.extensions, "teacher", None)
    assert client.get("/healthz/live").json == {"status": "ok"}


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


def test_opencv_without_its_libraries_ends_the_program_with_what_to_install(run, tmp_path):
    (tmp_path / "cv2.py").write_text('raise ImportError("libGL.so.1: cannot open shared object file")')
    done = run("server.py", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "libGL.so.1" in done.stderr
    assert "apt-get install libgl1" in done.stderr
    assert "opencv-python-headless" in done.stderr
    assert "Traceback" not in done.stderr
