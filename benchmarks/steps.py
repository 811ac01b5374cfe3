"""Single calls of `train` against the textbook and against the machine's matrix product; epochs with distortions."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy.linalg.blas import sgemm
from threadpoolctl import threadpool_limits

from benchmarks import textbook
from benchmarks.bench import Bench, counted, progress
from benchmarks.measuring import Row, in_turn, ratio
from data.distortion import FOR_DIGITS, Distortion, distort
from data.records import Records, targets
from neural_network import NeuralNetwork
from train_model import passes


def single(bench: Bench) -> list[Row]:
    """Time one step on one record: the project's class against the textbook's, on the same parsed records."""
    count = 200 if bench.quick else 2000
    inputs = bench.train.inputs[:count]  # (n, 784)
    wanted = targets(bench.train.labels[:count], 10)  # (n, 10)
    in_doubles = list(zip(inputs.astype(float), wanted.astype(float), strict=True))
    in_floats = list(zip(inputs, wanted, strict=True))
    ours = NeuralNetwork(inputs.shape[1], 200, 10, learning_rate=0.1, seed=0)
    theirs = textbook.TextbookNetwork(inputs.shape[1], 200, 10, learning_rate=0.1, seed=0)
    jobs = {"this project": partial(steps, ours.train, in_floats), "textbook": partial(steps, theirs.train, in_doubles)}
    rows = []
    for threads in bench.threads:
        with threadpool_limits(threads):
            times = in_turn(jobs, 3 * bench.runs)
        name = counted(threads, "thread")
        rows += [Row(f"{who}, {name}", [1e6 * t / count for t in times[who]], "µs a record") for who in jobs]
        rows.append(ratio(f"textbook / this project, {name}", times["textbook"], times["this project"], at_least=3))
    return rows


def steps(train: Callable[..., object], records: Sequence[tuple[object, object]]) -> None:
    """Take one step after another, each on the inputs and targets of one record or mini-batch."""
    for inputs, wanted in records:
        train(inputs, wanted)


def distortions(bench: Bench) -> list[Row]:
    """Time one epoch on distorted copies against one on the records themselves, both on one thread."""
    train = bench.train
    rows, inputs = np.arange(len(train.labels)), train.inputs.shape[1]  # inputs are made now, not in the first epoch

    def epoch(distortion: Distortion | None) -> None:
        network = NeuralNetwork(inputs, 200, 10, learning_rate=0.1, momentum=0.8, seed=0)
        next(passes(network, train, rows, epochs=1, batch_size=100, seed=0, threads=1, distortion=distortion))

    jobs: dict[str, Callable[[], object]] = {
        "epoch": lambda: epoch(None),
        "epoch with distortions": lambda: epoch(FOR_DIGITS),
        "distortions alone": lambda: distort(train.pixels, FOR_DIGITS, 0),
    }
    times = in_turn(jobs, bench.runs)
    share = ratio("", times["epoch with distortions"], times["epoch"]).values
    return [
        *(Row(f"{name}, 1 thread", times[name], "s") for name in jobs),
        Row("epoch with distortions / epoch", share, "times", at_most=2.5),
    ]


def sgemm_share(bench: Bench) -> list[Row]:
    """Compare the floating point operations a second of `train` with those of one large matrix product.

    Only the products of `train` are counted, but the time is all of it: checks, sigmoids, momentum.
    """
    side = 512 if bench.quick else 4096
    random = np.random.default_rng(0)
    a, b, c = (np.asfortranarray(random.random((side, side), dtype=np.float32)) for _ in range(3))
    sizes = (100, 128, 256)
    jobs: dict[str, Callable[[], object]] = {"sgemm": lambda: sgemm(1, a, b, 0, c, overwrite_c=True)}
    done = {"sgemm": 2 * side**3}
    for size in sizes:
        jobs[f"train {size}"], done[f"train {size}"] = training_job(bench.train, size)
    rows = []
    for threads in bench.threads:
        progress(f"sgemm: {counted(threads, 'thread')}")
        with threadpool_limits(threads):
            times = in_turn(jobs, 5 * bench.runs)
        rates = {name: [done[name] / t / 1e9 for t in times[name]] for name in jobs}
        name = counted(threads, "thread")
        rows.append(Row(f"sgemm {side} x {side}, {name}", rates["sgemm"], "GFLOP/s"))
        for size in sizes:
            rows.append(Row(f"train, batch size {size}, {name}", rates[f"train {size}"], "GFLOP/s"))
            share = [100 * value for value in ratio("", rates[f"train {size}"], rates["sgemm"]).values]
            rows.append(Row("… of sgemm", share, "%", at_least=50))
    return rows


def training_job(train: Records, size: int) -> tuple[Callable[[], object], int]:
    """Return a training on some 10,000 records in batches of `size`, and the operations of its matrix products."""
    starts = range(0, min(10_000, len(train.labels)) - size + 1, size)
    wanted = targets(train.labels, 10)
    batches = [(train.inputs[start : start + size], wanted[start : start + size]) for start in starts]
    network = NeuralNetwork(train.inputs.shape[1], 200, 10, learning_rate=0.1, momentum=0.8, seed=0)
    return partial(steps, network.train, batches), len(batches) * size * operations(784, 200, 10)


def operations(input_nodes: int, hidden_nodes: int, output_nodes: int) -> int:
    """Return the multiplications and additions of the matrix products in one record's share of a training step."""
    forward = input_nodes * hidden_nodes + hidden_nodes * output_nodes
    backward = hidden_nodes * output_nodes  # the errors of the hidden nodes
    gradients = forward  # one value a weight and record
    return 2 * (forward + backward + gradients)
