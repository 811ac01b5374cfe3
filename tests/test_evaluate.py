import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import evaluate
import train_model
from data.data_sets import bundled_digits, shipped_model
from data.records import NO_CLASS
from neural_network import NeuralNetwork
from tests.conftest import Run, missing
from tests.drawings import side_by_side

CERTAINTY = ["reliability.png", "roc_curve.png"]
PICTURES = ["confusion_matrix.png", "data_set.png", "imagined.png", "misclassified.png", *CERTAINTY]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.npz"
    assert train_model.main(["--dataset", "digits", "--output", str(path)]) == 0
    return path


def test_the_score_is_printed_as_people_know_it(run: Run, model, tmp_path):
    ended = run("evaluate.py", "--model", model, "--report", tmp_path / "pictures")
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    score = next(line for line in lines if line.startswith("Score: "))
    correct, total = map(int, score.removeprefix("Score: ").split("/"))
    assert total == 360
    assert 324 < correct < 360
    assert f"Performance: {100 * correct / total:.2f} %" in lines
    assert "95 % confidence interval" in ended.stdout
    assert "Calibration error: " in ended.stdout
    assert "Of 1,000 pictures of something else, answered surely: " in ended.stdout
    assert "precision    recall  f1-score   support" in ended.stdout
    assert "taken for" in ended.stdout
    assert lines[0].startswith(f"Model: {model}, 784-200-10 nodes, trained on digits")
    assert lines[1].startswith("Data: digits, 360 test records")
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == PICTURES


def test_json_is_one_object_with_the_figures(run: Run, model):
    ended = run("evaluate.py", "--model", model, "--json")
    result = json.loads(ended.stdout)
    assert result["total"] == 360
    assert result["accuracy"] == result["correct"] / 360
    assert result["model"] == str(model)
    assert result["dataset"] == "digits"
    assert 0 < result["seconds"] < 60
    low, high = result["confidence_interval"]
    assert low < result["accuracy"] < high
    matrix = np.array(result["confusion_matrix"])
    assert matrix.trace() == result["correct"]
    assert result["classes"]["7"]["recall"] == pytest.approx(matrix[7, 7] / matrix[7].sum())
    assert 0 < result["calibration_error"] < 0.1
    assert 0 < result["unsure"] < 0.5
    assert result["accuracy"] < result["right_of_sure"] <= 1
    assert result["others"] == 1000
    assert 0.5 < result["auroc"] < 1  # of made-up scribbles and pairs
    assert 0 <= result["others_answered_surely"] < 1 - result["unsure"]


def test_several_views_of_each_record_are_averaged_where_that_is_asked_for(run: Run, model):
    plain, views = (
        json.loads(run("evaluate.py", "--model", model, "--json", *options).stdout) for options in ((), ("--views",))
    )
    assert views["accuracy"] == pytest.approx(plain["accuracy"], abs=0.1)
    assert views["calibration_error"] != plain["calibration_error"]


def test_the_ten_thousand_test_digits_are_scored(run: Run, real_data, tmp_path):
    assert run("train_model.py", "--epochs", 2, env=real_data).returncode == 0
    ended = run("evaluate.py", "--json", env=real_data)
    result = json.loads(ended.stdout)
    assert result["dataset"] == "mnist"
    assert result["total"] == 10_000
    assert result["accuracy"] > 0.96


def test_clothes_are_scored_with_their_names(run: Run, real_data, tmp_path):
    model = shipped_model("fashion")
    ended = run("evaluate.py", "--model", model, "--report", tmp_path / "pictures", env=real_data)
    assert ended.returncode == 0, ended.stderr
    assert "Ankle boot" in ended.stdout
    ended = run("evaluate.py", "--model", model, "--dataset", "digits")
    assert ended.returncode == 1
    assert "clothes.npz knows T-shirt/top" in ended.stderr


def network_of(count: int, class_names: str) -> NeuralNetwork:
    """Return an untrained network whose classes have these names."""
    network = NeuralNetwork(784, 5, count, 0.1, seed=0)
    network.class_names = tuple(class_names)
    return network


