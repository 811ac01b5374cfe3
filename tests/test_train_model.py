import json
import os
import random
import signal
import string
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.special import expit, logit

import train_model
import training
from data.data_sets import FASHION, load
from data.distortion import FOR_CLOTHES, Distortion
from data.records import NO_CLASS, hold_out, scale
from neural_network import NeuralNetwork
from tests.conftest import PROJECT, Run, same_weights
from training import Settings

QUICK = ("--dataset", "digits", "--epochs", "2", "--hidden-nodes", "30")


@pytest.fixture
def quick(tmp_path, capsys):
    """Train in this process on the bundled digits, and return exit status, output and errors."""

    def train(*options):
        status = train_model.main(["--output", str(tmp_path / "model.npz"), *QUICK, *map(str, options)])
        return status, *capsys.readouterr()

    return train


def test_training_without_mnist_says_so_and_goes_on_with_the_bundled_digits(run: Run, tmp_path):
    ended = run("train_model.py")
    assert ended.returncode == 0, ended.stderr
    assert "MNIST could not be downloaded" in ended.stderr
    assert "scikit-learn" in ended.stderr
    assert "digits, 1,294 records to train on, 143 for validation" in ended.stdout
    assert "784-200-10" in ended.stdout
    assert "10 epochs, batch size 100, learning rate 0.1" in ended.stdout
    assert ended.stdout.count("Epoch ") == 10
    assert (tmp_path / "model_learning_curve.png").read_bytes().startswith(b"\x89PNG")
    network = NeuralNetwork.load(tmp_path / "model.npz")
    assert network.learning_rate == 0.1
    assert network.training["dataset"] == "digits"
    assert network.training["seed"] == 0


def test_training_on_mnist_by_name_stops_where_it_cannot_be_had(run: Run, tmp_path):
    ended = run("train_model.py", "--dataset", "mnist")
    assert ended.returncode == 1
    assert "MNIST could not be downloaded" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "model.npz").exists()


def test_a_seeded_training_on_mnist_reaches_its_accuracy(run: Run, real_data, tmp_path):
    ended = run("train_model.py", "--dataset", "mnist", "--epochs", 3, env=real_data)
    assert ended.returncode == 0, ended.stderr
    best = NeuralNetwork.load(tmp_path / "model.npz").training["best_epoch"]
    assert isinstance(best, dict)
    assert best["validation_accuracy"] > 0.97


def test_the_same_command_learns_clothes(run: Run, real_data, tmp_path):
    options = ("--dataset", "fashion", "--epochs", 2, "--learning-rate", 0.05)
    ended = run("train_model.py", *options, env=real_data)
    assert ended.returncode == 0, ended.stderr
    network = NeuralNetwork.load(tmp_path / "model.npz")
    assert network.class_names[9] == "Ankle boot"
    best = network.training["best_epoch"]
    assert isinstance(best, dict)
    assert best["validation_accuracy"] > 0.8


def test_csv_files_are_trained_on_together(run: Run, digits_csv, tmp_path):
    ended = run("train_model.py", digits_csv, digits_csv, "--epochs", 1)
    assert ended.returncode == 0, ended.stderr
    assert "360 records to train on, 40 for validation" in ended.stdout
    assert NeuralNetwork.load(tmp_path / "model.npz").training["dataset"] == "digits.csv digits.csv"


def test_the_same_seed_trains_the_same_weights(quick, tmp_path):
    weights = []
    for seed in (5, 5, 6):
        assert quick("--seed", seed)[0] == 0
        weights.append(NeuralNetwork.load(tmp_path / "model.npz").wih)
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_the_best_epoch_by_validation_is_the_one_that_is_saved(quick, tmp_path, monkeypatch):
    losses, accuracies = iter([1.2, 1.0, 1.1]), iter([0.5, 0.9, 0.95])
    weights = []

    def measured(network, _records):
        weights.append(network.wih.copy())
        return next(losses), next(accuracies)

    monkeypatch.setattr(training, "measure", measured)
    status, out, _ = quick("--epochs", 3)
    assert status == 0
    assert "Best epoch: 2, with a validation accuracy of 90.00%" in out
    assert np.array_equal(NeuralNetwork.load(tmp_path / "model.npz").wih, weights[1])


def test_per_record_training_is_a_batch_of_one(quick, tmp_path):
    status, out, _ = quick("--batch-size", 1)
    assert status == 0
    assert "batch size 1" in out
    assert NeuralNetwork.load(tmp_path / "model.npz").training["batch_size"] == 1


