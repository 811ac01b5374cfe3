"""The files of the pages as browsers get them: with a version in their address, to be kept, and compressed."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from flask import Response, g, request

from data.files import PROJECT

STATIC = PROJECT / "static"
VERSION = re.compile(r"v[0-9a-f]{12}/")  # in front of the path of a file
KEPT = "public, max-age=31536000, immutable"
SMALLEST = 2000  # bytes that are worth compressing
LEVEL = 5  # of zlib: an answer takes less than a millisecond
TEXTS = (
    "text/html",
    "text/css",
    "text/csv",
    "text/javascript",
    "application/json",
    "application/javascript",
    "image/svg+xml",
)


def page(name: str) -> Response:
    """Return a page that calls its files by the version of all of them, which modules pass on to each other.

    The modules are asked for at once, and not each only when another one has come that imports it.
    """
    file, folder = STATIC / name, f"static/{version()}"
    paths = [path.relative_to(STATIC).as_posix() for path in sorted(file.parent.glob("*.js"))]
    modules = "".join(f'<link rel="modulepreload" href="{folder}{path}">' for path in paths)
    html = file.read_text(encoding="utf-8").replace('"static/', f'"{folder}').replace("</head>", f"{modules}</head>")
    return Response(html, mimetype="text/html")


def version() -> str:
    """Return the version of the files as they are now, as a folder: another as soon as one of them is changed."""
    files = sorted(path for path in STATIC.rglob("*") if path.is_file())
    return _version_of(tuple((path, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=1)
def _version_of(files: tuple[tuple[Path, int], ...]) -> str:
    """Return the version of files with the times when they were changed: they are read when one of these is new."""
    digest = hashlib.sha256()
    for path, _ in files:
        digest.update(path.name.encode() + path.read_bytes())
    return f"v{digest.hexdigest()[:12]}/"


def take_version(_: str | None, values: dict[str, str] | None) -> None:
    """Take the version off the path of a file: it names what the browser may keep, and is no folder."""
    found = VERSION.match((values or {}).get("filename", ""))
    if values and found:
        values["filename"] = values["filename"][found.end() :]
        g.is_kept = found.group() == version()


def keep(response: Response) -> Response:
    """Let browsers keep a file that was asked for by its version."""
    if g.get("is_kept") and response.status_code == 200:
        response.headers["Cache-Control"] = KEPT
    return response


def compress(response: Response) -> Response:
    """Compress a text for a client that takes that, where it is worth it."""
    if response.status_code not in (200, 201) or not (response.mimetype or "").startswith(TEXTS):
        return response
    response.vary.add("Accept-Encoding")
    if request.method == "HEAD" or "gzip" not in request.accept_encodings or "Content-Range" in response.headers:
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) < SMALLEST:
        return response
    response.set_data(gzip.compress(content, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)  # the same text in other bytes
    return response
