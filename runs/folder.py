"""The folder of a run: all that the training and those who watch it tell each other stands there, and nowhere else.

So any process may start a run, another one show it, and a third one pause it. The training appends to the log and keeps
weights; those who watch append commands, and leave a mark that they are there. One run is trained at a time: whoever
answers for it holds the lock, which the system takes back when that process ends in whatever way.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.files import data_folder, write_atomically

LONGEST_READ = 256 << 10  # bytes of the log at a time
LOCK_TIMEOUT = 1.0  # seconds: whoever only looks whether a run is trained holds the lock for a moment
QUIET = 2.0  # seconds without a line in the log, after which it is asked whether the training is still there
REMOVAL_TIMEOUT = 5.0  # seconds
COMMANDS = ("play", "pause", "step", "epoch", "stop")
KILLED = "The training process was ended from outside. What it had shown is still here; start again."


class RunningError(Exception):
    """Another run is being trained; the message says so."""

    def __init__(self) -> None:
        super().__init__("Another training runs here. Watch it, or stop it before you start one of your own.")


class NoRunError(Exception):
    """There is no run, or not what was asked of it; the message says which."""


@dataclass(frozen=True)
class Line:
    """A line of the log: its kind, what it says, and the place where the next line begins."""

    kind: str
    content: dict[str, Any]
    end: int


class RunFolder:
    """The files of one run, which its name tells from all others."""

    def __init__(self, path: Path) -> None:
        """Use the folder at `path`, which `create` has made."""
        self.path, self.name = path, path.name
        self.model, self.errors = path / "model.npz", path / "errors.txt"
        self._log, self._commands, self._visited = path / "log.jsonl", path / "commands.txt", path / "visited"
        self._snapshots = path / "snapshots"

    @property
    def settings(self) -> dict[str, Any]:
        """What the run was started with."""
        try:
            return dict(json.loads((self.path / "settings.json").read_text("utf-8")))
        except OSError:
            raise NoRunError("This run has been forgotten.") from None

    def append(self, kind: str, **content: object) -> None:
        """Add a line to the log, at once and whole."""
        line = json.dumps({"kind": kind, **content}).encode() + b"\n"
        with self._log.open("ab", buffering=0) as file:
            file.write(line)

    def read(self, start: int = 0) -> list[Line]:
        """Return the lines of the log from the place `start`, at most `LONGEST_READ` bytes of them."""
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(start if 0 <= start <= size else 0)
                place = file.tell()
                text = file.read(LONGEST_READ)
        except OSError:
            return []
        lines = []
        for line in text[: text.rfind(b"\n") + 1].splitlines(keepends=True):
            place += len(line)
            with suppress(ValueError):  # a place that is not the beginning of a line
                content = json.loads(line)
                lines.append(Line(content.pop("kind"), content, place))
        return lines

    @property
    def last_line(self) -> Line | None:
        """The last line of the log, if there is one."""
        try:
            size = self._log.stat().st_size
        except OSError:
            return None
        tail = self.read(max(0, size - 2000))
        return tail[-1] if tail else None

    @property
    def has_ended(self) -> bool:
        """Tell whether the last line of the log says so."""
        last = self.last_line
        return last is not None and last.kind == "ended"

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing has come into the log for a while."""
        try:
            return time.time() - self._log.stat().st_mtime > QUIET
        except OSError:
            return True

    def command(self, name: str) -> None:
        """Tell the training what to do: one of COMMANDS."""
        with self._commands.open("ab", buffering=0) as file:
            file.write(name.encode() + b"\n")

    def read_commands(self, start: int) -> tuple[list[str], int]:
        """Return the commands from the place `start`, and the place where the next one begins."""
        try:
            with self._commands.open("rb") as file:
                file.seek(start)
                text = file.read()
        except OSError:
            return [], start
        whole = text[: text.rfind(b"\n") + 1]
        return whole.decode().split(), start + len(whole)

    def visit(self) -> None:
        """Leave a mark that somebody watches."""
        with suppress(OSError):  # a full disk does not keep anybody from watching
            self._visited.touch()

    def seconds_since_visit(self) -> float:
        """Return for how long nobody has watched."""
        with suppress(OSError):
            return time.time() - self._visited.stat().st_mtime
        return 0.0

    def save_snapshot(self, number: int, **arrays: NDArray[Any]) -> None:
        """Keep arrays under a number."""
        part = self._snapshots / f".{number}.part"
        with part.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # NumPy's hints take the names for its options
        part.replace(self._snapshots / f"{number:06}.npz")

    def load_snapshot(self, number: int) -> dict[str, NDArray[Any]]:
        """Return the arrays that were kept under a number. Raises `NoRunError` where there are none any more."""
        try:
            with np.load(self._snapshots / f"{number:06}.npz", allow_pickle=False) as arrays:
                return dict(arrays)
        except OSError:
            raise NoRunError(f"There is no snapshot {number}, or not any more.") from None

    def remove_snapshot(self, number: int) -> None:
        """Forget what was kept under a number."""
        with suppress(OSError):  # Windows removes no file that is being read; it is removed with the folder
            (self._snapshots / f"{number:06}.npz").unlink()

    def snapshots(self) -> list[int]:
        """Return the numbers of the snapshots that are kept, in order."""
        return sorted(int(path.stem) for path in self._snapshots.glob("*.npz"))

    def save_step(self, step: dict[str, Any]) -> None:
        """Keep what one traced step did."""
        with write_atomically(self.path / "step.json") as file:
            file.write(json.dumps(step).encode())

    def load_step(self) -> dict[str, Any]:
        """Return the last step that was traced. Raises `NoRunError` where there is none."""
        try:
            return dict(json.loads((self.path / "step.json").read_bytes()))
        except OSError:
            raise NoRunError("No single step has been taken in this run.") from None


