"""The network that is watched: it trains as the class does, and between two steps it shows itself and obeys.

What it shows goes into the folder of its run. Training itself stays in training.py, which need not know of any of this.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data.records import Records
from neural_network import Floats, NeuralNetwork
from runs.folder import RunFolder
from runs.tracing import trace_step
from training import Epoch, Settings, cross_entropy, one_thread

MAX_SNAPSHOTS = 61  # that are kept of a run
MAX_NODES = 100  # whose pictures are shown
SAMPLE = 500  # validation records that each snapshot is measured on
SHARE = 6  # a snapshot takes at most one part in so many of the time
SHORTEST, LONGEST = 0.07, 0.22  # seconds between two snapshots
LOOK = 0.05  # seconds between two looks at the commands
NAP = 0.02  # seconds
DIGITS = 6  # behind the point
STUCK = 0.01  # a hidden output nearer to 0 or 1 than this, for nearly every record, is stuck there
NEARLY_ALL = 0.99
TIME_LIMIT = 600.0  # seconds that a run of the server may take
VISIT_TIMEOUT = 90.0  # seconds without anybody on the page: a computer that sleeps for a minute is no reason to end
REASONS = {
    "finished": "The training is finished.",
    "diverged": "The training diverged: its steps were so large that its loss is out of bounds.",
    "stopped": "Somebody stopped the training.",
    "unwatched": "Nobody watched any more, so the training ended.",
    "time": f"A training that is watched ends after {TIME_LIMIT / 60:g} minutes.",
}


class WatchedNetwork(NeuralNetwork):
    """A network whose steps somebody watches."""

    def __init__(self, network: NeuralNetwork, watcher: "Watcher") -> None:
        """Take over the weights and all else of `network`."""
        vars(self).update(vars(network))
        self.watcher = watcher

    def train(self, inputs: ArrayLike, targets: ArrayLike) -> Floats:
        """Take a step as the class does, when it is time for it."""
        return self.watcher.watch_step(super().train, inputs, targets)


class Watcher:
    """Shows one training in the folder of its run, and lets those who watch pause it, step through it and stop it."""

    def __init__(self, folder: RunFolder, has_limits: bool) -> None:
        """Begin to watch; one that `has_limits` ends with the last visitor, or after ten minutes."""
        self._folder, self._has_limits, self._began = folder, has_limits, time.perf_counter()
        self._seconds = float(folder.settings["seconds"])
        self._read_until, self._looked = 0, 0.0
        self._mode, self._until, self._reason = "play", 0, ""
        self._steps, self._count = 0, 0
        self._snapshot_steps: dict[int, int] = {}  # of each snapshot that is kept, after how many steps it was taken
        self._passed: list[tuple[Floats, Floats]] = []  # outputs and targets since the last snapshot
        self._wait = SHORTEST

    def __deepcopy__(self, memo: object) -> "Watcher":
        """Stay the same for copies of the network."""
        return self

    def watch(
        self, network: NeuralNetwork, records: Records, validation: Records, settings: Settings, name: str
    ) -> WatchedNetwork:
        """Return the network to train instead of `network`, and show it as it is before the first step."""
        self._network = WatchedNetwork(network, self)
        self._sample = validation.take(np.arange(min(SAMPLE, len(validation.labels))))
        self._initial = network.wih.copy()
        self._nodes = np.arange(min(MAX_NODES, len(network.wih)))
        self._epoch_steps = math.ceil(len(records.labels) / settings.batch_size)
        self._all_steps = self._epoch_steps * settings.epochs
        self._folder.append(
            "ready",
            data=name,
            class_names=records.class_names,
            records=len(records.labels),
            validation_records=len(validation.labels),
            hidden_nodes=len(network.wih),
            epochs=settings.epochs,
            steps=self._all_steps,
        )
        self._started = self._last = time.perf_counter()
        with one_thread():
            self._take_snapshot()
        return self._network

    def watch_step(self, train: Callable[..., Floats], inputs: ArrayLike, targets: ArrayLike) -> Floats:
        """Take a step when it is time for it, and show the network now and then."""
        self._obey()
        if self._mode == "step":
            outputs, step = trace_step(self._network, lambda: train(inputs, targets))
            self._folder.save_step({"step": self._steps + 1, **step})
        else:
            outputs = train(inputs, targets)
        self._steps += 1
        self._passed.append((outputs, np.asarray(targets)))
        if self._mode == "step" or time.perf_counter() - self._last >= self._wait:
            self._take_snapshot()
        if self._mode == "step":
            self._folder.append("step", step=self._steps)
        if self._mode == "step" or (self._mode == "epoch" and self._steps == self._until):
            self._set_mode("pause")
        return outputs

    def note_epoch(self, epoch: Epoch) -> None:
        """Show what an epoch came to."""
        self._folder.append("epoch", **finite(vars(epoch)))

    def note_trained(self) -> None:
        """Show the network after its last step."""
        if self._passed:
            with one_thread():
                self._take_snapshot()
        self._folder.append("trained")

    def note_end(self, diverged: bool, best: Epoch | None) -> None:
        """Tell that the run has ended, and why."""
        reason = self._reason or ("diverged" if diverged else "finished")
        epoch = best.number if best else None
        has_model = self._folder.model.exists()
        self._folder.append("ended", reason=reason, message=REASONS[reason], best=epoch, model=has_model)

    def note_error(self, message: str) -> None:
        """Tell that the run has ended since something is wrong with what it was given, or with the machine."""
        self._folder.append("ended", reason="error", message=message, model=self._folder.model.exists())

    def _obey(self) -> None:
        """Do what the page says, and wait while the run is paused or ahead of its time."""
        now = time.perf_counter()
        if now - self._looked >= LOOK or self._mode == "pause":
            self._look()
        while self._mode == "pause" or (self._mode != "step" and self._is_ahead()):
            time.sleep(NAP)
            waited = time.perf_counter() - now
            now += waited
            if self._mode == "pause":
                self._started += waited
            self._look()

    def _is_ahead(self) -> bool:
        due = self._seconds * self._steps / self._all_steps
        return time.perf_counter() - self._started < due

    def _look(self) -> None:
        self._looked = time.perf_counter()
        commands, self._read_until = self._folder.read_commands(self._read_until)
        for command in commands:
            if command == "stop":
                self._stop("stopped")
            elif not (command == "pause" and self._mode == "pause"):
                self._set_mode(command)
        if self._has_limits and self._folder.seconds_since_visit() > VISIT_TIMEOUT:
            self._stop("unwatched")
        if self._has_limits and time.perf_counter() - self._began > TIME_LIMIT:
            self._stop("time")

    def _stop(self, reason: str) -> None:
        self._reason = reason
        raise KeyboardInterrupt  # what ends a training that somebody has had enough of

    def _set_mode(self, mode: str) -> None:
        self._mode = mode
        if mode == "epoch":
            self._until = (self._steps // self._epoch_steps + 1) * self._epoch_steps
        if mode == "pause" and self._passed:
            self._take_snapshot()
        self._folder.append("mode", mode=mode)

    def _take_snapshot(self) -> None:
        """Measure the network, keep its weights, and tell so."""
        began = time.perf_counter()
        network, number = self._network, self._count
        measures, confusion = measure_sample(network, self._sample)
        self._choose_nodes()
        self._folder.save_snapshot(number, wih=network.wih, who=network.who, confusion=confusion, nodes=self._nodes)
        measures |= measure_passed(self._passed)
        epoch = self._steps / self._epoch_steps
        self._folder.append("snapshot", number=number, step=self._steps, epoch=epoch, **finite(measures))
        self._passed.clear()
        self._count += 1
        self._snapshot_steps[number] = self._steps
        self._thin_out()
        self._last = time.perf_counter()
        self._wait = min(max(SHARE * (self._last - began), SHORTEST), LONGEST)

    def _choose_nodes(self) -> None:
        """Choose the nodes that have changed most; those that were among them before keep their places."""
        change = np.nan_to_num(np.square(self._network.wih - self._initial).sum(axis=1))  # (hidden,)
        if len(change) <= MAX_NODES:
            return
        most = np.argpartition(-change, MAX_NODES)[:MAX_NODES]
        leaving = ~np.isin(self._nodes, most)
        nodes = self._nodes.copy()
        nodes[leaving] = np.setdiff1d(most, self._nodes)
        self._nodes = nodes

    def _thin_out(self) -> None:
        """Forget the snapshot that leaves the smallest gap, once there are too many; early steps change more."""
        if len(self._snapshot_steps) <= MAX_SNAPSHOTS:
            return
        numbers, steps = list(self._snapshot_steps), list(self._snapshot_steps.values())
        gaps = [after**0.5 - before**0.5 for before, after in zip(steps, steps[2:], strict=False)]
        number = numbers[1 + gaps.index(min(gaps))]
        del self._snapshot_steps[number]
        self._folder.remove_snapshot(number)


@contextmanager
def watching(folder: RunFolder | None, has_limits: bool = True) -> Iterator[Watcher | None]:
    """Give a watcher of the run in `folder`, which tells of an error that ends the block; without a folder, none."""
    if folder is None:
        yield None
        return
    watcher = Watcher(folder, has_limits)
    try:
        yield watcher
    except KeyboardInterrupt:
        watcher.note_error("The training was interrupted before it had begun.")
        raise
    except Exception as error:
        watcher.note_error(str(error))
        raise


def measure_sample(network: NeuralNetwork, sample: Records) -> tuple[dict[str, float], NDArray[np.int64]]:
    """Return loss, accuracy, stuck nodes and how alike nodes are, and the confusion matrix (label, predicted)."""
    with np.errstate(all="ignore"):
        hidden, outputs = network.forward(sample.inputs)  # (n, hidden), (n, output)
        stuck = ((hidden < STUCK).mean(axis=0) > NEARLY_ALL) | ((hidden > 1 - STUCK).mean(axis=0) > NEARLY_ALL)
        largest = float(np.abs(network.wih).max()) or 1.0
        spread = float(np.ptp(network.wih, axis=0).max()) / largest
    predicted, classes = outputs.argmax(axis=1), len(sample.class_names)
    known = sample.labels < classes  # the others show none of the classes
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (sample.labels[known], predicted[known]), 1)
    measures = {
        "validation_loss": cross_entropy(outputs, sample.targets),
        "validation_accuracy": float(np.trace(confusion) / max(confusion.sum(), 1)),
        "stuck": int(stuck.sum()),
        "spread": spread,
    }
    return measures, confusion


def measure_passed(passed: Sequence[tuple[Floats, Floats]]) -> dict[str, float]:
    """Return loss and accuracy on the training records that have passed, each as it was before its own step."""
    if not passed:
        return {}
    outputs, targets = (np.concatenate([np.atleast_2d(one) for one in both]) for both in zip(*passed, strict=True))
    right = outputs.argmax(axis=1) == targets.argmax(axis=1)
    return {"loss": cross_entropy(outputs, targets), "accuracy": float(right.mean())}


def finite(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as they are worth telling, with None for each number that JSON cannot hold."""
    return {name: round(value, DIGITS) if math.isfinite(value) else None for name, value in values.items()}