def test_resuming_starts_from_the_weights_of_the_model(quick, tmp_path):
    quick()
    first = NeuralNetwork.load(tmp_path / "model.npz")
    assert first.training["best_epoch"]["validation_accuracy"] < 0.95
    status, out, _ = quick("--resume", tmp_path / "model.npz", "--epochs", 8)
    assert status == 0
    assert "resumed from" in out
    second = NeuralNetwork.load(tmp_path / "model.npz")
    assert second.training["best_epoch"]["validation_accuracy"] > 0.95


def test_resuming_never_ends_with_something_worse(quick, tmp_path, monkeypatch):
    quick()
    before = NeuralNetwork.load(tmp_path / "model.npz")
    accuracies = iter([0.9, 0.2, 0.3])
    monkeypatch.setattr(training, "measure", lambda *_: (1.0, next(accuracies)))
    status, out, _ = quick("--resume", tmp_path / "model.npz")
    assert status == 0
    assert "Best epoch: 0" in out
    assert np.array_equal(NeuralNetwork.load(tmp_path / "model.npz").wih, before.wih)


def test_resuming_with_another_seed_says_that_validation_records_were_seen(quick, tmp_path):
    quick()
    _, out, _ = quick("--resume", tmp_path / "model.npz", "--seed", 9)
    assert "another seed" in out


def test_a_model_of_other_classes_cannot_be_resumed(quick, tmp_path):
    NeuralNetwork(784, 30, 3, 0.1).save(tmp_path / "three.npz")
    status, _, err = quick("--resume", tmp_path / "three.npz")
    assert status == 1
    assert "other classes or sizes" in err
    assert not (tmp_path / "model.npz").exists()


def test_a_joined_network_answers_what_its_members_say_on_the_mean_of_their_final_inputs():
    members = [NeuralNetwork(784, nodes, 10, 0.1, seed=nodes) for nodes in (3, 5, 4)]
    inputs = load("digits", "test").inputs[:7]
    network = training.join(members)
    assert (network.wih.shape, network.who.shape) == ((12, 784), (10, 12))
    final_inputs = np.mean([logit(member.query(inputs).astype(float)) for member in members], axis=0)
    assert np.allclose(network.query(inputs), expit(final_inputs), atol=1e-5)
    network.train(inputs, np.full((7, 10), 0.5))  # it can be trained as any other


def test_a_committee_is_one_network_of_members_that_differ_and_the_first_is_the_lone_one(quick, tmp_path):
    quick("--seed", 3)
    lone = NeuralNetwork.load(tmp_path / "model.npz")
    status, out, _ = quick("--seed", 3, "--committee", 3)
    assert status == 0
    assert "784-30-10 nodes, seed 3, 3 of them" in out
    assert "Epoch 6/6" in out
    assert "Committee: 3 networks, joined into one of 90 hidden nodes, with a validation accuracy of " in out
    network = NeuralNetwork.load(tmp_path / "model.npz")
    assert (network.wih.shape, network.who.shape) == ((90, 784), (10, 90))
    assert np.array_equal(network.wih[:30], lone.wih)
    assert np.array_equal(network.who[:, :30], lone.who / 3)
    assert len({network.wih[start : start + 30].tobytes() for start in (0, 30, 60)}) == 3
    assert (network.training["committee"], lone.training["committee"]) == (3, 1)
    best = network.training["best_epoch"]
    assert isinstance(best, dict)
    assert f"with a validation accuracy of {best['validation_accuracy']:.2%}" in out
    assert best["validation_accuracy"] > lone.training["best_epoch"]["validation_accuracy"]


def test_no_member_of_a_committee_learns_from_validation_records(quick, monkeypatch):
    train_epochs, trained_on, seeds = training.train_epochs, [], []

    def watched(network, records, settings):
        trained_on.append(np.sort(records.pixels, axis=0))
        seeds.append(settings.seed)
        return train_epochs(network, records, settings)

    monkeypatch.setattr(training, "train_epochs", watched)
    quick("--seed", 3, "--committee", 3)
    records = load("digits", "train")
    rows, _ = hold_out(len(records.labels), 3)
    assert len(trained_on) == 3
    assert all(np.array_equal(pixels, np.sort(records.pixels[rows], axis=0)) for pixels in trained_on)
    assert len(set(seeds)) == 3


