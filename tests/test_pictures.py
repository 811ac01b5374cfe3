from pathlib import Path

import pytest

from data.csv_files import DIGITS
from data.data_sets import DATA_SETS
from data.pictures import find_files, find_numbers, find_pictures
from data.records import DataError


@pytest.fixture
def make(tmp_path: Path):
    """Make empty files in a folder, and return the folder."""

    def make_files(*names: str, labels: str | None = None) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        if labels is not None:
            (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")
        return tmp_path

    return make_files


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("7.png", 7),
        ("7_a.png", 7),
        ("my_own_7.png", 7),
        ("my-own-7.JPG", 7),
        ("7 again.webp", 7),
        ("a 7.jpeg", 7),
        ("7/a.png", 7),
        ("deep/below/7/2026.png", 7),
        ("7/3.png", 7),
        ("scan_20260101_7.png", 7),
    ],
)
def test_a_picture_is_labelled_by_its_folder_or_its_name(name, label, make):
    found = find_pictures(make(name), DIGITS)
    assert [(picture.label, picture.writer) for picture in found] == [(label, "")]


@pytest.mark.parametrize("name", ["a.png", "12.png", "seven.png", "2026.png", "digits/x12.png"])
def test_a_picture_without_a_label_is_told_with_what_to_do(name, make):
    with pytest.raises(DataError, match=r"does not tell what it shows.*labels\.csv"):
        find_pictures(make(name), DIGITS)


def test_other_files_are_left_alone(make):
    assert len(find_pictures(make("7.png", "readme.txt", "7.gif", "notes/3.pdf"), DIGITS)) == 1


def test_a_labels_file_tells_labels_and_writers(make):
    labels = "\ufeffpath,label,writer\na.png,3,Ann\nsub/b.png,0,Bob\n"
    folder = make("a.png", "sub/b.png", "c.png", labels=labels)
    found = find_pictures(folder, DIGITS)
    assert [(picture.path, picture.label, picture.writer) for picture in found] == [
        (folder / "a.png", 3, "Ann"),
        (folder / "sub" / "b.png", 0, "Bob"),
    ]


def test_a_labels_file_needs_no_writers(make):
    assert find_pictures(make("a.png", labels="path,label\na.png,3\n"), DIGITS)[0].writer == ""


def test_labels_are_the_names_of_the_classes(make):
    found = find_pictures(
        make("a.png", "Sneaker/b.png", labels="path,label\na.png,Ankle boot\n"), DATA_SETS["fashion"].class_names
    )
    assert found[0].label == 9


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("", "columns path and label"),
        ("file,digit\na.png,3\n", "columns path and label"),
        ("path,label\na.png,3\nb.png,3\n", "row 3: there is no file"),
        ("path,label\na.png,11\n", "row 2: '11' is no class"),
        ("path,label\na.png\n", "row 2: None is no class"),
        ("path,label\n", "no pictures"),
    ],
)
def test_a_labels_file_that_does_not_fit_is_told(labels, told, make):
    with pytest.raises(DataError, match=told):
        find_pictures(make("a.png", labels=labels), DIGITS)


def test_a_labels_file_that_is_no_text_is_told(make):
    folder = make("a.png", labels="")
    (folder / "labels.csv").write_bytes(b"\xff\xfe\x00\x9f" * 20)
    with pytest.raises(DataError, match="not a CSV file"):
        find_pictures(folder, DIGITS)


@pytest.mark.parametrize("find", [find_files, lambda folder: find_pictures(folder, DIGITS)])
def test_an_empty_or_missing_folder_is_told(find, tmp_path):
    with pytest.raises(DataError, match="no pictures"):
        find(tmp_path)
    with pytest.raises(DataError, match="no folder"):
        find(tmp_path / "nowhere")


def test_pictures_of_whatever_need_no_labels(make):
    folder = make("B.png", "deep/below/house.JPG", "readme.txt")
    assert find_files(folder) == [folder / "B.png", folder / "deep" / "below" / "house.JPG"]


def test_a_folder_with_a_number_of_several_digits_is_one_of_numbers(make):
    labels = "path,label,writer\na.png,407,Ann\nb.png,7,Bob\nc.png,007,\n"
    folder = make("a.png", "b.png", "c.png", labels=labels)
    found = [(picture.path.name, picture.text, picture.writer) for picture in find_numbers(folder, DIGITS)]
    assert found == [("a.png", "407", "Ann"), ("b.png", "7", "Bob"), ("c.png", "007", "")]


def test_a_folder_of_single_digits_or_without_a_table_is_none_of_numbers(make, tmp_path):
    assert find_numbers(make("7.png", "12.png"), DIGITS) == []
    assert find_numbers(make("7.png", labels="path,label\n7.png,7\n"), DIGITS) == []
    assert find_numbers(tmp_path / "nowhere", DIGITS) == []


def test_a_class_whose_name_has_several_digits_is_no_number(make):
    names = ("10", "20", "50")
    folder = make("a.png", "b.png", labels="path,label\na.png,10\nb.png,50\n")
    assert find_numbers(folder, names) == []
    assert [picture.label for picture in find_pictures(folder, names)] == [0, 2]


@pytest.mark.parametrize("label", ['"1,250"', "12-34", "1 250", "four", "-7", "3.5", "٤٧", "", "A"])
def test_a_label_that_is_no_number_among_numbers_is_told_with_its_row_and_what_to_do(label, make):
    folder = make("a.png", "b.png", labels=f"path,label\na.png,407\nb.png,{label}\n")
    with pytest.raises(DataError, match=r"labels\.csv, row 3: .* is no number, .* write numbers as digits alone"):
        find_numbers(folder, DIGITS)


@pytest.mark.parametrize("label", ['"1,250"', "12-34", "1 250"])
def test_a_label_with_separators_among_single_digits_is_told_how_numbers_are_written(label, make):
    folder = make("a.png", "b.png", labels=f"path,label\na.png,4\nb.png,{label}\n")
    assert find_numbers(folder, DIGITS) == []
    with pytest.raises(DataError, match=r"labels\.csv, row 3: .* is no class; .* write a number as digits alone"):
        find_pictures(folder, DIGITS)


def test_a_number_with_more_digits_than_are_read_is_told(make):
    folder = make("a.png", labels=f"path,label\na.png,{'1' * 32}\n")
    assert find_numbers(folder, DIGITS)[0].text == "1" * 32
    folder = make("a.png", labels=f"path,label\na.png,{'1' * 33}\n")
    with pytest.raises(DataError, match=r"row 2: .* has 33 digits; write 32 at most"):
        find_numbers(folder, DIGITS)


@pytest.mark.parametrize("find", [find_pictures, find_numbers])
def test_a_row_without_a_file_is_told(find, make):
    with pytest.raises(DataError, match="row 2: there is no file"):
        find(make("a.png", labels="label,path\n47\n"), DIGITS)
