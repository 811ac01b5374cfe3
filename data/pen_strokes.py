"""A CSV file to train on: digits that 30 people wrote with a pen on a tablet, drawn with pens of many widths.

`python -m data.pen_strokes --output data/pen_train.csv` downloads the strokes, draws them and prepares each drawing by
drawing/preparation.py, as the server does with what people draw. Training takes the file beside others.
Source: Alpaydin, Alimoglu, "Pen-Based Recognition of Handwritten Digits", UCI, 1998, doi 10.24432/C5MG6K, CC BY 4.0.
"""

import argparse
import hashlib
import io
import os
import re
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from data.csv_files import write_csv
from data.download import PublishedFile, fetch, own_mirror
from data.files import data_folder, short_path, write_atomically
from data.options import seed
from data.records import PIXELS, DataError, Pixels
from data.unipen import Character, Points, parse_points, read_statements
from drawing.preparation import prepare

FILE = "pendigits-orig.tra.Z"
SHA256 = "ceae25d05f1ccfed4d27ca2e5766370fb32ddd685a647567e84cf7685aa7ac8b"
ARCHIVE = "https://archive.ics.uci.edu/static/public/81/pen+based+recognition+of+handwritten+digits.zip"
WRITERS = range(1, 31)
MAX_COPIES = 50  # so that a slip of the finger does not fill the disk

LONGER_SIDE = 100  # pixels of a drawn digit, without the width of the pen
PEN_WIDTHS = 2.0, 22.0  # pixels: a fineliner; a marker with which the holes of an 8 nearly close
FINE = 4  # bits of a pixel's fractions that OpenCV is given
LITERALS, CLEAR = 256, 256  # codes of LZW that stand for a byte, and the code that begins a new table


@dataclass(frozen=True)
class Digit:
    """One digit as it was written: its label, its writer (1 to 30), its number among theirs, and its strokes.

    Each stroke is (points, 2): x to the right and y upwards, 0 to 500.
    """

    label: int
    writer: int
    order: int
    strokes: tuple[Points, ...]


def load_strokes() -> list[Digit]:
    """Return all 7,494 digits, by writer and in the order of writing; they are downloaded the first time.

    Raises `DownloadError` where no address has them.
    """
    path = data_folder() / FILE
    packed = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(packed).hexdigest() != SHA256:
        addresses = [*(mirror + FILE for mirror in own_mirror("pen-digits")), ARCHIVE]
        instead = f"put {FILE} into {data_folder()}"
        packed = fetch(PublishedFile("UCI pen digits", FILE, addresses, SHA256, instead), _unzip)
        path.parent.mkdir(parents=True, exist_ok=True)
        with write_atomically(path) as file:
            file.write(packed)
    return sorted(parse_unipen(decompress(packed).decode("ascii")), key=lambda digit: (digit.writer, digit.order))