def runs_folder() -> Path:
    """Return the folder of runs: runs/ in the data folder."""
    return data_folder() / "runs"


def current_run() -> RunFolder | None:
    """Return the folder of the last run that was started, if it has not been forgotten."""
    paths = list(runs_folder().glob("*/settings.json"))
    return RunFolder(max(paths, key=lambda path: path.parent.name).parent) if paths else None


def create(settings: dict[str, Any]) -> RunFolder:
    """Make the folder of a new run, and remove those before it. Only who holds the lock may."""
    remove_runs()
    path = runs_folder() / f"{time.time_ns():x}"
    (path / "snapshots").mkdir(parents=True)
    folder = RunFolder(path)
    folder.visit()
    if settings["paused"]:
        folder.command("pause")
    folder.append("started", settings=settings)
    with write_atomically(path / "settings.json") as file:  # last: this is what makes it the current run
        file.write(json.dumps(settings).encode())
    return folder


def remove_runs() -> None:
    """Remove all runs. Only who holds the lock may."""
    for path in runs_folder().glob("*/"):
        with suppress(OSError):  # without its settings it is no run, should anything else of it stay
            (path / "settings.json").unlink()
        shutil.rmtree(path, ignore_errors=True)


class Lock:
    """What one process on the machine can hold at a time. SQLite knows how, on every system."""

    def __init__(self) -> None:
        """Take the lock, or raise `RunningError`."""
        runs_folder().mkdir(parents=True, exist_ok=True)
        path = runs_folder() / "lock.db"
        self._connection = sqlite3.connect(
            path, timeout=LOCK_TIMEOUT, isolation_level=None, check_same_thread=False
        )  # a thread of its own waits for the end of the training, and gives the lock back
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            if "locked" not in str(error):
                raise OSError(f"{path}: {error}") from None
            raise RunningError from None

    def release(self) -> None:
        """Give it back."""
        self._connection.close()


@contextmanager
def locked() -> Iterator[None]:
    """Hold the lock for the length of a block. Raises `RunningError`."""
    lock = Lock()
    try:
        yield
    finally:
        lock.release()


def note_end(folder: RunFolder) -> None:
    """Write into the log of a run whose training has gone without a word that it has ended."""
    if folder.has_ended or not folder.is_quiet:
        return
    with suppress(RunningError), locked():
        if not folder.has_ended:
            folder.append("ended", reason="killed", message=KILLED, model=folder.model.exists())


def forget() -> None:
    """Stop the run, and remove all of it. Raises `RunningError` where the training does not stop."""
    folder = current_run()
    if folder is None:
        return
    folder.command("stop")
    deadline = time.monotonic() + REMOVAL_TIMEOUT
    while True:
        try:
            with locked():
                remove_runs()
                return
        except RunningError:
            if time.monotonic() > deadline:
                raise
