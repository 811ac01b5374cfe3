"""Who may do what: which hosts and origins are known, who may teach, and how much of it in a minute."""

import hmac
import ipaddress
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, request
from flask_cors import CORS

from teaching.teacher import Teacher
from web.settings import EVERYWHERE, addresses, is_loopback

WRONG_TOKENS_PER_MINUTE = 10  # of one client
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


class RefusedError(Exception):
    """Something that this client may not do; the arguments are its code and a sentence."""


class TooManyError(Exception):
    """More than one client may ask for; the argument is after how many seconds it may again."""


class Pace:
    """Counts what each client does, so that none does it more than `limit` times a minute."""

    def __init__(self, limit: int) -> None:
        """Allow so many a minute."""
        self._limit = limit
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, client: str, counts: bool = True) -> None:
        """Raise `TooManyError` where `client` has reached the limit; otherwise count once more, if it `counts`."""
        now = time.monotonic()
        with self._lock:
            self._times = {name: times for name, times in self._times.items() if times[-1] > now - 60}
            times = self._times.get(client, deque(maxlen=self._limit))
            if len(times) == self._limit and times[0] > now - 60:
                raise TooManyError(int(times[0] + 60 - now) + 1)
            if counts:
                times.append(now)
                self._times[client] = times


def open_to_listed(origins: Iterable[str], blueprint: Blueprint) -> Blueprint:
    """Return a blueprint around `blueprint` that opens its routes to pages of these origins."""
    listed = Blueprint("listed", __name__)
    patterns = [
        re.compile(re.escape(origin) + r"\Z", re.IGNORECASE) for origin in origins
    ]  # [::1] is no set of letters
    CORS(listed, origins=patterns, methods=["GET", "POST", "PATCH", "DELETE"], always_send=False)
    listed.register_blueprint(blueprint)
    return listed


def check_host() -> None:
    """Refuse a request that calls the server by a name that is not its own: a page has bound its name to it."""
    if "HTTP_HOST" not in request.environ and request.environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
        return  # HTTP/1.0 knows no hosts, and no browser speaks it
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        name = ""
    names = current_app.config["NAMES"]
    if name not in names and not any(known[:1] == "." and name.endswith(known) for known in names):
        abort(400, "This server is not known by this name; list it in DIGITS_HOSTS.")


def check_teacher() -> None:
    """Refuse who may not see or change corrections, and who changes too many in a minute."""
    check_right()
    if request.method not in ("GET", "OPTIONS"):
        current_app.extensions["pace"].check(client_address())


def check_right() -> None:
    """Refuse who may not teach: foreign pages, and clients without the token."""
    if request.method == "OPTIONS":  # the question of a browser whether it may ask
        return
    reason = reason_that_teaching_is_off()
    if reason:
        raise RefusedError("learning-off", reason)
    if is_foreign():
        raise RefusedError(
            "foreign-page", "Pages of other origins may not teach; list theirs in DIGITS_ORIGINS to let them."
        )
    if needs_token():
        check_token()


def check_token() -> None:
    """Refuse a request without the token, and a client that has guessed too often."""
    given = request.headers.get("Authorization")
    guesses: Pace = current_app.extensions["guesses"]
    guesses.check(client_address(), counts=False)  # else the right token would still differ
    expected = f"Bearer {current_app.config['TOKEN']}".encode()
    if given is not None and hmac.compare_digest(given.encode("latin-1"), expected):  # latin-1: as it was sent
        return
    if given is not None:
        guesses.check(client_address())
    raise RefusedError("needs-token", "Teaching this server needs its token, sent as Authorization: Bearer <token>.")


def client_address() -> str:
    """Return the address of the client; one that has IPv6 has a whole network of addresses, and counts once."""
    address = request.remote_addr or ""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def keep_private(response: Response) -> Response:
    """Let nobody else keep or embed corrections."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def is_foreign() -> bool:
    """Tell whether a page of an origin that is not listed sends this. What is no browser sends neither header."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    return origin != f"{request.scheme}://{request.host}" and origin not in current_app.config["ORIGINS"]


def reason_not_to_teach() -> str:
    """Return why this client cannot teach this server, or nothing where it can."""
    teacher: Teacher = current_app.extensions["teacher"]
    return reason_that_teaching_is_off() or teacher.refusal


def reason_that_teaching_is_off() -> str:
    """Return by which setting or connection this client cannot teach this server, or nothing."""
    if not current_app.config["LEARNING"]:
        return "Learning is turned off here (DIGITS_LEARNING)."
    if is_reached_from_elsewhere() and not needs_token():
        return "Other machines reach this server, so teaching it needs a token: start it with DIGITS_TOKEN set."
    return ""


def needs_token() -> bool:
    """Tell whether teaching needs the token: wherever there is one."""
    return bool(current_app.config["TOKEN"])


def is_reached_from_elsewhere() -> bool:
    """Tell whether other machines reach this server, by its settings, by this connection or by a proxy's headers."""
    config = current_app.config
    return (
        not is_loopback(config["HOST"])
        or bool(config["HOSTS"] or config["PROXIES"])
        or not is_loopback(request.remote_addr or "")
        or any(name in request.headers for name in PROXY_HEADERS)
    )


def address_for_others() -> str:
    """Return the address by which other machines reach this server, or nothing where it is for this one alone."""
    if not is_reached_from_elsewhere():
        return ""
    host, port = urlsplit(request.host_url).hostname or "", urlsplit(request.host_url).port
    if not is_loopback(host):
        return request.host_url
    if current_app.config["HOST"] not in EVERYWHERE:
        return ""
    return f"{request.scheme}://{addresses()[0]}:{port or 80}/"
