"""One step of training, line by line: which line of the class gave which name which value.

Nothing is computed here a second time. Python itself tells which line runs, as it tells a debugger, and the values are
those that the class has at that moment; the text of the lines comes from its source file.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_network import NeuralNetwork
from runs.pictures import encode_signed

FUNCTIONS = (NeuralNetwork.train, NeuralNetwork.forward, NeuralNetwork._step)
WEIGHTS = "wih", "who"
ROWS = 25  # of a matrix of weights whose change is shown: those that change most


@dataclass
class Moment:
    """A line that has run: its function, its number in the file, and the names that it gave a value."""

    function: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)


class Tracer:
    """Notes what each line of `FUNCTIONS` does while the network takes a step."""

    def __init__(self, network: NeuralNetwork) -> None:
        """Remember the weights as they are before the step."""
        self.moments: list[Moment] = []
        self._network = network
        self._before = {name: getattr(network, name).copy() for name in WEIGHTS}
        self._codes = {function.__code__: function.__name__ for function in FUNCTIONS}
        self._locals: dict[FrameType, dict[str, Any]] = {}
        self._moments: dict[FrameType, Moment] = {}

    def run(self, step: Callable[[], Any]) -> Any:
        """Return what `step` returns."""
        tracer = sys.gettrace()
        sys.settrace(self._on_call)
        try:
            return step()
        finally:
            sys.settrace(tracer)

    def _on_call(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code not in self._codes:
            return None
        self._locals[frame] = dict(frame.f_locals)
        return self._on_line

    def _on_line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event in ("line", "return"):
            self._note_values(frame)
        if event == "line":
            self._moments[frame] = Moment(self._codes[frame.f_code], frame.f_lineno)
        return self._on_line

    def _note_values(self, frame: FrameType) -> None:
        """Give the line that has just run the names whose values are new."""
        known, now = self._locals[frame], dict(frame.f_locals)
        moment = self._moments.get(frame)
        self._locals[frame] = now
        if moment is None:
            return
        self.moments.append(moment)  # now, after the lines of what it called: a line takes effect when it has ended
        for name, value in now.items():
            if name not in known or known[name] is not value:
                moment.values[name] = describe(value)
        if moment.function != "train":
            return
        for name, before in self._before.items():
            after = getattr(self._network, name)
            if not np.array_equal(before, after, equal_nan=True):
                moment.values[f"self.{name}"] = describe_change(before, after)
                self._before[name] = after.copy()


def trace_step(network: NeuralNetwork, step: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Take a step of the network; return what `step` returned, and the step ready for JSON.

    That is the lines of the source that take part in it, and the moments in which they ran. Of a mini-batch, the values
    of the first record are told.
    """
    tracer = Tracer(network)
    outputs = tracer.run(step)
    moments = [vars(moment) for moment in tracer.moments]
    rate = {"learning_rate": network.learning_rate, "momentum": network.momentum}
    return outputs, {"source": source_lines(), "moments": moments, **rate}


def source_lines() -> list[dict[str, Any]]:
    """Return the lines of `FUNCTIONS` as they stand in the source file, without docstrings."""
    lines: list[dict[str, Any]] = []
    for function in FUNCTIONS:
        text, first = inspect.getsourcelines(function)
        definition = ast.parse(textwrap.dedent("".join(text))).body[0]
        assert isinstance(definition, ast.FunctionDef)  # for the type checker
        first_statement = definition.body[0]
        has_docstring = ast.get_docstring(definition) is not None
        hidden = range(first_statement.lineno - 1, first_statement.end_lineno or 0) if has_docstring else range(0)
        lines += [
            {"function": function.__name__, "number": first + place, "text": line.rstrip("\n").removeprefix("    ")}
            for place, line in enumerate(text)
            if place not in hidden
        ]
    return lines


def describe(value: Any) -> dict[str, Any]:
    """Return a value for JSON: of an array its shape and the row of the first record, of anything else its text."""
    if not isinstance(value, np.ndarray):
        return {"text": repr(value)}
    row = value[0] if value.ndim == 2 else value
    return {"shape": value.shape, "values": numbers(row)}


def describe_change(before: NDArray[Any], after: NDArray[Any]) -> dict[str, Any]:
    """Return how weights have changed: the largest change and its place, and pictures of the rows that changed most."""
    change = np.nan_to_num(after - before)
    row, column = np.unravel_index(np.abs(change).argmax(), change.shape)
    rows = np.sort(np.argsort(-np.abs(change).max(axis=1), kind="stable")[:ROWS])
    scale = float(np.abs(change).max())
    return {
        "shape": change.shape,
        "row": int(row),
        "column": int(column),
        "before": numbers(before[row, column].reshape(1))[0],
        "after": numbers(after[row, column].reshape(1))[0],
        "rows": rows.tolist(),
        "pictures": encode_signed(change[rows] / (scale or 1)),
    }


def numbers(row: NDArray[Any]) -> list[float | None]:
    """Return the numbers of a row; what is no finite number, which JSON cannot hold, is None."""
    return [value if np.isfinite(value) else None for value in row.astype(float).tolist()]
