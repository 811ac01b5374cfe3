"""Model files that may come from strangers: what a file may hold is checked before and after it is loaded.

What the network itself needs is in neural_network.py; which model ships for which data set, in data_sets.py.
"""

import hashlib
import io
import json
import zipfile
from pathlib import Path

from data.csv_files import MAX_CLASSES
from data.files import PROJECT
from neural_network import NeuralNetwork

MAX_UNPACKED = 256 << 20  # bytes; a network of 784-50,000-100 nodes takes 177 million
MAX_TRAINING = 100_000  # characters of the JSON text that says how the network was trained
MAX_NESTING = 8  # objects and lists within each other in that text
CHECKSUMS = PROJECT / "models" / "SHA256SUMS"


def load_model(file: Path) -> NeuralNetwork:
    """Return the network of a model file, after all that could harm whoever uses it was looked at.

    Raises `OSError` where the file cannot be read, `ValueError` where it is no model, is larger unpacked than
    256 MiB, has more than 100 classes, or has a description or a temperature that makes no sense.
    """
    content = file.read_bytes()
    if file.resolve().parent == PROJECT / "models":
        _check_sum(file, content)
    return load_content(content, str(file))


def load_content(content: bytes, name: str) -> NeuralNetwork:
    """Return the network in the `content` of a model file; errors call it by its `name`. Raises `ValueError`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise ValueError(f"{name} is not a model that can be used: {error}") from error
    if unpacked > MAX_UNPACKED:
        raise ValueError(f"{name} unpacks to {unpacked:,} bytes; models have at most {MAX_UNPACKED:,}.")
    stream = io.BytesIO(content)
    stream.name = name
    network = NeuralNetwork.load(stream)
    _check_description(network, name)
    return network


def _check_description(network: NeuralNetwork, name: str) -> None:
    """Raise `ValueError` where what the file says beside the weights cannot be used."""
    if len(network.class_names) > MAX_CLASSES:
        raise ValueError(f"{name} has {len(network.class_names)} classes; models have at most {MAX_CLASSES}.")
    training = network.training
    if not isinstance(training, dict) or _nesting(training) > MAX_NESTING or len(json.dumps(training)) > MAX_TRAINING:
        raise ValueError(f"{name} has a description of its training that is no plain JSON object.")
    temperature = training.get("temperature", 1.0)
    if not isinstance(temperature, (int, float)) or not 0.01 <= temperature <= 100:
        raise ValueError(f"{name} has a temperature of {str(temperature)[:20]}, needs a number from 0.01 to 100.")


def _nesting(value: object) -> int:
    """Return how deeply objects and lists are nested, as far as `MAX_NESTING` + 1."""
    depth, level = 0, [value]
    while level and depth <= MAX_NESTING:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        depth, level = depth + bool(inner), [member for members in inner for member in members]
    return depth


def _check_sum(file: Path, content: bytes) -> None:
    """Raise `ValueError` where a model that comes with the project is not the one that was published."""
    published = f"{hashlib.sha256(content).hexdigest()}  {file.name}"
    if published not in CHECKSUMS.read_text(encoding="utf-8").splitlines():
        raise ValueError(
            f"{file} is not the model that comes with the project: its SHA-256 differs from {CHECKSUMS.name}."
        )
