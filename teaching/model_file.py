"""The model file that corrections change: each process takes up what others wrote, and none writes over another model.

What the network learns is left to teacher.py.
"""

import copy
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from data.files import file_stamp, part_path, sync_folder
from data.model_files import load_model
from data.records import PIXELS, Pixels
from neural_network import NeuralNetwork
from teaching.store import Correction, StorageError
from teaching.update import fingerprint


class ModelFile:
    """A model file, and the network that it holds; where it is missing or damaged, the last good one.

    `damage` says what is wrong with the file. The network is replaced as a whole, never changed.
    """

    network: NeuralNetwork

    def __init__(self, path: Path) -> None:
        """Watch the file at `path`, which need not be there yet; the first network is set from outside."""
        self.path, self.damage = path, ""
        self._seen = file_stamp(path)
        self._lock = threading.Lock()

    def look(self) -> NeuralNetwork:
        """Return the network, read again where the file has changed."""
        stamp = file_stamp(self.path)
        if stamp == self._seen or (stamp is None and not self.damage):
            return self.network
        with self._lock:
            stamp = file_stamp(self.path)  # as it is before the file is read
            if stamp is None:  # what is damaged was removed: the file will be written again
                self.damage = ""
            elif stamp != self._seen:
                self._read()
                self._seen = stamp
            return self.network

    def _read(self) -> None:
        try:
            network = load_model(self.path)
            if network.wih.shape[1] != PIXELS:
                raise ValueError(f"it takes {network.wih.shape[1]} inputs, but a drawing has {PIXELS} pixels")
        except OSError as error:
            self.damage = f"{self.path.name} cannot be written: {error.strerror}"
        except ValueError as error:
            self.damage = f"{self.path.name} is damaged, so the last good network answers ({error})."
        else:
            self.network, self.damage = network, ""

    def write(self, network: NeuralNetwork) -> None:
        """Write the file while no other process does; raises `StorageError` where that cannot be done.

        Where another model has come that moment, it stays, and `network` is not written.
        """
        part = part_path(self.path)
        try:
            network.save(part)
            with self._lock:
                if file_stamp(self.path) in (None, self._seen):
                    self._seen = file_stamp(part)
                    part.replace(self.path)
                    self.network = network
            sync_folder(self.path.parent)
        except OSError as error:
            raise StorageError(f"{self.path.name} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def learnt_state(network: NeuralNetwork) -> dict[str, Any]:
    """Return which corrections a network has learnt, as `mark` wrote it; empty if it has never been corrected."""
    state = network.training.get("corrections")
    kinds = {"course": str, "fingerprint": str, "revision": int, "count": int, "latest": int}
    if not isinstance(state, dict):
        return {}
    return {name: state[name] for name, kind in kinds.items() if isinstance(state.get(name), kind)}


def base_of(network: NeuralNetwork) -> str | None:
    """Return the name of the trained model that the corrections build upon, or None before the first correction."""
    return learnt_state(network).get("course")


def mark(network: NeuralNetwork, base: str, revision: int, corrections: Sequence[Correction]) -> NeuralNetwork:
    """Return the network with a note, for its file, of the corrections that it has learnt."""
    latest = corrections[-1].id if corrections else 0
    state = {"course": base, "revision": revision, "count": len(corrections), "latest": latest}
    state["fingerprint"] = fingerprint(*to_arrays(corrections))
    marked = copy.copy(network)
    marked.training = network.training | {"corrections": state}
    return marked


def to_arrays(corrections: Sequence[Correction]) -> tuple[Pixels, Pixels]:
    """Return the pixels (n, 784) and labels (n,) of corrections, as the update takes them."""
    pixels = np.array([one.pixels for one in corrections], np.uint8).reshape(-1, PIXELS)
    return pixels, np.array([one.label for one in corrections], np.uint8)
