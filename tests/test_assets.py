"""The files of the page as browsers get them."""

import gzip
import re

import pytest

from web import assets


def addresses(client) -> list[str]:
    page = client.get("/").text
    return re.findall(r'(?:src|href)="(static/[^"]+)"', page)


def test_the_files_of_the_page_have_a_version_in_their_address_and_may_be_kept(client):
    found = addresses(client)
    assert len(found) > 10
    for address in found:
        assert re.fullmatch(r"static/v[0-9a-f]{12}/[\w.]+", address)
        answer = client.get(f"/{address}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_another_version_is_answered_and_not_kept(client):
    for path in ("/static/style.css", "/static/v000000000000/style.css"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_a_changed_file_gets_another_version(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    tmp_path.joinpath("page.css").write_text("a")
    before = assets.version()
    tmp_path.joinpath("page.css").write_text("b")
    assert assets.version() != before


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/network", "/openapi.json"])
def test_texts_are_compressed_for_clients_that_take_that(client, path):
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


def test_what_is_short_stays_as_it_is(client):
    answer = client.get("/healthz/live", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers


def test_a_file_that_has_not_changed_is_not_sent_again(client):
    first = client.get("/static/style.css", headers={"Accept-Encoding": "gzip"})
    again = client.get("/static/style.css", headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"})
    assert again.status_code == 304
    assert again.data == b""
