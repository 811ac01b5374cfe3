"""Teach the network: keep what people corrected, learn it, take it back. `python teach.py` is the command line for it.

What a correction does to the weights stands in learning.py, how corrections are kept in data/corrections.py.
"""

import argparse
import copy
import sys
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confidence import confidence
from data.corrections import LATEST, Change, Correction, Corrections, FullError, StorageError, as_csv, database
from data.files import default_model, is_shipped, model_path, shown, written_whole
from data.mnist import DataError, Pixels, read_csv, scale
from learning import Learner, Lesson, fingerprint
from neural_network import NeuralNetwork


class NoSuchCorrection(Exception):  # noqa: N818 - it is an answer more than an error
    """A correction that was asked for and is not there, or not any more."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no correction {number}, or not any more; list them to see their numbers.")


@dataclass(frozen=True)
class Taught:
    """What one correction did: the correction as stored, whether it is new, and the network before and after."""

    correction: Correction
    is_new: bool
    before: NeuralNetwork
    after: NeuralNetwork


class Teacher:
    """The network that answers, and what people taught it.

    `network` is replaced as a whole, never changed: whoever has taken hold of it goes on with one whole set of
    weights. Changes come one after another, each in the file of corrections and in the model file before it counts.
    """

    def __init__(self, model: Path, corrections: Path) -> None:
        """Load the model, and what it was taught. Raises `OSError` and `ValueError` as `NeuralNetwork.load` does.

        Where it cannot be taught, `refusal` says why, and the network answers as it is.
        """
        self.network = NeuralNetwork.load(model)
        self.refusal = ""
        self._output = model_path() if is_shipped(model) else model
        self._seen = _stamp(self._output)
        self._lock = threading.Lock()
        self._trained_file = model.read_bytes()
        taught = self.network.training.get("corrections")
        course = taught.get("course") if isinstance(taught, dict) else None
        self._store = Corrections(corrections, str(course or uuid.uuid4().hex))
        try:
            began = self._store.model() if course else None
            trained = self.network
            if began:
                trained, self._trained_file = _network_in(began), began
            self._learner = Learner(trained)
            if began:
                self._catch_up()
        except (StorageError, ValueError) as error:
            self.refusal = str(error)
        if self._output != model and self._output.exists():
            self.refusal = (
                f"{model.name} ships with the project, and what it is taught would replace your {self._output.name}; "
                "copy it, and start with --model and the copy."
            )

    def teach(self, pixels: Pixels, label: int, drawing: bytes | None = None) -> Taught:
        """Store that `pixels` (784,) show class `label`, learn it, and return what it did.

        The same drawing again is kept once, with the label that was given last. Raises `StorageError`, `FullError`.
        """
        with self._changing() as change:
            before = self.network
            number = change.find(pixels)
            is_new = number is None
            if number is None:
                number = self._add(change, pixels, label, drawing)
            else:
                change.relabel(number, label)
            stored = change.get(number)
        return Taught(stored, is_new, before, self.network)

    def teach_rows(self, pixels: Pixels, labels: Pixels) -> int:
        """Teach many drawings, (n, 784), at once; return how many were new. Raises what `teach` does."""
        with self._changing() as change:
            new = 0
            for drawing, label in zip(pixels, labels, strict=True):
                if change.find(drawing) is None:  # asked for each in turn, since the file may hold it twice
                    self._add(change, drawing, int(label), None)
                    new += 1
        return new

    def _add(self, change: Change, pixels: Pixels, label: int, drawing: bytes | None) -> int:
        outputs = self.network.query(scale(pixels[None]))  # (1, output)
        sure = float(confidence(self.network, outputs)[0])
        return change.add(pixels, label, int(outputs.argmax()), sure, drawing)

    def relabel(self, number: int, label: int) -> Correction:
        """Change what correction `number` says, as if it had always said so.

        Raises `NoSuchCorrection`, `StorageError`.
        """
        with self._changing() as change:
            if not change.relabel(number, label):
                raise NoSuchCorrection(number)
            return change.get(number)

    def take_back(self, number: int) -> int:
        """Unlearn correction `number`, as if it had never been given; return how many are left.

        Raises `NoSuchCorrection`, `StorageError`.
        """
        with self._changing() as change:
            if not change.remove(number):
                raise NoSuchCorrection(number)
            return len(change.all())

    def take_all_back(self) -> None:
        """Unlearn everything. Raises `StorageError`."""
        with self._changing() as change:
            change.clear()

    def page(self, count: int, before: int = LATEST) -> list[Correction]:
        """Return the latest `count` corrections with numbers below `before`, newest first; -1 is all."""
        return self._store.page(count, before)

    def count(self) -> int:
        """Return how many corrections are kept."""
        return self._store.count()

    def drawing(self, number: int) -> bytes | None:
        """Return the picture file of a correction as it came, or None where it came as pixels or is not there."""
        return self._store.drawing(number)

    @contextmanager
    def _changing(self) -> Iterator[Change]:
        """Change the corrections and learn what they are by then: both, or neither."""
        with self._lock:
            if self.refusal:
                raise StorageError(self.refusal)
            self._check_file()
            with self._store.changing(self._trained_file) as change:
                yield change
                network = self._learnt(change.all())
                self._save(network)  # if it ends here, the next start learns again from the corrections
            self.network = network

    def _check_file(self) -> None:
        """Raise `StorageError` where the model file has become another model, which must not be written over."""
        seen = _stamp(self._output)
        if seen in (self._seen, None):
            return
        try:
            taught = NeuralNetwork.load(self._output).training.get("corrections")
        except OSError as error:
            raise StorageError(f"{self._output.name} cannot be written: {error.strerror}") from error
        except ValueError:
            taught = None
        if not isinstance(taught, dict) or taught.get("course") != self._store.course:
            raise StorageError(f"{self._output.name} has become another model; start again to teach that one.")
        self._seen = seen

    def _learnt(self, corrections: Sequence[Correction]) -> NeuralNetwork:
        """Return the network after these corrections; its file says which course it belongs to, and how far it is."""
        lessons = [Lesson(kept.pixels, kept.label) for kept in corrections]
        network = copy.copy(self._learner.taught(lessons))
        state = {"course": self._store.course, "count": len(lessons), "fingerprint": fingerprint(lessons)}
        network.training = network.training | {"corrections": state}
        return network

    def _catch_up(self) -> None:
        """Learn what the model file does not hold: a crash, or a program beside this one, may have come between."""
        network = self._learnt(self._store.page(-1)[::-1])
        if network.training["corrections"] != self.network.training["corrections"]:
            self._save(network)
            self.network = network

    def _save(self, network: NeuralNetwork) -> None:
        """Write the model file. Raises `StorageError`."""
        try:
            network.save(self._output)
        except OSError as error:
            raise StorageError(f"{self._output.name} cannot be written: {error.strerror}") from error
        self._seen = _stamp(self._output)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what tells one state of a file from another, or None where there is no file."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _network_in(file: bytes) -> NeuralNetwork:
    """Return the network in the bytes of a model file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        path.write_bytes(file)
        return NeuralNetwork.load(path)


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    options = parse(argv)
    try:
        teacher = Teacher(options.model, database())
        if teacher.refusal:
            raise DataError(teacher.refusal)
        print(COMMANDS[options.command](teacher, *options.values))
    except (NoSuchCorrection, DataError, StorageError, FullError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    else:
        return 0
    return 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="See, take back, export and import what people taught the network.")
    parser.add_argument(
        "--model", type=Path, default=default_model(), metavar="FILE",
        help=f"the model that was taught (default: {shown(default_model())})",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, values) in HELP.items():
        command = commands.add_parser(name, help=text, description=text)
        for value in values:
            command.add_argument(value, type=number if value == "number" else Path if value == "csv" else str)
        command.set_defaults(names=values)
    options = parser.parse_args(argv)
    options.values = [getattr(options, name) for name in options.names]
    return options


