"""Train the network: a data set by name or CSV files in, model.npz out.

What the network computes stands in neural_network.py. Here are the epochs, the mini-batches, the course of the
learning rate and the choice of the best epoch, which looks at validation records only.
"""

import argparse
import copy
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from data.distortion import FOR_CLOTHES, FOR_DIGITS, Distortion, distorted
from data.download import DataError, DownloadError
from data.files import model_path, shown
from data.mnist import CLOTHES, NAMES, Records, hold_out, load, scale, targets
from data.options import seed, whole_number
from neural_network import NeuralNetwork, cross_entropy

DRY_RUN_BATCHES = 20
MEMORY_RECORDS = 5000  # so many training records give what the model remembers for later corrections
STRONGEST = 5  # times the usual distortion; people read most digits at twice, and few at five times
LARGEST_DECAY = 1e-3  # more would leave hardly a weight after a few records
BLOCK = 10  # batches after which the number of threads is considered again
INTERRUPTED = 130  # the exit status of a program that was stopped with Ctrl-C
# An untrained network answers about 0.5 everywhere, which costs ln 2 a node. Twice that is worse than knowing nothing.
DIVERGED = 2 * math.log(2)


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training records came to. Losses are means of `cross_entropy`, accuracy is 0 to 1."""

    number: int
    loss: float
    validation_loss: float
    validation_accuracy: float


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, 1 for a failure, 130 after Ctrl-C."""
    options = parse(argv)
    try:
        return run(options)
    except (DataError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    except MemoryError:
        print("error: not enough memory; choose fewer hidden nodes or a smaller batch size.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted. Nothing is saved.", file=sys.stderr)
        return INTERRUPTED
    return 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="Train the network and save it as a model file.")

    def option(name: str, kind: Callable[[str], object], default: object, text: str) -> None:
        metavar = "FILE" if kind is Path else "N" if isinstance(default, int) else "X"
        told = shown(default) if isinstance(default, Path) else default
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=f"{text} (default: {told})")

    data = parser.add_mutually_exclusive_group()
    data.add_argument("csv", nargs="*", type=Path, default=[], help="CSV files of digits: label and 784 pixels a row")
    data.add_argument(
        "--dataset", choices=NAMES, help="a data set by name (default: mnist, or digits where that cannot be had)"
    )
    option("--hidden-nodes", whole_number, 200, "nodes of the hidden layer")
    option(
        "--committee", whole_number, 1, "train so many networks in turn and join them into one that is as large as all"
    )
    option("--learning-rate", positive, 0.1, "the step at its largest; it rises in epoch 1 and then falls to 0")
    option("--epochs", whole_number, 10, "passes over the training records")
    option("--batch-size", whole_number, 100, "records a step; 1 is the textbook's per-record training")
    option("--momentum", fraction, 0.8, "share of the last step that is kept, 0 for none")
    option("--weight-decay", decay, 0.0, "how much each record shrinks all weights, times the learning rate; try 2e-5")
    option("--seed", seed, 0, "repeats weights, order, distortions and choice of validation records")
    parser.add_argument(
        "--distort", type=strength, nargs="?", const=1.0, default=0.0, metavar="X",
        help="train on distorted copies, new ones each epoch: X times as strong as usual, 1 where X is left out "
        "(default: no distortion)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=whole_number, metavar="N",
        help="for matrix products (default: 1 or 2, whichever is faster at the moment; give one to repeat a run to "
        "the last bit)",
    )  # fmt: skip
    option("--output", Path, model_path(), "where the model is saved")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on from this model instead of a new one")
    parser.add_argument("--dry-run", action="store_true", help="take a few steps, save nothing")
    options = parser.parse_args(argv)
    if options.resume and options.committee > 1:
        parser.error("--resume goes on with one network; leave out --committee.")
    return options


