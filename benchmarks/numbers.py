"""How well numbers of several digits are read, and the weights that read them.

`python -m benchmarks.numbers fit UNIPEN` finds the weights of drawing/path.py on made-up numbers by half of the people.
`python -m benchmarks.numbers made-up UNIPEN` measures on made-up numbers by the other half.
`python -m benchmarks.numbers folder FOLDER` measures on pictures of numbers with a labels.csv, --photos on photos too.
UNIPEN is what data/handwriting.py takes. Every other writer, in the order of their names, is left to measuring. Choose
--writers whom --model has not learnt from: it would be trusted too much otherwise.
"""

import argparse
import csv
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from tqdm import tqdm

from benchmarks.drawings import photograph
from benchmarks.made_up_numbers import MARK, Hand, MadeUp, collect_hands, make_numbers
from data.data_sets import shipped_model
from data.handwriting import read_handwriting
from data.records import DataError, scale
from drawing.decoding import decode
from drawing.images import DrawingError, Image
from drawing.number import Judge, PartedLine, part_picture, read_number
from drawing.path import DIGIT_WEIGHTS, MARK_WEIGHTS, describe_digits, describe_marks
from drawing.preparation import find_ink
from drawing.writing import INK, Ints
from neural_network import NeuralNetwork
from scoring import edit_distance

LENGTHS = 1, 5
KINDS = {"any gap": (-0.15, 0.5), "touching": (-0.15, 0.05), "apart": (0.05, 0.5)}
MIN_SHARE = 0.75  # of a digit and of what is taken for it: what both have in common
PENALTY = 1e-3  # for large weights

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Example:
    """A line whose right path is known: what is weighed of its candidates and its marks, and the path itself.

    digits: (n, classes, digit weights); marks: (pieces, mark weights); ends: (n, 2); path: candidates and classes.
    """

    digits: Floats
    marks: Floats
    ends: Ints
    path: list[tuple[int, int]]


def main(argv: list[str] | None = None) -> int:
    """Fit or measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.numbers", description="Measure how numbers are read.")
    parser.add_argument("kind", choices=["fit", "made-up", "folder"])
    parser.add_argument("source", type=Path, help="UNIPEN train_r01_v07, or for folder the pictures")
    parser.add_argument("--model", type=Path, default=shipped_model(), metavar="FILE", help="(default: %(default)s)")
    text = "names of the people whose digits are used, one a line (default: everybody)"
    parser.add_argument("--writers", type=Path, metavar="FILE", help=text)
    parser.add_argument("--numbers", type=int, default=1000, metavar="N", help="made up of each kind (default: 1000)")
    parser.add_argument("--photos", action="store_true", help="also measure made-up phone photos of a folder")
    options = parser.parse_args(argv)
    network = NeuralNetwork.load(options.model)

    def judge(pixels: NDArray[np.uint8]) -> Floats:
        return network.query(scale(pixels))

    try:
        if options.kind == "folder":
            pictures = [(decode(path.read_bytes()), label) for path, label in read_labels(options.source)]
            print_score(options.source.name, pictures, judge)
            if options.photos:
                print_score("photos of them", take_photos(pictures), judge)
            return 0
        hands = read_hands(options.source, options.writers)
    except (DataError, DrawingError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    writers = sorted(hands)
    if options.kind == "fit":
        fit({writer: hands[writer] for writer in writers[::2]}, options.numbers, judge)
    else:
        measure({writer: hands[writer] for writer in writers[1::2]}, options.numbers, judge)
    return 0


def read_labels(folder: Path) -> list[tuple[Path, str]]:
    """Return the pictures of a folder with their numbers, as its labels.csv names them."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [(folder / row["path"], row["label"]) for row in csv.DictReader(file)]


def take_photos(pictures: Sequence[tuple[Image, str]]) -> list[tuple[Image, str]]:
    """Return a made-up phone photo of each picture, with its number."""
    randoms = (np.random.default_rng([0, number]) for number in range(len(pictures)))
    return [
        (decode(photograph(picture, random, is_number=True)), label)
        for (picture, label), random in zip(pictures, randoms, strict=True)
    ]


