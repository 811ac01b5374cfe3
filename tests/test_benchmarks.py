import json

import numpy as np
import pytest
from distributed import LocalCluster

from benchmarks import seeds, textbook, training
from benchmarks.measuring import Row, format_table, ratio
from data.data_sets import load
from data.records import Records, targets
from neural_network import NeuralNetwork
from tests.conftest import Run
from training import join, measure


@pytest.fixture(scope="module")
def digits() -> Records:
    return load("digits", "train")


def rows_of(printed: str) -> dict[str, float]:
    """The printed tables as a dictionary from what was measured to its median."""
    lines = [line.strip("| ").split("|") for line in printed.splitlines() if line.startswith("| ")]
    return {
        line[0].strip(): float(line[1].replace(",", "")) for line in lines if line[1].strip(" -") not in ("", "median")
    }


def test_a_quick_run_prints_a_figure_for_every_competitor_and_draws_them(capsys, tmp_path):
    picture = tmp_path / "new_folder" / "curves.png"
    sections = ["--only", "speed", "reach", "single", "distort", "committee"]
    assert training.main(["--quick", "--picture", str(picture), *sections]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("Machine: ")
    measured = rows_of(printed)
    for competitor in training.COMPETITORS:
        assert measured[f"{competitor} to 40 %"] > 0, competitor
    for row in (
        "this project",
        "textbook",
        "python train_model.py",
        "epoch with distortions / epoch",
        "--jobs 1 / --jobs 2",
    ):
        assert measured[row] > 0, row
    expected = measured["textbook"] / measured["this project"]
    assert measured["textbook / this project"] == pytest.approx(expected, rel=0.01)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_without_its_section_is_refused(capsys):
    with pytest.raises(SystemExit):
        training.main(["--only", "single", "--picture"])
    assert "add it to --only" in capsys.readouterr().err


def test_a_program_that_fails_ends_the_measuring_with_its_reason(capsys, monkeypatch):
    run_program = training.run_program
    monkeypatch.setattr(training, "run_program", lambda *_: run_program("train_model.py", "--epochs", "0"))
    assert training.main(["--quick", "--only", "speed"]) == 1
    assert "needs a whole number from 1 up" in capsys.readouterr().err


def test_the_textbook_takes_the_step_worked_out_by_hand():
    # hidden = sigmoid(0 x 1) = 0.5, output = sigmoid(2 x 0.5) = 0.7310586, error = 0.99 - 0.7310586 = 0.2589414
    # who grows by 0.1 x 0.2589414 x 0.7310586 x 0.2689414 x 0.5; wih by 0.1 x (2 x 0.2589414) x 0.25
    network = textbook.TextbookNetwork(1, 1, 1, learning_rate=0.1, seed=0)
    network.wih, network.who = np.array([[0.0]]), np.array([[2.0]])
    network.train(np.array([1.0]), np.array([0.99]))
    assert network.who == pytest.approx(np.array([[2.00254556]]))
    assert network.wih == pytest.approx(np.array([[0.01294707]]))


def test_textbook_and_project_answer_alike_and_share_the_inner_step_but_not_the_outer_one(digits):
    ours = NeuralNetwork(784, 20, 10, learning_rate=0.1, seed=3)
    theirs = textbook.TextbookNetwork(784, 20, 10, learning_rate=0.1, seed=3)
    inputs, wanted = digits.inputs[0], targets(digits.labels[:1], 10)[0]
    outputs = theirs.query(inputs).ravel()
    assert ours.query(inputs) == pytest.approx(outputs, abs=1e-5)
    wih, who = theirs.wih.copy(), theirs.who.copy()
    ours.train(inputs, wanted)
    theirs.train(inputs, wanted)
    assert ours.wih - wih == pytest.approx(theirs.wih - wih, abs=1e-6)
    slopes = (outputs * (1 - outputs))[:, None]  # the textbook's outer step is that of the squared error
    assert slopes * (ours.who - who) == pytest.approx(theirs.who - who, abs=1e-6)


def test_the_textbook_reads_a_csv_file_as_the_project_does_and_learns_from_it(digits_csv):
    records = load([digits_csv], "train")
    wanted = targets(records.labels, 10)
    for line, inputs, target in zip(digits_csv.read_text().splitlines(), records.inputs, wanted, strict=True):
        parsed_inputs, parsed_targets = textbook.parse_line(line)
        assert parsed_inputs == pytest.approx(inputs, abs=1e-6)
        assert parsed_targets == pytest.approx(target)
    network = textbook.TextbookNetwork(784, 30, 10, learning_rate=0.1, seed=0)
    untouched = network.wih.copy()
    textbook.train_epoch(network, digits_csv, lines=0)
    assert np.array_equal(network.wih, untouched)
    for _ in range(10):
        textbook.train_epoch(network, digits_csv)
    answers = [network.query(inputs).argmax() for inputs in records.inputs]
    assert np.mean(answers == records.labels) > 0.9


@pytest.mark.parametrize("name", ["this project", "scikit-learn", "PyTorch"])
def test_each_competitor_learns_the_digits_epoch_by_epoch(name, digits):
    if name not in training.COMPETITORS:
        pytest.skip("PyTorch is an extra that nothing but this comparison needs")
    test = load("digits", "test")
    points = training.measure_curve(training.COMPETITORS[name](digits, 0), test, goal=0.4)
    times, accuracies = zip(*points, strict=True)
    assert accuracies[-1] >= 0.4
    assert all(accuracy < 0.4 for accuracy in accuracies[:-1])
    assert list(times) == sorted(times)


def test_training_stops_at_the_first_epoch_that_reaches_the_goal():
    test = Records(np.zeros((4, 1), np.uint8), np.arange(4, dtype=np.uint8), ("0", "1", "2", "3"))
    epochs = [np.array(answers) for answers in ([0, 0, 0, 0], [0, 1, 2, 0], [0, 1, 2, 3])]

    def learner():
        for answers in epochs:
            yield lambda inputs, answers=answers: answers

    assert [accuracy for _, accuracy in training.measure_curve(learner(), test, goal=0.75)] == [0.25, 0.75]
    whole = training.measure_curve(learner(), test, goal=1.1)
    assert [accuracy for _, accuracy in whole] == [0.25, 0.75, 1.0]
    assert training.seconds_until(1.0, whole) == whole[-1][0]
    assert training.seconds_until(1.1, whole) == float("inf")


def test_a_table_shows_the_median_its_spread_and_whether_the_bar_is_met():
    rows = [
        Row("waiting", [3.0, 1.0, 2.0], "s", at_most=2),
        Row("digits", [97.0], "%", at_least=97.5),
        ratio("slow / fast", [8.0, 6.0, 7.0], [2.0, 2.0, 5.0]),
    ]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in format_table(rows).splitlines()[2:]]
    assert cells == [
        ["waiting", "2.00", "s", "1.00 to 3.00", "at most 2: met"],
        ["digits", "97.00", "%", "", "at least 97.5: missed"],
        ["slow / fast", "3.50", "times", "", ""],
    ]


