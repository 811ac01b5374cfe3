"""The training of a run that the server starts: a process of its own, in which train_model.py runs as always."""

import atexit
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Any

from data.files import PROJECT
from runs.folder import KILLED, Lock, RunFolder, create
from runs.settings import RunSettings, to_options

PROGRAM = PROJECT / "train_model.py"
END_TIMEOUT = 2.0  # seconds that a training gets to end by itself


def start(settings: RunSettings) -> RunFolder:
    """Start a run, and return its folder. Raises `RunningError` while another one is being trained, and `OSError`."""
    lock = Lock()
    try:
        folder = create(asdict(settings))
        with folder.errors.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *to_options(settings, folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                **_own_group(),
            )
    except BaseException:
        lock.release()
        raise
    atexit.register(_end, process)  # a server that ends takes its training with it
    threading.Thread(target=_supervise, args=(process, lock, folder), daemon=True).start()
    return folder


def _own_group() -> dict[str, Any]:
    """Return what keeps a Ctrl-C for the server from the training: that would end it in the middle of saving."""
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]  # only on Windows
    return {"start_new_session": True}


def _supervise(process: subprocess.Popen[bytes], lock: Lock, folder: RunFolder) -> None:
    """Wait for the end of the training; if it ended without a word, say so. Then another run may begin."""
    process.wait()
    atexit.unregister(_end)
    if not folder.has_ended and folder.path.exists():
        folder.append("ended", reason="killed", message=_last_words(folder), model=folder.model.exists())
    lock.release()


def _last_words(folder: RunFolder) -> str:
    """Return why the training ended: the error that it printed, if it could."""
    text = folder.errors.read_text("utf-8", errors="replace")
    errors = [line.removeprefix("error: ") for line in text.splitlines() if line.startswith("error: ")]
    return errors[-1] if errors else KILLED


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a training, at once if it takes long: what it saves, it saves whole or not at all."""
    process.terminate()
    try:
        process.wait(END_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
