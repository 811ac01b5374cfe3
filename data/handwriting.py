"""A CSV file to train on beside MNIST: digits that people wrote with a pen, in many styles, and what is no digit.

`python -m data.handwriting train_r01_v07.tar.gz` draws the pen strokes of two collections, UCI's (downloaded by
pen_strokes.py) and UNIPEN's (read by unipen.py), and prepares each drawing as the server does. Letters and all else
that is no digit have the label 255.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from data.csv_files import write_csv
from data.files import data_folder, short_path
from data.no_digit import draw_no_digits
from data.options import seed, whole_number
from data.pen_strokes import MAX_COPIES, draw_rows, load_strokes, parse_path
from data.records import DataError, Pixels
from data.styles import STYLES, restyle
from data.unipen import Character, Collection, read_collection

MAX_NO_DIGITS = 1_000_000  # so that a slip of the finger does not fill the disk


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, 1 for a failure, 130 after Ctrl-C."""
    options = parse_options(argv)
    try:
        run(options)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Nothing is saved.", file=sys.stderr)
        return 130
    return 0


def parse_options(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(
        prog="python -m data.handwriting",
        description="Draw digits that people wrote with a pen, and what is no digit, as a CSV file.",
    )
    add, output = parser.add_argument, data_folder() / "handwriting.csv"
    add("unipen", type=Path, help="UNIPEN train_r01_v07, doi.org/10.5281/zenodo.1195803: its folder or a tar file")
    add("--writers", type=Path, metavar="FILE", help="names of those to learn from, one a line (default: everybody)")
    add("--checksum", metavar="SHA256", help="of the strokes: stop where they are others")
    copies = whole_number(1, MAX_COPIES)
    add("--copies", type=copies, default=2, metavar="N", help="drawings of each digit (default: %(default)s)")
    text = "drawings of each digit in another style, such as a 0 with a slash (default: %(default)s)"
    add("--styled", type=whole_number(0, MAX_COPIES), default=1, metavar="N", help=text)
    text = "drawings of what is no digit (default: %(default)s)"
    add("--no-digits", type=whole_number(0, MAX_NO_DIGITS), default=20_000, metavar="N", help=text)
    add("--seed", type=seed, default=0, metavar="N", help="of pens, styles and what is no digit (default: %(default)s)")
    add("--output", type=parse_path, default=output, metavar="FILE", help=f"CSV file (default: {short_path(output)})")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> None:
    """Read, draw and write what the options ask for, and print how much it was."""
    if not os.access(options.output.absolute().parent, os.W_OK):
        raise DataError(f"cannot write to the folder of {options.output}; create it, or choose another with --output.")
    collection = read_handwriting(options.unipen)
    if options.writers:
        collection = collection.by(options.writers.read_text(encoding="utf-8").split())
    if options.checksum not in (None, collection.checksum):
        raise DataError(
            f"the strokes have the SHA-256 {collection.checksum}, not {options.checksum}; is it train_r01_v07?"
        )
    rows = draw_handwriting(collection, options)
    write_csv(options.output, rows)
    for reason, count in collection.skipped.items():
        print(f"Skipped: {count:,} {reason}")
    writers = {character.writer for character in collection.characters}
    print(f"{len(rows):,} drawings, of what {len(writers)} people wrote")
    print(f"Strokes: SHA-256 {collection.checksum}")
    print(f"CSV file: {short_path(options.output)}")


def read_handwriting(unipen: Path) -> Collection:
    """Return what people wrote in both collections; the writers of UCI are called w01 to w30."""
    collection = read_collection(unipen)
    uci = [Character(str(digit.label), f"w{digit.writer:02}", digit.order, digit.strokes) for digit in load_strokes()]
    return Collection(uci + collection.characters, collection.skipped)


def draw_handwriting(collection: Collection, options: argparse.Namespace) -> Pixels:
    """Return rows (n, 785): digits as they are and in other styles, and what is no digit, with the label 255."""
    digits = [character for character in collection.characters if character.label.isdecimal()]
    letters = [character for character in collection.characters if character.label.isalpha()]
    random = np.random.default_rng(options.seed)
    styled = [
        Character(digit.label, digit.writer, digit.order, tuple(restyle(digit.strokes, int(digit.label), random)))
        for digit in digits
        if int(digit.label) in STYLES
    ]
    parts = [draw_rows(digits, options.copies, options.seed)]
    if options.styled:
        parts.append(draw_rows(styled, options.styled, options.seed + 1))
    if options.no_digits:
        parts.append(draw_no_digits(digits, letters, options.no_digits, options.seed))
    return np.concatenate(parts)


if __name__ == "__main__":
    sys.exit(main())