SEEDS = ("--dataset", "digits", "--epochs", "2", "--hidden-nodes", "20", "--distort", "--seeds", "5", "6")


@pytest.mark.parametrize("committee", ["1", "3"])
def test_the_seeds_are_scored_as_train_model_and_evaluate_do_it(committee, run: Run, capsys, tmp_path):
    assert seeds.main([*SEEDS, "--committee", committee]) == 0
    printed = capsys.readouterr().out.splitlines()
    options = (*SEEDS[:-3], "--committee", committee)
    accuracies, networks = [], []
    for seed, line in zip(("5", "6"), printed, strict=False):
        assert run("train_model.py", *options, "--seed", seed).returncode == 0
        accuracies.append(json.loads(run("evaluate.py", "--json").stdout)["accuracy"])
        networks.append(NeuralNetwork.load(tmp_path / "model.npz"))
        assert line == f"seed {seed}: {accuracies[-1]:.2%}"
    spread = 100 * abs(accuracies[0] - accuracies[1]) / 2**0.5
    joined = f"{measure(join(networks), load('digits', 'test'))[1]:.2%}"
    assert printed[2:] == [
        f"mean: {sum(accuracies) / 2:.2%}, standard deviation {spread:.2f} points",
        f"all joined into one of {40 * int(committee)} hidden nodes: {joined}",
    ]


def test_seeds_trained_side_by_side_or_by_a_cluster_come_to_the_same(capsys):
    printed = []
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        for options in ((), ("--jobs", "2"), ("--jobs", "2", "--scheduler", cluster.scheduler_address)):
            assert seeds.main([*SEEDS, *options]) == 0
            printed.append(sorted(capsys.readouterr().out.splitlines()))
    assert len(printed[0]) == 4
    assert printed[1] == printed[0]
    assert printed[2] == printed[0]


def test_the_seeds_are_scored_by_several_views_where_that_is_asked_for(capsys, run: Run):
    assert seeds.main([*SEEDS[:-1], "--views"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert run("train_model.py", *SEEDS[:-3], "--seed", "5").returncode == 0
    accuracy = json.loads(run("evaluate.py", "--json", "--views").stdout)["accuracy"]
    assert printed == [f"seed 5: {accuracy:.2%}", f"mean: {accuracy:.2%}"]


def test_seeds_of_data_that_is_missing_end_with_the_reason(capsys, tmp_path):
    assert seeds.main([str(tmp_path / "missing.csv")]) == 1
    assert "missing.csv does not exist" in capsys.readouterr().err