def run(options: argparse.Namespace) -> int:
    """Load, train and save, printing settings, progress and result; return the exit status."""
    started = time.perf_counter()
    if not (options.dry_run or os.access(options.output.absolute().parent, os.W_OK)):
        raise DataError(f"cannot write to the folder of {options.output}; create it, or choose another with --output.")
    name, records = training_records(options)
    rows, validation_rows = hold_out(len(records.labels), options.seed)
    if options.dry_run:
        rows = rows[: DRY_RUN_BATCHES * options.batch_size]
    validation = Records(records.pixels[validation_rows], records.labels[validation_rows], records.class_names)
    usual = FOR_CLOTHES if records.class_names == CLOTHES else FOR_DIGITS
    distortion = usual.times(options.distort) if options.distort else None
    # Members of a committee differ in weights, order and distortions, but none sees the validation records.
    more = np.random.SeedSequence(options.seed).generate_state(options.committee - 1).tolist()
    candidates = [(own_seed, new_network(options, own_seed, records)) for own_seed in (options.seed, *more)]
    print_settings(options, candidates[0][1], name, len(rows), len(validation_rows))

    history: list[Epoch] = []
    members: list[tuple[Epoch, NeuralNetwork]] = []
    ended = ""
    for own_seed, network in candidates:
        best, ended = trained(network, own_seed, options, records, rows, validation, distortion, history)
        if best and (not ended or not members):
            members.append(best)
        if ended:
            break
    if ended:
        print(ended, "The best weights so far are kept." if members else "Nothing is saved.", file=sys.stderr)
    if members:
        best = members[-1]
        options.committee = len(members)  # what is saved, where it ended early
        if len(members) > 1:
            network = joined([network for _, network in members])
            best = Epoch(best[0].number, best[0].loss, *measure(network, validation)), network
            told = f"Committee: {len(members)} networks, joined into one of {len(network.wih):,} hidden nodes"
        else:
            told = f"Best epoch: {best[0].number}"
        print(f"{told}, with a validation accuracy of {best[0].validation_accuracy:.2%}")
        if options.dry_run:
            print("Dry run: nothing is saved.")
        else:
            some = np.random.default_rng(options.seed).permutation(rows)[:MEMORY_RECORDS]
            save(best, history, name, options, scale(records.pixels[some]), validation)
        print(f"Time: {time.perf_counter() - started:.1f} s")
    return 0 if not ended else INTERRUPTED if ended == "Interrupted." else 1


def trained(
    network: NeuralNetwork, own_seed: int, options: argparse.Namespace, records: Records, rows: NDArray[np.int64],
    validation: Records, distortion: Distortion | None, history: list[Epoch],
) -> tuple[tuple[Epoch, NeuralNetwork] | None, str]:  # fmt: skip
    """Train the network and add its epochs to `history`; return the best of them, and why it ended early, if it did."""
    best: tuple[Epoch, NeuralNetwork] | None = None
    if options.resume:
        best = Epoch(0, math.nan, *measure(network, validation)), copy.deepcopy(network)
    epochs = options.epochs * options.committee
    try:
        for loss in passes(
            network, records, rows, options.epochs, options.batch_size, own_seed, options.threads, distortion,
            options.weight_decay,
        ):  # fmt: skip
            epoch = Epoch(len(history) + 1, loss, *measure(network, validation))
            good = epoch.validation_loss < DIVERGED * len(network.class_names)  # NaN is not less than anything
            if good:
                history.append(epoch)
            # By loss: among few thousand records, an accuracy a little higher is mostly luck.
            if good and (best is None or epoch.validation_loss < best[0].validation_loss):
                best = epoch, copy.deepcopy(network)
            tqdm.write(
                f"Epoch {epoch.number:>{len(str(epochs))}}/{epochs}: loss {epoch.loss:.4f}, validation "
                f"loss {epoch.validation_loss:.4f}, validation accuracy {epoch.validation_accuracy:.2%}"
            )
            sys.stdout.flush()
            if not good:
                return best, "The training diverged: its loss is out of bounds. Try a smaller --learning-rate."
    except KeyboardInterrupt:
        return best, "Interrupted."
    return best, ""


def joined(networks: Sequence[NeuralNetwork]) -> NeuralNetwork:
    """Return one network whose hidden layer is that of all `networks`, and whose final inputs are the mean of theirs.

    What each gets wrong by chance is averaged out. Source: Hansen, Salamon, "Neural network ensembles", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 12, 1990.
    """
    wih = np.concatenate([one.wih for one in networks])  # (all hidden, input)
    first = networks[0]
    network = NeuralNetwork(
        wih.shape[1], len(wih), len(first.who), first.learning_rate, first.momentum, class_names=first.class_names
    )
    network.wih = wih
    network.who = np.concatenate([one.who / len(networks) for one in networks], axis=1)  # (output, all hidden)
    return network


