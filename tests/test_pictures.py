from pathlib import Path

import pytest

from data.csv_files import DIGITS
from data.data_sets import DATA_SETS
from data.pictures import find_files, find_pictures
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