def test_a_committee_that_is_interrupted_keeps_the_members_that_are_done(quick, tmp_path, monkeypatch):
    train_epochs, begun = training.train_epochs, []

    def interrupted(*given):
        begun.append(1)
        for loss in train_epochs(*given):
            yield loss
            if len(begun) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(training, "train_epochs", interrupted)
    status, out, err = quick("--committee", 3)
    assert status == train_model.INTERRUPTED_STATUS
    assert "Interrupted. The best weights so far are kept." in err
    assert "Committee: 2 networks" in out
    network = NeuralNetwork.load(tmp_path / "model.npz")
    assert network.wih.shape == (60, 784)
    assert network.training["committee"] == 2


def test_a_committee_cannot_go_on_from_one_model(quick, tmp_path, capsys):
    quick()
    with pytest.raises(SystemExit) as ended:
        quick("--resume", tmp_path / "model.npz", "--committee", 2)
    assert ended.value.code == 2
    assert "leave out --committee" in capsys.readouterr().err


def test_each_record_decays_all_weights_by_its_share_of_the_step():
    digits = load("digits", "train").take(np.arange(20))
    plain, decayed = (NeuralNetwork(784, 5, 10, 0.1, seed=0) for _ in range(2))
    settings = Settings(epochs=1, batch_size=20)
    list(training.train_epochs(plain, digits, settings))
    list(training.train_epochs(decayed, digits, replace(settings, weight_decay=1e-3)))
    step = 0.1 * 0.01 / 1.01  # the learning rate has hardly begun to rise
    assert np.allclose(decayed.wih, plain.wih * (1 - 20 * 1e-3 * step), rtol=1e-6, atol=0)
    assert np.allclose(decayed.who, plain.who * (1 - 20 * 1e-3 * step), rtol=1e-6, atol=0)


def test_weights_that_decay_stay_smaller_and_the_model_says_so(quick, tmp_path):
    sizes = []
    for options in ((), ("--weight-decay", "1e-3")):
        status, out, _ = quick("--epochs", 8, *options)
        assert status == 0
        network = NeuralNetwork.load(tmp_path / "model.npz")
        sizes.append(np.linalg.norm(network.wih))
    assert sizes[1] < sizes[0]
    assert "weight decay 0.001" in out
    assert network.training["weight_decay"] == 1e-3
    assert network.training["best_epoch"]["validation_accuracy"] > 0.9


def test_training_on_distorted_copies_learns_and_says_so(quick, tmp_path):
    status, out, _ = quick("--distort", "--epochs", 8)
    assert status == 0
    assert "momentum 0.8, distortion 1" in out
    training = NeuralNetwork.load(tmp_path / "model.npz").training
    assert training["distort"] == 1
    assert training["best_epoch"]["validation_accuracy"] > 0.85


@pytest.mark.parametrize("options", [(), ("--distort", 0)])
def test_training_without_distortion_says_so_too(options, quick, tmp_path):
    _, out, _ = quick(*options)
    assert "distortion" not in out
    assert NeuralNetwork.load(tmp_path / "model.npz").training["distort"] == 0


def test_the_same_seed_distorts_the_same_way_and_another_strength_otherwise(quick, tmp_path):
    weights = []
    for strength in ("1", "1", "0.5", "0"):
        assert quick("--distort", strength)[0] == 0
        weights.append(NeuralNetwork.load(tmp_path / "model.npz").wih)
    assert np.array_equal(weights[0], weights[1])
    assert len({wih.tobytes() for wih in weights}) == 3


def test_every_epoch_has_new_copies_of_the_training_records_only(quick, monkeypatch):
    given, made, measured = [], [], set()
    distort, measure = training.distort, training.measure

    def watched(pixels, distortion, seed):
        given.append(pixels)
        made.append(distort(pixels, distortion, seed))
        return made[-1]

    def watched_measure(network, records):
        measured.add(records.pixels.tobytes())
        return measure(network, records)

    monkeypatch.setattr(training, "distort", watched)
    monkeypatch.setattr(training, "measure", watched_measure)
    assert quick("--distort", "--seed", 2)[0] == 0
    records = load("digits", "train")
    rows, validation = hold_out(len(records.labels), seed=2)
    assert len(made) == 2
    for pixels in given:
        assert np.array_equal(np.sort(pixels, axis=0), np.sort(records.pixels[rows], axis=0))
    assert measured == {records.pixels[validation].tobytes()}
    assert len(np.unique(np.concatenate(made), axis=0)) == 2 * len(rows)


