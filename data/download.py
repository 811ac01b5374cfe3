"""Getting a published file: from the mirrors it has, tried in turn, and checked by its SHA-256."""

import hashlib
import http.client
import os
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from data.records import DataError

TIMEOUT = 5.0  # seconds without a byte, after which the next address is tried
LONGEST = 600.0  # seconds for one file, however slowly its bytes come
LARGEST = 200 << 20  # bytes of one file, packed or unpacked; the largest known is the UCI archive with 5 MB
ATTEMPTS = 3  # at an address whose connection ends in the middle of a file


class DownloadError(DataError):
    """A data set that is neither on this machine nor at any mirror."""


@dataclass(frozen=True)
class PublishedFile:
    """One file of a data set: what both are called, the addresses to try, and the SHA-256 of its unpacked contents.

    `instead` says what a user can do where no address helps.
    """

    title: str
    file: str
    addresses: Sequence[str]
    sha256: str
    instead: str


def fetch(wanted: PublishedFile, unpack: Callable[[bytes], bytes]) -> bytes:
    """Return the contents of a published file from the first of its addresses that has them whole.

    `unpack` turns what is at an address into the contents, or raises `OSError`, `ValueError` or the error of its
    archive. Where no address helps, `DownloadError` gives the reasons, and what to do instead.
    """
    failures = []
    for address in wanted.addresses:
        try:
            content = unpack(_download(address, f"{wanted.title} {wanted.file}"))
        except (OSError, EOFError, ValueError, http.client.HTTPException, zipfile.BadZipFile, zlib.error) as error:
            failures.append(f"{address}: {error or type(error).__name__}")
            continue
        if hashlib.sha256(content).hexdigest() == wanted.sha256:
            return content
        failures.append(f"{address}: {wanted.file} has not the SHA-256 that was published")
    raise DownloadError(
        f"{wanted.title} could not be downloaded: {'; '.join(failures)}.\n"
        f"Go online, {wanted.instead}, or set DIGITS_MIRROR to a folder or address that has it."
    )


def own_mirror(folder: str) -> list[str]:
    """Return the address of `folder` on the mirror that `DIGITS_MIRROR` names, ending in a slash; none without one."""
    own = os.environ.get("DIGITS_MIRROR")
    if not own:
        return []
    address = own if "://" in own else Path(own).resolve().as_uri()
    return [f"{address.rstrip('/')}/{folder}/"]


def decompress_gzip(packed: bytes) -> bytes:
    """Return what gzip packed, at most `LARGEST` bytes. Raises `ValueError` where it is more, or no whole gzip file."""
    if packed[:2] != b"\x1f\x8b":
        raise ValueError("it is not gzipped")
    unpacker = zlib.decompressobj(wbits=31)  # gzip, with its checksum
    content = unpacker.decompress(packed, LARGEST)
    if not unpacker.eof:
        raise ValueError("it is cut off, or unpacks to too much")
    return content


def _download(url: str, title: str) -> bytes:
    """Return what is at `url`, all of it in memory: whatever goes wrong, no half file is left behind."""
    deadline = time.monotonic() + LONGEST
    for _ in range(ATTEMPTS):
        chunks: list[bytes] = []
        length = 0
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            size = int(response.headers.get("Content-Length") or 0)
            with tqdm(total=size or None, desc=title, unit="B", unit_scale=True, leave=False, disable=None) as bar:
                while chunk := response.read(1 << 16):
                    chunks.append(chunk)
                    bar.update(len(chunk))
                    length += len(chunk)
                    if max(length, size) > LARGEST:
                        raise ValueError(f"it is larger than {LARGEST:,} bytes")
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"it took longer than {LONGEST:g} seconds")
        content = b"".join(chunks)
        if len(content) >= size:
            return content
    raise EOFError(f"the connection ended after {len(content):,} of {size:,} bytes")
