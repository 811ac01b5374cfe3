from itertools import pairwise

import cv2
import numpy as np
import pytest

import charts

DIGITS = np.random.default_rng(0).random((12, 784), dtype=np.float32)
LABELS = np.arange(12) % 3
NAMES = ("0", "1", "T-shirt/top")
ANSWERS = [
    charts.Answer((255 * digit).astype(np.uint8), NAMES[label], NAMES[answer], float(digit[0]), float(digit[1]))
    for digit, label, answer in zip(DIGITS, LABELS, LABELS[::-1], strict=True)
]
MISREAD = [
    charts.Misread(np.full(shape, 255, np.uint8), [("4", (2, 0, 9, 20)), ("7", (15, 3, 9, 20))], "407", "47", 0.62)
    for shape in [(280, 700), (64, 4096, 3), (4096, 64, 4), (40, 60)]
]
DRAWINGS = np.random.default_rng(1).integers(0, 256, (5, 40, 60, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: charts.draw_learning_curve(
            [{"number": n, "loss": 1 / n, "validation_loss": 2 / n, "validation_accuracy": 0.9} for n in (1, 2, 3)],
            path,
        ),
        lambda path: charts.draw_confusion_matrix([[5, 0, 1], [2, 9, 0], [0, 0, 4]], NAMES, path),
        lambda path: charts.draw_reliability_diagram(np.array([0.7, 1.0]), np.array([0.5, 1.0]), 12, 0.1, path),
        lambda path: charts.draw_roc_curve((np.array([0, 0, 1]), np.array([0, 0.9, 1])), 0.95, (0.1, 0.9), path),
        lambda path: charts.draw_misclassified_records(ANSWERS, path),
        lambda path: charts.draw_misclassified_records([], path),
        lambda path: charts.draw_answers_to_look_at([*DRAWINGS], ANSWERS[:5], path),
        lambda path: charts.draw_misread_numbers(MISREAD, 9, path),
        lambda path: charts.draw_misread_numbers(MISREAD[:1], 1, path),
        lambda path: charts.draw_imagined_inputs(DIGITS[:3], NAMES, path),
        lambda path: charts.draw_distorted_copies(DIGITS[:4], DIGITS.reshape(4, 3, 784), path),
        lambda path: charts.draw_data_set(DIGITS, LABELS, NAMES, path),
    ],
)
def test_a_chart_is_a_picture_with_something_on_it(draw, tmp_path):
    path = tmp_path / "chart.png"
    draw(path)
    picture = cv2.imread(str(path))
    assert picture is not None
    assert min(picture.shape[:2]) > 300
    assert picture.std() > 5


@pytest.mark.parametrize(
    ("truth", "answer", "title"),
    [("4", "9", "4 → 9 (99%, 31%)"), ("Shirt", "Coat", "Shirt → Coat\n(99%, 31%)"), ("4", "4", "4? (99%, 31%)")],
)
def test_the_title_of_an_answer_names_the_classes_and_how_sure_it_is(truth, answer, title):
    assert charts.Answer(np.zeros(784, np.uint8), truth, answer, 0.987, 0.31).title == title


@pytest.mark.parametrize(
    ("truth", "text", "title"),
    [
        ("407", "47", "407 read as 47 (62 % sure)"),
        ("407", "", "407 read as nothing (62 % sure)"),
        ("47", "4\n7", "47 read as 4 / 7 (62 % sure)"),
        ("1" * 32, "1" * 30, f"{'1' * 32} read as\n{'1' * 30} (62 % sure)"),
    ],
)
def test_the_title_of_a_misread_number_says_what_it_was_read_as(truth, text, title):
    assert charts.Misread(DRAWINGS[0], [], truth, text, 0.62).title == title


def test_each_digit_of_a_misread_number_has_its_box_and_its_label(tmp_path):
    blank = np.full((280, 700), 255, np.uint8)
    pictures = []
    for digits in ([], [("4", (100, 60, 90, 120))], [("4", (100, 60, 90, 120)), ("7", (300, 60, 90, 120))]):
        charts.draw_misread_numbers([charts.Misread(blank, digits, "407", "47", 0.62)], 1, tmp_path / "a.png")
        pictures.append(np.array(cv2.imread(str(tmp_path / "a.png")), int))
    first, second = ((np.abs(b - a).max(axis=2) > 60) for a, b in pairwise(pictures))
    (top, left), (bottom, right) = (corner(np.argwhere(first), axis=0) for corner in (np.min, np.max))
    assert (right - left) / (bottom - top) == pytest.approx(90 / 137, rel=0.1)  # the box, and the label above it
    assert first.sum() < 0.3 * (right - left) * (bottom - top)  # lines alone, for the digit shall be seen
    assert np.argwhere(second)[:, 1].min() > right