def training_records(options: argparse.Namespace) -> tuple[str, Records]:
    """Return the training records that were asked for, and the name they go by in the model file."""
    if options.csv:
        return " ".join(path.name for path in options.csv), load(options.csv, "train")
    if options.dataset:
        return options.dataset, load(options.dataset, "train")
    try:
        return "mnist", load("mnist", "train")
    except DownloadError as error:
        print(f"{error}\nGoing on with the 1,797 small digits that come with scikit-learn.", file=sys.stderr)
        return "digits", load("digits", "train")


def new_network(options: argparse.Namespace, own_seed: int, records: Records) -> NeuralNetwork:
    """Return a new network for these records, or the one to resume from."""
    if not options.resume:
        classes = records.class_names
        return NeuralNetwork(
            records.pixels.shape[1], options.hidden_nodes, len(classes), options.learning_rate,
            momentum=options.momentum, seed=own_seed, class_names=classes,
        )  # fmt: skip
    network = NeuralNetwork.load(options.resume)
    if network.class_names != records.class_names or network.wih.shape[1] != records.pixels.shape[1]:
        raise DataError(
            f"{options.resume} was trained on other classes or sizes than these records; leave out --resume."
        )
    if network.training.get("seed", options.seed) != options.seed:
        print(f"Note: {options.resume} was trained with another seed, so it has seen some validation records.")
    network.learning_rate, network.momentum = options.learning_rate, options.momentum
    return network


def print_settings(options: argparse.Namespace, network: NeuralNetwork, name: str, count: int, held_out: int) -> None:
    """Print what is about to be done."""
    nodes = "-".join(str(layer) for layer in (network.wih.shape[1], *network.who.shape[::-1]))
    start = f"resumed from {options.resume}" if options.resume else f"seed {options.seed}"
    print(f"Data:     {name}, {count:,} records to train on, {held_out:,} for validation")
    print(f"Network:  {nodes} nodes, {start}" + (f", {options.committee} of them" if options.committee > 1 else ""))
    print(
        f"Training: {options.epochs} epochs, batch size {options.batch_size}, learning rate {options.learning_rate:g}, "
        f"momentum {options.momentum:g}"
        + (f", weight decay {options.weight_decay:g}" if options.weight_decay else "")
        + (f", distortion {options.distort:g}" if options.distort else ""),
        flush=True,
    )


def passes(
    network: NeuralNetwork, records: Records, rows: NDArray[np.int64], epochs: int, batch_size: int, seed: int,
    threads: int | None = None, distortion: Distortion | None = None, weight_decay: float = 0.0,
) -> Iterator[float]:  # fmt: skip
    """Train on the `rows` of `records` in a new order each epoch, and yield each epoch's mean loss.

    With a `distortion`, each epoch has copies of its own; the records themselves are never trained on. Each record
    also makes all weights smaller by `weight_decay` times the learning rate. Source: Loshchilov, Hutter, "Decoupled
    weight decay regularization", ICLR, 2019.
    The learning rate rises to that of the network during the first epoch, since full steps from random weights would
    push hidden nodes to where their sigmoid is flat, and falls to zero by the last, so that the weights settle.
    """
    highest = network.learning_rate
    random = np.random.default_rng(seed)
    wanted = targets(records.labels, len(records.class_names))  # (all, output)
    batch = np.empty((batch_size, records.pixels.shape[1]), np.float32)  # (n, input), kept for all batches
    outputs = np.empty((len(rows), wanted.shape[1]), np.float32)  # (rows, output), as they were at each step
    controller = ThreadpoolController()
    batches = epochs * math.ceil(len(rows) / batch_size)
    with tqdm(total=batches, desc="Training", unit=" batches", leave=False, disable=None) as bar:
        for epoch in range(epochs):
            order = random.permutation(rows)
            copies = distorted(records.pixels[order], distortion, (seed, epoch)) if distortion else None
            with np.errstate(over="ignore", invalid="ignore"):  # a training that diverges is told by its loss
                for start in paced(range(0, len(order), batch_size), threads, controller):
                    chosen = order[start : start + batch_size]
                    if copies is None:
                        inputs = np.take(records.inputs, chosen, axis=0, out=batch[: len(chosen)], mode="clip")
                    else:
                        inputs = scale(copies[start : start + batch_size])
                    done = epoch + start / len(order)
                    network.learning_rate = highest * min(1.0, (done + 0.01) / 1.01) * (1 - done / epochs)
                    outputs[start : start + batch_size] = network.train(inputs, wanted[chosen])
                    if weight_decay:
                        kept = 1 - network.learning_rate * weight_decay * len(chosen)
                        network.wih *= kept
                        network.who *= kept
                    bar.update()
            network.learning_rate = highest
            yield cross_entropy(outputs, wanted[order])


