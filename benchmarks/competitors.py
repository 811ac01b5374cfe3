"""The same network, 784-200-10 with sigmoids, trained by this project and by two libraries, each on one thread.

Each competitor is a generator: every step of it is one epoch over all records in a new order, mini-batches included,
and yields a function that answers inputs (n, 784) with labels (n,). So a clock can be stopped between epochs.
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from benchmarks.measuring import installed_version
from data.records import Records
from training import Settings, new_network, train_epochs

Answers = Callable[[NDArray[np.float32]], NDArray[np.integer]]
Competitor = Callable[[Records, int], Iterator[Answers]]

HIDDEN_NODES = 200
BATCH_SIZE = 128
PROJECT_NAME, SKLEARN_NAME, TORCH_NAME = "this project", "scikit-learn", "PyTorch"


def this_project(records: Records, seed: int) -> Iterator[Answers]:
    """Train the project's class for three epochs; validation records chose the settings for so short a training."""
    settings = Settings(HIDDEN_NODES, learning_rate=0.2, epochs=3, batch_size=BATCH_SIZE, seed=seed)
    network = new_network(settings, records)
    for _ in train_epochs(network, records, settings):
        yield lambda inputs: network.query(inputs).argmax(axis=1)


def scikit_learn(records: Records, seed: int) -> Iterator[Answers]:
    """Train scikit-learn's class with Adam as it is set by default; `partial_fit` is one epoch in mini-batches."""
    network = MLPClassifier((HIDDEN_NODES,), activation="logistic", batch_size=BATCH_SIZE, random_state=seed)
    classes = np.arange(len(records.class_names))
    while True:
        network.partial_fit(records.inputs, records.labels, classes=classes)
        yield network.predict


def pytorch(records: Records, seed: int) -> Iterator[Answers]:
    """Train with PyTorch: tensors in memory, no loader between them and the network, and the fused Adam."""
    torch: Any = importlib.import_module("torch")  # not among the requirements: a large library for one comparison
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    inputs = torch.from_numpy(records.inputs)
    labels = torch.from_numpy(records.labels.astype(np.int64))
    network = torch.nn.Sequential(
        torch.nn.Linear(inputs.shape[1], HIDDEN_NODES),
        torch.nn.Sigmoid(),
        torch.nn.Linear(HIDDEN_NODES, len(records.class_names)),
    )
    loss, optimiser = torch.nn.CrossEntropyLoss(), torch.optim.Adam(network.parameters(), lr=0.003, fused=True)
    while True:
        for rows in torch.randperm(len(inputs)).split(BATCH_SIZE):
            optimiser.zero_grad()
            loss(network(inputs[rows]), labels[rows]).backward()
            optimiser.step()
        yield lambda inputs: network(torch.from_numpy(inputs)).argmax(1).numpy()


def installed_competitors() -> dict[str, Competitor]:
    """Return those whose library is installed; PyTorch need not be."""
    known: dict[str, Competitor] = {PROJECT_NAME: this_project, SKLEARN_NAME: scikit_learn}
    return known | ({TORCH_NAME: pytorch} if installed_version("torch") else {})
