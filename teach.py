"""Look after what people corrected: `python teach.py list`, undo, label, reset, export, import.

How corrections are kept and learnt is in teaching/.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from data.csv_files import read_csv
from data.data_sets import default_model
from data.files import short_path, write_atomically
from data.records import NO_CLASS, NO_CLASS_NAME, DataError
from teaching.store import FullError, StorageError, database, to_csv
from teaching.teacher import CorrectionNotFoundError, Teacher


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    options = parse(argv)
    try:
        teacher = Teacher(options.model, database())
        teacher.timeout = None  # a command ends when its corrections are learnt
        if teacher.refusal and not teacher.status.problem:
            raise DataError(teacher.refusal)
        print(COMMANDS[options.command](teacher, *options.values))
    except (CorrectionNotFoundError, DataError, StorageError, FullError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="List, take back, export and import the corrections of a model.")
    shown = short_path(default_model())
    parser.add_argument(
        "--model", type=Path, default=default_model(), metavar="FILE", help=f"the corrected model (default: {shown})"
    )
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


def list_corrections(teacher: Teacher) -> str:
    """Return a line for each correction, oldest first."""
    corrections, names = teacher.page(-1)[::-1], teacher.network.class_names
    title = "Corrections"
    if not corrections:
        corrections, names = teacher.salvage()
        title += " of the model before" if corrections else ""
    lines = [
        f"{one.id:>5}  {one.created}  {one.name(names)}, "
        + (f"not {names[one.predicted]}" if one.label != one.predicted else "as it said")
        + f" ({one.confidence:.0%})"
        for one in corrections
    ]
    return "\n".join([*lines, f"{title}: {len(lines)}"])


def export(teacher: Teacher, path: Path) -> str:
    """Write the corrections that can be read as a CSV file in the format of the data sets."""
    corrections, _ = teacher.salvage()
    with write_atomically(path) as file:
        file.write(to_csv(corrections).encode())
    return f"{len(corrections)} corrections written to {path}"


def import_corrections(teacher: Teacher, path: Path) -> str:
    """Teach the rows of a CSV file in the format of the data sets."""
    pixels, labels = read_csv(path, len(teacher.network.class_names))
    return f"Corrections learnt: {teacher.teach_rows(pixels, labels)} of {len(labels)}, the others were known"


def undo(teacher: Teacher, number: int) -> str:
    """Take one correction back."""
    return f"Taken back. Corrections: {teacher.take_back(number)}"


def reset(teacher: Teacher) -> str:
    """Take all corrections back."""
    teacher.take_all_back()
    return "All taken back: the network is as it was trained."


def relabel(teacher: Teacher, number: int, name: str) -> str:
    """Change what a correction says."""
    names = teacher.network.class_names
    if name not in (*names, NO_CLASS_NAME):
        raise DataError(f"{name!r} is no class; the model knows {', '.join(names)}, and {NO_CLASS_NAME} of them.")
    teacher.relabel(number, names.index(name) if name in names else NO_CLASS)
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
    "list": list_corrections,
    "undo": undo,
    "label": relabel,
    "reset": reset,
    "export": export,
    "import": import_corrections,
}


if __name__ == "__main__":
    sys.exit(main())