def paced(starts: Iterable[int], threads: int | None, controller: ThreadpoolController) -> Iterator[int]:
    """Yield `starts`, with matrix products limited to `threads`, or to one or two, whichever was faster lately.

    On two free cores two threads are nearly twice as fast. On busy ones they wait for each other, ten times as long.
    """
    seconds: dict[int, float] = {}  # of the last block of batches with so many threads
    began, count = 0.0, 1
    with controller.limit(limits=1):
        for number, start in enumerate(starts):
            if number % BLOCK == 0:
                now = time.perf_counter()
                if number:
                    seconds[count] = now - began
                untried = [candidate for candidate in (1, 2) if candidate not in seconds]
                count = threads or (untried or sorted(seconds, key=seconds.__getitem__))[0]
                controller.limit(limits=count)
                began = now
            yield start


def measure(network: NeuralNetwork, records: Records) -> tuple[float, float]:
    """Return loss and accuracy (0 to 1) of the network on `records`."""
    outputs = network.query(records.inputs)  # (n, output)
    loss = cross_entropy(outputs, targets(records.labels, len(records.class_names)))
    return loss, float((outputs.argmax(axis=1) == records.labels).mean())


def save(
    best: tuple[Epoch, NeuralNetwork], history: list[Epoch], name: str, options: argparse.Namespace,
    some_inputs: NDArray[np.float32], validation: Records,
) -> None:  # fmt: skip
    """Write the model file and the learning curve as a picture.

    The model carries a memory of `some_inputs` (n, input), and the temperature with which its confidence is true on
    the `validation` records.
    """
    from charts import learning_curve  # matplotlib and OpenCV are slow to import, and --help does without them
    from confidence import fitted_temperature
    from learning import memory_of

    epoch, network = best
    kept = (
        "hidden_nodes", "committee", "learning_rate", "epochs", "batch_size", "momentum", "weight_decay", "seed",
        "distort",
    )  # fmt: skip
    network.training = {"dataset": name, "best_epoch": asdict(epoch)} | {key: getattr(options, key) for key in kept}
    with ThreadpoolController().limit(limits=options.threads):  # what two threads add up is rounded otherwise
        network.training["temperature"] = fitted_temperature(network.query(validation.inputs), validation.labels)
        network.memory = memory_of(network, some_inputs)
    network.save(options.output)
    print(f"Model: {shown(options.output)}")
    if history:
        picture = options.output.with_name(f"{options.output.stem}_learning_curve.png")
        learning_curve([asdict(epoch) for epoch in history], picture)
        print(f"Learning curve: {shown(picture)}")


def positive(text: str) -> float:
    """Return a finite number above 0."""
    value = number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"needs a finite number above 0, got {text!r}")
    return value


def fraction(text: str) -> float:
    """Return a number from 0 up to, but not including, 1."""
    value = number(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"needs a number from 0 to below 1, got {text!r}")
    return value


def decay(text: str) -> float:
    """Return a number from 0 to `LARGEST_DECAY`."""
    value = number(text)
    if not 0 <= value <= LARGEST_DECAY:
        raise argparse.ArgumentTypeError(f"needs a number from 0 to {LARGEST_DECAY:g}, got {text!r}")
    return value


def strength(text: str) -> float:
    """Return a number from 0 to `STRONGEST`."""
    value = number(text)
    if not 0 <= value <= STRONGEST:
        raise argparse.ArgumentTypeError(
            f"needs a number from 0 to {STRONGEST}, with CSV files before it, got {text!r}"
        )
    return value


def number(text: str) -> float:
    """Return `text` as a number, NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


if __name__ == "__main__":
    sys.exit(main())