def test_a_label_stays_with_its_distorted_copy(quick, tmp_path, monkeypatch):
    plain = training.distort
    monkeypatch.setattr(training, "distort", lambda pixels, _distortion, seed: plain(pixels, Distortion(), seed))
    quick("--distort")
    unchanged = NeuralNetwork.load(tmp_path / "model.npz").wih
    quick()
    assert np.array_equal(NeuralNetwork.load(tmp_path / "model.npz").wih, unchanged)


def test_clothes_are_distorted_in_their_own_way(quick, monkeypatch):
    used = []

    def watched(pixels, distortion, _seed):
        used.append(distortion)
        return pixels

    clothes = replace(load("digits", "train"), class_names=FASHION.class_names)
    monkeypatch.setattr(train_model, "load", lambda *_: clothes)
    monkeypatch.setattr(training, "distort", watched)
    assert quick("--dataset", "fashion", "--distort", 0.5)[0] == 0
    assert used == [FOR_CLOTHES.scaled(0.5)] * 2


def test_resuming_goes_on_with_distorted_copies(quick, tmp_path):
    quick()
    status, out, _ = quick("--resume", tmp_path / "model.npz", "--distort", "--epochs", 8)
    assert status == 0
    assert "resumed from" in out
    assert "distortion 1" in out


def test_a_dry_run_with_distortion_writes_nothing(run: Run, tmp_path):
    ended = run("train_model.py", "--dry-run", "--distort", "2")
    assert ended.returncode == 0, ended.stderr
    assert not [*tmp_path.glob("*.npz")]


def test_wrong_labels_are_those_of_other_classes_and_validation_records_keep_the_right_ones():
    records = load("digits", "train")
    options = train_model.parse(["--wrong-labels", "0.3", "--records", "800"])
    plain = train_model.parse(["--records", "800"])
    (learnt, validation), (right, _) = (train_model.divide(one, records) for one in (options, plain))
    assert len(learnt.labels) == 800
    np.testing.assert_array_equal(learnt.pixels, right.pixels)
    assert (learnt.labels != right.labels).mean() == pytest.approx(0.3, abs=0.06)
    assert learnt.labels.max() <= 9
    rows = hold_out(len(records.labels), 0)[1]
    np.testing.assert_array_equal(validation.labels, records.labels[rows])
    all_wrong, _ = train_model.divide(train_model.parse(["--wrong-labels", "1", "--records", "800"]), records)
    assert not (all_wrong.labels == right.labels).any()


def test_a_dry_run_writes_nothing(run: Run, tmp_path):
    ended = run("train_model.py", "--dry-run")
    assert ended.returncode == 0, ended.stderr
    assert "nothing is saved" in ended.stdout
    assert not [*tmp_path.glob("*.npz")]
    assert not [*tmp_path.glob("*.png")]


@pytest.mark.parametrize(
    "options",
    [
        ("--epochs", "0"),
        ("--epochs", "two"),
        ("--hidden-nodes", "-3"),
        ("--hidden-nodes", "1.5"),
        ("--batch-size", "0"),
        ("--learning-rate", "nan"),
        ("--learning-rate", "0"),
        ("--learning-rate", "inf"),
        ("--learning-rate", "-1"),
        ("--momentum", "1"),
        ("--momentum", "fast"),
        ("--seed", "-1"),
        ("--jobs", "0"),
        ("--records", "0"),
        ("--wrong-labels", "1.1"),
        ("--weight-decay", "-1e-5"),
        ("--weight-decay", "0.01"),
        ("--low-target", "0"),
        ("--low-target", "0.5"),
        ("--distort", "-1"),
        ("--distort", "5.1"),
        ("--distort", "nan"),
        ("--distort", "some.csv"),
        ("--dataset", "cats"),
        ("--dataset", "mnist", "some.csv"),
        ("--unknown",),
    ],
)
def test_an_option_that_makes_no_sense_ends_with_status_2(options, capsys):
    with pytest.raises(SystemExit) as ended:
        train_model.main([*options])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert "error: " in told
    assert options[0] in told


