"""Answer drawings over HTTP: run `python server.py`, and open the address that it prints.

A route reads its request, calls data/ and the network, and writes down the answer. What a drawing goes through stands
in drawing/preparation.py, what clients may send in data/wire.py, and the whole API in static/openapi.json.
"""

import argparse
import hmac
import ipaddress
import json
import logging
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import numpy as np
from flask import Blueprint, Flask, Response, current_app, g, request
from flask_cors import CORS
from threadpoolctl import threadpool_limits
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, UnsupportedMediaType

try:
    import cv2  # tried first, so that its failure can be explained
except ImportError as error:
    raise SystemExit(
        f"error: OpenCV cannot be loaded ({error}).\nOn a server without a screen: apt-get install libgl1\n"
        "or else: pip uninstall opencv-python && pip install opencv-python-headless"
    ) from None

from confidence import UNSURE_BELOW, confidence
from data.data_sets import default_model
from data.files import PROJECT
from data.records import PIXELS, DataError, scale, targets
from drawing.preparation import DrawingError, NoInk, decode, prepare, steps
from explanation import backquery
from neural_network import NeuralNetwork
from teaching.store import Correction, FullError, StorageError, database, to_csv
from teaching.teacher import CorrectionNotFoundError, Teacher
from web import messages as wire

STATIC = PROJECT / "static"
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", "5000"
EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK = ("localhost", "127.0.0.1")

LARGEST_REQUEST = 4 << 20  # bytes
# A server that closes while its client still sends is not heard. What is a little too large is therefore read to its
# end and refused by the app; what is larger still is refused by waitress, unread.
LARGEST_UPLOAD = 16 << 20  # bytes
PATIENCE = 30  # seconds without a byte, after which a connection is closed
CONNECTIONS = 400  # a class of thirty, whose browsers open six each, and some that hang
THREADS = 4


PICTURES = ("image/png", "image/jpeg", "image/webp")
DEVELOPMENT = " ".join(  # where pages under development are served, by default
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 4200, 5173, 8080)
)
LESSONS_PER_MINUTE = 60  # of one client
PAGE = 100  # corrections in a list
CLOSED_ROUTES = r"/(train|corrections)"  # to pages of the server's own origin and of listed ones
OPEN_ROUTES = r"/(query|recognize-digit|network(/hidden/.*)?|healthz|openapi\.json)$"  # to pages of every origin
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
PROBLEMS: dict[type[Exception], tuple[int, str]] = {
    wire.JsonError: (400, "not-json"),
    wire.PartError: (400, "bad-include"),
    wire.ImageError: (422, "no-image"),
    wire.InputsError: (422, "bad-inputs"),
    DrawingError: (422, "bad-image"),
    NoInk: (422, "no-ink"),
    wire.LabelError: (422, "bad-label"),
    wire.CountError: (400, "bad-number"),
    StorageError: (503, "storage"),
    FullError: (409, "full"),
    CorrectionNotFoundError: (404, "not-found"),
}

Reply = dict[str, object]
routes = Blueprint("routes", __name__)
teaching = Blueprint("teaching", __name__)


class RefusedError(Exception):
    """Something that this client may not do; the arguments are its code and a sentence."""


class TooManyError(Exception):
    """More than one client may ask for; the argument is after how many seconds it may again."""


@routes.get("/")
def page() -> Response:
    """Send the drawing page."""
    return Response((STATIC / "index.html").read_bytes(), mimetype="text/html")


@routes.post("/query")
def query() -> Reply:
    """Answer a drawing, or the 784 pixels of one."""
    wanted = wire.parts(request.args.getlist("include"))
    return answer(network(), submitted(), wanted)


