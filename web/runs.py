"""What the page of runs gets and sends: events of a run, its pictures, answers of its network, and what is kept of it.

Events are sent as an event stream that ends once it has told what there is; the browser asks again by itself, and says
what it has heard. So nobody who watches holds a thread or a connection, and nothing is queued for a slow browser: of
the pictures it gets the newest, however many there were since it asked last.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.data_sets import DATA_SETS, is_shipped
from data.files import model_path, write_atomically
from data.model_files import load_content
from data.records import scale
from neural_network import NeuralNetwork
from runs.folder import COMMANDS, Line, NoRunError, RunFolder, current_run, note_end
from runs.pictures import encode_weights
from runs.settings import LIMITS, RunSettings, SettingsError, own_files
from teaching.store import StorageError

SOON, LATER = 50, 700  # milliseconds after which a browser asks again, while the network learns and otherwise


def run_json(folder: RunFolder | None) -> dict[str, Any]:
    """Describe the run, if there is one, and what a run may be started with."""
    data = [{"name": name, "title": data_set.title} for name, data_set in DATA_SETS.items()]
    data += [{"name": name, "title": name} for name in own_files()]
    limits = {name: {"lowest": one.lowest, "highest": one.highest, "whole": one.whole} for name, one in LIMITS.items()}
    reply = {"run": None, "data": data, "defaults": asdict(RunSettings()), "limits": limits}
    if folder:
        with suppress(NoRunError):  # it is forgotten this moment
            reply["run"] = {
                "id": folder.name,
                "settings": folder.settings,
                "ended": folder.has_ended,
                "snapshots": folder.snapshots(),
                "model": folder.model.exists(),
            }
    return reply


@contextmanager
def writing() -> Iterator[None]:
    """Say that the disk takes nothing as a `StorageError`."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"The run cannot be written: {error.strerror or error}") from error


def this_run() -> RunFolder:
    """Return the current run. Raises `NoRunError` where there is none."""
    folder = current_run()
    if folder is None:
        raise NoRunError("There is no run; start one.")
    return folder


def events(last_id: str) -> str:
    """Return what has happened since the event `last_id` of the current run, as an event stream."""
    folder = current_run()
    if folder is None:
        return f"retry: {LATER}\n\nevent: none\ndata: {{}}\n\n"
    folder.visit()
    note_end(folder)
    run, _, place = last_id.partition("-")
    start = int(place) if run == folder.name and place.isdecimal() and len(place) < 16 else 0
    lines = folder.read(start)
    last = lines[-1] if lines else folder.last_line
    events = [f"retry: {SOON if is_learning(last) else LATER}\n\n"]
    events += [_event(line.kind, {"run": folder.name, **line.content}, f"{folder.name}-{line.end}") for line in lines]
    newest = next((line.content["number"] for line in reversed(lines) if line.kind == "snapshot"), None)
    if newest is not None:
        with suppress(NoRunError):  # it is removed already: newer ones are there
            events.append(_event("picture", snapshot_json(folder, newest)))
    return "".join(events)


def is_learning(last: Line | None) -> bool:
    """Tell by the last line of a run whether more is to be expected at once: it is neither the end nor a pause."""
    if last is None or last.kind == "ended":
        return False
    return not (last.kind == "mode" and last.content["mode"] == "pause")


def _event(kind: str, content: dict[str, Any], event_id: str = "") -> str:
    number = f"id: {event_id}\n" if event_id else ""
    return f"{number}event: {kind}\ndata: {json.dumps(content, separators=(',', ':'))}\n\n"


def snapshot_json(folder: RunFolder, number: int) -> dict[str, Any]:
    """Return the pictures of the hidden nodes in a snapshot, and its confusion matrix. Raises `NoRunError`."""
    arrays = folder.load_snapshot(number)
    nodes = arrays["nodes"]
    return {
        "run": folder.name,
        "number": number,
        "nodes": nodes.tolist(),
        "pictures": encode_weights(arrays["wih"][nodes]),
        "confusion": arrays["confusion"].tolist(),
    }


def answers_json(folder: RunFolder, pixels: NDArray[Any], first: int) -> dict[str, Any]:
    """Return what the network answered to `pixels` (784,) in each snapshot from the number `first` on."""
    answers = []
    inputs = scale(pixels.reshape(1, -1))  # (1, 784)
    for number in folder.snapshots():
        if number < first:
            continue
        with suppress(NoRunError), np.errstate(all="ignore"):  # a network that diverged
            arrays = folder.load_snapshot(number)
            outputs = np.nan_to_num(network_of(arrays).forward(inputs)[1][0])  # (output,)
            answers.append({"number": number, "outputs": outputs.tolist()})
    return {"run": folder.name, "pixels": np.rint(pixels).astype(int).reshape(-1).tolist(), "answers": answers}


def network_of(arrays: dict[str, NDArray[Any]]) -> NeuralNetwork:
    """Return a network with the weights of a snapshot."""
    network = NeuralNetwork(1, 1, 1, 1.0)
    network.wih, network.who = arrays["wih"], arrays["who"]
    return network


def parse_command(body: dict[str, object]) -> str:
    """Return the command that the body gives. Raises `SettingsError`."""
    command = body.get("command")
    if command not in COMMANDS:
        raise SettingsError(f"command must be one of {', '.join(COMMANDS)}")
    return str(command)


def keep(folder: RunFolder, model: Path) -> dict[str, Any]:
    """Let the network of the run answer instead of that in the file `model`, which is kept beside it.

    Raises `NoRunError` where the run has no network to keep, `StorageError` where the disk does not take it.
    """
    content = read_model(folder)
    own = model_path() if is_shipped(model) else model
    load_content(content, own.name)  # nothing takes the place of a model unless it is one
    before = own.with_name(f"{own.stem}_before.npz")
    try:
        if own.exists():
            with write_atomically(before) as file:
                file.write(own.read_bytes())
        with write_atomically(own) as file:
            file.write(content)
    except OSError as error:
        raise StorageError(f"{own.name} cannot be written, and is as it was: {error.strerror}") from error
    return {"model": own.name, "before": before.name if before.exists() else None}


def read_model(folder: RunFolder) -> bytes:
    """Return the model file of the run. Raises `NoRunError` where there is none."""
    try:
        return folder.model.read_bytes()
    except OSError:
        raise NoRunError("This run has no network to keep: none of its epochs was whole and good.") from None