@pytest.mark.parametrize("option", ["missing.csv", "--output=nowhere/model.npz", "--resume=missing.npz"])
def test_a_missing_file_or_folder_is_told_without_a_traceback(option, run: Run, digits_csv, tmp_path):
    ended = run("train_model.py", *([option] if option.endswith(".csv") else [digits_csv, option]))
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert option.split("=")[-1].split("/")[0] in ended.stderr
    assert not (tmp_path / "model.npz").exists()


def test_wrong_data_leaves_the_old_model_alone(run: Run, digits_csv, tmp_path):
    (tmp_path / "model.npz").write_bytes(b"my dear old model")
    digits_csv.write_text(digits_csv.read_text().replace(",", ",x", 1))
    ended = run("train_model.py", digits_csv)
    assert ended.returncode == 1
    assert "row 1, column 2" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "model.npz").read_bytes() == b"my dear old model"


def test_a_full_disk_is_told_and_leaves_the_old_model(quick, tmp_path, monkeypatch):
    quick()
    before = (tmp_path / "model.npz").read_bytes()

    def disk_is_full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_is_full)
    status, _, err = quick("--seed", 1)
    assert status == 1
    assert "No space left on device" in err
    assert (tmp_path / "model.npz").read_bytes() == before


@pytest.mark.parametrize("rate", ["1", "1000", "1e38"])
def test_a_diverging_training_stops_and_keeps_the_old_model(rate, quick, tmp_path):
    quick()
    before = (tmp_path / "model.npz").read_bytes()
    status, _, err = quick("--learning-rate", rate, "--epochs", 5)
    assert status == 1
    assert "diverged" in err
    assert "--learning-rate" in err
    assert (tmp_path / "model.npz").read_bytes() == before


def test_a_training_that_diverges_late_saves_its_last_good_weights(quick, tmp_path, monkeypatch):
    measures = iter([(1.0, 0.8), (float("nan"), 0.1)])
    monkeypatch.setattr(training, "measure", lambda *_: next(measures))
    status, out, err = quick("--epochs", 5)
    assert status == 1
    assert "diverged" in err
    assert "Best epoch: 1" in out
    assert NeuralNetwork.load(tmp_path / "model.npz").training["best_epoch"]["number"] == 1


@pytest.mark.parametrize("options", [(), ("--distort",)], ids=["plain", "distorted"])
def test_ctrl_c_keeps_the_best_epoch_so_far_and_says_so(options, tmp_path):
    # What runs in the background, as tests may, ignores Ctrl-C from the start; what a user runs does not.
    in_the_foreground = (
        "import signal, sys, train_model\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(train_model.main())"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", in_the_foreground, *QUICK, "--epochs", "1000000", "--output", "model.npz", *options],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    assert program.stdout
    while "Epoch" not in program.stdout.readline():
        assert program.poll() is None
    program.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))
    out, err = program.communicate(timeout=60)
    assert program.returncode == train_model.INTERRUPTED_STATUS
    assert "Interrupted" in err
    assert "Traceback" not in err
    assert "Best epoch" in out
    assert NeuralNetwork.load(tmp_path / "model.npz").wih.shape == (30, 784)


