"""The data sets that have a name: one record each, with all that the project knows about it.

Whoever adds a data set adds its record to `DATA_SETS`, and nothing elsewhere. A data set is two CSV files, which are
downloaded and written where they are missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from data.csv_files import DIGITS, read_records, write_csv
from data.distortion import FOR_CLOTHES, FOR_DIGITS, VIEWS_OF_CLOTHES, VIEWS_OF_DIGITS, Affine, Distortion
from data.download import PublishedFile, decompress_gzip, fetch, own_mirror
from data.files import PROJECT, data_folder, model_path
from data.records import PIXELS, Pixels, Records

Part = Literal["train", "test"]

DIGITS_FOR_TESTING = 360
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


@dataclass(frozen=True)
class DataSet:
    """What a data set is called, what it shows, how its pictures are distorted and viewed, and where it comes from.

    `name` is its name on the command line, in file names and in model files; `model` is the file in models/ that is
    trained on it. A published one has a `folder` on a mirror, its public `mirrors`, and the SHA-256 of its four
    unpacked files.
    """

    name: str
    title: str
    class_names: tuple[str, ...] = DIGITS
    distortion: Distortion = FOR_DIGITS
    views: tuple[Affine, ...] = VIEWS_OF_DIGITS
    model: str = "digits.npz"
    folder: str = ""
    mirrors: tuple[str, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)


MNIST = DataSet(
    name="mnist",
    title="MNIST",
    folder="mnist",
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    sha256={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
)
FASHION = DataSet(
    name="fashion",
    title="Fashion-MNIST",
    class_names=CLOTHES,
    distortion=FOR_CLOTHES,
    views=VIEWS_OF_CLOTHES,
    model="clothes.npz",
    folder="fashion-mnist",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    sha256={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
)
BUNDLED = DataSet(name="digits", title="the small digits of scikit-learn")
DATA_SETS = {data_set.name: data_set for data_set in (MNIST, FASHION, BUNDLED)}


def own_data_set(paths: Sequence[Path], class_names: Sequence[str] = DIGITS) -> DataSet:
    """Return the record of somebody's own CSV files, called by their names."""
    name = " ".join(path.name for path in paths)
    return DataSet(name, name, tuple(class_names))


def load(source: str | Sequence[Path], part: Part, class_names: Sequence[str] = DIGITS) -> Records:
    """Return the training or the test part of the data set of this name.

    Instead of a name, `source` may be the paths of CSV files, which have only one part and show `class_names`. Raises
    `DataError` where the data cannot be had, with file, row and column where a CSV file is wrong.
    """
    if not isinstance(source, str):
        return read_records(source, class_names)
    data_set = DATA_SETS[source]
    if data_set is BUNDLED:
        pixels, labels = bundled_digits(part)
        return Records(pixels, labels, data_set.class_names)
    return read_records([download_csv(source, part)], data_set.class_names)


def shipped_model(name: str = "mnist") -> Path:
    """Return the file of the trained model that comes with the project for a data set."""
    return PROJECT / "models" / DATA_SETS[name].model


def is_shipped(model: Path) -> bool:
    """Tell whether `model` is a file that comes with the project, by whatever path."""
    return any(model.resolve() == shipped_model(name).resolve() for name in DATA_SETS)


def default_model(name: str = "mnist") -> Path:
    """Return the model that the user trained, or else the one that comes with the project for a data set."""
    return model_path() if model_path().exists() else shipped_model(name)


def bundled_digits(part: Part) -> tuple[Pixels, Pixels]:
    """Return the digits that come with scikit-learn: pixels (n, 784) and labels (n,), the last 360 for testing.

    They are small (8 x 8) and few (1,797), but on every machine. The order is kept, for neighbours in it were
    written by the same hand. Source: Alpaydin, Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.
    """
    import cv2  # these two are slow to import, and only needed here
    from sklearn.datasets import load_digits

    from drawing.digit import place

    digits = load_digits()
    rows = slice(None, -DIGITS_FOR_TESTING) if part == "train" else slice(-DIGITS_FOR_TESTING, None)
    images = (digits.images[rows] * (255 / 16)).astype(np.uint8)  # (n, 8, 8)
    larger = (cv2.resize(image, (80, 80), interpolation=cv2.INTER_LINEAR) for image in images)
    return np.stack([place(image).ravel() for image in larger]), digits.target[rows].astype(np.uint8)


def download_csv(name: str, part: Part) -> Path:
    """Return the path of `<name>_<part>.csv` in the data folder, downloaded and written where it is not yet there."""
    path = data_folder() / f"{name}_{part}.csv"
    for present in (path, path.with_name(path.name + ".gz")):
        if present.exists():
            return present
    data_set = DATA_SETS[name]
    prefix = "train" if part == "train" else "t10k"
    images = _fetch(data_set, f"{prefix}-images-idx3-ubyte")
    labels = _fetch(data_set, f"{prefix}-labels-idx1-ubyte")
    # IDX: a header of 16 bytes before the images, of 8 before the labels, then a byte a value
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, PIXELS)  # (n, 784)
    rows = np.column_stack([np.frombuffer(labels, np.uint8, offset=8), pixels])  # (n, 785)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, rows)
    return path


def _fetch(data_set: DataSet, file: str) -> bytes:
    """Return the unpacked content of one file of a data set."""
    mirrors = own_mirror(data_set.folder) + list(data_set.mirrors)
    addresses = [f"{mirror}{file}.gz" for mirror in mirrors]
    instead = f"put its CSV files into {data_folder()}"
    return fetch(PublishedFile(data_set.title, file, addresses, data_set.sha256[file], instead), decompress_gzip)
