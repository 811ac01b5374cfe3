"""How long this project and two libraries train the same network until enough of the test records are read right.

The network is 784-200-10 with sigmoids, trained on one thread. Each competitor is a generator: a step of it is an epoch
over all records in a new order, mini-batches included, and yields a function that answers inputs (n, 784) with labels
(n,). So the clock can be stopped between epochs.
"""

import contextlib
import importlib
import io
import math
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.measuring import Bench, Row, ratio
from charts import accuracy_against_seconds
from data.records import Records
from training import Settings, new_network, train_epochs

BATCH_SIZE = 128
MAX_EPOCHS = 30  # whoever has not reached the goal by then does not
Answers = Callable[[NDArray[np.float32]], NDArray[np.integer]]
Curve = list[tuple[float, float]]  # after each epoch: the seconds of training until then, the accuracy (0 to 1)


def this_project(records: Records, seed: int) -> Iterator[Answers]:
    """Train the project's class for three epochs; validation records chose the settings for so short a training."""
    settings = Settings(learning_rate=0.2, epochs=3, batch_size=BATCH_SIZE, seed=seed)
    network = new_network(settings, records)
    for _ in train_epochs(network, records, settings):
        yield lambda inputs: network.query(inputs).argmax(axis=1)


def scikit_learn(records: Records, seed: int) -> Iterator[Answers]:
    """Train scikit-learn's class with Adam as it is set by default; `partial_fit` is one epoch in mini-batches."""
    network = MLPClassifier((200,), activation="logistic", batch_size=BATCH_SIZE, random_state=seed)
    while True:
        network.partial_fit(records.inputs, records.labels, classes=np.arange(len(records.class_names)))
        yield network.predict


def pytorch(records: Records, seed: int) -> Iterator[Answers]:
    """Train with PyTorch: tensors in memory, no loader between them and the network, and the fused Adam."""
    torch: Any = importlib.import_module("torch")  # not among the requirements: a large library for one comparison
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    inputs, labels = torch.from_numpy(records.inputs), torch.from_numpy(records.labels.astype(np.int64))
    layers = torch.nn.Linear(inputs.shape[1], 200), torch.nn.Sigmoid(), torch.nn.Linear(200, len(records.class_names))
    network = torch.nn.Sequential(*layers)
    loss, optimiser = torch.nn.CrossEntropyLoss(), torch.optim.Adam(network.parameters(), lr=0.003, fused=True)
    while True:
        for rows in torch.randperm(len(inputs)).split(BATCH_SIZE):
            optimiser.zero_grad()
            loss(network(inputs[rows]), labels[rows]).backward()
            optimiser.step()
        yield lambda inputs: network(torch.from_numpy(inputs)).argmax(1).numpy()


COMPETITORS = {"this project": this_project, "scikit-learn": scikit_learn}
if find_spec("torch"):
    COMPETITORS["PyTorch"] = pytorch
BARS = {"scikit-learn": 3.0, "PyTorch": 1.5}


def reach(bench: Bench) -> list[Row]:
    """Time each competitor's training until the goal, in turn, with another seed each time."""
    few = bench.train.take(np.arange(1000))
    curves: dict[str, list[Curve]] = {name: [] for name in COMPETITORS}
    with threadpool_limits(1):
        for train in COMPETITORS.values():
            next(train(few, 0))  # libraries load the rest of themselves when first used
        for seed in range(bench.runs):
            for name, train in COMPETITORS.items():
                print(f"reach: {name}, seed {seed}", file=sys.stderr, flush=True)
                curves[name].append(measure_curve(train(bench.train, seed), bench.test, bench.goal))
                curves[name].sort(key=lambda points: seconds_until(bench.goal, points))
    times = {name: [seconds_until(bench.goal, points) for points in runs] for name, runs in curves.items()}
    rows = [Row(f"{name} to {100 * bench.goal:g} %", values, "s") for name, values in times.items()]
    rows += [ratio(f"{name} / this project", times[name], times["this project"], BARS[name]) for name in [*times][1:]]
    if bench.picture:
        bench.picture.parent.mkdir(parents=True, exist_ok=True)
        medians = {name: runs[len(runs) // 2] for name, runs in curves.items()}
        accuracy_against_seconds(medians, bench.goal, bench.picture)
    return rows


def measure_curve(epochs: Iterator[Answers], test: Records, goal: float) -> Curve:
    """Train until the goal is reached; the clock runs while an epoch does, not while the test records are read."""
    points: Curve = []
    seconds = 0.0
    while len(points) < MAX_EPOCHS and seconds_until(goal, points) == math.inf:
        started = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):  # nobody pays for a progress bar
            answers = next(epochs, None)
        seconds += time.perf_counter() - started
        if answers is None:
            break
        points.append((seconds, float((answers(test.inputs) == test.labels).mean())))
    return points


def seconds_until(goal: float, points: Curve) -> float:
    """Return the seconds of training until the goal, infinity where it was not reached."""
    return points[-1][0] if points and points[-1][1] >= goal else math.inf
