import errno
import json
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

import train_model
from data.data_sets import load
from data.records import hold_out
from neural_network import NeuralNetwork
from runs import folder, watched
from runs.folder import RunFolder, create, locked
from runs.settings import SettingsError, parse_settings, to_options
from runs.tracing import FUNCTIONS, source_lines, trace_step
from tests.asking import assert_problem, running, saved
from tests.conftest import PROJECT, Make, same_weights
from training import Settings, new_network
from web import runs as web_runs
from web.runs import this_run

QUICK = {"data": "digits", "hidden_nodes": 12, "epochs": 3, "seconds": 0}
PATIENCE = 120  # seconds until a training that was started must have got somewhere, on the slowest machine

Train = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()


@pytest.fixture
def train() -> Train:
    """Train in this process as the server does in another, with commands that are given beforehand."""

    def train_watched(*commands: str, **settings: Any) -> RunFolder:
        chosen = parse_settings(QUICK | settings)
        run = create(vars(chosen))
        for command in commands:
            run.command(command)
        train_model.main(to_options(chosen, run.path))
        return run

    return train_watched


def lines(run: RunFolder, kind: str) -> list[dict[str, Any]]:
    return [line.content for line in run.read() if line.kind == kind]


def ended(run: RunFolder) -> dict[str, Any]:
    assert [line.kind for line in run.read()].count("ended") == 1
    return lines(run, "ended")[0]


# what is trained


def test_a_watched_training_has_the_weights_of_train_model_to_the_bit(train, tmp_path):
    run = train(batch_size=10, momentum=0.5, seed=3, seconds=1, distort=True, records=500)
    own = tmp_path / "own.npz"
    options = ["--dataset", "digits", "--hidden-nodes", "12", "--epochs", "3", "--batch-size", "10"]
    options += ["--momentum", "0.5", "--seed", "3", "--distort", "--records", "500", "--output", str(own)]
    assert train_model.main(options) == 0
    kept, expected = NeuralNetwork.load(run.model), NeuralNetwork.load(own)
    assert same_weights(kept, expected)
    assert kept.training == expected.training
    assert kept.extras.keys() == expected.extras.keys()


def test_a_run_shows_the_network_before_its_first_step_and_after_its_last(train):
    run = train()
    first, last = (run.load_snapshot(number) for number in (run.snapshots()[0], run.snapshots()[-1]))
    records = load("digits", "train")
    untrained = new_network(Settings(hidden_nodes=12), records)
    np.testing.assert_array_equal(first["wih"], untrained.wih)
    snapshots, epochs = lines(run, "snapshot"), lines(run, "epoch")
    assert (snapshots[0]["step"], snapshots[-1]["step"]) == (0, lines(run, "ready")[0]["steps"])
    assert [epoch["number"] for epoch in epochs] == [1, 2, 3]
    best = min(epochs, key=lambda epoch: epoch["validation_loss"])
    assert ended(run)["best"] == best["number"]
    if best["number"] == 3:
        np.testing.assert_array_equal(last["wih"], NeuralNetwork.load(run.model).wih)
    rows = hold_out(len(records.labels), 0)[1]
    assert last["confusion"].sum() == len(rows)
    assert np.trace(last["confusion"]) / len(rows) == pytest.approx(epochs[-1]["validation_accuracy"], abs=1e-5)


def test_about_sixty_snapshots_are_kept_spread_over_the_run(train, monkeypatch):
    for name in ("SHORTEST", "LONGEST"):
        monkeypatch.setattr(watched, name, 0.0)
    run = train(batch_size=5)  # one snapshot a step
    assert len(lines(run, "snapshot")) > 700
    steps = {snapshot["number"]: snapshot["step"] for snapshot in lines(run, "snapshot")}
    kept = [steps[number] for number in run.snapshots()]
    assert len(kept) == 61
    assert (kept[0], kept[-1]) == (0, 777)
    assert max(np.diff(kept)) <= 4 * 777 / 60


def test_of_many_nodes_those_that_changed_most_are_shown_and_stay_in_their_places(train, monkeypatch):
    monkeypatch.setattr(watched, "MAX_NODES", 4)
    for name in ("SHORTEST", "LONGEST"):  # a snapshot after every step
        monkeypatch.setattr(watched, name, 0.0)
    run = train()
    first, *_, before, last = (run.load_snapshot(number) for number in run.snapshots())
    change = np.square(last["wih"] - first["wih"]).sum(axis=1)
    assert set(last["nodes"]) == set(np.argsort(-change)[:4])
    for place, node in enumerate(last["nodes"]):
        assert node not in before["nodes"] or before["nodes"][place] == node


