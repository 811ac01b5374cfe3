"""How long each competitor trains until a given share of the test records is read right."""

import contextlib
import io
import math
import time
from collections.abc import Iterator
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import competitors
from benchmarks.bench import Bench, counted, progress
from benchmarks.measuring import Row, installed, ratio
from charts import accuracy_against_seconds
from data.records import Records

MOST_EPOCHS = 30  # whoever has not reached it by then does not
Curve = list[tuple[float, float]]  # after each epoch: the seconds of training until then, the accuracy (0 to 1)


def reach(bench: Bench) -> list[Row]:
    """Time each competitor's training until the goal, with two threads and with one."""
    rows = []
    for threads in bench.threads:
        curves = all_curves(bench, threads)
        times = {name: [reached(points, bench.goal) for points in runs] for name, runs in curves.items()}
        rows += [
            Row(
                f"{name} to {100 * bench.goal:g} %, {counted(threads, 'thread')}, {epochs_of(curves[name])}",
                values,
                "s",
            )
            for name, values in times.items()
        ]
        ours = times.pop(competitors.PROJECT_NAME)
        bars = {competitors.SKLEARN_NAME: 3.0, competitors.TORCH_NAME: 1.5}
        rows += [
            ratio(f"{name} / this project, {counted(threads, 'thread')}", values, ours, bars[name])
            for name, values in times.items()
        ]
        if bench.picture and threads == bench.threads[0]:
            draw(curves, bench.goal, bench.picture)
    if not installed("torch"):
        progress(f"reach: {competitors.TORCH_NAME} is not installed; it takes part after: pip install torch")
    return rows


def draw(curves: dict[str, list[Curve]], goal: float, picture: Path) -> None:
    """Draw the median run of each competitor."""
    medians = {
        name: sorted(runs, key=lambda points: reached(points, goal))[len(runs) // 2] for name, runs in curves.items()
    }
    picture.parent.mkdir(parents=True, exist_ok=True)
    accuracy_against_seconds(medians, goal, picture)
    progress(f"Picture: {picture}")


def all_curves(bench: Bench, threads: int) -> dict[str, list[Curve]]:
    """Train each competitor in turn, with another seed each time, and return their curves."""
    known = competitors.competitors()
    few = Records(bench.train.pixels[:1000], bench.train.labels[:1000], bench.train.class_names)
    curves: dict[str, list[Curve]] = {name: [] for name in known}
    with threadpool_limits(threads):
        competitors.use_threads(threads)
        for train in known.values():
            next(train(few, 0))  # libraries load the rest of themselves when first used
        for seed in range(bench.runs):
            for name, train in known.items():
                progress(f"reach: {name}, {counted(threads, 'thread')}, seed {seed}")
                curves[name].append(curve(train(bench.train, seed), bench.test, bench.goal))
    return curves


def curve(epochs: Iterator[competitors.Answers], test: Records, goal: float) -> Curve:
    """Train until the goal is reached; the clock runs while an epoch does, not while the test records are read."""
    points: Curve = []
    trained = 0.0
    while len(points) < MOST_EPOCHS:
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


def reached(points: Curve, goal: float) -> float:
    """Return the seconds of training until the goal, infinity where it was not reached."""
    return points[-1][0] if points[-1][1] >= goal else math.inf


def epochs_of(runs: list[Curve]) -> str:
    """Return how many epochs the runs took, as in "3 epochs" or "6 to 7 epochs"."""
    lengths = sorted({len(points) for points in runs})
    return counted(lengths[0], "epoch") if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]} epochs"
