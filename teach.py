"""Teach the network: keep what people corrected, learn it, take it back. `python teach.py` is the command line for it.

What a correction does to the weights stands in learning.py, how corrections are kept in data/corrections.py.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from data.csv_files import read_csv
from data.data_sets import default_model
from data.files import short_path, write_atomically
from data.records import DataError
from teaching.store import FullError, StorageError, as_csv, database
from teaching.teacher import NoSuchCorrection, Teacher


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    options = parse(argv)
    try:
        teacher = Teacher(options.model, database())
        if teacher.refusal:
            raise DataError(teacher.refusal)
        print(COMMANDS[options.command](teacher, *options.values))
    except (NoSuchCorrection, DataError, StorageError, FullError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
    else:
        return 0
    return 1


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="See, take back, export and import what people taught the network.")
    parser.add_argument(
        "--model", type=Path, default=default_model(), metavar="FILE",
        help=f"the model that was taught (default: {short_path(default_model())})",
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (text, values) in HELP.items():
        command = commands.add_parser(name, help=text, description=text)
        for value in values:
            command.add_argument(value, type=number if value == "number" else Path if value == "csv" else str)
        command.set_defaults(names=values)
    options = parser.parse_args(argv)
    options.values = [getattr(options, name) for name in options.names]
    return options


def number(text: str) -> int:
    """Return the number of a correction."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"needs the number of a correction, got {text!r}")
    return int(text)


def listed(teacher: Teacher) -> str:
    """Return a line for each correction, oldest first."""
    names = teacher.network.class_names
    lines = [
        f"{kept.id:>5}  {kept.created}  {names[kept.label]}, not {names[kept.said]} ({kept.confidence:.0%})"
        if kept.label != kept.said
        else f"{kept.id:>5}  {kept.created}  {names[kept.label]}, as it said ({kept.confidence:.0%})"
        for kept in teacher.page(-1)[::-1]
    ]
    return "\n".join([*lines, f"Corrections: {len(lines)}"])


def exported(teacher: Teacher, path: Path) -> str:
    """Write the corrections as a CSV file in the format of the data sets."""
    corrections = teacher.page(-1)[::-1]
    with write_atomically(path) as file:
        file.write(as_csv(corrections).encode())
    return f"{len(corrections)} corrections written to {path}"


def imported(teacher: Teacher, path: Path) -> str:
    """Teach the rows of a CSV file in the format of the data sets."""
    pixels, labels = read_csv(path, len(teacher.network.class_names))
    return f"Corrections learnt: {teacher.teach_rows(pixels, labels)} of {len(labels)}, the others were known"


def taken_back(teacher: Teacher, number: int) -> str:
    """Take one correction back."""
    return f"Taken back. Corrections: {teacher.take_back(number)}"


def all_taken_back(teacher: Teacher) -> str:
    """Take all corrections back."""
    teacher.take_all_back()
    return "All taken back: the network is as it was trained."


def relabelled(teacher: Teacher, number: int, name: str) -> str:
    """Change what a correction says."""
    if name not in teacher.network.class_names:
        raise DataError(f"{name!r} is no class; the model knows {', '.join(teacher.network.class_names)}.")
    teacher.relabel(number, teacher.network.class_names.index(name))
    return f"Correction {number} now says {name}."


HELP = {
    "list": ("show all corrections", []),
    "undo": ("take one correction back", ["number"]),
    "label": ("change what a correction says", ["number", "class"]),
    "reset": ("take all corrections back", []),
    "export": ("write them as a CSV file that train_model.py takes", ["csv"]),
    "import": ("teach the rows of such a CSV file", ["csv"]),
}
COMMANDS: dict[str, Callable[..., str]] = {
    "list": listed, "undo": taken_back, "label": relabelled, "reset": all_taken_back, "export": exported,
    "import": imported,
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
