"""What evaluation measures: how often a network is right, how well it knows that, and what it makes of something else.

The numbers alone: evaluate.py reads the files, prints and draws.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from confidence import calibration_error, confidence, is_unsure, membership
from data.distortion import Affine, transform
from data.pictures import NumberPicture, Picture
from data.records import Records, scale
from neural_network import NeuralNetwork

Group = TypeVar("Group", int, str)  # what numbers are told apart by: their length or their writer


def query_views(network: NeuralNetwork, records: Records, views: Sequence[Affine]) -> NDArray[np.float32]:
    """Return outputs (n, classes) for records: the means over several views of each, or plain ones without any view."""
    if not views:
        return network.query(records.inputs)
    outputs = np.empty((len(records.labels), len(network.who)), np.float32)
    for row, pixels in enumerate(records.pixels):
        outputs[row] = network.query(scale(transform(pixels, views))).mean(axis=0)
    return outputs


@dataclass(frozen=True)
class Result:
    """What was measured: shares are 0 to 1, the matrix is (true class, answer), `seconds` is the time of the query."""

    model: str
    dataset: str
    correct: int
    total: int
    accuracy: float
    confidence_interval: tuple[float, float]  # of 95 %, after Wilson
    seconds: float
    confusion_matrix: list[list[int]]
    classes: dict[str, dict[str, float]]


@dataclass(frozen=True)
class PicturesResult:
    """What was measured on a folder of pictures: shares are 0 to 1, `unreadable` has a reason for each path."""

    model: str
    images: str
    total: int
    correct: int
    accuracy: float
    accuracy_over_writers: float
    per_writer: dict[str, dict[str, float]]
    unreadable: dict[str, str]


@dataclass(frozen=True)
class NumberScore:
    """How well numbers were read: shares from 0 to 1; the rate is the edit distance, divided by the digits."""

    total: int
    correct: int
    exact: float
    count_right: float
    digit_error_rate: float


@dataclass(frozen=True)
class NumbersResult(NumberScore):
    """What was measured on a folder of numbers; `over_writers` has the means over writers.

    `unsure` and what follows say how far the network can be taken at its word, as in `Certainty`.
    """

    model: str
    images: str
    over_writers: dict[str, float]
    per_length: dict[int, NumberScore]
    per_writer: dict[str, NumberScore]
    unreadable: dict[str, str]
    calibration_error: float
    unsure: float
    right_of_sure: float | None


@dataclass(frozen=True)
class NumberAnswers:
    """What was read on n pictures: texts (n,), how sure, (n,) from 0 to 1, and which a person should look at, (n,).

    A picture that cannot be read has no text, a confidence of 0, and a reason in `unreadable`.
    """

    texts: list[str]
    confidences: NDArray[np.floating]
    unsure: NDArray[np.bool_]
    unreadable: dict[str, str]

    def are_right(self, found: Sequence[NumberPicture]) -> NDArray[np.bool_]:
        """Tell which of the numbers that were `found` are read entirely right, (n,)."""
        return np.array([text == picture.text for text, picture in zip(self.texts, found, strict=True)])


@dataclass(frozen=True)
class Certainty:
    """How far a network can be taken at its word: shares from 0 to 1, with a number of `others` that show no class.

    `auroc` is the area under the ROC curve that tells the pictures from the others by their membership.
    """

    calibration_error: float
    unsure: float
    right_of_sure: float | None  # where any answer is sure
    auroc: float
    others_answered_surely: float
    others: int


@dataclass(frozen=True)
class Answers:
    """The answers to n pictures: the predicted classes (n,), their confidences and memberships (n,) from 0 to 1."""

    predicted: NDArray[np.int64]
    confidences: NDArray[np.floating]
    memberships: NDArray[np.floating]

    @property
    def unsure(self) -> NDArray[np.bool_]:
        """Which of them a person should look at, (n,)."""
        return is_unsure(self.confidences, self.memberships)


def interpret(network: NeuralNetwork, outputs: NDArray[np.float32]) -> Answers:
    """Return what the `outputs` (n, classes) of the network mean."""
    return Answers(outputs.argmax(axis=1), confidence(network, outputs), membership(outputs))


def compare(model: str, dataset: str, records: Records, predicted: NDArray[np.int64], seconds: float) -> Result:
    """Compare the `predicted` classes (n,) with the labels."""
    from scipy.stats import binomtest  # these two are slow to import, and --help does without them
    from sklearn.metrics import confusion_matrix

    correct, total = int((predicted == records.labels).sum()), len(predicted)
    interval = binomtest(correct, total).proportion_ci(0.95, method="wilson")
    matrix = confusion_matrix(records.labels, predicted, labels=range(len(records.class_names)))
    classes = class_report(records, predicted, as_dictionary=True)
    bounds = float(interval.low), float(interval.high)
    return Result(model, dataset, correct, total, correct / total, bounds, seconds, matrix.tolist(), classes)


def class_report(records: Records, predicted: NDArray[np.int64], as_dictionary: bool = False):
    """Return scikit-learn's precision, recall and F1 of each class, as text or as a dictionary."""
    from sklearn.metrics import classification_report

    names = records.class_names
    form = {"digits": 3, "zero_division": 0, "output_dict": as_dictionary}
    return classification_report(records.labels, predicted, labels=range(len(names)), target_names=names, **form)


