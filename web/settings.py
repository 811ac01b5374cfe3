"""The settings of the server: from DIGITS_... variables, checked once at the start, one line for each mistake."""

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from data.data_sets import default_model
from data.records import PIXELS, DataError
from teaching.store import database
from teaching.teacher import Teacher

DEFAULT_HOST = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEVELOPMENT = " ".join(  # where pages under development are served, by default
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 4200, 5173, 8080)
)
LARGEST_REQUEST = 4 << 20  # bytes
SHORTEST_TOKEN = 16  # characters
MAKE_TOKEN = 'python -c "import secrets; print(secrets.token_urlsafe())"'
DEFAULTS = {
    "HOST": DEFAULT_HOST,
    "HOSTS": "",
    "PROXIES": "0",
    "ORIGINS": DEVELOPMENT,
    "LEARNING": "on",
    "TOKEN": "",
    "LESSONS_PER_MINUTE": "60",
}
ON, OFF = ("on", "1", "yes", "true"), ("off", "0", "no", "false")
ORIGIN = re.compile(r"https?://([\w.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)


def read_settings(app: Flask, given: Mapping[str, object]) -> None:
    """Fill `app.config` from `given`, or else from DIGITS_... variables, or else from the defaults.

    Raises `DataError` with one line for a value that makes no sense.
    """
    config = app.config
    config.from_prefixed_env("DIGITS", loads=str)
    config.from_mapping(
        {name: config.get(name) or default for name, default in DEFAULTS.items()},
        MODEL=usable_model(),
        CORRECTIONS=database(),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        PROPAGATE_EXCEPTIONS=False,  # whatever the mode: no traceback leaves the server
    )
    config.from_mapping(given)
    for name, lowest, highest in (("LESSONS_PER_MINUTE", 1, 10**9), ("PROXIES", 0, 9)):
        config[name] = whole_number(name, config[name], lowest, highest)
    if str(config["LEARNING"]).lower() not in ON + OFF:
        raise DataError(f"DIGITS_LEARNING must be on or off, not {shorten(config['LEARNING'])}.")
    config["LEARNING"] = str(config["LEARNING"]).lower() in ON
    if 0 < len(config["TOKEN"]) < SHORTEST_TOKEN:
        raise DataError(f"DIGITS_TOKEN needs {SHORTEST_TOKEN} characters or more; make one with: {MAKE_TOKEN}")
    config["ORIGINS"] = frozenset(config["ORIGINS"].split())
    for origin in config["ORIGINS"]:
        if not ORIGIN.fullmatch(origin):
            raise DataError(f"DIGITS_ORIGINS lists origins such as https://school.example, not {shorten(origin)}.")
    config["NAMES"] = server_names(config["HOST"], config["HOSTS"])


def usable_model() -> Path:
    """Return the model file that is used unless another one is named, or raise `DataError`."""
    try:
        return default_model()
    except OSError as error:  # a name that no file can have
        path = shorten(os.environ.get("DIGITS_MODEL"))
        raise DataError(f"DIGITS_MODEL names no file that can be read: {path} ({error.strerror}).") from None


def load_teacher(path: Path, corrections: Path) -> Teacher:
    """Return the teacher of the network in the model file `path`, or raise `DataError` with what to do instead."""
    try:
        teacher = Teacher(path, corrections)
    except FileNotFoundError:
        raise DataError(f"there is no model at {path}; train one with: python train_model.py") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{error}\nTrain a new model with: python train_model.py") from None
    inputs = teacher.network.wih.shape[1]
    if inputs != PIXELS:
        raise DataError(f"{path} takes {inputs} inputs, but a drawing has {PIXELS} pixels.")
    return teacher


def whole_number(name: str, value: object, lowest: int, highest: int) -> int:
    """Return the number that a setting has, or raise `DataError`."""
    if not re.fullmatch("[0-9]{1,10}", str(value)) or not lowest <= int(str(value)) <= highest:
        limits = f"from {lowest} up" if highest == 10**9 else f"from {lowest} to {highest}"
        raise DataError(f"DIGITS_{name} must be a whole number {limits}, not {shorten(value)}.")
    return int(str(value))


def shorten(value: object) -> str:
    """Return a value for a message of one line."""
    text = repr(str(value))
    return text if len(text) <= 40 else f"{text[:30]}…' ({len(str(value)):,} characters)"


def server_names(host: str, more: str) -> frozenset[str]:
    """Return the names that a request may call this server by: others are those of pages that rebind theirs to it."""
    own = addresses() if host in EVERYWHERE else [host]
    names = [*LOOPBACK, *own, *more.replace(",", " ").split()]
    try:
        return frozenset(to_ascii(name.strip("[]")) for name in names)
    except UnicodeError:
        raise DataError(
            f"DIGITS_HOST and DIGITS_HOSTS must be names of hosts, not {shorten(f'{host} {more}')}."
        ) from None


def to_ascii(name: str) -> str:
    """Return the name of a host as requests carry it: schüle.example is xn--schle-kva.example."""
    dot = name[:1] == "."  # any name that ends so
    return "." * dot + name[dot:].lower().encode("idna").decode()


def addresses() -> list[str]:
    """Return the name of this machine, and the address by which its network knows it."""
    name = socket.gethostname().lower()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the way there
            return [probe.getsockname()[0], name, f"{name}.local"]
        except OSError:  # no network at all
            return [name]


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an address, is this machine as it knows itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)  # ::ffff:127.0.0.1, as a socket for both protocols has it
    return (mapped or address).is_loopback
