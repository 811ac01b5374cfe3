import gzip
import io
import json
import subprocess
import sys
import zipfile
from hashlib import sha256

import cv2
import numpy as np
import pytest

from data import pen_strokes
from data.csv_files import read_csv
from data.download import DownloadError
from data.pen_strokes import decompress, draw, draw_rows, load_strokes, main, parse_unipen
from data.records import DataError
from tests.conftest import NOWHERE, PROJECT, missing

TEXT = """.INCLUDE        dene.doc
.LEXICON "0" "1" "2" "3" "4" "5" "6" "7" "8" "9"
.HIERARCHY      DIGIT

.SEGMENT DIGIT    0 ? "7"
.COMMENT 7 2  14
.PEN_DOWN
 100  400
 300  400
 200  100
.PEN_UP
.DT 100
.PEN_DOWN
 150  250
 250  250
.PEN_UP
.DT 100

.SEGMENT DIGIT    1 ? "1"
.COMMENT 1 30  3
.PEN_DOWN
 200  400
 200  100
.PEN_UP
.DT 100

.SEGMENT DIGIT    2 ? "0"
.COMMENT 0 2  5
.PEN_DOWN
 200  400
 300  250
 200  100
 100  250
 200  400
.PEN_UP
.DT 100
"""


def compressed(content: bytes, most_bits: int = 16) -> bytes:
    """Pack as the Unix program `compress` does, clearing the table as soon as it is full."""
    packed = bytearray([0x1F, 0x9D, 0x80 | most_bits])
    group: list[int] = []
    table, bits = {bytes([value]): value for value in range(256)}, 9

    def flush(width):
        size = width if len(group) == 8 else -(-len(group) * width // 8)
        packed.extend(sum(code << at * width for at, code in enumerate(group)).to_bytes(size, "little"))
        group.clear()

    def fill_up(width):
        if group:
            group.extend([0] * (8 - len(group)))
            flush(width)

    def put(code, width):
        group.append(code)
        if len(group) == 8:
            flush(width)

    known, count = b"", 257
    for value in content:
        longer = known + bytes([value])
        if longer in table:
            known = longer
            continue
        put(table[known], bits)
        if count > (1 << bits) - 1 and bits < most_bits:
            fill_up(bits)
            bits += 1
        if count < 1 << most_bits:
            table[longer] = count
            count += 1
        else:
            put(256, bits)
            fill_up(bits)
            table, bits, count = {bytes([value]): value for value in range(256)}, 9, 257
        known = bytes([value])
    put(table[known], bits)
    flush(bits)
    return bytes(packed)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A mirror in a folder with three digits instead of all, and no other address to go to."""
    packed = compressed(TEXT.encode())
    folder = tmp_path / "mirror" / "pen-digits"
    folder.mkdir(parents=True)
    (folder / pen_strokes.FILE).write_bytes(packed)
    monkeypatch.setenv("DIGITS_MIRROR", str(folder.parent))
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(pen_strokes, "SHA256", sha256(packed).hexdigest())
    monkeypatch.setattr(pen_strokes, "ARCHIVE", NOWHERE)
    return folder / pen_strokes.FILE


@pytest.mark.parametrize("most_bits", [10, 12, 16])
def test_what_compress_packed_is_unpacked(most_bits):
    random = np.random.default_rng(0)
    for content in (b"a", b"a" * 5000, TEXT.encode(), random.integers(0, 30, 200_000, np.uint8).tobytes()):
        assert decompress(compressed(content, most_bits)) == content


def test_strokes_are_parsed_with_label_writer_and_order():
    seven, one, zero = parse_unipen(TEXT)
    assert (seven.label, seven.writer, seven.order) == (7, 2, 14)
    assert [stroke.tolist() for stroke in seven.strokes] == [
        [[100, 400], [300, 400], [200, 100]],
        [[150, 250], [250, 250]],
    ]
    assert (one.label, one.writer, one.order) == (1, 30, 3)
    assert len(zero.strokes[0]) == 5


def test_a_digit_without_its_comment_is_told():
    with pytest.raises(DataError, match=r"lacks its line \.COMMENT"):
        parse_unipen(TEXT.replace(".COMMENT 1", ".REMARK 1"))


def test_the_published_strokes_are_those_that_others_parsed(mirror, tmp_path, monkeypatch):
    others = mirror / "pen-digits" / "strokes.jsonl.gz"
    if not others.exists():
        missing(f"{others}")
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path))
    monkeypatch.setenv("https_proxy", NOWHERE)
    digits = load_strokes()
    assert len(digits) == 7494
    assert [(digit.writer, digit.order) for digit in digits] == sorted((digit.writer, digit.order) for digit in digits)
    found = {(f"w{digit.writer:02}", digit.order, digit.label): digit for digit in digits}
    with gzip.open(others, "rt") as file:
        for line in file:
            other = json.loads(line)
            digit = found.pop((other["writer"], other["sequence"], other["label"]))
            assert [stroke.tolist() for stroke in digit.strokes] == other["strokes"]
    assert not found


def test_strokes_are_kept_and_not_downloaded_again(published):
    assert [(digit.writer, digit.order) for digit in load_strokes()] == [(2, 5), (2, 14), (30, 3)]
    published.unlink()
    assert len(load_strokes()) == 3


def test_damaged_strokes_are_downloaded_again(published, tmp_path):
    load_strokes()
    (tmp_path / "data" / pen_strokes.FILE).write_bytes(b"rubbish")
    assert len(load_strokes()) == 3


def test_the_published_archive_is_unpacked(published, tmp_path, monkeypatch):
    archive = tmp_path / "pen.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("pendigits.names", "words")
        file.writestr(pen_strokes.FILE, published.read_bytes())
    published.unlink()
    monkeypatch.setattr(pen_strokes, "ARCHIVE", archive.as_uri())
    assert len(load_strokes()) == 3


def archive_of(name: str) -> bytes:
    with zipfile.ZipFile(contents := io.BytesIO(), "w") as file:
        file.writestr(name, "words")
    return contents.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"others", "SHA-256"),
        (archive_of("pendigits.names"), "does not hold pendigits-orig.tra.Z"),
        (archive_of(pen_strokes.FILE).replace(b"words", b"swords"), "Bad magic number"),
        (None, "No such file|cannot find"),
    ],
    ids=["other contents", "another archive", "a damaged archive", "nothing"],
)
def test_strokes_that_cannot_be_had_are_told_and_leave_nothing_behind(content, told, published, tmp_path, capsys):
    published.unlink()
    if content is not None:
        published.write_bytes(content)
    with pytest.raises(DownloadError, match=told) as caught:
        load_strokes()
    assert "DIGITS_MIRROR" in str(caught.value)
    assert not (tmp_path / "data").exists()
    assert main(["--output", str(tmp_path / "pen.csv")]) == 1
    assert "error: UCI pen digits could not be downloaded" in capsys.readouterr().err
    assert not (tmp_path / "pen.csv").exists()


def test_a_drawing_stands_upright_on_its_paper():
    seven = parse_unipen(TEXT)[0]
    picture = draw(seven.strokes, 4)
    height, width = picture.shape
    assert height > width
    upper, lower = picture[: height // 2], picture[height // 2 :]
    assert upper.sum() > 1.5 * lower.sum()
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert edge.max() == 0


@pytest.mark.parametrize("width", [2, 6, 22])
def test_the_pen_is_as_wide_as_asked_and_round_at_its_ends(width):
    picture = draw(parse_unipen(TEXT)[1].strokes, width)
    across = picture[picture.shape[0] // 2]
    assert across.sum() / 255 == pytest.approx(width, abs=1.6)
    assert np.unique(picture).size > 5
    upper_end = picture[picture.any(axis=1)][0]
    assert 0 < np.count_nonzero(upper_end) <= max(width * 0.7, 3)


def test_a_dot_is_drawn_too():
    assert draw([np.array([[250, 250]], np.int16)], 6).max() == 255


def test_a_thick_pen_nearly_closes_the_hole_of_a_zero_and_a_thin_one_does_not(published):
    zero = load_strokes()[0]
    holes = [cv2.countNonZero(cv2.inRange(draw(zero.strokes, width), 0, 127)) for width in pen_strokes.PEN_WIDTHS]
    assert zero.label == 0
    assert holes[1] < holes[0]


def test_drawings_are_rows_of_a_label_and_pixels_like_those_of_mnist(published):
    rows = draw_rows(load_strokes(), copies=3, seed=0)
    assert rows.shape == (9, 785)
    assert rows[:, 0].tolist() == [0, 0, 0, 7, 7, 7, 1, 1, 1]
    pictures = rows[:, 1:].reshape(-1, 28, 28).astype(float)
    for axis in (1, 2):
        centre = (pictures.sum(axis=3 - axis) @ np.arange(28)) / pictures.sum(axis=(1, 2))
        assert np.abs(centre - 14).max() <= 0.6
    assert len(np.unique(rows[:3], axis=0)) > 1


def test_the_same_seed_draws_with_the_same_pens(published):
    first, again, other = (draw_rows(load_strokes(), 2, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_command_writes_a_csv_file_to_train_on(published, tmp_path, capsys):
    output = tmp_path / "pen.csv"
    assert main(["--writers", "1-20", "--copies", "2", "--output", str(output)]) == 0
    assert "4 drawings of 2 digits by 20 people" in capsys.readouterr().out
    pixels, labels = read_csv(output)
    assert labels.tolist() == [0, 0, 7, 7]
    assert np.array_equal(np.column_stack([labels, pixels]), draw_rows(load_strokes()[:2], 2, 0))


def test_the_command_runs_as_a_module(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "data.pen_strokes", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    for option in ("--writers", "--copies", "--seed", "--output"):
        assert option in ended.stdout


def test_a_missing_folder_is_told(published, tmp_path, capsys):
    assert main(["--output", str(tmp_path / "nowhere" / "pen.csv")]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "numbers"), [("1-3", [1, 2, 3]), ("30", [30]), ("5,1-2", [1, 2, 5]), (" 4 , 4-5 ", [4, 5])]
)
def test_writers_are_a_list_of_numbers_and_ranges(text, numbers):
    assert pen_strokes.parse_options(["--writers", text]).writers == numbers


@pytest.mark.parametrize(
    "options",
    [
        ("--writers", "0-3"),
        ("--writers", "29-31"),
        ("--writers", "3-1"),
        ("--writers", "some"),
        ("--writers", ""),
        ("--writers", "1-"),
        ("--copies", "0"),
        ("--copies", "51"),
        ("--copies", "two"),
        ("--seed", "-1"),
        ("--output", "pen.csv.gz"),
        ("--unknown",),
    ],
)
def test_an_option_that_makes_no_sense_ends_with_status_2(options, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*options])
    assert ended.value.code == 2
    assert options[0] in capsys.readouterr().err