def test_a_model_of_own_classes_is_scored_and_drawn_with_their_names(tmp_path, digit_rows, capsys):
    letters, path = tmp_path / "letters.csv", tmp_path / "letters.npz"
    rows = digit_rows[:26].copy()
    rows[:, 0] = np.arange(26)
    np.savetxt(letters, rows, fmt="%d", delimiter=",")
    network_of(26, "ABCDEFGHIJKLMNOPQRSTUVWXYZ").save(path)
    assert evaluate.main([str(letters), "--model", str(path), "--report", str(tmp_path / "pictures")]) == 0
    printed = capsys.readouterr().out
    assert "784-5-26 nodes" in printed
    assert "Score: 1/26" in printed  # it answers everything with one letter
    assert all(f"\n{letter:>12} " in printed for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert sorted(file.name for file in (tmp_path / "pictures").iterdir()) == PICTURES
    assert evaluate.main(["--model", str(path), "--dataset", "digits"]) == 1
    assert "name CSV files" in capsys.readouterr().err


def test_a_csv_file_is_scored_with_the_names_of_the_model(digits_csv, tmp_path, capsys):
    path = tmp_path / "clothes.npz"
    network_of(10, "abcdefghij").save(path)
    assert evaluate.main([str(digits_csv), "--model", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["total"] == 200
    assert "j" in result["classes"]


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (NeuralNetwork(64, 5, 10, 0.1), "takes 64 inputs"),
        (NeuralNetwork(784, 5, 3, 0.1), "knows 0, 1, 2"),
        (network_of(10, "abcdefghij"), "knows a, b, c"),
    ],
)
def test_a_model_of_other_classes_or_sizes_is_told(network, told, tmp_path, capsys):
    network.save(tmp_path / "other.npz")
    assert evaluate.main(["--model", str(tmp_path / "other.npz"), "--dataset", "digits"]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert "digits" in error


def test_a_csv_file_with_more_classes_than_the_model_is_told(digits_csv, tmp_path, capsys):
    NeuralNetwork(784, 5, 3, 0.1).save(tmp_path / "three.npz")
    assert evaluate.main([str(digits_csv), "--model", str(tmp_path / "three.npz")]) == 1
    assert "knows 3 classes" in capsys.readouterr().err


def test_a_missing_model_says_how_to_train_one(run: Run, tmp_path):
    ended = run("evaluate.py", "--model", "nowhere.npz")
    assert ended.returncode == 1
    assert ended.stderr == "error: there is no model at nowhere.npz; train one with: python train_model.py\n"


def test_a_broken_model_is_told_without_a_traceback(run: Run, tmp_path):
    (tmp_path / "model.npz").write_bytes(b"PK\x03\x04 but no more")
    ended = run("evaluate.py", "--dataset", "digits")
    assert ended.returncode == 1
    assert "is not a model that can be used" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_report_folder_that_cannot_be_made_is_told(model, tmp_path, capsys):
    (tmp_path / "file").write_text("no folder")
    assert evaluate.main(["--model", str(model), "--report", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_a_network_without_mistakes_can_be_drawn(digits_csv, digit_rows, tmp_path):
    path = tmp_path / "model.npz"
    options = [str(digits_csv), "--output", str(path), "--epochs", "60", "--learning-rate", "0.05"]
    assert train_model.main(options) == 0
    seven = digit_rows[digit_rows[:, 0] == 7][:1]
    np.savetxt(digits_csv, seven, fmt="%d", delimiter=",")
    assert evaluate.main([str(digits_csv), "--model", str(path), "--report", str(tmp_path / "pictures")]) == 0
    assert sorted(file.name for file in (tmp_path / "pictures").iterdir()) == PICTURES


@pytest.fixture
def own_pictures(tmp_path, digit_rows):
    """20 digits drawn large and dark on white paper, every second one by Ann, and one that is no picture at all."""
    folder = tmp_path / "mine"
    folder.mkdir()
    lines = ["path,label,writer"]
    for number, row in enumerate(digit_rows[:20]):
        picture = cv2.resize(255 - row[1:].reshape(28, 28), (200, 200), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number}.png"), picture)
        lines.append(f"{number}.png,{row[0]},{'Ann' if number % 2 else 'Bob'}")
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "labels.csv").write_text("\n".join([*lines, "broken.png,3,Ann"]) + "\n")
    return folder


def test_own_pictures_are_scored_over_all_and_over_writers(run: Run, model, own_pictures, tmp_path):
    options = ("--model", model, "--images", own_pictures)
    result = json.loads(run("evaluate.py", *options, "--json").stdout)
    assert result["total"] == 21
    assert 18 <= result["correct"] <= 20
    assert result["accuracy"] == result["correct"] / 21
    assert set(result["per_writer"]) == {"Ann", "Bob"}
    assert result["per_writer"]["Ann"]["total"] == 11
    ann, bob = (result["per_writer"][writer]["accuracy"] for writer in ("Ann", "Bob"))
    assert result["accuracy_over_writers"] == pytest.approx((ann + bob) / 2)
    assert [path.endswith("broken.png") for path in result["unreadable"]] == [True]

    ended = run("evaluate.py", *options, "--report", tmp_path / "report")
    assert ended.returncode == 0, ended.stderr
    assert f"Score: {result['correct']}/21" in ended.stdout
    assert "Mean over 2 writers" in ended.stdout
    assert "broken.png" in ended.stdout


def test_answers_that_a_person_should_look_at_are_drawn(model, own_pictures, tmp_path):
    (own_pictures / "labels.csv").write_text("path,label\n0.png,7\n1.png,7\n")  # they show other digits
    report = tmp_path / "report"
    assert evaluate.main(["--model", str(model), "--images", str(own_pictures), "--report", str(report)]) == 0
    assert sorted(path.name for path in report.iterdir()) == ["look_at.png", *CERTAINTY]
    drawn = cv2.imread(str(report / "look_at.png"))
    assert drawn is not None
    assert drawn.std() > 5


def test_pictures_of_something_else_show_what_surely_is_worth(model, own_pictures, tmp_path, capsys):
    others = tmp_path / "others"
    (others / "below").mkdir(parents=True)
    for number in range(10):  # grids and rings, whose names tell nothing
        canvas = np.full((100, 100), 255, np.uint8)
        for place in range(20 + number, 90, 12):
            cv2.line(canvas, (15, place), (85, place), 0, 4)
            cv2.line(canvas, (place, 15), (place, 85), 0, 4)
        cv2.imwrite(str(others / "below" / f"grid {number}.png"), canvas)
    (others / "empty.png").write_bytes(b"no picture")
    options = ["--model", str(model), "--images", str(own_pictures), "--others", str(others), "--json"]
    assert evaluate.main(options) == 0
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result["others"] == 10
    assert result["auroc"] > 0.8
    assert result["others_answered_surely"] < 0.5
    assert "empty.png is left out: " in printed.err


def test_records_of_none_of_the_classes_are_the_something_else(model, digit_rows, tmp_path, capsys):
    rows = digit_rows[:50].copy()
    rows[40:, 0] = NO_CLASS
    rows[40:, 1:] = np.random.default_rng(0).integers(0, 256, (10, 784))
    path = tmp_path / "digits.csv"
    np.savetxt(path, rows, fmt="%d", delimiter=",")
    assert evaluate.main([str(path), "--model", str(model), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["total"], result["others"]) == (40, 10)
    assert np.array(result["confusion_matrix"]).sum() == 40
    np.savetxt(path, rows[40:], fmt="%d", delimiter=",")
    assert evaluate.main([str(path), "--model", str(model), "--json"]) == 1
    assert "none of the classes" in capsys.readouterr().err


def test_of_a_network_that_is_never_sure_no_share_of_sure_answers_is_told(own_pictures, tmp_path, capsys):
    network_of(10, "0123456789").save(tmp_path / "untrained.npz")
    folders = ["--images", str(own_pictures), "--others", str(own_pictures), "--report", str(tmp_path / "report")]
    assert evaluate.main(["--model", str(tmp_path / "untrained.npz"), *folders]) == 0
    printed = capsys.readouterr().out
    assert "Unsure: 100.00 %" in printed
    assert "sure answers" not in printed


@pytest.mark.parametrize("option", ["--images", "--others"])
def test_a_folder_whose_pictures_cannot_be_read_is_told(option, model, tmp_path, capsys):
    (tmp_path / "7.png").write_bytes(b"no picture")
    (tmp_path / "8.png").write_bytes(b"no picture")
    options = ["--model", str(model), "--dataset", "digits"][: 2 if option == "--images" else 4]
    assert evaluate.main([*options, option, str(tmp_path)]) == 1
    assert "none of 2 pictures can be read" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--images", "--others"])
def test_a_folder_without_pictures_is_told(option, run: Run, model, tmp_path):
    ended = run("evaluate.py", "--model", model, option, tmp_path / "nowhere")
    assert ended.returncode == 1
    assert "there is no folder" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def own_numbers(tmp_path):
    """Numbers of one to four digits, each second one by Ann, and what they show."""
    folder = tmp_path / "numbers"
    folder.mkdir()
    pixels, labels = bundled_digits("test")
    texts, lines = [], ["path,label,writer"]
    for number in range(8):
        rows = np.arange(1 + number % 4) + 4 * number
        texts.append("".join(map(str, labels[rows])))
        cv2.imwrite(str(folder / f"{number}.png"), side_by_side(pixels[rows]))
        lines.append(f"{number}.png,{texts[-1]},{'Ann' if number % 2 else 'Bob'}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder, texts


def score_numbers(folder, capsys, *options):
    """Return the exit status, and what was printed: an object with --json, else text."""
    status = evaluate.main(["--model", str(shipped_model()), "--images", str(folder), *map(str, options)])
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if "--json" in options and not status else printed.out + printed.err


def test_own_numbers_are_scored_over_all_by_length_and_over_writers(own_numbers, tmp_path, capsys):
    folder, _ = own_numbers
    status, result = score_numbers(folder, capsys, "--json")
    assert status == 0
    assert result["total"] == 8
    assert result["exact"] == result["correct"] / 8 >= 6 / 8
    assert result["count_right"] >= result["exact"]
    assert 0 <= result["digit_error_rate"] < 0.2
    assert {length: score["total"] for length, score in result["per_length"].items()} == dict.fromkeys("1234", 2)
    assert {writer: score["total"] for writer, score in result["per_writer"].items()} == {"Ann": 4, "Bob": 4}
    ann, bob = (result["per_writer"][writer]["exact"] for writer in ("Ann", "Bob"))
    assert result["over_writers"]["exact"] == pytest.approx((ann + bob) / 2)
    assert 0 <= result["unsure"] <= 1
    assert 0 <= result["calibration_error"] < 0.5

    status, printed = score_numbers(folder, capsys, "--report", tmp_path / "report")
    assert status == 0
    assert f"Score: {result['correct']}/8" in printed
    assert f"Entirely right: {100 * result['exact']:.2f} %" in printed
    assert f"Count right: {100 * result['count_right']:.2f} %" in printed
    assert f"Digit error rate: {100 * result['digit_error_rate']:.2f} %" in printed
    assert "mean over 2 writers" in printed
    rows = [line.split()[:2] for line in printed.splitlines()]
    assert all([name, total] in rows for name, total in [*[(length, "2") for length in "1234"], ("Ann", "4")])


def test_misread_numbers_are_drawn_and_a_drawing_of_older_ones_goes(own_numbers, tmp_path, capsys):
    folder, texts = own_numbers
    report = tmp_path / "report"
    (folder / "labels.csv").write_text(f"path,label\n3.png,{texts[3]}9\n")
    status, printed = score_numbers(folder, capsys, "--report", report)
    assert status == 0
    assert "Score: 0/1" in printed
    assert sorted(path.name for path in report.iterdir()) == ["misread.png", "reliability.png"]
    assert np.std(np.array(cv2.imread(str(report / "misread.png")))) > 5
    _, result = score_numbers(folder, capsys, "--json")
    assert result["count_right"] == 0
    (folder / "labels.csv").write_text(f"path,label\n3.png,{texts[3]}\n")
    status, printed = score_numbers(folder, capsys, "--report", report)
    assert status == 0
    assert "Score: 1/1" in printed
    assert sorted(path.name for path in report.iterdir()) == ["reliability.png"]


def test_a_number_that_cannot_be_read_counts_as_wrong_and_its_reason_is_told(own_numbers, tmp_path, capsys):
    folder, texts = own_numbers
    (folder / "broken.png").write_bytes(b"no picture")
    cv2.imwrite(str(folder / "blank.png"), np.full((80, 80), 255, np.uint8))
    (folder / "labels.csv").write_text(f"path,label\n3.png,{texts[3]}\nbroken.png,12\nblank.png,345\n")
    status, result = score_numbers(folder, capsys, "--json", "--report", tmp_path / "report")
    assert status == 0
    assert (result["total"], result["correct"]) == (3, 1)
    assert result["digit_error_rate"] == pytest.approx(5 / 9)
    assert [Path(path).name for path in result["unreadable"]] == ["broken.png", "blank.png"]
    assert "no ink" in [*result["unreadable"].values()][1]
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["reliability.png"]

    (folder / "labels.csv").write_text("path,label\nbroken.png,12\nblank.png,345\n")
    status, printed = score_numbers(folder, capsys)
    assert status == 1
    assert "none of 2 pictures can be read" in printed


def test_the_numbers_of_people_are_scored(mirror, tmp_path, capsys):
    folder = mirror / "drawings" / "numbers"
    if not folder.is_dir():
        missing(f"{folder}, numbers with a labels.csv")
    status, result = score_numbers(folder, capsys, "--json", "--report", tmp_path / "report")
    assert status == 0
    assert result["total"] == 380
    assert len(result["per_writer"]) == 83
    assert list(result["per_length"]) == ["2", "3", "4", "5", "10"]
    assert sum(score["correct"] for score in result["per_length"].values()) == result["correct"]
    assert result["exact"] > 0.85
    assert result["count_right"] > 0.95
    assert result["digit_error_rate"] < 0.07
    assert result["calibration_error"] < 0.1
    assert (tmp_path / "report" / "misread.png").is_file()


@pytest.mark.parametrize("label", ["A", '"1,250"', "12-34", "1 2", "1" * 33])
def test_a_label_that_is_no_number_is_told_with_its_file_and_row(label, own_numbers, capsys):
    folder, texts = own_numbers
    (folder / "labels.csv").write_text(f"path,label\n3.png,{texts[3]}\n2.png,{label}\n")
    status, printed = score_numbers(folder, capsys)
    assert status == 1
    assert f"{folder / 'labels.csv'}, row 3: " in printed
    assert "write" in printed


@pytest.mark.parametrize("option", ["--views", "--others"])
def test_what_makes_no_sense_for_numbers_is_refused(option, own_numbers, capsys):
    folder, _ = own_numbers
    status, printed = score_numbers(folder, capsys, option, *([folder] if option == "--others" else []))
    assert status == 1
    assert "has numbers of several digits; leave out --views and --others" in printed


def test_a_model_of_something_else_reads_no_numbers(own_numbers, capsys):
    folder, _ = own_numbers
    assert evaluate.main(["--model", str(shipped_model("fashion")), "--images", str(folder)]) == 1
    assert "clothes.npz knows no digits but T-shirt/top" in capsys.readouterr().err
