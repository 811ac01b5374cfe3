import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from multiprocessing.process import BaseProcess

import numpy as np
import pytest
from scipy.special import expit

import training
from data.data_sets import load
from data.distortion import FOR_DIGITS
from data.records import Records, hold_out
from neural_network import NeuralNetwork
from tests.conftest import PROJECT, same_weights
from training import (
    Epoch,
    Settings,
    cross_entropy,
    learning_rate_at,
    new_network,
    train,
    train_epochs,
    train_side_by_side,
)


@pytest.fixture(scope="module")
def digits() -> tuple[Records, Records]:
    """Bundled digits to train on, and for validation."""
    records = load("digits", "train")
    rows, validation_rows = hold_out(len(records.labels), seed=0)
    return records.take(rows), records.take(validation_rows)


def ignore(*_anything: object) -> None:
    """Report nothing."""


def test_the_loss_that_is_reported_is_the_mean_over_the_records():
    random = np.random.default_rng(2)
    inputs, targets = random.uniform(0.01, 1, (4, 6)), random.uniform(0.01, 0.99, (4, 3))
    network = NeuralNetwork(6, 5, 3, learning_rate=0.1, seed=1)
    outputs = expit(expit(inputs @ network.wih.T.astype(float)) @ network.who.T.astype(float))
    expected = -(targets * np.log(outputs) + (1 - targets) * np.log(1 - outputs)).sum() / 4
    assert cross_entropy(network.query(inputs), targets.astype(np.float32)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_a_sure_mistake_is_finite():
    assert 0 < cross_entropy(np.array([[0, 1]], np.float32), np.array([[0.99, 0.01]], np.float32)) < 100


def test_the_learning_rate_rises_during_the_first_epoch_and_falls_to_zero():
    settings = Settings(learning_rate=0.2, epochs=10)
    assert learning_rate_at(0, settings) == pytest.approx(0.2 * 0.01 / 1.01)
    assert learning_rate_at(1, settings) == pytest.approx(0.2 * 0.9)
    assert learning_rate_at(5.5, settings) == pytest.approx(0.2 * 0.45)
    assert learning_rate_at(10, settings) == 0


def test_a_training_returns_its_best_epoch_and_its_whole_history(digits):
    seen: list[Epoch] = []
    settings = Settings(hidden_nodes=20, epochs=3)
    result = train(new_network(settings, digits[0]), digits[0], digits[1], settings, seen.append)
    assert result.history == tuple(seen)
    assert [epoch.number for epoch in seen] == [1, 2, 3]
    assert result.best == min(seen, key=lambda epoch: epoch.validation_loss)
    assert result.network
    assert result.best
    assert training.measure(result.network, digits[1]) == (result.best.validation_loss, result.best.validation_accuracy)
    assert result.ended == ""


def test_a_network_keeps_the_learning_rate_of_its_settings(digits):
    settings = Settings(hidden_nodes=5, epochs=2, learning_rate=0.05)
    network = new_network(settings, digits[0])
    assert len([*train_epochs(network, digits[0], settings)]) == 2
    assert network.learning_rate == 0.05


@pytest.mark.parametrize("distortion", [None, FOR_DIGITS], ids=["plain", "distorted"])
def test_networks_trained_side_by_side_are_those_trained_alone(digits, distortion):
    settings = [Settings(hidden_nodes=10, epochs=2, seed=seed, distortion=distortion) for seed in (4, 5, 6)]
    alone = [train(new_network(one, digits[0]), digits[0], digits[1], one, ignore) for one in settings]
    together = dict(train_side_by_side(settings, digits[0], digits[1], 2, ignore))
    assert sorted(together) == [0, 1, 2]
    for place, one in enumerate(alone):
        network = together[place].network
        assert network
        assert one.network
        assert same_weights(network, one.network)
        assert together[place].history == one.history


def test_the_same_seed_gives_the_same_bits_however_many_threads_the_machine_has():
    program = textwrap.dedent("""
        import hashlib, numpy, training
        from data.data_sets import load
        from training import Settings
        records = load("digits", "train")
        settings = Settings(epochs=2, hidden_nodes=150)
        network = training.new_network(settings, records)
        list(training.train_epochs(network, records, settings))
        print(hashlib.sha256(network.wih.tobytes() + network.who.tobytes()).hexdigest())
    """)
    weights = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": str(PROJECT), "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2", "2", "4")
    }
    assert len(weights) == 1