def number(text: str) -> int:
    """Return the number of a correction."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"needs the number of a correction, got {text!r}")
    return int(text)


def listed(teacher: Teacher) -> str:
    """Return a line for each correction, oldest first."""
    names = teacher.network.class_names
    lines = [
        f"{kept.id:>5}  {kept.created}  {names[kept.label]}, not {names[kept.said]} ({kept.confidence:.0%})"
        if kept.label != kept.said
        else f"{kept.id:>5}  {kept.created}  {names[kept.label]}, as it said ({kept.confidence:.0%})"
        for kept in teacher.page(-1)[::-1]
    ]
    return "\n".join([*lines, f"Corrections: {len(lines)}"])


def exported(teacher: Teacher, path: Path) -> str:
    """Write the corrections as a CSV file in the format of the data sets."""
    corrections = teacher.page(-1)[::-1]
    with written_whole(path) as file:
        file.write(as_csv(corrections).encode())
    return f"{len(corrections)} corrections written to {path}"


def imported(teacher: Teacher, path: Path) -> str:
    """Teach the rows of a CSV file in the format of the data sets."""
    pixels, labels = read_csv(path)
    if labels.max() >= len(teacher.network.class_names):
        raise DataError(f"{path} has labels up to {labels.max()}, which this model does not know.")
    return f"Corrections learnt: {teacher.teach_rows(pixels, labels)} of {len(labels)}, the others were known"


def taken_back(teacher: Teacher, number: int) -> str:
    """Take one correction back."""
    return f"Taken back. Corrections: {teacher.take_back(number)}"


def all_taken_back(teacher: Teacher) -> str:
    """Take all corrections back."""
    teacher.take_all_back()
    return "All taken back: the network is as it was trained."


def relabelled(teacher: Teacher, number: int, name: str) -> str:
    """Change what a correction says."""
    if name not in teacher.network.class_names:
        raise DataError(f"{name!r} is no class; the model knows {', '.join(teacher.network.class_names)}.")
    teacher.relabel(number, teacher.network.class_names.index(name))
    return f"Correction {number} now says {name}."


HELP = {
    "list": ("show all corrections", []),
    "undo": ("take one correction back", ["number"]),
    "label": ("change what a correction says", ["number", "class"]),
    "reset": ("take all corrections back", []),
    "export": ("write them as a CSV file that train_model.py takes", ["csv"]),
    "import": ("teach the rows of such a CSV file", ["csv"]),
}
COMMANDS: dict[str, Callable[..., str]] = {
    "list": listed, "undo": taken_back, "label": relabelled, "reset": all_taken_back, "export": exported,
    "import": imported,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
