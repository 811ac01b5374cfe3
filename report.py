"""The pictures of an evaluation, in a folder: what charts.py draws of what scoring.py measured.

matplotlib and OpenCV are slow to import, so each function imports them: --help and --json do without.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from confidence import calibration_error, reliability
from data.pictures import NumberPicture
from data.records import Pixels, Records, targets
from explanation import backquery
from neural_network import NeuralNetwork
from reading import read_image
from scoring import Answers, Certainty, NumberAnswers, Result, rows_to_look_at, to_tell_apart

if TYPE_CHECKING:
    import charts


def draw_records(folder: Path, result: Result, network: NeuralNetwork, records: Records, answers: Answers) -> None:
    """Write the pictures of records into `folder`."""
    import charts

    names = records.class_names
    wrong, _ = rows_to_look_at(answers, records.labels)
    ideal = targets(np.arange(len(names), dtype=np.uint8), len(names))  # (classes, classes)
    charts.draw_confusion_matrix(result.confusion_matrix, names, folder / "confusion_matrix.png")
    shown = name_answers(records, answers, wrong[: charts.MISTAKES_SHOWN])
    charts.draw_misclassified_records(shown, folder / "misclassified.png")
    charts.draw_imagined_inputs(backquery(network, ideal), names, folder / "imagined.png")
    charts.draw_data_set(records.inputs, records.labels, names, folder / "data_set.png")


def draw_certainty(folder: Path, answers: Answers, labels: Pixels, others: Answers, certainty: Certainty) -> None:
    """Write the reliability diagram and the ROC curve into `folder`."""
    from sklearn.metrics import roc_curve

    import charts

    draw_reliability(folder, answers.confidences, answers.predicted == labels)
    others_kept, kept, _ = roc_curve(*to_tell_apart(answers, others))
    surely = certainty.others_answered_surely, 1 - certainty.unsure
    charts.draw_roc_curve((others_kept, kept), certainty.auroc, surely, folder / "roc_curve.png")


def draw_reliability(folder: Path, confidences: NDArray[np.floating], right: NDArray[np.bool_]) -> None:
    """Write the reliability diagram of answers with their `confidences` (n,), some of which are `right` (n,)."""
    import charts

    means, accuracies, counts = reliability(confidences, right)
    error = calibration_error(confidences, right)
    charts.draw_reliability_diagram(means, accuracies, int(counts.max()), error, folder / "reliability.png")


def draw_answers_to_look_at(paths: list[Path], records: Records, answers: Answers, path: Path) -> None:
    """Draw the answers that a person should look at, each with the picture as it came."""
    import charts
    from drawing.decoding import decode

    wrong, unsure = rows_to_look_at(answers, records.labels)
    rows = np.concatenate([wrong[: charts.WRONG_SHOWN], unsure[: charts.UNSURE_SHOWN]])
    if len(rows):
        drawings = [decode(paths[row].read_bytes()) for row in rows]
        charts.draw_answers_to_look_at(drawings, name_answers(records, answers, rows), path)


def name_answers(records: Records, answers: Answers, rows: NDArray[np.int64]) -> list["charts.Answer"]:
    """Return some of the answers with the names of their classes."""
    import charts

    names = records.class_names
    return [
        charts.Answer(
            records.pixels[row],
            names[records.labels[row]],
            names[answers.predicted[row]],
            answers.confidences[row],
            answers.memberships[row],
        )
        for row in rows
    ]


def draw_numbers(folder: Path, network: NeuralNetwork, found: Sequence[NumberPicture], answers: NumberAnswers) -> None:
    """Write the reliability diagram of numbers, and those that were misread, the surest first, into `folder`."""
    import charts
    from drawing.decoding import decode

    right = answers.are_right(found)
    draw_reliability(folder, answers.confidences, right)
    order = np.argsort(-answers.confidences, kind="stable")  # (n,)
    misread = [row for row in order if not right[row] and str(found[row].path) not in answers.unreadable]
    path = folder / "misread.png"
    path.unlink(missing_ok=True)  # nobody shall take an older one for what this model misread
    if misread:
        shown = []
        for row in misread[: charts.MISREAD_SHOWN]:
            drawing = decode(found[row].path.read_bytes())
            digits = [(str(digit.label), digit.box) for digit in read_image(network, drawing).number.digits]
            shown.append(charts.Misread(drawing, digits, found[row].text, answers.texts[row], answers.confidences[row]))
        charts.draw_misread_numbers(shown, len(misread), path)
