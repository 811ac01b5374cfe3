"""The helpers of the course: an exercise is checked kindly, figures carry their texts."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from notebooks import course
from notebooks.checks import CHECKS


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "right_answers", set())


def test_an_exercise_that_was_not_filled_in_is_no_error(capsys):
    course.check("0.1", ..., ...)
    course.check("1.4", (..., 1, 2), "any")
    assert capsys.readouterr().out.count("not answered yet") == 2


def test_a_prediction_is_asked_for_before_the_answer_is_checked(capsys):
    course.check("0.1", 12)
    assert "write down your prediction first" in capsys.readouterr().out
    assert not course.right_answers


@pytest.mark.parametrize("answer", [12, 12.0, 12.0001, np.float32(12), np.array(12)])
def test_a_right_answer_may_be_written_and_rounded_in_any_way(answer, capsys):
    course.check("0.1", answer, "larger")
    assert "right. You predicted: larger" in capsys.readouterr().out
    course.count_right("0")
    assert "1 of 6" in capsys.readouterr().out


def test_another_way_of_writing_a_function_is_right_too():
    def by_loops(inputs, weights):
        return [[sum(a * b for a, b in zip(row, one, strict=True)) for one in weights] for row in inputs]

    course.check("0.6", by_loops, "(5, 3)")
    course.check("0.6", lambda inputs, weights: np.einsum("nk,mk->nm", inputs, weights), "(5, 3)")
    assert course.right_answers == {"0.6"}


def test_a_usual_mistake_is_named(capsys):
    course.check("0.1", 8, "smaller")
    assert "8 is the value at 2" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["twelve", None, [1, 2], print, {}, float("nan")])
@pytest.mark.parametrize("number", sorted(CHECKS))
def test_any_answer_at_all_is_met_with_words(number, answer, capsys):
    course.check(number, answer, "any")
    assert f"Exercise {number}: not yet." in capsys.readouterr().out


def test_code_that_fails_is_told_by_its_error(capsys):
    course.check("0.6", lambda inputs, weights: inputs @ weights, "any")
    assert "it ends with ValueError" in capsys.readouterr().out


def test_a_right_answer_that_becomes_wrong_does_not_count_any_more():
    course.check("0.1", 12, "larger")
    course.check("0.1", 8, "larger")
    assert not course.right_answers


@pytest.fixture
def figure_outputs() -> list[RichOutput]:
    """What two figures come to in a notebook."""
    InteractiveShell.instance()
    with capture_output() as captured:
        figure, axes = plt.subplots(figsize=(4, 4))
        axes.set(xlabel="x", ylabel="y")
        course.show(figure, "A figure without anything in it.")
        course.show_pictures(np.zeros((7, 784)), range(7), "Seven empty pictures.")
    InteractiveShell.clear_instance()
    return captured.outputs


def test_a_figure_is_shown_once_with_its_alternative_text(figure_outputs):
    assert [one.metadata["image/png"]["alt"] for one in figure_outputs] == [
        "A figure without anything in it.",
        "Seven empty pictures.",
    ]
    assert plt.get_fignums() == []


def test_runs_are_told_by_their_mean_and_standard_deviation():
    assert course.spread([0.9, 0.92, 0.94]) == "92.00 ± 2.00 %"
    assert course.spread([1, 2, 3], "") == "2.00 ± 1.00"


def test_slopes_by_differences_leave_the_weights_as_they_were():
    weights = np.array([1.0, -2.0])
    slopes = course.slopes_by_differences(lambda: float((weights**2).sum()), weights)
    assert slopes == pytest.approx([2, -4], abs=1e-6)
    assert weights.tolist() == [1, -2]
