"""Training: epochs and mini-batches, the course of the learning rate, the best epoch, and committees of networks.

A network is trained on one thread, so that the same seed gives the same bits. Other cores do other things meanwhile:
they make the distorted copies of the next epoch, or train the other members of a committee.
"""

import copy
import math
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import current_process, get_context, get_start_method
from multiprocessing.connection import Connection
from threading import current_thread, main_thread
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from data.distortion import Distortion, distort
from data.records import NO_CLASS, Pixels, Records, scale
from neural_network import Floats, NeuralNetwork

# An untrained network answers about 0.5 everywhere, which costs ln 2 a node. Twice that is worse than knowing nothing.
DIVERGED = 2 * math.log(2)
FEWEST_AHEAD = 10_000  # records for which another process is worth its start of half a second
INTERRUPTED = "Interrupted."
TOO_FAST = "The training diverged: its loss is out of bounds. Try a smaller --learning-rate."


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    `learning_rate` is the largest step of the course, `weight_decay` how much each record shrinks all weights, times
    the learning rate. The `seed` repeats weights, order and distortions. Without a `distortion`, the records
    themselves are trained on, otherwise copies that are new in each epoch.
    """

    hidden_nodes: int = 200
    learning_rate: float = 0.1
    epochs: int = 10
    batch_size: int = 100
    momentum: float = 0.8
    weight_decay: float = 0.0
    seed: int = 0
    distortion: Distortion | None = None


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training records came to. Losses are means of `cross_entropy`, accuracy is 0 to 1."""

    number: int
    loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class Training:
    """What a training came to: the network of the best epoch, if there was a good one, that epoch, and all of them.

    `ended` says why it ended early, and is empty where it did not.
    """

    network: NeuralNetwork | None
    best: Epoch | None
    history: tuple[Epoch, ...]
    ended: str = ""