def test_a_run_that_would_be_over_at_once_takes_its_seconds(train):
    began = time.monotonic()
    run = train(seconds=2)
    assert time.monotonic() - began >= 2
    assert len(lines(run, "snapshot")) >= 5


# what runs show


def test_weights_that_are_all_zero_keep_all_nodes_alike(train):
    spreads = [snapshot["spread"] for snapshot in lines(train(zero_weights=True), "snapshot")]
    assert max(spreads) < 1e-3
    assert min(snapshot["spread"] for snapshot in lines(train(), "snapshot")) > 0.1


def test_steps_that_are_too_large_end_as_diverged_or_learn_next_to_nothing(train):
    run = train(learning_rate=100, hidden_nodes=100)
    end = ended(run)
    assert end["reason"] == "diverged"
    assert "too large" in end["message"] or "out of bounds" in end["message"]
    assert not end["model"]
    json.dumps([line.content for line in run.read()], allow_nan=False)


def test_few_records_are_learnt_by_heart(train):
    last = lines(train(records=100, epochs=60, hidden_nodes=50, batch_size=10), "snapshot")[-1]
    assert last["accuracy"] > 0.99
    assert last["validation_accuracy"] < 0.95


def test_wrong_labels_are_hardly_learnt(train):
    last = lines(train(wrong_labels=0.5, epochs=10), "snapshot")[-1]
    assert last["accuracy"] < 0.7
    assert last["validation_accuracy"] > last["accuracy"] + 0.1


# commands


def test_stopping_keeps_the_best_epoch_so_far(train):
    run = train("epoch", "stop")
    assert ended(run) | {"best": None} == {
        "reason": "stopped",
        "message": watched.REASONS["stopped"],
        "best": None,
        "model": False,
    }


def test_a_run_nobody_watches_ends(train, monkeypatch):
    monkeypatch.setattr(watched, "VISIT_TIMEOUT", -1.0)
    assert ended(train())["reason"] == "unwatched"


def test_a_run_ends_after_its_time_though_it_is_paused(train, monkeypatch):
    monkeypatch.setattr(watched, "TIME_LIMIT", 0.5)
    assert ended(train("pause"))["reason"] == "time"


def test_steps_and_epochs_are_taken_one_at_a_time(train, monkeypatch):
    modes: list[int] = []

    def sleep(_: float) -> None:  # what the page would say each time that the run waits
        run = this_run()
        modes.append(lines(run, "snapshot")[-1]["step"])
        run.command({1: "step", 2: "step", 3: "epoch", 4: "stop"}[len(modes)])

    monkeypatch.setattr(watched.time, "sleep", sleep)
    run = train("pause")
    assert modes == [0, 1, 2, 13]
    assert [step["step"] for step in lines(run, "step")] == [1, 2]
    assert run.load_step()["step"] == 2
    assert ended(run)["reason"] == "stopped"
    assert ended(run)["best"] == 1


# single steps


@pytest.fixture
def record() -> tuple[NeuralNetwork, np.ndarray, np.ndarray]:
    records = load("digits", "train")
    network = NeuralNetwork(784, 12, 10, 0.3, seed=1)
    return network, records.inputs[:1], records.targets[:1]


def test_the_numbers_of_a_single_step_are_those_of_the_class(record):
    network, inputs, targets = record
    wih, who = network.wih.copy(), network.who.copy()
    hidden_inputs = inputs @ wih.T
    hidden_outputs, final_outputs = network.forward(inputs)
    output_errors = targets - final_outputs
    expected = {
        "inputs": inputs,
        "targets": targets,
        "hidden_inputs": hidden_inputs,
        "hidden_outputs": hidden_outputs,
        "final_outputs": final_outputs,
        "output_errors": output_errors,
        "hidden_errors": output_errors @ who * hidden_outputs * (1 - hidden_outputs),
    }
    outputs, step = trace_step(network, lambda: network.train(inputs, targets))
    shown = {name: value for moment in step["moments"] for name, value in moment["values"].items()}
    for name, value in expected.items():
        np.testing.assert_allclose(shown[name]["values"], value[0], rtol=1e-5, atol=1e-7, err_msg=name)
    np.testing.assert_allclose(outputs, final_outputs, rtol=1e-5)
    for name, before in (("wih", wih), ("who", who)):
        change, after = shown[f"self.{name}"], getattr(network, name)
        place = change["row"], change["column"]
        assert np.abs(after - before)[place] == np.abs(after - before).max() > 0
        assert (change["before"], change["after"]) == (before[place], after[place])


