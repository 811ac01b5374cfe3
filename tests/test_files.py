from pathlib import Path

import pytest

from data.files import PROJECT, data_folder, model_path, write_atomically


def test_files_are_kept_in_the_project_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("DIGITS_DATA", raising=False)
    monkeypatch.delenv("DIGITS_MODEL", raising=False)
    assert data_folder() == PROJECT / "data"
    assert model_path() == PROJECT / "model.npz"
    monkeypatch.setenv("DIGITS_DATA", "elsewhere")
    monkeypatch.setenv("DIGITS_MODEL", "mine.npz")
    assert data_folder() == Path("elsewhere")
    assert model_path() == Path("mine.npz")


def write(path: Path, contents: bytes, interrupted: bool) -> None:
    with write_atomically(path) as file:
        file.write(contents)
        if interrupted:
            raise KeyboardInterrupt


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "file"
    write(path, b"old", interrupted=False)
    with pytest.raises(KeyboardInterrupt):
        write(path, b"ne", interrupted=True)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]
