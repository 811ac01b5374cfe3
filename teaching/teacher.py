"""The teacher: it keeps the network that answers in step with the corrections that people gave.

What is true stands on the disk. The file of corrections holds them and the trained model that they build upon; the
model file follows from it. Every process that serves the model takes up what the others did: it looks at the model file
before it answers, and changes corrections in transactions alone.
"""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from confidence import confidence
from data.data_sets import is_shipped
from data.files import model_path, remove_abandoned_parts
from data.model_files import load_content, load_model
from data.records import Pixels, scale
from neural_network import NeuralNetwork
from teaching.model_file import ModelFile, base_of, learnt_state, mark, to_arrays
from teaching.store import LATEST, Correction, StorageError, Store, Transaction, check_labels
from teaching.update import Learner, missing_curvature

LEARNING_TIMEOUT = 0.5  # seconds that who corrects waits for the learning; it goes on without them
MAX_DRAWING = 100_000  # bytes of a picture file that is kept with its correction; the pixels are kept of every one


class CorrectionNotFoundError(Exception):
    """A correction that was asked for and is not there, or not any more."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no correction {number}, or not any more; list them to see their numbers.")


@dataclass(frozen=True)
class Outcome:
    """What one correction did: the correction as stored, whether it is new, and the network before and after.

    While it is still `learning`, the network after does not know the correction yet.
    """

    correction: Correction
    is_new: bool
    before: NeuralNetwork
    after: NeuralNetwork
    learning: bool


@dataclass(frozen=True)
class Status:
    """How far the network is: whether it is still learning, how many corrections it knows, and the latest of them.

    `revision` rises with every change of the corrections, such as one taken back. `problem` says why it cannot get
    further, or that its file is damaged; it is empty where all is well.
    """

    learning: bool
    corrections: int
    latest: int
    revision: int
    problem: str


class Teacher:
    """The network that answers, and the corrections that people gave.

    A correction counts once it is stored. A thread learns it, writes the model file, and all processes read that. The
    network is replaced as a whole, never changed: whoever holds one goes on with one whole set of weights.
    """

    def __init__(self, model: Path, corrections: Path, timeout: float | None = LEARNING_TIMEOUT) -> None:
        """Load the model. Raises `OSError` and `ValueError` as `load_model` does.

        `timeout` is how many seconds to wait for the learning of a correction; None is until it is learnt.
        """
        self.timeout = timeout
        own = model_path() if is_shipped(model) else model
        self._file = ModelFile(own)
        self._store = Store(corrections)
        self._shipped_refusal = self._problem = ""
        self._learning, self._starting = threading.Lock(), threading.Lock()
        self._next: threading.Thread | None = None  # will learn what is stored by now
        self._busy_since = 0.0  # when the thread that learns began, or 0 while there is none
        self._learner: Learner | None = None
        self._learner_base: str | None = None
        self._is_verified = False  # that the model file is as far as the corrections
        if is_shipped(own) or (own != model and own.exists()):
            self._shipped_refusal = (
                f"{model.name} ships with the project, and what it is taught would replace your {own.name}; "
                "copy it, and start with --model and the copy."
            )
        try:
            self._file.network = load_model(model)
        except ValueError as error:
            self._file.network = self._restore(error)
        remove_abandoned_parts(own)
        thread = self._start_learning()
        if base_of(self._file.network):
            thread.join(self.timeout)

    @property
    def network(self) -> NeuralNetwork:
        """The network as the model file holds it now; where that is damaged, the last good one."""
        return self._file.look()

    @property
    def refusal(self) -> str:
        """Why nobody can teach now, or nothing where they can."""
        network = self.network
        return self._shipped_refusal or self._file.damage or missing_curvature(network) or self._problem

    @property
    def status(self) -> Status:
        """How far the network is. Where corrections wait that nobody learns, a process may have ended: go on."""
        network = self.network
        state, base, revision = learnt_state(network), base_of(network), None
        if base:
            with suppress(StorageError):
                revision = self._store.revision(base)
        learning = revision not in (None, state.get("revision"))
        if learning:
            self._start_learning()
        problem = self._file.damage or self._problem
        count, latest, known = (state.get(name, 0) for name in ("count", "latest", "revision"))
        return Status(learning, count, latest, known, problem)

    def teach(self, pixels: Pixels, label: int, drawing: bytes | None = None) -> Outcome:
        """Store that `pixels` (784,) show class `label`, learn it, and return what it did.

        The same drawing again is kept once, with the label that was given last. The file that it came in, `drawing`, is
        kept up to `MAX_DRAWING`. Raises `StorageError`, `FullError`.
        """
        if drawing and len(drawing) > MAX_DRAWING:
            drawing = None
        with self._change() as transaction:
            before = self._file.network
            number = transaction.find(pixels)
            is_new = number is None
            if number is None:
                outputs = before.query(scale(pixels[None]))  # (1, output)
                sure = float(confidence(before, outputs)[0])
                number = transaction.add(pixels, label, int(outputs.argmax()), sure, drawing)
            else:
                transaction.relabel(number, label)
            stored = transaction.get(number)
        self._learn()
        after = self.network
        learning = base_of(after) == transaction.base and learnt_state(after).get("revision", 0) < transaction.revision
        return Outcome(stored, is_new, before, after, learning)

    def teach_rows(self, pixels: Pixels, labels: Pixels) -> int:
        """Teach many drawings, (n, 784), at once; return how many were new. Raises what `teach` does."""
        network = self.network
        _, outputs = network.forward(scale(pixels))  # (n, output)
        predicted, confidences = outputs.argmax(axis=1), confidence(network, outputs)
        with self._change() as transaction:
            before = transaction.count()
            for values in zip(pixels, labels.tolist(), predicted.tolist(), confidences.tolist(), strict=True):
                if transaction.find(values[0]) is None:  # asked for each in turn, since the file may hold it twice
                    transaction.add(*values, None)
            new = transaction.count() - before
        self._learn()
        return new

    def relabel(self, number: int, label: int) -> Correction:
        """Change what correction `number` says, as if it had always said so.

        Raises `CorrectionNotFoundError`, `StorageError`.
        """
        with self._change() as transaction:
            if not transaction.relabel(number, label):
                raise CorrectionNotFoundError(number)
            correction = transaction.get(number)
        self._learn()
        return correction

    def take_back(self, number: int) -> int:
        """Unlearn correction `number`, as if it had never been given; return how many are left.

        Raises `CorrectionNotFoundError`, `StorageError`.
        """
        with self._change(mends=True) as transaction:
            if not transaction.remove(number):
                raise CorrectionNotFoundError(number)
            left = transaction.count()
        self._learn()
        return left

    def take_all_back(self) -> None:
        """Unlearn everything. Raises `StorageError`."""
        with self._change(mends=True) as transaction:
            transaction.clear()
        self._learn()

    def page(self, count: int, before: int = LATEST) -> list[Correction]:
        """Return the latest `count` corrections with numbers below `before`, newest first; -1 is all."""
        network = self.network
        base = base_of(network)
        corrections = self._store.page(base, count, before) if base else []
        check_labels(corrections, len(network.class_names))
        return corrections

    def count(self) -> int:
        """Return how many corrections are kept."""
        base = base_of(self.network)
        return self._store.count(base) if base else 0

    def drawing(self, number: int) -> bytes | None:
        """Return the picture file of a correction as it came, or None where it came as pixels or is not there."""
        base = base_of(self.network)
        return self._store.drawing(base, number) if base else None

    def salvage(self) -> tuple[list[Correction], tuple[str, ...]]:
        """Return all corrections that can be read, oldest first, and the names of their classes.

        Where the model has none, they are those of the model that was in its place before.
        """
        names, base = self.network.class_names, base_of(self.network)
        if base is None or not self._store.revision(base):
            latest = self._store.latest(self._file.path.name)
            if latest:
                base, names = latest[0], load_content(latest[1], self._store.path.name).class_names
        found = self._store.salvage(base) if base else []
        return [one for one in found if one.fits(len(names))], names

    def _restore(self, error: ValueError) -> NeuralNetwork:
        """Return the trained model that the corrections of a damaged model file build upon, or raise `error`."""
        with suppress(StorageError):
            latest = self._store.latest(self._file.path.name)
            if latest:
                self._file.damage = f"{self._file.path.name} is damaged, so its corrections are learnt anew ({error})."
                return mark(load_content(latest[1], self._store.path.name), latest[0], 0, [])
        raise error

    @contextmanager
    def _change(self, mends: bool = False) -> Iterator[Transaction]:
        """Change the corrections of the model, whichever it is by now; what `mends` may change damaged ones."""
        if self._problem and not mends:
            self._learn()  # perhaps it is no problem any more
        with self._store.write() as transaction:
            refusal = self.refusal
            if refusal and not (mends and refusal == self._problem):
                raise StorageError(refusal)
            base, file = base_of(self._file.network), self._file.path
            if base is None or not transaction.use(base, file.name):
                base = uuid.uuid4().hex  # the file names its base before a correction is stored
                self._file.write(mark(self._file.network, base, 0, []))
                if base_of(self.network) != base:
                    raise StorageError(f"{file.name} has become another model this moment; try again.")
                transaction.begin(base, file.name, file.read_bytes())
            yield transaction

    def _learn(self) -> None:
        """Let the thread learn what is stored, and wait for it with some timeout: less where it is busy already."""
        thread, busy_since, timeout = self._start_learning(), self._busy_since, self.timeout
        if busy_since and timeout is not None:
            timeout = max(0.0, busy_since + timeout - time.monotonic())
        thread.join(timeout)

    def _start_learning(self) -> threading.Thread:
        """Return the thread that will learn what is stored by now."""
        with self._starting:
            if self._next is None:
                self._next = threading.Thread(target=self._catch_up, daemon=True)
                self._next.start()
            return self._next

    def _catch_up(self) -> None:
        """Learn until the model file is as far as the corrections."""
        with self._learning:
            with self._starting:
                self._next = None  # what is stored from here on is for another thread, since this one may not see it
            self._busy_since = time.monotonic()
            try:
                while self._is_behind():
                    with self._store.lease():
                        self._learn_once()
                if not missing_curvature(self._file.network):
                    self._prepare_learner(self._file.network)  # so that the next correction is learnt at once
                self._problem = ""
            except (StorageError, ValueError, OSError, MemoryError) as error:
                self._problem = str(error)
            finally:
                self._busy_since = 0.0

    def _is_behind(self) -> bool:
        """Tell whether the network may not know the corrections as they are stored."""
        network = self.network
        base = base_of(network)
        if base is None or self._shipped_refusal or missing_curvature(network):
            return False
        revision = self._store.revision(base)
        return revision is not None and (revision != learnt_state(network).get("revision") or not self._is_verified)

    def _learn_once(self) -> None:
        """Learn the corrections as they are stored, and write the model file unless it has become another model."""
        network = self.network
        base = base_of(network)
        if base is None:
            return
        revision, corrections = self._store.read(base)
        check_labels(corrections, len(network.class_names))
        self._is_verified = True
        if learnt_state(mark(network, base, revision, corrections)) == learnt_state(network):
            return  # another process has learnt them
        learnt = self._prepare_learner(network).learn(*to_arrays(corrections))
        learnt = mark(learnt, base, revision, corrections)
        with self._store.write():
            if self.network is not network:
                return  # it has become another model
            if self._file.damage:  # whoever wrote that file decides what becomes of it
                self._file.network = learnt
            else:
                self._file.write(learnt)

    def _prepare_learner(self, network: NeuralNetwork) -> Learner:
        """Return the learner of the base of `network`, which is kept for what it learnt already."""
        base = base_of(network)
        if self._learner is None or self._learner_base != base:
            contents = self._store.trained_model(base) if base else None
            trained = load_content(contents, self._store.path.name) if contents else network
            if self._learner is None or not np.array_equal(self._learner.trained.wih, trained.wih):
                self._learner = Learner(trained)
            self._learner_base = base
        return self._learner
