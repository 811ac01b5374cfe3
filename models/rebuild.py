"""Train a model that ships with the project again: `python -m models.rebuild digits --unipen PATH`, or `clothes`.

It writes models/digits.npz or models/clothes.npz, with weights in half precision: that is room for more nodes, and the
answers hardly change. With the same versions of NumPy, SciPy and OpenCV on the same kind of processor it is the same to
the bit. MNIST, Fashion-MNIST and UCI's pen strokes are downloaded where they are missing; UNIPEN's are not.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

import train_model
from data import handwriting
from data.data_sets import FASHION, MNIST, download_csv, shipped_model
from data.files import data_folder
from data.model_files import CHECKSUMS
from data.options import whole_number
from neural_network import NeuralNetwork

WRITERS = Path(__file__).with_name("writers.txt")  # from whom digits.npz learnt, beside those of MNIST
STROKES = "c64e6a24bbb295ffb7e17bfc216b49de6c17371e2661f6729d5c08c1fd67199a"  # SHA-256
# Chosen on validation records, and on drawings by people who were left out meanwhile; benchmarks/README.md says how.
RECIPES = {
    "digits": (MNIST, "--hidden-nodes 350 --committee 3 --epochs 150 --distort --low-target 0.001 --seed 0"),
    "clothes": (
        FASHION,
        "--dataset fashion --hidden-nodes 350 --committee 3 --epochs 150 --learning-rate 0.05 --distort 1.5 --seed 0",
    ),
}

SOURCES = {
    "digits": "MNIST, training part (CC BY-SA 3.0); UCI pen digits, doi 10.24432/C5MG6K (CC BY 4.0); "
    "UNIPEN train_r01_v07, doi 10.5281/zenodo.1195803 (CC BY 4.0)",
    "clothes": "Fashion-MNIST, training part (MIT)",
}


def main(argv: list[str] | None = None) -> int:
    """Train one model. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Train a model that ships with the project again.")
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument(
        "--unipen", type=Path, metavar="PATH", help="UNIPEN train_r01_v07, as data.handwriting takes it"
    )
    parser.add_argument(
        "--jobs", type=whole_number(1), default=1, metavar="N", help="networks that are trained at a time"
    )
    options = parser.parse_args(argv)
    data_set, recipe = RECIPES[options.name]
    data: list[str] = []
    if data_set is MNIST:
        if not options.unipen:
            parser.error("digits need --unipen, the folder or tar file of doi.org/10.5281/zenodo.1195803.")
        rows = data_folder() / "handwriting.csv"
        known = ["--writers", str(WRITERS), "--checksum", STROKES]
        if status := handwriting.main([str(options.unipen), *known, "--output", str(rows)]):
            return status
        data = [str(download_csv(MNIST.name, "train")), str(rows)]
    model = shipped_model(data_set.name)
    if status := train_model.main([*data, *recipe.split(), "--jobs", str(options.jobs), "--output", str(model)]):
        return status
    finish(model, SOURCES[options.name])
    write_checksums()
    return 0


def finish(model: Path, sources: str) -> None:
    """Write the model file again with what it learnt from, and with weights in half precision.

    Loaded, they are in single precision as all are.
    """
    network = NeuralNetwork.load(model)
    network.training["sources"] = sources
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