@routes.post("/recognize-digit")
def recognize_digit() -> Reply:
    """Answer a drawing the way that Angular clients of this older protocol expect: the digit is the `message`."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    pictures = steps(decode(wire.picture_file(wire.parsed(request.get_data()))))
    reply = answer(network(), pictures)
    return {"message": reply["label"], **reply}


@routes.get("/network")
def whole_network() -> Reply:
    """Show what the network imagines each class to look like, and what it was trained on."""
    asked = network()
    count = len(asked.class_names)
    wanted = targets(np.arange(count, dtype=np.uint8), count)  # (classes, classes)
    imagined = backquery(asked, wanted)  # (classes, 784)
    return {
        "class_names": asked.class_names,
        "hidden_nodes": len(asked.wih),
        "imagined": np.rint(imagined * 255).astype(int).tolist(),
        "training": training(asked),
        "learning": {"on": not reason_not_to_teach(), "reason": reason_not_to_teach(), "token": needs_token()},
    }


@routes.get("/network/hidden/<int:node>")
def hidden_node(node: int) -> Reply:
    """Show what one hidden node looks for, and which classes it speaks for or against."""
    asked = network()
    if node >= len(asked.wih):
        raise NotFound(f"The hidden nodes are numbered from 0 to {len(asked.wih) - 1}.")
    return {"node": node, "weights": asked.wih[node].tolist(), "votes": asked.who[:, node].tolist()}


@routes.get("/healthz")
def health() -> Reply:
    """Tell that the server works, and which model it answers with."""
    asked = network()
    model = {
        "file": Path(current_app.config["MODEL"]).name,
        "nodes": [asked.wih.shape[1], *asked.who.shape[::-1]],
        "class_names": asked.class_names,
        "training": training(asked),
    }
    return {"status": "ok", "model": model, "corrections": asdict(teacher().status)}


@routes.get("/openapi.json")
def description() -> Response:
    """Describe all of this as OpenAPI 3.1."""
    return Response((STATIC / "openapi.json").read_bytes(), mimetype="application/json")


@teaching.post("/train")
def train() -> tuple[Reply, int]:
    """Learn what a drawing is, and tell what the network says of it now."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    body = wire.parsed(request.get_data())
    label = wire.label(body, network().class_names)
    if "inputs" in body:
        pixels, file = np.rint(wire.pixels(body["inputs"])).astype(np.uint8), None
        if not pixels.any():
            raise NoInk
    else:
        file = wire.picture_file(body)
        pixels = prepare(decode(file)).reshape(-1)
    done = teacher().teach(pixels, label, file)
    reply: Reply = {
        "correction": told(done.correction),
        "before": answer(done.before, {"pixels": pixels}),
        "after": answer(done.after, {"pixels": pixels}),
    }
    return reply | still_learning(), 201 if done.is_new else 200


@teaching.get("/corrections")
def corrections() -> Reply:
    """List what was taught, newest first."""
    count = wire.count(request.args, "limit", PAGE, PAGE)
    before = wire.count(request.args, "before", wire.LARGEST)
    return {"corrections": [told(kept) for kept in teacher().page(count, before)], "total": teacher().count()}


@teaching.get("/corrections.csv")
def corrections_csv() -> Response:
    """Export what was taught in the format of the data sets."""
    headers = {"Content-Disposition": "attachment; filename=corrections.csv"}
    return Response(to_csv(teacher().page(-1)[::-1]), mimetype="text/csv", headers=headers)


@teaching.get("/corrections/<int:number>")
def correction(number: int) -> Reply:
    """Show one correction, with the drawing as it came."""
    kept = next(iter(teacher().page(1, number + 1)), None)
    if kept is None or kept.id != number:
        raise CorrectionNotFoundError(number)
    file = teacher().drawing(number)
    return {**told(kept), "imageData": wire.file_url(file) if file else None}