@pytest.fixture(scope="module")
def many(digits) -> Records:
    """So many records that another process makes their distorted copies."""
    records = digits[0].take(np.tile(np.arange(len(digits[0].labels)), 9))
    assert len(records.labels) > training.FEWEST_AHEAD
    return records


def copy_makers() -> list[BaseProcess]:
    """The processes that make distorted copies; those of joblib are no daemons."""
    return [process for process in multiprocessing.active_children() if process.daemon]


def test_copies_made_by_another_process_are_those_made_by_this_one(many, monkeypatch):
    settings = Settings(hidden_nodes=5, epochs=3, distortion=FOR_DIGITS)
    networks = []
    for fewest in (training.FEWEST_AHEAD, len(many.labels) + 1):
        monkeypatch.setattr(training, "FEWEST_AHEAD", fewest)
        networks.append(new_network(settings, many))
        epochs = train_epochs(networks[-1], many, settings)
        next(epochs)
        assert len(copy_makers()) == (len(networks) == 1)
        assert len([*epochs]) == 2
        assert not copy_makers()
    assert same_weights(*networks)


def test_networks_trained_side_by_side_on_many_distorted_copies_are_those_trained_alone(many):
    both = [Settings(hidden_nodes=5, epochs=1, seed=seed, distortion=FOR_DIGITS) for seed in (0, 1)]
    validation = many.take(np.arange(100))
    together = dict(train_side_by_side(both, many, validation, 2, ignore))
    for place, settings in enumerate(both):
        alone = train(new_network(settings, many), many, validation, settings, ignore).network
        network = together[place].network
        assert alone
        assert network
        assert same_weights(network, alone)


def test_a_training_that_is_given_up_leaves_no_process_behind(many):
    settings = Settings(hidden_nodes=5, epochs=3, distortion=FOR_DIGITS)
    epochs = train_epochs(new_network(settings, many), many, settings)
    next(epochs)
    epochs.close()
    assert not copy_makers()


def test_where_the_process_that_makes_copies_is_killed_the_training_says_so(many):
    settings = Settings(hidden_nodes=5, epochs=100, distortion=FOR_DIGITS)
    epochs = train_epochs(new_network(settings, many), many, settings)
    next(epochs)
    copy_makers()[0].kill()
    with pytest.raises(ChildProcessError, match="enough memory"):
        list(epochs)


@pytest.mark.parametrize("moment", ["the process starts", "an epoch has ended"])
@pytest.mark.skipif(sys.platform == "win32", reason="sends Ctrl-C to a group of processes")
def test_ctrl_c_ends_both_processes_without_a_traceback(moment):
    program = textwrap.dedent("""
        import signal, sys, numpy, training
        from data.data_sets import load
        from data.distortion import FOR_DIGITS
        if __name__ == "__main__":
            signal.signal(signal.SIGINT, signal.default_int_handler)  # background programs ignore Ctrl-C from the start
            records = load("digits", "train")
            many = records.take(numpy.tile(numpy.arange(len(records.labels)), 9))
            settings = training.Settings(hidden_nodes=5, epochs=100_000, distortion=FOR_DIGITS)
            network = training.new_network(settings, many)
            print("begin", flush=True)
            result = training.train(network, many, records, settings, lambda epoch: print("epoch", flush=True))
            print(result.ended)
    """)
    line, variables = [sys.executable, "-c", program], os.environ | {"PYTHONPATH": str(PROJECT)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(line, env=variables, start_new_session=True, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout
    while (said := process.stdout.readline()) and said != ("begin\n" if moment == "the process starts" else "epoch\n"):
        pass
    time.sleep(0.15)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to both
    printed, problems = process.communicate(timeout=60)
    assert printed.endswith("Interrupted.\n")
    assert "Traceback" not in problems