def test_a_traced_step_changes_the_weights_as_any_other(record):
    network, inputs, targets = record
    other = NeuralNetwork(784, 12, 10, 0.3, seed=1)
    trace_step(network, lambda: network.train(inputs, targets))
    other.train(inputs, targets)
    assert same_weights(network, other)


def test_the_lines_of_a_single_step_are_those_of_the_source_file(record):
    network, inputs, targets = record
    _, step = trace_step(network, lambda: network.train(inputs, targets))
    source = (PROJECT / "neural_network.py").read_text("utf-8").splitlines()
    for line in step["source"]:
        assert source[line["number"] - 1] == "    " * bool(line["text"]) + line["text"]
    assert {line["function"] for line in step["source"]} == {function.__name__ for function in FUNCTIONS}
    assert not any("Source: Rumelhart" in line["text"] for line in step["source"])  # docstrings are left out
    texts = {line["number"]: line["text"] for line in source_lines()}
    for moment in step["moments"]:
        for name in moment["values"]:
            assert re.search(rf"\b{name.removeprefix('self.')}\b", texts[moment["line"]]), (name, moment["line"])


def test_every_intermediate_of_the_class_appears_in_the_order_of_its_lines(record):
    network, inputs, targets = record
    _, step = trace_step(network, lambda: network.train(inputs, targets))
    names = [name for moment in step["moments"] for name in moment["values"]]
    order = ["inputs", "targets", "hidden_inputs", "hidden_outputs", "final_inputs", "final_outputs"]
    order += ["output_errors", "hidden_errors", "self.who", "self.wih"]
    assert sorted(order, key=names.index) == order


def test_a_change_of_the_class_changes_what_a_step_shows(record, monkeypatch):
    def forward(self: NeuralNetwork, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        brighter_inputs = inputs * 2
        return original(self, brighter_inputs)

    original = NeuralNetwork.forward
    monkeypatch.setattr(NeuralNetwork, "forward", forward)
    monkeypatch.setattr("runs.tracing.FUNCTIONS", (NeuralNetwork.train, forward))
    network, inputs, targets = record
    _, step = trace_step(network, lambda: network.train(inputs, targets))
    values = next(moment["values"] for moment in step["moments"] if "brighter_inputs" in moment["values"])
    np.testing.assert_allclose(values["brighter_inputs"]["values"], inputs[0] * 2)
    assert "    brighter_inputs = inputs * 2" in [line["text"] for line in step["source"]]


# settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("records", 99),
        ("records", -1),
        ("records", True),
        ("hidden_nodes", 0),
        ("hidden_nodes", 401),
        ("hidden_nodes", 3.0),
        ("hidden_nodes", "30"),
        ("hidden_nodes", None),
        ("learning_rate", 0),
        ("learning_rate", -1),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", "fast"),
        ("learning_rate", [0.1]),
        ("batch_size", 0),
        ("momentum", 1),
        ("epochs", 0),
        ("epochs", 10**30),
        ("seed", -1),
        ("wrong_labels", 1.1),
        ("seconds", 1e9),
        ("zero_weights", 1),
        ("distort", "yes"),
        ("data", "../digits.csv"),
        ("data", "/etc/passwd"),
        ("data", ["digits"]),
        ("data", "x" * 9999),
        ("colour", "red"),
        ("", None),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name, value):
    with pytest.raises(SettingsError) as error:
        parse_settings({name: value})
    assert name in str(error.value)
    assert len(str(error.value)) < 300


def test_own_csv_files_of_the_data_folder_can_be_chosen_and_no_others(digits_csv, tmp_path, train):
    (tmp_path / "data" / "mine.csv").write_bytes(digits_csv.read_bytes())
    assert lines(train(data="mine.csv"), "ready")[0]["data"] == "mine.csv"
    with pytest.raises(SettingsError):
        parse_settings({"data": "digits.csv"})


