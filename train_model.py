"""Train the network: a data set by name or CSV files in, model.npz out. The training itself is in training.py."""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import training
from data.csv_files import DIGITS, MAX_CLASSES
from data.data_sets import BUNDLED, DATA_SETS, MNIST, DataSet, load, own_data_set
from data.download import DownloadError
from data.files import model_path, short_path
from data.model_files import load_model
from data.options import number, seed, whole_number
from data.records import LOW_TARGET, NO_CLASS, VALIDATION_RECORDS, DataError, Records, hold_out, scale
from neural_network import NeuralNetwork
from runs.page import watched_run
from runs.watched import WatchedNetwork, Watcher
from training import INTERRUPTED, TOO_FAST, Epoch, Settings, Training, join, measure, member_seeds

DRY_RUN_BATCHES = 20
CURVATURE_RECORDS = 5000  # so many training records give the curvature that later corrections need
STRONGEST = 5  # times the usual distortion; people read most digits at twice, and few at five times
LARGEST_DECAY = 1e-3  # more would leave hardly a weight after a few records
OTHER_SETTINGS = "distort", "low_target", "validation", "records", "zero_weights", "wrong_labels"
SETTINGS = "hidden_nodes", "learning_rate", "epochs", "batch_size", "momentum", "weight_decay", "seed"
INTERRUPTED_STATUS = 130  # the exit status of a program that was stopped with Ctrl-C