def confusions(matrix: list[list[int]]) -> list[tuple[int, int, int]]:
    """Return (true class, answer, count) of all wrong answers, the most frequent first."""
    wrong = [
        (truth, answer, count)
        for truth, row in enumerate(matrix)
        for answer, count in enumerate(row)
        if truth != answer and count
    ]
    return sorted(wrong, key=lambda entry: -entry[2])


def compare_pictures(
    model: str, images: str, found: Sequence[Picture], right: Sequence[Picture], unreadable: dict[str, str]
) -> PicturesResult:
    """Count those pictures of all `found` that were answered rightly; one that cannot be read counts as wrong."""
    totals, rights = (Counter(picture.writer for picture in pictures) for pictures in (found, right))
    per_writer = {
        writer: {"total": total, "correct": rights[writer], "accuracy": rights[writer] / total}
        for writer, total in sorted(totals.items())
    }
    return PicturesResult(
        model=model,
        images=images,
        total=len(found),
        correct=len(right),
        accuracy=len(right) / len(found),
        accuracy_over_writers=fmean(writer["accuracy"] for writer in per_writer.values()),
        per_writer=per_writer,
        unreadable=unreadable,
    )


def compare_numbers(model: str, images: str, found: Sequence[NumberPicture], answers: NumberAnswers) -> NumbersResult:
    """Compare what was read with the labels of the pictures that were `found`."""
    labels, writers = [picture.text for picture in found], [picture.writer for picture in found]
    per_writer = score_groups(writers, labels, answers.texts)
    right = answers.are_right(found)
    return NumbersResult(
        **vars(score_numbers(labels, answers.texts)),
        model=model,
        images=images,
        over_writers={
            name: fmean(getattr(score, name) for score in per_writer.values())
            for name in ("exact", "count_right", "digit_error_rate")
        },
        per_length=score_groups([len(label) for label in labels], labels, answers.texts),
        per_writer=per_writer,
        unreadable=answers.unreadable,
        calibration_error=calibration_error(answers.confidences, right),
        unsure=float(answers.unsure.mean()),
        right_of_sure=None if answers.unsure.all() else float(right[~answers.unsure].mean()),
    )


def score_groups(groups: Sequence[Group], labels: Sequence[str], texts: Sequence[str]) -> dict[Group, NumberScore]:
    """Score the `texts` that were read for each of the `groups` that they belong to, in order."""
    rows = {group: [row for row, other in enumerate(groups) if other == group] for group in sorted(set(groups))}
    return {group: score_numbers([labels[n] for n in own], [texts[n] for n in own]) for group, own in rows.items()}


def score_numbers(labels: Sequence[str], texts: Sequence[str]) -> NumberScore:
    """Compare the `texts` that were read with the `labels`, which are digits alone.

    A number that is read as two lines is not right, for its text has a line break.
    """
    pairs = list(zip(labels, texts, strict=True))
    correct = sum(label == text for label, text in pairs)
    return NumberScore(
        total=len(pairs),
        correct=correct,
        exact=correct / len(pairs),
        count_right=fmean(len(label) == sum(map(str.isdecimal, text)) for label, text in pairs),
        digit_error_rate=sum(edit_distance(text, label) for label, text in pairs) / sum(map(len, labels)),
    )


def edit_distance(text: str, other: str) -> int:
    """Return how many characters must be added, left out or changed to make one text of the other.

    Source: Wagner, Fischer, "The string-to-string correction problem", Journal of the ACM 21, 1974.
    """
    row = list(range(len(other) + 1))
    for number, digit in enumerate(text, 1):
        before, row[0] = row[0], number
        for place, wanted in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (digit != wanted))
    return row[-1]


def measure_certainty(answers: Answers, labels: NDArray[np.uint8], others: Answers) -> Certainty:
    """Measure on `answers` to pictures with `labels` (n,), and on those to `others` that show none of the classes."""
    from sklearn.metrics import roc_auc_score

    right, unsure = answers.predicted == labels, answers.unsure  # (n,), (n,)
    return Certainty(
        calibration_error=calibration_error(answers.confidences, right),
        unsure=float(unsure.mean()),
        right_of_sure=None if unsure.all() else float(right[~unsure].mean()),
        auroc=float(roc_auc_score(*to_tell_apart(answers, others))),
        others_answered_surely=float((~others.unsure).mean()),
        others=len(others.predicted),
    )


def to_tell_apart(answers: Answers, others: Answers) -> tuple[NDArray[np.bool_], NDArray[np.floating]]:
    """Return whether a picture shows one of the classes, and its membership, (n + others,): what a ROC curve takes."""
    counts = len(answers.predicted), len(others.predicted)
    return np.repeat([True, False], counts), np.concatenate([answers.memberships, others.memberships])


def rows_to_look_at(answers: Answers, labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the wrong answers, the surest first, and of those right but unsure, the least sure first."""
    order = np.argsort(answers.confidences, kind="stable")  # (n,)
    wrong = (answers.predicted != labels)[order]
    return order[wrong][::-1], order[~wrong & answers.unsure[order]]
