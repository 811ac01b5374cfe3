"""How long each competitor trains until a given share of the test records is read right."""

import contextlib
import io
import math
import time
from collections.abc import Iterator
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.bench import Bench, show_progress
from benchmarks.competitors import PROJECT_NAME, SKLEARN_NAME, TORCH_NAME, Answers, installed_competitors
from benchmarks.measuring import Row, ratio
from charts import accuracy_against_seconds
from data.records import Records

MAX_EPOCHS = 30  # whoever has not reached it by then does not
BARS = {SKLEARN_NAME: 3.0, TORCH_NAME: 1.5}
Curve = list[tuple[float, float]]  # after each epoch: the seconds of training until then, the accuracy (0 to 1)


def reach(bench: Bench) -> list[Row]:
    """Time each competitor's training until the goal, all of them on one thread."""
    curves = measure_curves(bench)
    times = {name: [seconds_until(bench.goal, points) for points in runs] for name, runs in curves.items()}
    rows = [
        Row(f"{name} to {100 * bench.goal:g} %, {epochs_in_words(curves[name])}", values, "s")
        for name, values in times.items()
    ]
    rows += [ratio(f"{name} / {PROJECT_NAME}", times[name], times[PROJECT_NAME], BARS[name]) for name in [*times][1:]]
    if bench.picture:
        draw(curves, bench.goal, bench.picture)
    if TORCH_NAME not in curves:
        show_progress(f"reach: {TORCH_NAME} is not installed; it takes part after: pip install torch")
    return rows


def draw(curves: dict[str, list[Curve]], goal: float, picture: Path) -> None:
    """Draw the median run of each competitor."""
    medians = {
        name: sorted(runs, key=lambda points: seconds_until(goal, points))[len(runs) // 2]
        for name, runs in curves.items()
    }
    picture.parent.mkdir(parents=True, exist_ok=True)
    accuracy_against_seconds(medians, goal, picture)
    show_progress(f"Picture: {picture}")


def measure_curves(bench: Bench) -> dict[str, list[Curve]]:
    """Train each competitor in turn, with another seed each time, and return their curves."""
    known = installed_competitors()
    few = Records(bench.train.pixels[:1000], bench.train.labels[:1000], bench.train.class_names)
    curves: dict[str, list[Curve]] = {name: [] for name in known}
    with threadpool_limits(1):
        for train in known.values():
            next(train(few, 0))  # libraries load the rest of themselves when first used
        for seed in range(bench.runs):
            for name, train in known.items():
                show_progress(f"reach: {name}, seed {seed}")
                curves[name].append(measure_curve(train(bench.train, seed), bench.test, bench.goal))
    return curves


def measure_curve(epochs: Iterator[Answers], test: Records, goal: float) -> Curve:
    """Train until the goal is reached; the clock runs while an epoch does, not while the test records are read."""
    points: Curve = []
    trained = 0.0
    while len(points) < MAX_EPOCHS:
        with contextlib.redirect_stderr(io.StringIO()):  # no competitor pays for a progress bar
            started = time.perf_counter()
            answers = next(epochs, None)
            trained += time.perf_counter() - started
        if answers is None:
            break
        points.append((trained, float((answers(test.inputs) == test.labels).mean())))
        if points[-1][1] >= goal:
            break
    return points


def seconds_until(goal: float, points: Curve) -> float:
    """Return the seconds of training until the goal, infinity where it was not reached."""
    return points[-1][0] if points[-1][1] >= goal else math.inf


def epochs_in_words(runs: list[Curve]) -> str:
    """Return how many epochs the runs took, as in "3 epochs" or "6 to 7 epochs"."""
    lengths = sorted({len(points) for points in runs})
    return " to ".join(map(str, lengths[:1] + lengths[1:][-1:])) + (" epoch" if lengths == [1] else " epochs")