@dataclass(frozen=True)
class Result:
    """A trained network, the epoch that its weights are of, and the epochs of all members."""

    network: NeuralNetwork
    epoch: Epoch
    members: int
    history: list[Epoch]


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, 1 for a failure, 130 after Ctrl-C."""
    options = parse(argv)
    try:
        with watched_run(options.watch, vars(options)) as watcher:
            return run(options, watcher)
    except (DataError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    except MemoryError:
        print("error: not enough memory; choose fewer hidden nodes or a smaller batch size.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted. Nothing is saved.", file=sys.stderr)
        return INTERRUPTED_STATUS
    return 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="Train the network and save it as a model file.")
    add_data_options(parser)
    add_training_options(parser)
    output = model_path()
    help_text = f"where the model is saved (default: {short_path(output)})"
    parser.add_argument("--output", type=Path, default=output, metavar="FILE", help=help_text)
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on from this model instead of a new one")
    parser.add_argument("--dry-run", action="store_true", help="take a few steps, save nothing")
    help_text = "show the training in the browser; with the FOLDER of a run, show it where a page shows that run"
    parser.add_argument("--watch", nargs="?", const="", metavar="FOLDER", help=help_text)
    options = parser.parse_args(argv)
    if options.resume and options.committee > 1:
        parser.error("--resume goes on with one network; leave out --committee.")
    if options.watch is not None and options.committee > 1:
        parser.error("--watch shows one network; leave out --committee.")
    if options.class_names and not options.csv:
        parser.error("--class-names goes with CSV files; a data set has names of its own.")
    return options


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add what is trained on."""
    data = parser.add_mutually_exclusive_group()
    data.add_argument("csv", nargs="*", type=Path, default=[], help="CSV files: a label and 784 pixels a row")
    data.add_argument(
        "--dataset", choices=DATA_SETS, help="a data set by name (default: mnist, or digits where that cannot be had)"
    )
    help_text = "what the labels 0, 1, 2 … of the CSV files stand for (default: the ten digits)"
    parser.add_argument("--class-names", type=class_names, metavar="A,B,C", help=help_text)


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add how it is trained, and where it is saved."""

    def option(name: str, kind: Callable[[str], float], default: float, text: str) -> None:
        metavar = "N" if isinstance(default, int) else "X"
        parser.add_argument(name, type=kind, default=default, metavar=metavar, help=f"{text} (default: {default})")

    positive = number("a finite number above 0", lambda value: 0 < value < math.inf)
    fraction = number("a number from 0 to below 1", lambda value: 0 <= value < 1)
    decay = number(f"a number from 0 to {LARGEST_DECAY:g}", lambda value: 0 <= value <= LARGEST_DECAY)
    needed = f"a number from 0 to {STRONGEST}, with CSV files before it"
    strength = number(needed, lambda value: 0 <= value <= STRONGEST)
    option("--hidden-nodes", whole_number(1), 200, "nodes of the hidden layer")
    option("--committee", whole_number(1), 1, "train so many networks and join them into one that is as large as all")
    option("--jobs", whole_number(1), 1, "members of a committee that are trained at a time, each on one core")
    option("--learning-rate", positive, 0.1, "the step at its largest; it rises in epoch 1 and then falls to 0")
    option("--epochs", whole_number(1), 10, "passes over the training records")
    option("--batch-size", whole_number(1), 100, "records a step; 1 is the textbook's per-record training")
    option("--momentum", fraction, 0.8, "share of the last step that is kept, 0 for none")
    option("--weight-decay", decay, 0.0, "how much each record shrinks all weights, times the learning rate; try 2e-5")
    option(
        "--validation", whole_number(1), VALIDATION_RECORDS, "records held out for validation, at most a tenth of all"
    )
    low = number("a number above 0 and below 0.5", lambda value: 0 < value < 0.5)
    option("--low-target", low, LOW_TARGET, "target of the nodes that shall stay low; the other's is 1 less this")
    option("--wrong-labels", number("a number from 0 to 1", lambda value: 0 <= value <= 1), 0.0, "share made wrong")
    option("--seed", seed, 0, "repeats weights, order, distortions and choice of validation records")
    parser.add_argument("--zero-weights", action="store_true", help="begin with weights that are all 0")
    parser.add_argument("--records", type=whole_number(1), metavar="N", help="train on so many records (default: all)")
    help_text = "train on distorted copies, new ones each epoch: X times as strong as usual, 1 where X is left out"
    distort: dict[str, Any] = {"nargs": "?", "const": 1.0, "default": 0.0, "metavar": "X"}
    parser.add_argument("--distort", type=strength, help=f"{help_text} (default: no distortion)", **distort)


def run(options: argparse.Namespace, watcher: Watcher | None) -> int:
    """Load, train and save, printing settings, progress and result; return the exit status."""
    started = time.perf_counter()
    if not (options.dry_run or os.access(options.output.absolute().parent, os.W_OK)):
        raise DataError(f"cannot write to the folder of {options.output}; create it, or choose another with --output.")
    processes = training.start_processes(options.jobs) if options.committee > 1 else iter(())
    try:
        data_set, records = training_records(options)
    except BaseException:
        list(processes)  # joblib warns of what is started and never asked for
        raise
    learnt, validation = divide(options, records)
    settings = settings_from(options, data_set)
    network = resumed_network(options, learnt) if options.resume else new_network(options, settings, learnt)
    del records  # its memory can be used otherwise
    print_settings(options, network, data_set.name, len(learnt.labels), len(validation.labels))

    list(processes)  # all are ready
    if watcher:
        network = watcher.watch(network, learnt, validation, settings, data_set.name)
    trainings = train(options, network, settings, learnt, validation)
    if watcher:
        watcher.note_trained()
    ended = next((one.ended for one in trainings if one.ended), "")
    result = result_of(trainings, validation)
    if ended:
        print(ended, "The best weights so far are kept." if result else "Nothing is saved.", file=sys.stderr)
    if result:
        if options.dry_run:
            print("Dry run: nothing is saved.")
        else:
            describe(result, data_set.name, options, learnt, validation)
            save(result, options.output)
        print(f"Time: {time.perf_counter() - started:.1f} s")
    if watcher:
        watcher.note_end(ended == TOO_FAST, result.epoch if result else None)
    return 0 if not ended else INTERRUPTED_STATUS if ended == INTERRUPTED else 1


def training_records(options: argparse.Namespace) -> tuple[DataSet, Records]:
    """Return the data set that was asked for, and its training records with the targets that were asked for."""
    if options.csv:
        data_set = own_data_set(options.csv, options.class_names or DIGITS)
        records = load(options.csv, "train", data_set.class_names)
    elif options.dataset:
        data_set, records = DATA_SETS[options.dataset], load(options.dataset, "train")
    else:
        data_set, records = mnist_or_bundled()
    if (records.labels == NO_CLASS).all():
        raise DataError(f"all labels are {NO_CLASS}, none of the classes; give CSV files of the classes as well.")
    return data_set, replace(records, low_target=options.low_target)


def divide(options: argparse.Namespace, records: Records) -> tuple[Records, Records]:
    """Return the records to train on, of which some may be given wrong labels, and those for validation."""
    rows, validation_rows = hold_out(len(records.labels), options.seed, options.validation)
    count = DRY_RUN_BATCHES * options.batch_size if options.dry_run else options.records
    learnt, validation = records.take(rows[:count]), records.take(validation_rows)
    random = np.random.default_rng(options.seed)
    wrong = (random.random(len(learnt.labels)) < options.wrong_labels) & (learnt.labels != NO_CLASS)
    classes = len(records.class_names)
    others = (learnt.labels + random.integers(1, classes, len(learnt.labels))) % classes
    return replace(learnt, labels=np.where(wrong, others, learnt.labels).astype(np.uint8)), validation


def new_network(options: argparse.Namespace, settings: Settings, records: Records) -> NeuralNetwork:
    """Return an untrained network, with random weights or with zeros."""
    network = training.new_network(settings, records)
    if options.zero_weights:
        network.wih[:] = network.who[:] = 0
    return network


def mnist_or_bundled() -> tuple[DataSet, Records]:
    """Return MNIST and its training records, or the bundled digits where MNIST cannot be had."""
    try:
        return MNIST, load(MNIST.name, "train")
    except DownloadError as error:
        print(f"{error}\nGoing on with the 1,797 small digits that come with scikit-learn.", file=sys.stderr)
        return BUNDLED, load(BUNDLED.name, "train")


def settings_from(options: argparse.Namespace, data_set: DataSet) -> Settings:
    """Return how the options say that each network is trained."""
    distortion = data_set.distortion.scaled(options.distort) if options.distort else None
    return Settings(**{name: getattr(options, name) for name in SETTINGS}, distortion=distortion)


def resumed_network(options: argparse.Namespace, records: Records) -> NeuralNetwork:
    """Return the network to go on from. Raises `DataError` where it does not fit the records."""
    network = load_model(options.resume)
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


def train(
    options: argparse.Namespace, network: NeuralNetwork, settings: Settings, records: Records, validation: Records
) -> list[Training]:
    """Train the network, or as many as the committee has, and return what each training came to, in their order."""
    epochs = options.epochs * options.committee

    def report(member: int, epoch: Epoch) -> None:
        number = member * options.epochs + epoch.number
        tqdm.write(
            f"Epoch {number:>{len(str(epochs))}}/{epochs}: loss {epoch.loss:.4f}, validation "
            f"loss {epoch.validation_loss:.4f}, validation accuracy {epoch.validation_accuracy:.2%}"
        )
        if isinstance(network, WatchedNetwork):
            network.watcher.note_epoch(epoch)
        sys.stdout.flush()

    if options.committee == 1:
        return [training.train(network, records, validation, settings, lambda epoch: report(0, epoch))]
    members = [replace(settings, seed=own_seed) for own_seed in member_seeds(settings.seed, options.committee)]
    trainings: dict[int, Training] = {}
    try:
        for place, one in training.train_side_by_side(members, records, validation, options.jobs, report):
            trainings[place] = one
            if one.ended:
                break
    except KeyboardInterrupt:
        trainings[options.committee] = Training(None, None, (), INTERRUPTED)
    return [trainings[place] for place in sorted(trainings)]


def result_of(trainings: list[Training], validation: Records) -> Result | None:
    """Return the network that the trainings gave, all of their networks joined into one, or None where none is good.

    A training that ended early counts only where it is alone: members that are done are better.
    """
    all_good = [(one.network, one.best, one.ended) for one in trainings if one.network and one.best]
    good = [one for one in all_good if not one[2]] or all_good[:1]
    if not good:
        return None
    epochs = [epoch for one in trainings for epoch in one.history]
    history = [replace(epoch, number=number) for number, epoch in enumerate(epochs, start=1)]
    network, best, _ = good[-1]
    what = f"Best epoch: {best.number}"
    if len(good) > 1:
        network = join([one[0] for one in good])
        best = Epoch(best.number, best.loss, *measure(network, validation))
        what = f"Committee: {len(good)} networks, joined into one of {len(network.wih):,} hidden nodes"
    print(f"{what}, with a validation accuracy of {best.validation_accuracy:.2%}")
    return Result(network, best, len(good), history)


def describe(result: Result, name: str, options: argparse.Namespace, records: Records, validation: Records) -> None:
    """Put into the network what its file carries: how it was trained, its temperature, and its curvature.

    The temperature makes its confidence right on the `validation` records; the curvature lets it be corrected later.
    """
    from confidence import fit_temperature  # SciPy's optimisers are slow to import, and --help does without them
    from teaching.update import curvature_tables

    network = result.network
    network.training = {"dataset": name, "best_epoch": asdict(result.epoch), "committee": result.members}
    network.training |= {option: getattr(options, option) for option in (*SETTINGS, *OTHER_SETTINGS)}
    validation = validation.take(np.flatnonzero(validation.labels != NO_CLASS))
    some = np.random.default_rng(options.seed).permutation(len(records.labels))[:CURVATURE_RECORDS]
    with training.one_thread():
        network.training["temperature"] = fit_temperature(network.query(validation.inputs), validation.labels)
        network.extras = curvature_tables(network, scale(records.pixels[some]))


def save(result: Result, output: Path) -> None:
    """Write the model file and the learning curve as a picture."""
    from charts import draw_learning_curve  # matplotlib is slow to import, and --help does without it

    result.network.save(output)
    print(f"Model: {short_path(output)}")
    if result.history:
        picture = output.with_name(f"{output.stem}_learning_curve.png")
        draw_learning_curve([asdict(epoch) for epoch in result.history], picture)
        print(f"Learning curve: {short_path(picture)}")


def class_names(text: str) -> tuple[str, ...]:
    """Return the names of a list like A,B,C: 2 to `MAX_CLASSES`, each once and none empty."""
    names = tuple(name.strip() for name in text.split(","))
    if not 2 <= len(names) <= MAX_CLASSES or len(set(names)) < len(names) or "" in names:
        raise argparse.ArgumentTypeError(
            f"needs 2 to {MAX_CLASSES} different names, with commas between them, got {text!r}"
        )
    return names


if __name__ == "__main__":
    sys.exit(main())
