"""Make a picture of distorted copies: `python -m docs.distortions` draws records of each class beside theirs."""

import argparse
from pathlib import Path

import numpy as np

import charts
from data.data_sets import DATA_SETS, load
from data.distortion import distort
from data.records import PIXELS, DataError, scale

COPIES = 10


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Draw records of a data set beside distorted copies of them.")
    parser.add_argument("--dataset", choices=DATA_SETS, default="mnist", help="the data set (default: %(default)s)")
    parser.add_argument(
        "--distort", type=float, default=1.0, metavar="X", help="as of train_model.py (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="repeats the choice and the copies (default: %(default)s)"
    )
    output = Path("distortions.png")
    parser.add_argument("--output", type=Path, default=output, metavar="FILE", help="(default: %(default)s)")
    options = parser.parse_args()
    try:
        records = load(options.dataset, "train")
        random = np.random.default_rng(options.seed)
        classes = range(len(records.class_names))
        chosen = [random.choice(np.flatnonzero(records.labels == label)) for label in classes]
        pixels = np.repeat(records.pixels[chosen], COPIES, axis=0)  # (classes * copies, 784)
        distortion = DATA_SETS[options.dataset].distortion.scaled(options.distort)
        copies = distort(pixels, distortion, options.seed).reshape(-1, COPIES, PIXELS)
        charts.draw_distorted_copies(records.inputs[chosen], scale(copies), options.output)
    except (DataError, OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from None
    print(f"Picture: {options.output}")


if __name__ == "__main__":
    main()
