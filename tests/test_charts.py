import cv2
import numpy as np
import pytest

import charts

DIGITS = np.random.default_rng(0).random((12, 784), dtype=np.float32)
LABELS = np.arange(12) % 3
NAMES = ("0", "1", "T-shirt/top")


@pytest.mark.parametrize(
    "draw",
    [
        lambda path: charts.learning_curve(
            [{"number": n, "loss": 1 / n, "validation_loss": 2 / n, "validation_accuracy": 0.9} for n in (1, 2, 3)],
            path,
        ),
        lambda path: charts.confusion_matrix([[5, 0, 1], [2, 9, 0], [0, 0, 4]], NAMES, path),
        lambda path: charts.misclassified(DIGITS, LABELS, LABELS[::-1], DIGITS[:, 0], NAMES, path),
        lambda path: charts.misclassified(DIGITS[:0], LABELS[:0], LABELS[:0], DIGITS[:0, 0], NAMES, path),
        lambda path: charts.imagined(DIGITS[:3], NAMES, path),
        lambda path: charts.distorted(DIGITS[:4], DIGITS.reshape(4, 3, 784), path),
        lambda path: charts.data_set(DIGITS, LABELS, NAMES, path),
    ],
)
def test_a_chart_is_a_picture_with_something_on_it(draw, tmp_path):
    path = tmp_path / "chart.png"
    draw(path)
    picture = cv2.imread(str(path))
    assert picture is not None
    assert min(picture.shape[:2]) > 300
    assert picture.std() > 5
