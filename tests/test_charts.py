import cv2
import numpy as np
import pytest

import charts

DIGITS = np.random.default_rng(0).random((12, 784), dtype=np.float32)
LABELS = np.arange(12) % 3
NAMES = ("0", "1", "T-shirt/top")
MISTAKES = [
    charts.Mistake((255 * digit).astype(np.uint8), NAMES[label], NAMES[answer], float(digit[0]))
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
        lambda path: charts.draw_misclassified_records(MISTAKES, path),
        lambda path: charts.draw_misclassified_records([], path),
        lambda path: charts.draw_misread_pictures([*DRAWINGS], MISTAKES[:5], path),
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


def test_the_title_of_a_mistake_names_both_classes_and_the_confidence():
    pixels = np.zeros(784, np.uint8)
    assert charts.Mistake(pixels, "4", "9", 0.987).title == "4 → 9 (99%)"
    assert charts.Mistake(pixels, "Shirt", "Coat", 0.5).title == "Shirt → Coat\n(50%)"
