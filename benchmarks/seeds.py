"""Train with several seeds, and print what the test records say: of each seed, their mean, and of all joined.

    python -m benchmarks.seeds --dataset mnist --distort 0.8 --epochs 200 --jobs 2

The other options are those of train_model.py; which they are was chosen on validation records, and here nothing is
chosen. The seeds are joblib tasks: processes of this machine, or those of a Dask cluster that --scheduler names.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace
from statistics import fmean, stdev

import joblib
from tqdm import tqdm

import train_model
import training
from data.data_sets import DATA_SETS, load
from data.distortion import Affine
from data.options import seed, whole_number
from data.records import DataError, Records, hold_out
from neural_network import NeuralNetwork
from scoring import query_views
from training import Epoch, Settings


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--seeds", type=seed, nargs="+", default=[0, 1, 2], metavar="N", help="(default: 0 1 2)")
    parser.add_argument("--jobs", type=whole_number(1), default=1, metavar="N", help="seeds at a time (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that trains, --jobs seeds at a time")
    parser.add_argument("--views", action="store_true", help="average several views of each test record")
    options, others = parser.parse_known_args(argv)
    recipe = train_model.parse(others)
    try:
        data_set, records = train_model.training_records(recipe)
        test = load(data_set.name if data_set.name in DATA_SETS else "mnist", "test")
        settings = train_model.settings_from(recipe, data_set)
        views = data_set.views if options.views else ()
        task = joblib.delayed(train_with_seed)
        tasks = [task(replace(settings, seed=one), recipe, records) for one in options.seeds]
        accuracies, networks = list[float](), dict[int, NeuralNetwork]()
        with ExitStack() as stack:
            if options.scheduler:
                from distributed import Client  # slow to import, and one machine does without it

                stack.enter_context(Client(options.scheduler))
                stack.enter_context(joblib.parallel_config("dask"))
            runs = joblib.Parallel(n_jobs=options.jobs, return_as="generator_unordered")(tasks)
            for one, network in tqdm(runs, total=len(tasks), desc="Seeds", disable=None):
                accuracy = score(network, test, views)
                tqdm.write(f"seed {one}: {accuracy:.2%}")
                sys.stdout.flush()
                accuracies.append(accuracy)
                networks[one] = network
    except (DataError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(training.INTERRUPTED, file=sys.stderr)
        return train_model.INTERRUPTED_STATUS
    spread = f", standard deviation {100 * stdev(accuracies):.2f} points" if len(accuracies) > 1 else ""
    print(f"mean: {fmean(accuracies):.2%}{spread}")
    if len(networks) > 1:
        joined = training.join([networks[one] for one in sorted(networks)])
        print(f"all joined into one of {len(joined.wih):,} hidden nodes: {score(joined, test, views):.2%}")
    return 0


def score(network: NeuralNetwork, test: Records, views: tuple[Affine, ...]) -> float:
    """Return the accuracy (0 to 1) on the test records, as evaluate.py does."""
    with training.one_thread():
        return float((query_views(network, test, views).argmax(axis=1) == test.labels).mean())


def train_with_seed(settings: Settings, recipe: argparse.Namespace, records: Records) -> tuple[int, NeuralNetwork]:
    """Train as train_model.py does; return the seed and the network."""
    rows, validation_rows = hold_out(len(records.labels), settings.seed, recipe.validation)
    learnt, validation = records.take(rows), records.take(validation_rows)
    networks = []

    def report(epoch: Epoch) -> None:
        done = f"seed {settings.seed}, epoch {epoch.number}/{settings.epochs}"
        tqdm.write(f"{done}: validation accuracy {epoch.validation_accuracy:.2%}", file=sys.stderr)

    for member in training.member_seeds(settings.seed, recipe.committee):
        one = replace(settings, seed=member)
        result = training.train(training.new_network(one, learnt), learnt, validation, one, report)
        if result.ended == training.INTERRUPTED:
            raise KeyboardInterrupt
        if not result.network or result.ended:
            raise ValueError(f"seed {settings.seed}: {result.ended}")
        networks.append(result.network)
    network = training.join(networks) if recipe.committee > 1 else networks[0]
    return settings.seed, network


if __name__ == "__main__":
    sys.exit(main())