def test_a_csv_file_that_is_wrong_gets_the_words_of_train_model(train, tmp_path, capsys):
    path = tmp_path / "data" / "wrong.csv"
    path.write_text("7,1,2\n")
    end = ended(train(data="wrong.csv"))
    assert train_model.main([str(path)]) == 1
    assert f"error: {end['message']}" in capsys.readouterr().err
    assert end["reason"] == "error"


# over HTTP


@pytest.fixture
def app(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    return make()


@pytest.fixture
def started(client: FlaskClient) -> Iterator[Callable[..., None]]:
    """Start runs, and forget them at the end."""

    def start(**settings: Any) -> None:
        response = client.post("/run", json=QUICK | settings)
        assert response.status_code == 201, response.text

    yield start
    client.delete("/run")


Event = tuple[str, dict[str, Any], str]


def events(client: FlaskClient, last: str = "") -> list[Event]:
    response = client.get("/run/events", headers={"Last-Event-ID": last} if last else {})
    assert response.mimetype == "text/event-stream"
    found = []
    for block in response.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"]), fields.get("id", "")))
    return found


def follow(client: FlaskClient, until: Callable[[Event], bool], last: str = "") -> list[Event]:
    """Listen as a browser does, until an event comes."""
    heard: list[Event] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for event in events(client, last):
            heard.append(event)
            last = event[2] or last
            if until(event):
                return heard
        time.sleep(0.05)
    raise AssertionError(f"only {[kind for kind, *_ in heard]} came")


def is_kind(kind: str) -> Callable[[Event], bool]:
    return lambda event: event[0] == kind


def test_a_run_over_http_is_watched_to_its_end_without_a_gap(client, started):
    started(seconds=1)
    heard = follow(client, is_kind("ended"))
    assert [kind for kind, *_ in heard if kind != "picture"] == [line.kind for line in this_run().read()]
    ids = [event_id for *_, event_id in heard if event_id]
    place = next(i for i, (kind, *_) in enumerate(heard) if kind == "epoch")
    again = [event for event in events(client, heard[place][2]) if event[2]]
    assert [event_id for *_, event_id in again] == ids[ids.index(heard[place][2]) + 1 :]
    assert heard[-1][1]["reason"] == "finished"
    run = client.get("/run").json["run"]
    assert run["ended"]
    assert run["model"]
    assert client.get(f"/run/snapshots/{run['snapshots'][-1]}").json == next(
        content for kind, content, _ in reversed(heard) if kind == "picture"
    )


def test_a_browser_that_comes_late_gets_the_newest_picture_alone(client, train):
    train()
    heard = events(client)
    pictures = [content["number"] for kind, content, _ in heard if kind == "picture"]
    snapshots = [content["number"] for kind, content, _ in heard if kind == "snapshot"]
    assert pictures == snapshots[-1:]
    assert len(snapshots) > 1


@pytest.mark.parametrize(
    "last", ["nonsense", "-", "0-7", "x" * 5000, "{run}-", "{run}--1", "{run}-99999999", "{run}-3"]
)
def test_an_event_id_that_makes_no_sense_is_no_reason_to_fail(client, train, last):
    run = train()
    response = client.get("/run/events", headers={"Last-Event-ID": last.format(run=run.name)})
    assert response.status_code == 200
    assert "event: ended" in response.text


def test_a_stream_ends_by_itself_and_says_when_to_ask_again(client, train):
    assert client.get("/run/events").text.startswith(f"retry: {web_runs.LATER}\n")
    run = create(vars(parse_settings(QUICK)))
    begun = client.get("/run/events")
    assert begun.text.startswith(f"retry: {web_runs.SOON}\n")
    heard = re.findall(r"^id: (.+)$", begun.text, re.M)[-1]
    nothing_new = client.get("/run/events", headers={"Last-Event-ID": heard}).text
    assert nothing_new.startswith(f"retry: {web_runs.SOON}\n")
    assert "event: started" not in nothing_new
    run.append("mode", mode="pause")
    assert client.get("/run/events").text.startswith(f"retry: {web_runs.LATER}\n")


def test_one_run_is_trained_at_a_time_and_the_second_visitor_is_told(client, started):
    started(paused=True)
    name = client.get("/run").json["run"]["id"]
    assert_problem(client.post("/run", json=QUICK), 409, "running")
    assert client.get("/run").json["run"]["id"] == name
    assert client.post("/run/command", json={"command": "stop"}).status_code == 200
    follow(client, is_kind("ended"))


def test_a_run_is_paused_stepped_and_played_over_http(client, started):
    started(paused=True)
    follow(client, lambda event: event[:1] == ("snapshot",))
    assert_problem(client.get("/run/step"), 404, "no-run")
    client.post("/run/command", json={"command": "step"})
    heard = follow(client, is_kind("step"))
    assert heard[-1][1]["step"] == 1
    assert client.get("/run/step").json["step"] == 1
    client.post("/run/command", json={"command": "play"})
    assert follow(client, is_kind("ended"))[-1][1]["reason"] == "finished"
    assert_problem(client.post("/run/command", json={"command": "play"}), 404, "no-run")


def test_drawings_are_answered_while_a_run_trains(client, started, digits):
    started(paused=True)
    assert client.post("/query", json={"inputs": digits[0].tolist()}).status_code == 200


@pytest.mark.skipif(os.name == "nt", reason="looks for the process in /proc")
def test_a_training_that_is_killed_is_told_and_the_next_run_works(client, started):
    started(paused=True)
    follow(client, is_kind("ready"))
    os.kill(training_process(this_run()), signal.SIGKILL)
    end = follow(client, is_kind("ended"))[-1][1]
    assert (end["reason"], end["message"], end["model"]) == ("killed", folder.KILLED, False)
    deadline = time.monotonic() + PATIENCE
    while client.post("/run", json=QUICK).status_code == 409:
        assert time.monotonic() < deadline
    assert follow(client, is_kind("ended"))[-1][1]["reason"] == "finished"


def training_process(run: RunFolder) -> int:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if str(run.path).encode() in path.read_bytes():
            return int(path.parent.name)
    raise AssertionError("there is no training")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the process in /proc")
def test_a_server_that_is_stopped_takes_its_training_with_it_and_the_next_one_works(network, tmp_path):
    command = [sys.executable, "server.py", "--port", "0", "--model", str(saved(network, tmp_path))]
    body = json.dumps(QUICK | {"seconds": 60}).encode()
    for _ in range(2):  # the second server finds what the first one left
        with running(command, tmp_path, r":(\d+) ") as (process, port):
            address = f"http://127.0.0.1:{port}/run"
            request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
            assert urllib.request.urlopen(request).status == 201
            training = Path(f"/proc/{training_process(this_run())}")
            process.terminate()
            assert process.wait(timeout=30) == 0
        deadline = time.monotonic() + PATIENCE
        while training.exists() and "State:\tZ" not in (training / "status").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert not list(this_run().path.glob("**/*.part"))


def test_a_run_whose_server_is_gone_is_found_to_have_ended(client, monkeypatch):
    create(vars(parse_settings(QUICK)))
    monkeypatch.setattr(folder, "QUIET", -1.0)
    assert events(client)[-1][1]["reason"] == "killed"
    assert [kind for kind, *_ in events(client)].count("ended") == 1


def test_a_run_that_is_quiet_but_trained_has_not_ended(client, monkeypatch):
    monkeypatch.setattr(folder, "QUIET", -1.0)
    monkeypatch.setattr(folder, "LOCK_TIMEOUT", 0.01)
    with locked():
        create(vars(parse_settings(QUICK)))
        assert events(client)[-1][0] == "started"


def test_the_answers_of_all_snapshots_are_those_of_their_networks(client, train, digits):
    run = train()
    reply = client.post("/run/query", json={"inputs": digits[0].tolist()}).json
    assert [answer["number"] for answer in reply["answers"]] == run.snapshots()
    last = NeuralNetwork.load(run.model)
    inputs = (digits[:1] * (0.99 / 255) + 0.01).astype(np.float32)
    if ended(run)["best"] == 3:
        np.testing.assert_allclose(reply["answers"][-1]["outputs"], last.query(inputs)[0], rtol=1e-4)
    newest = run.snapshots()[-1]
    assert [
        answer["number"]
        for answer in client.post(f"/run/query?first={newest}", json={"inputs": [0] * 784}).json["answers"]
    ] == [newest]
    assert_problem(client.post("/run/query?first=x", json={"inputs": [0] * 784}), 400, "bad-number")


def test_where_there_is_no_run_it_is_said(client):
    assert client.get("/run").json["run"] is None
    assert events(client)[0][0] == "none"
    assert client.delete("/run").status_code == 200
    for path in ("/run/step", "/run/snapshots/0", "/run/model.npz"):
        assert_problem(client.get(path), 404, "no-run")
    for path in ("/run/command", "/run/keep"):
        assert_problem(client.post(path, json={"command": "play"}), 404, "no-run")
    assert_problem(client.post("/run/query", json={"inputs": [0] * 784}), 404, "no-run")


def test_settings_and_commands_that_make_no_sense_are_refused(client):
    for body in ({"epochs": 0}, {"learning_rate": "much"}, {"colour": 1}):
        assert_problem(client.post("/run", json=body), 422, "bad-settings")
    assert_problem(client.post("/run", data="{", content_type="application/json"), 400, "not-json")
    assert_problem(client.post("/run/command", json={"command": "fly"}), 422, "bad-settings")
    assert client.get("/run").json["run"] is None


# what is kept


def test_a_network_is_kept_answers_at_once_and_the_old_one_lies_beside_it(client, train, model, digits):
    before = model.read_bytes()
    run = train()
    assert client.post("/run/keep", json={}).json == {"model": "model.npz", "before": "model_before.npz"}
    assert model.read_bytes() == run.model.read_bytes()
    assert model.with_name("model_before.npz").read_bytes() == before
    assert client.get("/healthz").json["model"]["nodes"] == [784, 12, 10]
    assert client.post("/query", json={"inputs": digits[0].tolist()}).json["label"] in "0123456789"
    lesson = client.post("/train", json={"inputs": digits[0].tolist(), "label": "3"})
    assert lesson.status_code == 201  # it can be corrected, as what train_model.py saves


def test_a_full_disk_keeps_the_old_network(client, train, model, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = model.read_bytes()
    train()
    with monkeypatch.context() as patch:
        patch.setattr("data.files.os.fsync", full)
        assert_problem(client.post("/run/keep", json={}), 503, "storage")
    assert model.read_bytes() == before
    assert client.post("/run/keep", json={}).status_code == 200


def test_a_network_is_downloaded_as_it_was_saved(client, train):
    run = train()
    response = client.get("/run/model.npz")
    assert response.data == run.model.read_bytes()
    assert "attachment" in response.headers["Content-Disposition"]


def test_a_run_that_is_forgotten_leaves_nothing(client, train):
    run = train()
    assert client.delete("/run").status_code == 200
    assert not run.path.exists()
    assert client.get("/run").json["run"] is None


# who may


def test_only_who_may_teach_starts_commands_keeps_and_forgets_a_run(make, train, tmp_path, monkeypatch):
    calls = [("POST", "/run"), ("POST", "/run/command"), ("POST", "/run/keep"), ("DELETE", "/run")]
    watch = ["/run", "/run/events", "/run/snapshots/0", "/learn"]
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    train()
    off, guarded = make(LEARNING="off").test_client(), make(TOKEN="a-token-of-the-class").test_client()
    open_to_all = make().test_client()
    for method, path in calls:
        assert_problem(off.open(path, method=method, json={}), 403, "learning-off")
        assert_problem(guarded.open(path, method=method, json={}), 403, "needs-token")
        foreign = open_to_all.open(path, method=method, json={}, headers={"Origin": "https://a.example"})
        assert_problem(foreign, 403, "foreign-page")
    for path in watch:
        assert guarded.get(path).status_code == 200
        assert guarded.get(path, headers={"Origin": "https://a.example"}).access_control_allow_origin is None
    assert guarded.get("/run").json["learning"]["token"]
    assert not off.get("/run").json["learning"]["on"]


def test_steps_are_no_lessons_and_as_many_as_somebody_likes(make, tmp_path, monkeypatch):
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    client = make(LESSONS_PER_MINUTE=2).test_client()
    create(vars(parse_settings(QUICK)))
    assert {client.post("/run/command", json={"command": "step"}).status_code for _ in range(5)} == {200}


def test_who_watches_does_not_fill_the_log(client, train, caplog):
    train()
    caplog.set_level("INFO")
    events(client)
    assert not [message for message in caplog.messages if "/run/events" in message]
