"""What a run may be started with: each setting with its limits, and the options of train_model.py that it becomes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from data.data_sets import DATA_SETS
from data.files import data_folder

CSV_SUFFIXES = (".csv", ".csv.gz")


class SettingsError(ValueError):
    """A setting that makes no sense; the message names it and says what it needs."""


@dataclass(frozen=True)
class Limits:
    """From where to where a number may be, and whether it must be a whole one."""

    lowest: float
    highest: float
    whole: bool = True
    above: bool = False  # the lowest itself is too low

    def __str__(self) -> str:
        """Say what is needed."""
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} {'above' if self.above else 'from'} {self.lowest:g} to {self.highest:g}"


LIMITS = {
    "records": Limits(100, 1_000_000),  # 0 is all
    "hidden_nodes": Limits(1, 400),
    "learning_rate": Limits(0, 100, whole=False, above=True),
    "batch_size": Limits(1, 1000),
    "momentum": Limits(0, 0.999, whole=False),
    "epochs": Limits(1, 100),
    "seed": Limits(0, 2**32 - 1),
    "wrong_labels": Limits(0, 1, whole=False),
    "seconds": Limits(0, 120, whole=False),
}
SWITCHES = "zero_weights", "distort", "paused"


@dataclass(frozen=True)
class RunSettings:
    """What is trained, and how.

    `data` is the name of a data set or of a CSV file in the data folder; without one it is MNIST, or the small digits
    of scikit-learn where MNIST cannot be had. `records` is how many are trained on, 0 for all. `wrong_labels` is the
    share of them that get another label. A run that would be over in less than `seconds` is slowed down to them; one
    that is `paused` waits before its first step.
    """

    data: str = ""
    records: int = 0
    hidden_nodes: int = 200
    learning_rate: float = 0.1
    batch_size: int = 100
    momentum: float = 0.8
    epochs: int = 10
    seed: int = 0
    zero_weights: bool = False
    wrong_labels: float = 0.0
    distort: bool = False
    seconds: float = 6.0
    paused: bool = False


def parse_settings(values: Mapping[str, Any]) -> RunSettings:
    """Return the settings that `values` hold, with the usual ones where they are missing. Raises `SettingsError`."""
    known = [field.name for field in fields(RunSettings)]
    if unknown := next((name for name in values if name not in known), None):
        raise SettingsError(f"There is no setting {unknown[:40]!r}; there are {', '.join(known)}.")
    settings = RunSettings(**values)
    for name, limits in LIMITS.items():
        _check(name, getattr(settings, name), limits)
    for name in SWITCHES:
        if type(getattr(settings, name)) is not bool:
            raise SettingsError(f"{name} must be true or false, not {_show(values[name])}.")
    if settings.data not in ("", *data_names()):
        raise SettingsError(f"data must be one of {', '.join(data_names())}, not {_show(settings.data)}.")
    return settings


def _check(name: str, value: object, limits: Limits) -> None:
    if name == "records" and value == 0 and type(value) is int:
        return
    kinds = (int,) if limits.whole else (int, float)
    fits = type(value) in kinds and limits.lowest <= value <= limits.highest  # type: ignore[operator]  # NaN fits nowhere
    if not fits or (limits.above and value == limits.lowest):
        raise SettingsError(f"{name} must be {limits}{', or 0 for all' * (name == 'records')}, not {_show(value)}.")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def own_files() -> list[str]:
    """Return the names of the CSV files in the data folder that are of no data set with a name."""
    named = tuple(f"{name}_{part}." for name in DATA_SETS for part in ("train", "test"))
    files = [path.name for path in data_folder().glob("*") if path.name.endswith(CSV_SUFFIXES)]
    return sorted(name for name in files if not name.startswith(named))


def data_names() -> list[str]:
    """Return what may be trained on: data sets, and CSV files of the data folder."""
    return [*DATA_SETS, *own_files()]


def to_options(settings: RunSettings, folder: Path) -> list[str]:
    """Return the options with which train_model.py trains like this, watched in the folder of a run."""
    values = asdict(settings)
    source = [str(data_folder() / settings.data)] if settings.data not in ("", *DATA_SETS) else []
    if settings.data in DATA_SETS:
        source = ["--dataset", settings.data]
    for name in ("hidden_nodes", "learning_rate", "epochs", "batch_size", "momentum", "seed", "wrong_labels"):
        source += [f"--{name.replace('_', '-')}", str(values[name])]
    if settings.records:
        source += ["--records", str(settings.records)]
    source += ["--zero-weights"] * settings.zero_weights + ["--distort"] * settings.distort
    return [*source, "--watch", str(folder), "--output", str(folder / "model.npz")]
