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