def test_a_training_killed_at_any_moment_leaves_a_whole_model_or_none(tmp_path):
    clock = random.Random(4)
    model = tmp_path / "model.npz"
    for _ in range(8):
        program = subprocess.Popen(
            [sys.executable, str(PROJECT / "train_model.py"), *QUICK, "--output", str(model)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert program.stdout
        while program.stdout.readline().startswith(("Data", "Network", "Training", "Epoch 1")):
            pass
        time.sleep(clock.uniform(0, 0.1))
        program.kill()
        program.communicate()
        if model.exists():
            assert NeuralNetwork.load(model).wih.shape == (30, 784)


def test_progress_is_plain_lines_where_nobody_watches(run: Run):
    ended = run("train_model.py", *QUICK)
    assert "\r" not in ended.stdout + ended.stderr
    assert "Epoch 2/2: loss" in ended.stdout


def test_the_help_names_every_option_with_its_default(capsys):
    with pytest.raises(SystemExit):
        train_model.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for option, default in {
        "--hidden-nodes": "200",
        "--learning-rate": "0.1",
        "--epochs": "10",
        "--batch-size": "100",
        "--momentum": "0.8",
        "--seed": "0",
        "--dataset": "mnist",
        "--output": "model.npz",
        "--distort": "no distortion",
    }.items():
        assert f"default: {default}" in text or default in text
        assert option in text


def test_a_committee_trained_side_by_side_has_the_very_weights_of_one_trained_in_turn(quick, tmp_path):
    networks = []
    for jobs in (1, 2):
        status, out, _ = quick("--committee", 2, "--jobs", jobs, "--distort")
        assert status == 0
        assert "Committee: 2 networks" in out
        networks.append(NeuralNetwork.load(tmp_path / "model.npz"))
    assert same_weights(*networks)
    assert networks[0].training == networks[1].training


@pytest.fixture
def letters_csv(tmp_path):
    """30 pictures of each capital letter, printed, as somebody might have them."""
    random = np.random.default_rng(0)
    letters = [
        cv2.putText(
            np.zeros((28, 28), np.uint8), chr(ord("A") + label), (4 + x, 23 + y), cv2.FONT_HERSHEY_DUPLEX, 0.8, 255, 2
        ).ravel()
        for label, x, y in zip(np.arange(780) % 26, *random.integers(-2, 3, (2, 780)), strict=True)
    ]
    path = tmp_path / "letters.csv"
    np.savetxt(path, np.column_stack([np.arange(780) % 26, letters]), fmt="%d", delimiter=",")
    return path


def test_classes_of_ones_own_are_learnt_and_travel_with_the_model(run: Run, letters_csv, tmp_path):
    names = ",".join(string.ascii_uppercase)
    ended = run("train_model.py", letters_csv, "--class-names", names, "--batch-size", "10")
    assert ended.returncode == 0, ended.stderr
    assert "784-200-26 nodes" in ended.stdout
    network = NeuralNetwork.load(tmp_path / "model.npz")
    assert network.class_names == tuple(string.ascii_uppercase)
    ended = run("evaluate.py", letters_csv, "--json")
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["accuracy"] > 0.9
    assert [*result["classes"]][:26] == list(string.ascii_uppercase)


def test_what_shows_none_of_the_classes_is_answered_low_everywhere(run: Run, digits_csv, tmp_path):
    no_digits = tmp_path / "no_digits.csv"
    letters = np.genfromtxt(digits_csv, np.uint8, delimiter=",")
    letters[:, 0] = NO_CLASS
    letters[:, 1:] = 255 - letters[:, 1:]  # dark on light, as no digit is
    np.savetxt(no_digits, letters, fmt="%d", delimiter=",")
    ended = run("train_model.py", digits_csv, no_digits, "--batch-size", "5", "--low-target", "0.001")
    assert ended.returncode == 0, ended.stderr
    network = NeuralNetwork.load(tmp_path / "model.npz")
    assert network.training["low_target"] == 0.001
    assert network.query(scale(letters[:, 1:])).max() < 0.1
    digits = load([digits_csv], "train")
    assert (network.query(digits.inputs).argmax(axis=1) == digits.labels).mean() > 0.9
    validation_accuracy = network.training["best_epoch"]["validation_accuracy"]
    assert validation_accuracy > 0.7  # of the digits alone: half of the records are none


def test_records_that_all_show_none_of_the_classes_are_refused(run: Run, digits_csv, tmp_path):
    rows = np.genfromtxt(digits_csv, np.uint8, delimiter=",")
    rows[:, 0] = NO_CLASS
    np.savetxt(digits_csv, rows, fmt="%d", delimiter=",")
    ended = run("train_model.py", digits_csv)
    assert ended.returncode == 1
    assert "all labels are 255, none of the classes" in ended.stderr
    assert not (tmp_path / "model.npz").exists()


def test_labels_above_nine_without_names_are_refused_and_the_error_says_how_to_name_them(run: Run, letters_csv):
    ended = run("train_model.py", letters_csv)
    assert ended.returncode == 1
    assert "row 11, column 1: '10' is no label, needs a whole number from 0 to 9" in ended.stderr
    assert "--class-names" in ended.stderr


@pytest.mark.parametrize("names", ["A", "A,A", "A,,B", ",".join(map(str, range(101)))])
def test_class_names_that_make_no_sense_are_refused(names, letters_csv, capsys):
    with pytest.raises(SystemExit) as ended:
        train_model.main([str(letters_csv), "--class-names", names])
    assert ended.value.code == 2
    assert "different names" in capsys.readouterr().err


def test_class_names_go_with_csv_files_only(capsys):
    with pytest.raises(SystemExit) as ended:
        train_model.main(["--dataset", "digits", "--class-names", "A,B"])
    assert ended.value.code == 2
    assert "goes with CSV files" in capsys.readouterr().err
