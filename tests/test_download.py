import gzip
import http.server
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from data import download
from data.data_sets import DATA_SETS
from data.download import decompress_gzip


@pytest.fixture
def serve_bytes() -> Iterator[Callable[..., str]]:
    """Serve what a function writes to a connection, and return its address."""
    servers = []

    def serve(write: Callable[[http.server.BaseHTTPRequestHandler], None]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                try:
                    write(self)
                except OSError:  # whoever asked has gone
                    return

            def log_message(self, *_words: object) -> None:
                """Stay quiet."""

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/file"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def fetch(address: str) -> bytes:
    wanted = download.PublishedFile("Digits", "file", [address], "0" * 64, "wait")
    return download.fetch(wanted, lambda content: content)


def test_a_mirror_that_never_ends_is_left_at_the_largest_size(serve_bytes, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 1 << 20)

    def endless(handler: http.server.BaseHTTPRequestHandler) -> None:
        while True:
            handler.wfile.write(bytes(1 << 16))

    with pytest.raises(download.DownloadError, match="larger than 1,048,576 bytes"):
        fetch(serve_bytes(endless))


def test_a_mirror_that_drips_is_left_after_the_longest_time(serve_bytes, monkeypatch):
    monkeypatch.setattr(download, "LONGEST", 0.5)

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        for _ in range(100):
            handler.wfile.write(b"x" * (1 << 16))
            handler.wfile.flush()
            time.sleep(0.1)

    with pytest.raises(download.DownloadError, match="took longer"):
        fetch(serve_bytes(drip))


def test_a_small_file_that_unpacks_to_much_is_refused(monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 1 << 20)
    assert decompress_gzip(gzip.compress(bytes(1000))) == bytes(1000)
    with pytest.raises(ValueError, match="unpacks to too much"):
        decompress_gzip(gzip.compress(bytes(2 << 20)))


def test_public_mirrors_are_asked_by_https():
    mirrors = [mirror for data_set in DATA_SETS.values() for mirror in data_set.mirrors]
    assert mirrors
    assert all(mirror.startswith("https://") for mirror in mirrors)
