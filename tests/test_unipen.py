import io
import os
import tarfile
import zipfile

import numpy as np
import pytest

from data.records import DataError
from data.unipen import LARGEST_FILE, LONGEST_STROKE, read_collection
from tests.conftest import missing

STROKES = """.VERSION 1.0
.WRITER_ID Ann Lee/2
.COORD X Y
.PEN_DOWN
10 90
20 80
30 70
.PEN_UP
.DT 5
.PEN_DOWN
.PEN_UP
5 5
.PEN_DOWN
40 10
50 20
.PEN_UP
.PEN_DOWN
60 60
60 60
.PEN_UP
"""
DIGITS = """.VERSION 1.0
.INCLUDE abc/abc.doc
.INCLUDE abc/data/ann.dat
.SEGMENT CHARACTER 0 ? "7"
.SEGMENT CHARACTER 0-1 OK "4"
"""
FILES = {"data/1a/abc/ann.dat": DIGITS, "include/abc/data/ann.dat": STROKES}
LETTERS = ".INCLUDE abc/data/ann.dat\n"


@pytest.fixture
def collect(tmp_path):
    """Write a collection with two digits, with some files changed, and read it."""

    def write_and_read(changed=None):
        return read_collection(write(tmp_path / "train_r01_v07", FILES | (changed or {})))

    return write_and_read


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    return folder


def pack(path, files, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return path


def labels(collection):
    return "".join(character.label for character in collection.characters)


def test_digits_and_letters_have_their_label_their_writer_and_the_strokes_that_their_numbers_name(collect):
    capital, small = LETTERS + '.SEGMENT CHARACTER 1 ? "L"', LETTERS + '.SEGMENT CHARACTER 1 ? "v"'
    collection = collect({"data/1c/abc/ann.dat": small, "data/1b/abc/ann.dat": capital})
    assert labels(collection) == "74Lv"
    assert {character.writer for character in collection.characters} == {"abc-Ann_Lee_2"}
    seven, four = collection.characters[:2]
    assert [stroke.tolist() for stroke in seven.strokes] == [[[10, 90], [20, 80], [30, 70]]]
    assert [stroke.tolist() for stroke in four.strokes] == [[[10, 90], [20, 80], [30, 70]], [[40, 10], [50, 20]]]
    assert collection.skipped_text == "nothing"


def test_a_character_may_begin_and_end_inside_strokes(collect):
    (character,) = collect({"data/1a/abc/ann.dat": LETTERS + '.SEGMENT CHARACTER 0:1-1:0 ? "1"'}).characters
    assert [stroke.tolist() for stroke in character.strokes] == [[[20, 80], [30, 70]], [[40, 10]]]


def test_lifted_pens_have_numbers_at_one_site_and_are_never_ink(collect):
    files = {"data/1a/pri/ann.dat": LETTERS + '.SEGMENT CHARACTER 1-2 ? "1"'}
    character = collect(files).characters[-1]
    assert [stroke.tolist() for stroke in character.strokes] == [[[40, 10], [50, 20]]]


def test_columns_are_found_by_name_and_both_axes_have_the_same_unit(collect):
    strokes = ".COORD T Y X\n.X_POINTS_PER_INCH 100\n.Y_POINTS_PER_INCH 200\n.PEN_DOWN\n0 8 1\n10 9 3\n"
    (character,) = collect({"data/1a/abc/ann.dat": strokes + '.SEGMENT CHARACTER 0 ? "1"'}).characters
    assert character.strokes[0].tolist() == [[2, 8], [6, 9]]


def test_a_folder_and_tar_files_give_the_same_checksum_and_other_points_another(tmp_path, collect):
    checksum = collect().checksum
    nested = {f"CDROM/train_r01_v07/{name}": content for name, content in FILES.items()}
    for name, mode in [("a.tar", "w"), ("a.tgz", "w:gz"), ("a.tar.xz", "w:xz")]:
        assert read_collection(pack(tmp_path / name, dict(reversed(nested.items())), mode)).checksum == checksum
    assert collect({"include/abc/data/ann.dat": STROKES.replace("90", "91")}).checksum != checksum


def test_the_folder_may_lie_up_to_three_levels_below_the_one_that_is_given(tmp_path):
    write(tmp_path / "unipen" / "CDROM" / "train_r01_v07", FILES)
    for folder in ["unipen/CDROM/train_r01_v07", "unipen/CDROM", "unipen", ""]:
        assert labels(read_collection(tmp_path / folder)) == "74"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_windows_and_old_macs_and_byte_order_marks_change_nothing(collect, end):
    files = {name: b"\xef\xbb\xbf" + content.replace("\n", end).encode() for name, content in FILES.items()}
    first = f".VERSION 1.0{end}.INCLUDE abc/abc.doc{end}".encode()
    files["data/1a/abc/ann.dat"] = files["data/1a/abc/ann.dat"].replace(first, b"")  # what is first now matters
    assert collect(files).checksum == collect(FILES).checksum


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ('CHARACTER 0 ? "12"', "no single digit or letter"),
        ('CHARACTER 0 ? "a"', "no single digit or letter"),
        ('CHARACTER 0 ? "\\""', "no single digit or letter"),
        ('CHARACTER 0 ? "\\5"', "no single digit or letter"),
        ('CHARACTER 0 ? "\xb2"', "no single digit or letter"),
        ("CHARACTER 0 ? 5", "no single digit or letter"),
        ('WORD 0 ? "5"', "no single digit or letter"),
        ("", "no single digit or letter"),
        ('CHARACTER 0-3 ? "5"', "not there"),
        ('CHARACTER 99999999999999999999 ? "5"', "not there"),
        ('CHARACTER 1-0 ? "5"', "not there"),
        ('CHARACTER -1 ? "5"', "not there"),
        ('CHARACTER 0, ? "5"', "not there"),
        ('CHARACTER 0:3-1:0 ? "5"', "not there"),
        ('CHARACTER 0:0-1:2 ? "5"', "not there"),
        ('CHARACTER 0:2-0:1 ? "5"', "not there"),
        (f'CHARACTER {"0-1," * 40}0 ? "5"', "more than 50 strokes"),
        ('CHARACTER 2 ? "5"', "single point"),
        ('CHARACTER 0:1-0:1 ? "5"', "single point"),
    ],
)
def test_a_segment_that_cannot_be_used_is_skipped_and_counted(collect, segment, reason):
    collection = collect({"data/1a/abc/ann.dat": f"{DIGITS}.SEGMENT {segment}\n"})
    assert labels(collection) == "74"
    assert reason in collection.skipped_text
    assert collection.skipped.total() == 1