@teaching.patch("/corrections/<int:number>")
def relabel(number: int) -> Reply:
    """Change what a correction says, as if it had always said so."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    label = wire.label(wire.parsed(request.get_data()), network().class_names)
    return told(teacher().relabel(number, label)) | still_learning()


@teaching.delete("/corrections/<int:number>")
def take_back(number: int) -> Reply:
    """Unlearn one correction, as if it had never been given."""
    return {"total": teacher().take_back(number)} | still_learning()


@teaching.delete("/corrections")
def take_all_back() -> Reply:
    """Unlearn everything."""
    teacher().take_all_back()
    return {"total": 0} | still_learning()


@teaching.before_request
def check_client() -> None:
    """Refuse what may not teach, or read what was taught: foreign pages, and clients without the token."""
    if request.method == "OPTIONS":  # the question of a browser whether it may ask
        return
    reason = reason_that_teaching_is_off()
    if reason:
        raise RefusedError("learning-off", reason)
    if is_foreign():
        raise RefusedError(
            "foreign-page", "Pages of other origins may not teach; list theirs in DIGITS_ORIGINS to let them."
        )
    given = request.headers.get("Authorization", "").encode("latin-1")  # as it was sent
    if needs_token() and not hmac.compare_digest(given, f"Bearer {current_app.config['TOKEN']}".encode()):
        raise RefusedError(
            "needs-token", "Teaching this server needs its token, sent as Authorization: Bearer <token>."
        )
    if request.method != "GET":
        current_app.extensions["pace"].check(request.remote_addr or "")


@teaching.after_request
def keep_private(response: Response) -> Response:
    """Let nobody else keep or embed what was taught."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def is_foreign() -> bool:
    """Tell whether a page of an origin that is not listed sends this. What is no browser sends neither header."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    return origin.partition("://")[2] != request.host and origin not in current_app.config["ORIGINS"].split()


def reason_not_to_teach() -> str:
    """Return why nobody can teach this server, or nothing where they can."""
    return reason_that_teaching_is_off() or teacher().refusal


def reason_that_teaching_is_off() -> str:
    """Return by which setting nobody can teach this server, or nothing."""
    if str(current_app.config["LEARNING"]).lower() in ("off", "0", "no", "false"):
        return "Learning is turned off here (DIGITS_LEARNING)."
    if not is_loopback(current_app.config["HOST"]) and not current_app.config["TOKEN"]:
        return "Other machines reach this server, so teaching it needs a token: start it with DIGITS_TOKEN set."
    return ""


def needs_token() -> bool:
    """Tell whether teaching needs the token: wherever there is one."""
    return bool(current_app.config["TOKEN"])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what is served at `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Pace:
    """Counts the lessons of each client, so that none can teach more than `limit` of them a minute."""

    def __init__(self, limit: int) -> None:
        """Allow so many a minute."""
        self._limit = limit
        self._times: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def check(self, client: str) -> None:
        """Count one more lesson of `client`, or raise `TooManyError`."""
        now = time.monotonic()
        with self._lock:
            self._times = {name: times for name, times in self._times.items() if times[-1] > now - 60}
            times = self._times.setdefault(client, deque(maxlen=self._limit))
            if len(times) == self._limit and times[0] > now - 60:
                raise TooManyError(int(times[0] + 60 - now) + 1)
            times.append(now)


def told(kept: Correction) -> Reply:
    """Describe a correction."""
    names = network().class_names
    return {
        "id": kept.id,
        "label": names[kept.label],
        "said": names[kept.predicted],
        "confidence": kept.confidence,
        "created": kept.created,
        "pixels": kept.pixels.tolist(),
    }


def still_learning() -> Reply:
    """Say so where the network does not know all corrections yet."""
    return {"learning": True} if teacher().status.learning else {}


def teacher() -> Teacher:
    """Return who keeps the network and what it was taught."""
    return current_app.extensions["teacher"]


def network() -> NeuralNetwork:
    """Return the network that answers now. A request asks for it once, and so never mixes the weights of two."""
    return teacher().network


def submitted() -> Mapping[str, wire.Picture]:
    """Return the steps from the picture of the request to its pixels, 0 to 255; of plain inputs, the pixels alone."""
    kind = request.mimetype
    if kind == "application/json":
        body = wire.parsed(request.get_data())
        return {"pixels": wire.pixels(body["inputs"])} if "inputs" in body else steps(decode(wire.picture_file(body)))
    if kind == "multipart/form-data":
        if "image" not in request.files:
            raise wire.ImageError("The form must have a picture file in its field image.")
        return steps(decode(request.files["image"].read()))
    if kind in PICTURES:
        return steps(decode(request.get_data()))
    raise UnsupportedMediaType(f"Send application/json, multipart/form-data or one of {', '.join(PICTURES)}.")


def answer(asked: NeuralNetwork, pictures: Mapping[str, wire.Picture], wanted: Collection[str] = ()) -> Reply:
    """Put the last of `pictures` to the network, and write down its answer with the `wanted` parts."""
    pixels = [*pictures.values()][-1].reshape(1, -1)  # (1, 784)
    hidden, outputs = (layer[0] for layer in asked.forward(scale(pixels)))  # (hidden,), (classes,)
    sure = float(confidence(asked, outputs[None])[0])
    reply: Reply = {
        "label": asked.class_names[outputs.argmax()],
        "confidence": sure,
        "unsure": sure < UNSURE_BELOW,
        "class_names": asked.class_names,
        "outputs": outputs.tolist(),
    }
    if "pixels" in wanted:
        reply["pixels"] = np.rint(pixels[0]).astype(int).tolist()
    if "hidden" in wanted:
        reply["hidden"] = hidden.tolist()
    if "steps" in wanted and len(pictures) > 1:
        reply["steps"] = [{"name": name, "image": wire.data_url(picture)} for name, picture in pictures.items()]
    return reply


def training(asked: NeuralNetwork) -> object:
    """Return what the model file says of its training; JSON has no word for NaN, so that becomes null."""
    return json.loads(json.dumps(asked.training), parse_constant=lambda _: None)


def problem(status: int, code: str, detail: str) -> Response:
    """Describe an error as RFC 9457 asks for; programs tell problems apart by `code`."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def code_of(status: int) -> str:
    """Return the code of a problem that is told by its status alone, such as not-found."""
    return "too-large" if status == 413 else HTTPStatus(status).phrase.lower().replace(" ", "-")


