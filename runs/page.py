"""The page /learn beside a training of the command line: its server is started, and the browser opened."""

import subprocess
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from data.files import PROJECT
from data.records import DataError
from runs.folder import RunFolder, RunningError, create, locked
from runs.settings import RunSettings
from runs.watched import Watcher, watching


@contextmanager
def watched_run(target: str | None, options: Mapping[str, Any]) -> Iterator[Watcher | None]:
    """Give the watcher of a training: of the run in the folder `target`, or of a run of its own where that is empty.

    A run of its own is shown on a page that is opened for it, and stays until Ctrl-C. Without a target there is none.
    Raises `DataError` where another run is being trained.
    """
    if target is None or target:
        with watching(RunFolder(Path(target)) if target else None) as watcher:
            yield watcher
        return
    try:
        with locked():
            folder = create(shown_settings(options))
            with page_server() as server:
                with watching(folder, has_limits=False) as watcher:
                    yield watcher
                print("The page shows this run until Ctrl-C.", flush=True)
                with suppress(KeyboardInterrupt):
                    server.wait()
    except RunningError as error:
        raise DataError(str(error)) from None


def shown_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run with what the options say of them."""
    names = [field.name for field in fields(RunSettings) if field.name in options]
    given = {name: options[name] or 0 for name in names} | {"distort": bool(options["distort"])}
    return asdict(RunSettings()) | given


@contextmanager
def page_server() -> Iterator[subprocess.Popen[str]]:
    """Run the server until the block ends, and open its page in the browser."""
    command = [sys.executable, str(PROJECT / "server.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            words = server.stdout.readline().split() if server.stdout else []
            address = next((word for word in words if word.startswith("http")), None)
            if address is None:
                raise DataError("the server of the page did not start; try: python server.py")
            print(f"Watch it at {address}/learn", flush=True)
            webbrowser.open(f"{address}/learn")
            yield server
        finally:
            server.terminate()