def test_a_dot_beside_another_stroke_is_kept(collect):
    collection = collect({"data/1a/abc/ann.dat": LETTERS + '.SEGMENT CHARACTER 0,2 ? "1"'})
    assert [len(stroke) for stroke in collection.characters[0].strokes] == [3, 2]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "points",
    [
        "nan 1\n2 2",
        "1 inf\n2 2",
        "1e39 1\n2 2",
        "1e30 1\n2 2",
        "1\n2",
        "1 2\n3\n4 5 6",
        "a b",
        "1 2\0",
        "1 1\n" * LONGEST_STROKE,
    ],
    ids=lambda points: repr(points[:12]),
)
def test_only_characters_with_a_stroke_whose_points_are_none_are_skipped(collect, points):
    strokes = f".PEN_DOWN\n{points}\n.PEN_UP\n{STROKES}"
    segments = '.SEGMENT CHARACTER 0-1 ? "9"\n.SEGMENT CHARACTER 1 ? "7"\n'
    collection = collect({"include/abc/data/ann.dat": strokes, "data/1a/abc/ann.dat": LETTERS + segments})
    assert labels(collection) == "7"
    assert collection.characters[0].strokes[0][0].tolist() == [10, 90]
    assert collection.skipped_text == "segments of strokes whose points are no x and y on a tablet: 1"


