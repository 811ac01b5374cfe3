"""Problems as RFC 9457 describes them, and what every response carries: security headers, and a line in the log."""

import json
import logging
import time
from http import HTTPStatus
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from drawing.images import DrawingError, NoInk
from runs.folder import NoRunError, RunningError
from runs.settings import SettingsError
from teaching.store import FullError, StorageError
from teaching.teacher import CorrectionNotFoundError
from web import answers, messages
from web.access import RefusedError, TooManyError
from web.turns import BusyError

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    messages.JsonError: (400, "not-json"),
    messages.PartError: (400, "bad-include"),
    messages.ImageError: (422, "no-image"),
    messages.InputsError: (422, "bad-inputs"),
    DrawingError: (422, "bad-image"),
    NoInk: (422, "no-ink"),
    answers.NoNumbersError: (422, "no-numbers"),
    messages.LabelError: (422, "bad-label"),
    messages.CountError: (400, "bad-number"),
    StorageError: (503, "storage"),
    FullError: (409, "full"),
    CorrectionNotFoundError: (404, "not-found"),
    SettingsError: (422, "bad-settings"),
    NoRunError: (404, "no-run"),
    RunningError: (409, "running"),
}


def describe_problems(app: Flask) -> None:
    """Let every error of `app` be answered as a problem, and every response carry what all carry."""
    app.before_request(start_clock)
    app.after_request(finish)
    app.register_error_handler(HTTPException, refuse_request)
    app.register_error_handler(RefusedError, refuse_client)
    app.register_error_handler(TooManyError, slow_down)
    app.register_error_handler(BusyError, slow_down)
    for kind in PROBLEMS:
        app.register_error_handler(kind, refuse_content)
    app.logger.setLevel(logging.INFO)


def problem(status: int, code: str, detail: str) -> Response:
    """Describe an error; programs tell problems apart by `code`."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def code_of(status: int) -> str:
    """Return the code of a problem that its status alone describes, such as not-found."""
    return "too-large" if status == 413 else HTTPStatus(status).phrase.lower().replace(" ", "-")


def refuse_client(error: RefusedError) -> Response:
    """Tell what this client may not do."""
    return problem(403, *error.args)


def slow_down(error: TooManyError | BusyError) -> Response:
    """Tell how long to wait."""
    seconds = error.args[0]
    wait = f"wait {seconds} second{'s' * (seconds != 1)}."
    if isinstance(error, BusyError):
        response = problem(503, "busy", f"Too many large pictures are being read; send a smaller one, or {wait}")
    else:
        response = problem(429, "too-many", f"That was a lot at once: {wait}")
    response.headers["Retry-After"] = str(seconds)
    return response


def refuse_content(error: Exception) -> Response:
    """Tell what is wrong with what was sent: one of PROBLEMS."""
    status, code = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    return problem(status, code, str(error))


def refuse_request(error: HTTPException) -> Response:
    """Tell what Flask refused, or that something failed that nobody foresaw: its details are for the log alone."""
    status = error.code or 500
    response = problem(status, code_of(status), error.description or "")
    if isinstance(error, MethodNotAllowed):
        response.allow.update(error.valid_methods or ())
    return response


def start_clock() -> None:
    """Remember when the request came."""
    g.started = time.perf_counter()


def finish(response: Response) -> Response:
    """Put the security headers on every answer, and one line into the log; what was drawn stays out of it."""
    response.headers.extend(HEADERS)
    milliseconds = (time.perf_counter() - g.started) * 1000
    path = quote(request.path)  # a line break in it would make up a line of the log
    level = logging.DEBUG if g.get("is_frequent") else logging.INFO  # who watches a run asks many times a second
    current_app.logger.log(level, "%s %s %d %.1f ms", request.method, path, response.status_code, milliseconds)
    return response