def refused_client(error: RefusedError) -> Response:
    """Tell what this client may not do."""
    return problem(403, *error.args)


def slowed_down(error: TooManyError) -> Response:
    """Tell how long to wait."""
    seconds = error.args[0]
    response = problem(429, "too-many", f"That was a lot at once: wait {seconds} second{'s' * (seconds != 1)}.")
    response.headers["Retry-After"] = str(seconds)
    return response


def unusable(error: Exception) -> Response:
    """Tell what is wrong with what was sent: one of PROBLEMS."""
    status, code = next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)
    return problem(status, code, str(error))


def refused(error: HTTPException) -> Response:
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
    current_app.logger.info("%s %s %d %.1f ms", request.method, path, response.status_code, milliseconds)
    return response


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Make the app, with settings from `config` or else from the environment, whose names begin with DIGITS_.

    HOST, HOSTS, MODEL, CORRECTIONS (their file), LEARNING, ORIGINS, TOKEN, LESSONS_PER_MINUTE.

    Raises `DataError` where there is no model, or none that takes the 784 pixels of a drawing.
    """
    app = Flask(__name__)
    app.config.from_mapping(
        HOST=os.environ.get("DIGITS_HOST") or DEFAULT_HOST,
        HOSTS=os.environ.get("DIGITS_HOSTS", ""),
        MODEL=default_model(),
        CORRECTIONS=database(),
        LEARNING=os.environ.get("DIGITS_LEARNING") or "on",
        ORIGINS=os.environ.get("DIGITS_ORIGINS") or DEVELOPMENT,
        TOKEN=os.environ.get("DIGITS_TOKEN", ""),
        LESSONS_PER_MINUTE=os.environ.get("DIGITS_LESSONS_PER_MINUTE") or LESSONS_PER_MINUTE,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        PROPAGATE_EXCEPTIONS=False,  # whatever the mode: no traceback leaves the server
    )
    app.config.from_mapping(config or {})
    app.config["TRUSTED_HOSTS"] = trusted_hosts(app.config["HOST"], app.config["HOSTS"])
    app.url_map.merge_slashes = False  # else //query would be redirected, in HTML
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask documents this, its hints do not
    app.logger.setLevel(logging.INFO)

    # One drawing is too small to be shared out, and the threads of requests fill the cores anyway.
    threadpool_limits(1, "blas")
    cv2.setNumThreads(1)
    app.extensions["teacher"] = loaded(Path(app.config["MODEL"]), Path(app.config["CORRECTIONS"]))
    app.extensions["pace"] = Pace(lessons(app.config["LESSONS_PER_MINUTE"]))
    app.register_blueprint(routes)
    app.register_blueprint(teaching)
    app.before_request(start_clock)
    app.after_request(finish)
    app.register_error_handler(HTTPException, refused)
    for kind in PROBLEMS:
        app.register_error_handler(kind, unusable)
    app.register_error_handler(RefusedError, refused_client)
    app.register_error_handler(TooManyError, slowed_down)
    listed = {"origins": app.config["ORIGINS"].split(), "methods": ["GET", "POST", "PATCH", "DELETE"]}
    CORS(app, resources={OPEN_ROUTES: {"origins": "*", "send_wildcard": True}, CLOSED_ROUTES: listed})
    return app


def loaded(path: Path, corrections: Path) -> Teacher:
    """Return who teaches the network in the model file `path`, or raise `DataError` with what to do instead."""
    try:
        found = Teacher(path, corrections)
    except FileNotFoundError:
        raise DataError(f"there is no model at {path}; train one with: python train_model.py") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{error}\nTrain a new model with: python train_model.py") from None
    inputs = found.network.wih.shape[1]
    if inputs != PIXELS:
        raise DataError(f"{path} takes {inputs} inputs, but a drawing has {PIXELS} pixels.")
    return found


def lessons(setting: object) -> int:
    """Return how many lessons a minute a setting allows, or raise `DataError`."""
    if not str(setting).isdecimal() or int(str(setting)) < 1:
        raise DataError(f"DIGITS_LESSONS_PER_MINUTE must be a whole number from 1 up, not {setting!r}.")
    return int(str(setting))


def trusted_hosts(host: str, more: str) -> list[str]:
    """Return the names that a request may call this server by: others are those of pages that rebind theirs to it."""
    own = addresses() if host in EVERYWHERE else [host]
    return [*LOOPBACK, *own, *more.replace(",", " ").split()]


def addresses() -> list[str]:
    """Return the name of this machine, and the address by which its network knows it."""
    name = socket.gethostname().lower()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses the way there
            return [probe.getsockname()[0], name, f"{name}.local"]
        except OSError:  # no network at all
            return [name]


class ProblemTask(ErrorTask):
    """Answers what waitress itself refuses, such as malformed HTTP, in the way the app does."""

    def execute(self) -> None:
        """Send the problem and close the connection."""
        response = problem(self.request.error.code, code_of(self.request.error.code), self.request.error.body)
        response.headers.extend(HEADERS)
        logging.getLogger("server").info("a request that HTTP does not allow %d", response.status_code)
        self.status = response.status
        self.response_headers.extend(response.headers.to_wsgi_list())
        self.set_close_on_finish()
        self.content_length = len(response.data)
        self.write(response.data)


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    options = parse(argv)
    try:
        app = create_app({"HOST": options.host, "MODEL": options.model})
        listener = listening(options.host, options.port)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    name = addresses()[0] if options.host in EVERYWHERE else "localhost" if ":" in options.host else options.host
    print(f"Open http://{name}:{listener.getsockname()[1]} (Ctrl-C ends it)\nModel: {options.model}", flush=True)
    serve(app, listener)
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="Serve the drawing page, and answer drawings over HTTP.")
    parser.add_argument(
        "--host", default=os.environ.get("DIGITS_HOST") or DEFAULT_HOST, metavar="NAME",
        help="who may ask: 127.0.0.1 is this machine alone, 0.0.0.0 its whole network (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=port, default=os.environ.get("DIGITS_PORT") or DEFAULT_PORT, metavar="N",
        help="0 takes any that is free (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--model", type=Path, default=default_model(), metavar="FILE", help="the model (default: %(default)s)"
    )
    return parser.parse_args(argv)


def port(text: str) -> int:
    """Return the number of a port, 0 to 65535."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"needs a whole number from 0 to 65535, got {text!r}")
    return int(text)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address, or raise `DataError` where that cannot be done."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise DataError(f"cannot serve at {host}, port {port} ({error}); choose another --host or --port.") from None


def serve(app: Flask, listener: socket.socket) -> None:
    """Serve the app under waitress until Ctrl-C."""
    HTTPChannel.error_task_class = ProblemTask
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it would tell of each request that waits a moment
    create_server(
        app, sockets=[listener], threads=THREADS, connection_limit=CONNECTIONS, channel_timeout=PATIENCE,
        cleanup_interval=PATIENCE // 3, max_request_body_size=LARGEST_UPLOAD,
    ).run()  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