def read_hands(unipen: Path, writers: Path | None) -> dict[str, Hand]:
    """Return what people wrote: those whose names are in the file `writers`, or all."""
    collection = read_handwriting(unipen)
    if writers:
        collection = collection.by(writers.read_text(encoding="utf-8").split())
    return collect_hands(collection.characters)


def measure(hands: dict[str, Hand], count: int, judge: Judge) -> None:
    """Print how made-up numbers of five digits are read, apart and touching, and of one to six digits."""
    for name, gaps in KINDS.items():
        lengths = (1, 6) if name == "any gap" else (5, 5)
        numbers = make_numbers(hands, lengths, gaps, np.random.default_rng(1))
        chosen = islice((number for number in numbers if number.touching or name != "touching"), count)
        print_score(name, [(number.picture, number.text) for number in chosen], judge)


def print_score(name: str, pictures: Sequence[tuple[Image, str]], judge: Judge) -> None:
    """Print how well pictures are read, how surely, and how long it takes."""
    start = time.process_time()
    numbers = [try_to_read(picture, judge) for picture, _ in pictures]
    seconds = time.process_time() - start
    texts, labels = [text for text, _ in numbers], [label for _, label in pictures]
    right = np.array([text == label for text, label in zip(texts, labels, strict=True)])
    counted = np.mean([len(text) == len(label) for text, label in zip(texts, labels, strict=True)])
    errors = sum(edit_distance(text, label) for text, label in zip(texts, labels, strict=True))
    digits = sum(map(len, labels))
    print(f"{name}: {len(labels):,} numbers, {digits:,} digits, {1000 * seconds / len(labels):.1f} ms each")
    print(f"  entirely right {right.mean():.1%}, count right {counted:.1%}, digit error rate {errors / digits:.1%}")
    confidence = np.array([sure for _, sure in numbers])
    for low, high in ((0, 0.5), (0.5, 0.9), (0.9, 0.99), (0.99, 1.01)):
        among = (confidence >= low) & (confidence < high)
        if among.any():
            sure = confidence[among].mean()
            print(f"  {among.mean():6.1%} are read {sure:.1%} surely, {right[among].mean():.1%} of these rightly")


def try_to_read(picture: Image, judge: Judge) -> tuple[str, float]:
    """Return the number on a picture and how sure it is: nothing, surely, where it is refused."""
    try:
        number = read_number(picture, judge)
    except DrawingError:
        return "", 1.0
    return number.text.replace("\n", ""), number.confidence


def fit(hands: dict[str, Hand], count: int, judge: Judge) -> None:
    """Print the weights with which the right paths through made-up numbers are most likely."""
    examples: list[Example] = []
    numbers = make_numbers(hands, LENGTHS, KINDS["any gap"], np.random.default_rng(0))
    for number in tqdm(islice(numbers, count), total=count, leave=False, disable=None):
        examples += make_example(number, judge)
    print(f"{len(examples):,} of {count:,} numbers can be read with the right pieces")
    start = np.zeros(len(DIGIT_WEIGHTS) + len(MARK_WEIGHTS))
    start[0], start[len(DIGIT_WEIGHTS)] = 1, -2
    found = minimize(lambda weights: measure_loss(weights, examples), start, jac=True, method="L-BFGS-B")
    print(f"mean negative log-likelihood {found.fun:.4f}")
    for names, weights in (
        (DIGIT_WEIGHTS, found.x[: len(DIGIT_WEIGHTS)]),
        (MARK_WEIGHTS, found.x[len(DIGIT_WEIGHTS) :]),
    ):
        print({name: round(float(weight), 2) for name, weight in zip(names, weights, strict=True)})


def make_example(number: MadeUp, judge: Judge) -> Iterator[Example]:
    """Yield the number as an example, unless no path parts it rightly."""
    ink = find_ink(number.picture)[1]
    lines = part_picture(ink)
    if len(lines) == 1 and (path := find_right_path(lines[0], number)):
        digits = describe_digits(lines[0].candidates, judge(lines[0].pixels))
        yield Example(digits, describe_marks(lines[0].pieces), lines[0].candidates.ends, path)