@pytest.mark.parametrize(
    "header",
    [
        ".COORD T Y",
        ".COORD",
        ".X_POINTS_PER_INCH 0",
        ".Y_POINTS_PER_INCH 0",
        ".Y_POINTS_PER_MM",
        ".Y_POINTS_PER_MM 10 or so\n.COORD P",
    ],
)
def test_strokes_without_x_and_y_or_their_unit_are_skipped_and_counted(collect, header):
    collection = collect({"data/1a/xyz/a.dat": f'{header}\n.PEN_DOWN\n1 2\n3 4\n.SEGMENT CHARACTER 0 ? "1"'})
    assert labels(collection) == "74"
    assert collection.skipped.total() == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DIGITS.replace("ann.dat", "ben.dat"), "files that include one that is missing: 1"),
        (DIGITS.replace("ann.dat", "all.dat"), "files that include one that includes others: 1"),
        (STROKES, "files without segments: 1"),
        ("", "files without segments: 1"),
        (DIGITS.encode("utf-16"), "files without segments: 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_skipped_and_counted(collect, text, reason):
    endless = ".INCLUDE abc/data/all.dat\n" + STROKES
    collection = collect({"data/1a/abc/ben.dat": text, "include/abc/data/all.dat": endless})
    assert (labels(collection), collection.skipped_text) == ("74", reason)


def test_a_file_that_is_included_twice_counts_once(collect):
    collection = collect({"data/1a/abc/ann.dat": f'{LETTERS}{DIGITS}.SEGMENT CHARACTER 3 ? "7"'})
    assert (labels(collection), collection.skipped.total()) == ("74", 1)


def test_a_file_that_is_much_too_large_is_not_read(tmp_path, collect):
    large = write(tmp_path / "train_r01_v07", {"data/1a/abc/ben.dat": DIGITS}) / "data/1a/abc/ben.dat"
    os.truncate(large, LARGEST_FILE + 1)
    assert (labels(collection := collect()), collection.skipped_text) == ("74", "files of more than 16 MB: 1")


def test_no_name_or_link_in_a_tar_file_leads_out_of_it(tmp_path, monkeypatch):
    secret = write(tmp_path, {"secret.dat": STROKES, "a/b/here.dat": ""}) / "secret.dat"
    monkeypatch.chdir(tmp_path / "a" / "b")
    archive = pack(tmp_path / "a" / "b" / "a.tar", {f"../../{name}": content for name, content in FILES.items()})
    with tarfile.open(archive, "a") as tar:
        for name, target in [("data/1a/abc/link.dat", secret), ("include/abc/data/link.dat", "link.dat")]:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, str(target)
            tar.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    assert labels(read_collection(archive)) == "74"
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_no_tar_file_or_a_damaged_one_gets_one_line_that_names_it(tmp_path):
    packed = pack(tmp_path / "a.tgz", FILES, "w:gz").read_bytes()
    plain = pack(tmp_path / "a.tar", FILES).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("data/1a/abc/ann.dat", DIGITS)
    long_name = tarfile.TarInfo("x" * 200).tobuf(tarfile.GNU_FORMAT)[:1024]
    damaged = {
        "half.tgz": packed[: len(packed) // 2],
        "changed.tgz": packed[:-6] + b"\0\0" + packed[-4:],
        "header.tar": plain[:1030] + b"?" + plain[1031:],
        "half.tar": plain[:700],
        "names.tar": long_name * 3000,
        "text.tar": STROKES.encode(),
        "empty.tar": b"",
        "a.zip": (tmp_path / "a.zip").read_bytes(),
    }
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"^\S*/{name} is damaged or no tar file; [^\n]*unpacked folder\.$"):
            read_collection(tmp_path / name)


def test_without_digits_it_says_which_folders_are_needed_and_what_was_skipped(tmp_path):
    folder = write(tmp_path / "train_r01_v07", FILES)
    letters = {name.replace("1a", "1b"): content for name, content in FILES.items()}
    for source in [
        pack(tmp_path / "a.tar", {}),
        pack(tmp_path / "b.tar", letters),
        folder / "data",
        folder / "include",
    ]:
        with pytest.raises(DataError, match=r"no digits that can be read; it needs the folders data/1a and include"):
            read_collection(source)
    (folder / "include/abc/data/ann.dat").unlink()
    with pytest.raises(DataError, match=r"\(skipped: files that include one that is missing: 1\)"):
        read_collection(folder)


def test_where_there_is_nothing_it_says_where_the_collection_can_be_had(tmp_path):
    with pytest.raises(DataError, match=r"no file or folder \S*nowhere; .*doi\.org/10\.5281/zenodo\.1195803"):
        read_collection(tmp_path / "nowhere")


def test_writers_can_be_chosen_and_it_is_an_error_if_they_wrote_nothing(collect):
    strokes = {"include/abc/data/ben.dat": STROKES.replace("Ann Lee/2", "Ben")}
    collection = collect(strokes | {"data/1a/abc/ben.dat": DIGITS.replace("ann.dat", "ben.dat").replace('"7"', '"1"')})
    assert labels(collection) == "7414"
    assert labels(collection.by(["abc-Ben", "abc-Nobody"])) == "14"
    with pytest.raises(DataError, match="none of the 2 writers; is it UNIPEN train_r01_v07"):
        collection.by(["abc-Nobody", "abc-Someone"])


def test_the_real_collection_is_read_to_the_last_point(mirror):
    archive = mirror / "unipen" / "train_r01_v07-part.tar.gz"
    if not archive.exists():
        missing("unipen/ in DIGITS_MIRROR")
    collection = read_collection(archive)
    assert len(collection.characters) == 41_877
    assert len({character.writer for character in collection.characters}) == 88
    assert collection.checksum == "7d45cc6782d5c2494b6c938cb0f91eed29b14b759a3c2638370c4b013c272020"
    assert collection.skipped_text == "segments without ink, or with a single point: 9"
    assert all(np.ptp(np.concatenate(character.strokes), axis=0).any() for character in collection.characters)
