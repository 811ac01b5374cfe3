"""The teacher: it keeps the network that answers and the corrections that people gave, and both in step."""

import copy
import io
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confidence import confidence
from data.data_sets import is_shipped
from data.files import model_path
from data.records import Pixels, scale
from neural_network import NeuralNetwork
from teaching.store import LATEST, Change, Correction, Corrections, StorageError
from teaching.update import Learner, Lesson, fingerprint


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
                trained, self._trained_file = NeuralNetwork.load(io.BytesIO(began)), began
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