def find_right_path(parted: PartedLine, number: MadeUp) -> list[tuple[int, int]]:
    """Return the candidates and classes of a made-up number; nothing where one of its digits is not among them."""
    line, pieces = parted.line, parted.pieces
    first = slice(line.top + line.scale // 2, None, line.scale), slice(line.left + line.scale // 2, None, line.scale)
    owners = number.owners[first][: line.ink.shape[0], : line.ink.shape[1]].astype(int)
    parts = (pieces.parts * (line.ink > INK))[: owners.shape[0], : owners.shape[1]]
    count = len(number.text)
    shared = np.zeros((len(pieces.boxes) + 1, count + 2), int)  # pixels of each piece and each owner; marks are last
    np.add.at(shared, (parts.ravel(), np.where(owners == MARK, count + 1, owners).ravel()), 1)
    owner = shared[1:, 1:].argmax(axis=1) + 1  # (pieces,)
    numbers = {tuple(ends): number for number, ends in enumerate(parted.candidates.ends.tolist())}
    path = []
    for digit in range(1, count + 1):
        own = np.flatnonzero(owner == digit)
        if not len(own) or (ends := (own[0], own[-1] + 1)) not in numbers or len(own) != ends[1] - ends[0]:
            return []
        inside = shared[ends[0] + 1 : ends[1] + 1, 1:].sum()
        common = shared[ends[0] + 1 : ends[1] + 1, digit].sum()
        if common < MIN_SHARE * (inside + shared[1:, digit].sum() - common):
            return []
        path.append((numbers[ends], int(number.text[digit - 1])))
    return path if path == sorted(path, key=lambda step: parted.candidates.ends[step[0], 0]) else []


def measure_loss(weights: Floats, examples: Sequence[Example]) -> tuple[float, Floats]:
    """Return the mean negative log-likelihood of the right paths, with a penalty, and its gradient."""
    loss, gradient = PENALTY * float(weights @ weights), 2 * PENALTY * weights
    for example in examples:
        missed, slope = measure_example(weights, example)
        loss += missed / len(examples)
        gradient = gradient + slope / len(examples)
    return loss, gradient


def measure_example(weights: Floats, example: Example) -> tuple[float, Floats]:
    """Return the negative log-likelihood of the right path of one example, and its gradient.

    All paths are summed up by the forward-backward algorithm.
    """
    digit_weights, mark_weights = np.split(weights, [len(DIGIT_WEIGHTS)])
    scores = example.digits @ digit_weights  # (n, classes)
    marks = example.marks @ mark_weights  # (pieces,)
    count = len(marks)
    firsts = np.append(example.ends[:, 0], np.arange(count))
    lasts = np.append(example.ends[:, 1], np.arange(1, count + 1))
    steps = np.append(logsumexp(scores, axis=1), marks)
    forward, backward = np.full(count + 1, -np.inf), np.full(count + 1, -np.inf)
    forward[0] = backward[count] = 0
    for place in range(1, count + 1):
        arriving = lasts == place
        forward[place] = np.logaddexp.reduce(forward[firsts[arriving]] + steps[arriving])
    for place in range(count - 1, -1, -1):
        leaving = firsts == place
        backward[place] = np.logaddexp.reduce(backward[lasts[leaving]] + steps[leaving])
    share = np.exp(forward[firsts] + steps + backward[lasts] - forward[count])  # of all paths, that take each step
    excess = softmax(scores, axis=1) * share[: len(scores), None]  # (n, classes)
    left_out = np.ones(count)
    for candidate, label in example.path:
        excess[candidate, label] -= 1
        left_out[slice(*example.ends[candidate])] = 0
    right = sum(float(scores[step]) for step in example.path) + float(left_out @ marks)
    slope = np.append(np.tensordot(excess, example.digits, 2), (share[len(scores) :] - left_out) @ example.marks)
    return float(forward[count]) - right, slope


if __name__ == "__main__":
    sys.exit(main())