PreparedEpoch = tuple[NDArray[np.int64], Pixels | None]  # order (n,), copies (n, 784)
Report = Callable[[int, Epoch], None]  # which of several trainings it is, from 0 up, and the epoch that has ended


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep matrix products to one thread: what several threads add up is rounded differently each time."""
    with threadpool_limits(1, "blas"):
        yield


def new_network(settings: Settings, records: Records) -> NeuralNetwork:
    """Return an untrained network for these records."""
    network = NeuralNetwork(
        records.pixels.shape[1], settings.hidden_nodes, len(records.class_names), settings.learning_rate, settings.seed
    )
    network.momentum, network.class_names = settings.momentum, records.class_names
    return network


def train(
    network: NeuralNetwork, records: Records, validation: Records, settings: Settings, report: Callable[[Epoch], None]
) -> Training:
    """Train the network on `records`, report each epoch, and return the best by the loss on `validation`.

    By loss and not by accuracy: among few thousand records, an accuracy a little higher is mostly luck. A network that
    was trained before never ends worse than it began. Ctrl-C, or a loss that diverges, ends the training early.
    """
    best_network, best = None, None
    if network.training:
        best_network, best = copy.deepcopy(network), Epoch(0, math.nan, *measure(network, validation))
    history, ended = [], ""
    try:
        with closing(train_epochs(network, records, settings)) as losses:
            for number, loss in enumerate(losses, start=1):
                epoch = Epoch(number, loss, *measure(network, validation))
                good = epoch.validation_loss < DIVERGED * len(network.class_names)  # NaN is not less than anything
                if good:
                    history.append(epoch)
                if good and (best is None or epoch.validation_loss < best.validation_loss):
                    best_network, best = copy.deepcopy(network), epoch
                report(epoch)
                if not good:
                    ended = TOO_FAST
                    break
    except KeyboardInterrupt:
        ended = INTERRUPTED
    return Training(best_network, best, tuple(history), ended)


def train_epochs(network: NeuralNetwork, records: Records, settings: Settings) -> Generator[float, None, None]:
    """Train on the records in a new order each epoch, and yield each epoch's mean loss.

    The learning rate rises to that of the settings during the first epoch, since full steps from random weights would
    push hidden nodes to where their sigmoid is flat, and falls to zero by the last, so that the weights settle.
    """
    batches = settings.epochs * math.ceil(len(records.labels) / settings.batch_size)
    with (
        closing(_prepare_epochs_ahead(records, settings)) as epochs,
        tqdm(total=batches, desc="Training", unit=" batches", leave=False, disable=None) as bar,
    ):
        for epoch, (order, copies) in enumerate(epochs):
            outputs = np.empty((len(order), len(network.who)), np.float32)  # (n, output), as they were at each step
            with one_thread(), np.errstate(over="ignore", invalid="ignore"):  # its loss shows a training that diverges
                for start in range(0, len(order), settings.batch_size):
                    batch = slice(start, start + settings.batch_size)
                    inputs = records.inputs[order[batch]] if copies is None else scale(copies[batch])
                    network.learning_rate = learning_rate_at(epoch + start / len(order), settings)
                    outputs[batch] = network.train(inputs, records.targets[order[batch]])
                    decay_weights(network, settings.weight_decay * len(inputs))
                    bar.update()
                loss = cross_entropy(outputs, records.targets[order])
            network.learning_rate = settings.learning_rate
            yield loss


def _prepare_epochs(records: Records, settings: Settings) -> Generator[PreparedEpoch, None, None]:
    """Yield for each epoch the order (n,) of the records, and their distorted copies (n, 784), if any."""
    random = np.random.default_rng(settings.seed)
    for epoch in range(settings.epochs):
        order = random.permutation(len(records.labels))
        if settings.distortion is None:
            yield order, None
        else:
            yield order, distort(records.pixels[order], settings.distortion, (settings.seed, epoch))


def _prepare_epochs_ahead(records: Records, settings: Settings) -> Generator[PreparedEpoch, None, None]:
    """Yield the same, but make the copies of the next epoch in another process, while this epoch trains.

    Threads would wait for each other, since most of the training holds Python's lock. An epoch's copies are overwritten
    once the epoch after it is asked for. Where a process cannot start others, none is started: a Dask worker must not,
    and those that joblib starts would hand on a way of starting that new ones do not know.
    """
    is_task = current_process().daemon or get_start_method(allow_none=True) == "loky"
    if settings.distortion is None or len(records.labels) < FEWEST_AHEAD or is_task:
        yield from _prepare_epochs(records, settings)
        return
    context = get_context("spawn")  # the same on every system
    shared = context.RawArray("B", 2 * records.pixels.size)  # two epochs: one to train on, one to be filled
    epochs = np.frombuffer(shared, np.uint8).reshape(2, *records.pixels.shape)
    ours, theirs = context.Pipe()
    process = context.Process(target=_fill_epochs, args=(theirs, shared), daemon=True)
    try:
        with _without_ctrl_c():
            process.start()
        theirs.close()
        ours.send((Records(records.pixels, records.labels, records.class_names), settings))  # without the large inputs
        for epoch in range(settings.epochs):
            order = ours.recv()
            ours.send("next")
            yield order, epochs[epoch % 2]
    except (EOFError, ConnectionError):
        raise ChildProcessError("the process that makes distorted copies ended; is there enough memory?") from None
    finally:
        ours.close()
        if process.pid:
            process.terminate()
            process.join()


def _fill_epochs(connection: Connection, shared: Any) -> None:
    """Fill the two `shared` epochs in turn with distorted copies, in a process of its own."""
    cv2.setNumThreads(1)  # the other cores have their own work
    with one_thread(), suppress(EOFError, ConnectionError):  # these say that nobody wants more
        records, settings = connection.recv()
        epochs = np.frombuffer(shared, np.uint8).reshape(2, *records.pixels.shape)
        for epoch, (order, copies) in enumerate(_prepare_epochs(records, settings)):
            assert copies is not None  # for the type checker: the settings have a distortion
            epochs[epoch % 2] = copies
            connection.send(order)
            connection.recv()


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Let a process that is started here ignore Ctrl-C: it is for the program, which then ends that process itself."""
    if current_thread() is not main_thread():  # where no handler can be set
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def learning_rate_at(epoch: float, settings: Settings) -> float:
    """Return the learning rate after so many epochs, of which parts count."""
    return settings.learning_rate * min(1.0, (epoch + 0.01) / 1.01) * (1 - epoch / settings.epochs)


