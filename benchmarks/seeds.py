"""Train with several seeds and print what the test records say: of each, the mean, and the spread.

    python benchmarks/seeds.py --dataset mnist --distort 0.6 --epochs 80     options are those of train_model.py

Which options these are was chosen on validation records; here nothing is chosen.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import fmean, stdev

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measuring import run
from data.files import data_folder


def main() -> int:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description="Train with several seeds, and score each on the test records.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="(default: 0 1 2)")
    options, training = parser.parse_known_args()
    accuracies = []
    with tempfile.TemporaryDirectory(prefix="benchmark_") as folder:
        model = Path(folder) / "model.npz"
        for seed in options.seeds:
            told = {"DIGITS_DATA": data_folder(), "DIGITS_MODEL": model}
            run("train_model.py", *training, "--seed", str(seed), **told)
            accuracies.append(json.loads(run("evaluate.py", "--json", "--model", model, **told))["accuracy"])
            print(f"seed {seed}: {accuracies[-1]:.2%}", flush=True)
    spread = f", standard deviation {100 * stdev(accuracies):.2f} points" if len(accuracies) > 1 else ""
    print(f"mean: {fmean(accuracies):.2%}{spread}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