def _unzip(content: bytes) -> bytes:
    """Return the file of strokes: `content` itself, or the member of the published archive."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next((name for name in archive.namelist() if Path(name).name == FILE), None)
        if name is None:
            raise ValueError(f"the archive does not hold {FILE}")
        return archive.read(name)


def decompress(packed: bytes) -> bytes:
    """Return what the Unix program `compress` packed into a .Z file.

    The standard library has no LZW. One package, in Python, takes three times as long as these lines; another, in C++,
    must be compiled where it has no wheel. Nothing is checked, because only contents of a known SHA-256 come here.
    Source: Welch, "A technique for high-performance data compression", IEEE Computer 17 (6), 1984.
    """
    most_bits, bits, start = packed[2] & 0x1F, 9, 3
    table = [bytes([value]) for value in range(LITERALS)] + [b""]  # what each code stands for
    parts, before = [], b""
    while start < len(packed):
        # Codes come in groups of eight; where their width changes, the rest of a group is left empty.
        group = int.from_bytes(packed[start : start + bits], "little")
        codes = 8 * len(packed[start : start + bits]) // bits
        start += bits
        for number in range(codes):
            code = group >> number * bits & (1 << bits) - 1
            if code == CLEAR:
                del table[CLEAR + 1 :]
                bits, before = 9, b""
                break
            part = table[code] if code < len(table) else before + before[:1]
            if before and len(table) < 1 << most_bits:
                table.append(before + part[:1])
            parts.append(part)
            before = part
            if len(table) == 1 << bits and bits < most_bits:
                bits += 1
                break
    return b"".join(parts)


def parse_unipen(text: str) -> list[Digit]:
    """Return the digits of a text in the format UNIPEN, in the order of the text.

    A digit begins with `.SEGMENT DIGIT 0 ? "8"`; `.COMMENT 8 12 224` gives its label, writer and order. The points of
    a stroke follow `.PEN_DOWN`, one a line, and end with `.PEN_UP`. Raises `DataError` for a digit without comment.
    """
    digits = []
    for segment in text.split(".SEGMENT DIGIT")[1:]:
        comment = re.search(r"\.COMMENT\s+(\d+)\s+(\d+)\s+(\d+)", segment)
        if not comment:
            raise DataError(f"a digit lacks its line .COMMENT with label, writer and order: {segment[:40]!r}")
        strokes = [parse_points(value) for keyword, value in read_statements(segment) if keyword == "PEN_DOWN"]
        label, writer, order = map(int, comment.groups())
        digits.append(Digit(label, writer, order, tuple(strokes)))
    return digits


def draw(strokes: Sequence[Points], width: float) -> Pixels:
    """Return the strokes as light ink on 0, the longer side `LONGER_SIDE` pixels long and the pen `width` pixels wide.

    The ends of a stroke are round and its edges are smooth.
    """
    points = np.concatenate(strokes)  # (points, 2)
    lowest, highest = points.min(axis=0), points.max(axis=0)
    factor = LONGER_SIDE / max(*(highest - lowest), 1)
    margin = width / 2 + 4
    right, up = np.ceil((highest - lowest) * factor + 2 * margin).astype(int)
    paper = np.zeros((up, right), np.uint8)
    for stroke in strokes:
        across, down = (stroke[:, 0] - lowest[0]) * factor, (highest[1] - stroke[:, 1]) * factor
        line = np.rint((np.column_stack([across, down]) + margin) * 2**FINE).astype(np.int32)
        line = np.vstack([line, line[-1:]])  # a dot, too, has a second point
        cv2.polylines(paper, [line], False, 255, round(width), cv2.LINE_AA, FINE)
    return paper


def draw_rows(digits: Sequence[Digit | Character], copies: int, seed: int) -> Pixels:
    """Return rows (copies * n, 785): each label and the 784 pixels of its drawing, copy after copy.

    Every copy is drawn with a pen of its own: the logarithm of its width varies evenly within `PEN_WIDTHS`. The same
    seed gives the same widths.
    """
    random = np.random.default_rng(seed)
    thin, thick = np.log(PEN_WIDTHS)
    widths = np.exp(random.uniform(thin, thick, (len(digits), copies)))  # (n, copies)
    rows = np.empty((*widths.shape, 1 + PIXELS), np.uint8)  # (n, copies, 785)
    for number, digit in enumerate(tqdm(digits, desc="Drawing", unit=" digits", leave=False, disable=None)):
        rows[number, :, 0] = int(digit.label)
        for copy, width in enumerate(widths[number]):
            rows[number, copy, 1:] = prepare(draw(digit.strokes, width)).ravel()
    return rows.reshape(-1, 1 + PIXELS)


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, 1 for a failure, 130 after Ctrl-C."""
    options = parse_options(argv)
    try:
        return run(options)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted. Nothing is saved.", file=sys.stderr)
        return 130
    return 1


def parse_options(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(
        prog="python -m data.pen_strokes", description="Draw digits that were written with a pen, as a CSV file."
    )
    add, output = parser.add_argument, data_folder() / "pen_train.csv"
    add("--writers", type=parse_writers, default=list(WRITERS), metavar="1-20,25", help="whose digits (default: 1-30)")
    add("--copies", type=parse_copies, default=1, metavar="N", help="drawings of each digit (default: %(default)s)")
    add("--seed", type=seed, default=0, metavar="N", help="seed of the widths of the pens (default: %(default)s)")
    add("--output", type=parse_path, default=output, metavar="FILE", help=f"CSV file (default: {short_path(output)})")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> int:
    """Draw and write what the options ask for; return the exit status."""
    digits = [digit for digit in load_strokes() if digit.writer in options.writers]
    if not os.access(options.output.absolute().parent, os.W_OK):
        raise DataError(f"cannot write to the folder of {options.output}; create it, or choose another with --output.")
    rows = draw_rows(digits, options.copies, options.seed)
    write_csv(options.output, rows)
    people = len(options.writers)
    print(f"{len(rows):,} drawings of {len(digits):,} digits by {people} {'people' if people > 1 else 'person'}")
    print(f"CSV file: {short_path(options.output)}")
    return 0


def parse_writers(text: str) -> list[int]:
    """Return the writers of a list like 1-20,25, in order and each once."""
    chosen: set[int] = set()
    for part in text.split(","):
        ends = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part)
        first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (0, 0)
        if not WRITERS[0] <= first <= last <= WRITERS[-1]:
            raise argparse.ArgumentTypeError(f"needs numbers from 1 to {WRITERS[-1]}, as in 1-20,25, got {text!r}")
        chosen.update(range(first, last + 1))
    return sorted(chosen)


def parse_copies(text: str) -> int:
    """Return a whole number from 1 to `MAX_COPIES`."""
    if not text.isdecimal() or not 1 <= int(text) <= MAX_COPIES:
        raise argparse.ArgumentTypeError(f"needs a whole number from 1 to {MAX_COPIES}, got {text!r}")
    return int(text)


def parse_path(text: str) -> Path:
    """Return the path, whose name ends in .csv, as training expects it."""
    if Path(text).suffix != ".csv":
        raise argparse.ArgumentTypeError(f"needs a name that ends in .csv, got {text!r}")
    return Path(text)


if __name__ == "__main__":
    sys.exit(main())
