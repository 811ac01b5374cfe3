"""Train a model that ships with the project again: `python -m models.rebuild digits`, or `clothes`.

It writes models/digits.npz or models/clothes.npz, with weights in half precision: that is room for more nodes, and the
answers hardly change. With the same versions of NumPy, SciPy and OpenCV on the same kind of processor it is the same to
the bit. Data sets and pen strokes are downloaded where they are missing.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

import train_model
from data import pen_strokes
from data.data_sets import FASHION, MNIST, download_csv, shipped_model
from data.files import data_folder
from data.model_files import CHECKSUMS
from neural_network import NeuralNetwork

PEN_COPIES = 4  # drawings of each digit that was written with a pen, each with a pen of another width
# Chosen on validation records, and on drawings by people who were left out meanwhile; benchmarks/README.md says how.
RECIPES = {
    "digits": (MNIST, "--hidden-nodes 600 --epochs 90 --distort --seed 0"),
    "clothes": (
        FASHION,
        "--dataset fashion --hidden-nodes 350 --committee 3 --epochs 150 --learning-rate 0.05 --distort 1.5 --seed 0",
    ),
}


def main() -> int:
    """Train one model. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Train a model that ships with the project again.")
    parser.add_argument("name", choices=RECIPES)
    data_set, options = RECIPES[parser.parse_args().name]
    data: list[str] = []
    if data_set is MNIST:
        strokes = data_folder() / "pen_train.csv"
        if status := pen_strokes.main(["--copies", str(PEN_COPIES), "--output", str(strokes)]):
            return status
        data = [str(download_csv(MNIST.name, "train")), str(strokes)]
    model = shipped_model(data_set.name)
    if status := train_model.main([*data, *options.split(), "--output", str(model)]):
        return status
    halve(model)
    write_checksums()
    return 0


def halve(model: Path) -> None:
    """Write the model file again with weights in half precision; loaded, they are in single precision as all are."""
    network = NeuralNetwork.load(model)
    for name in ("wih", "who"):
        setattr(network, name, getattr(network, name).astype(np.float16))
    network.save(model)


def write_checksums() -> None:
    """Write the SHA-256 of all models that ship, in the format of the program sha256sum."""
    models = sorted(CHECKSUMS.parent.glob("*.npz"))
    sums = [f"{hashlib.sha256(model.read_bytes()).hexdigest()}  {model.name}\n" for model in models]
    CHECKSUMS.write_text("".join(sums), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