def decay_weights(network: NeuralNetwork, decay: float) -> None:
    """Make all weights smaller by `decay` times the learning rate.

    Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR, 2019.
    """
    if decay:
        kept = 1 - network.learning_rate * decay
        network.wih *= kept
        network.who *= kept


def measure(network: NeuralNetwork, records: Records) -> tuple[float, float]:
    """Return the loss of the network on `records`, and its accuracy (0 to 1) on those that show one of the classes."""
    with one_thread():
        outputs = network.query(records.inputs)  # (n, output)
    known = records.labels != NO_CLASS  # (n,)
    right = outputs.argmax(axis=1)[known] == records.labels[known]
    return cross_entropy(outputs, records.targets), float(right.sum() / max(len(right), 1))


def cross_entropy(outputs: Floats, targets: Floats) -> float:
    """Return the loss that training lowers: summed over the output nodes, averaged over the n records (n, output)."""
    outputs = np.clip(outputs, 1e-7, 1 - 1e-7)  # float32 rounds a sure answer to 0 or 1, whose logarithm is infinite
    losses = targets * np.log(outputs) + (1 - targets) * np.log(1 - outputs)  # (n, output)
    return -float(losses.sum() / len(losses))


def member_seeds(seed: int, count: int) -> list[int]:
    """Return the seeds of a committee, of which `seed` is the first: weights, order and copies differ by them."""
    return [seed, *np.random.SeedSequence(seed).generate_state(count - 1).tolist()]


def start_processes(jobs: int) -> Iterator[object]:
    """Start what `train_side_by_side` will train in, and yield as each is ready; meanwhile records can be loaded."""
    import joblib  # slow to import, and one network does without it

    task = joblib.delayed(member_seeds)
    return joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(task(seed, 1) for seed in range(jobs))


def train_side_by_side(
    settings: Sequence[Settings], records: Records, validation: Records, jobs: int, report: Report
) -> Iterator[tuple[int, Training]]:
    """Train a new network with each of the `settings`, `jobs` of them at a time, and yield each with its place.

    They are joblib tasks: processes of this machine, or whatever backend `joblib.parallel_config` names.
    """
    import joblib

    task = joblib.delayed(_train_one)
    tasks = (task(place, one, records, validation, report) for place, one in enumerate(settings))
    yield from joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks)


def _train_one(
    place: int, settings: Settings, records: Records, validation: Records, report: Report
) -> tuple[int, Training]:
    return place, train(new_network(settings, records), records, validation, settings, partial(report, place))


def join(networks: Sequence[NeuralNetwork]) -> NeuralNetwork:
    """Return one network whose hidden layer is that of all `networks`, and whose final inputs are the mean of theirs.

    What each gets wrong by chance is averaged out. Source: Hansen, Salamon, "Neural network ensembles", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 12, 1990.
    """
    first = networks[0]
    wih = np.concatenate([one.wih for one in networks])  # (all hidden, input)
    network = NeuralNetwork(wih.shape[1], len(wih), len(first.who), first.learning_rate)
    network.momentum, network.class_names = first.momentum, first.class_names
    network.wih = wih
    network.who = np.concatenate([one.who / len(networks) for one in networks], axis=1)  # (output, all hidden)
    return network
