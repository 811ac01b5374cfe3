"""Answer drawings over HTTP: run `python server.py`, and open the address that it prints.

A route reads its request, asks the network or the teacher, and writes down the answer. Who may do what, what clients
send and get, problems and waitress stand in web/; the whole API is described in static/openapi.json.
"""

import os
import signal
import sys

if __name__ == "__main__":  # the imports below take a second, in which Ctrl-C shall show no traceback either
    for _signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_signal, lambda *_: os._exit(0))

import argparse
import io
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request
from flask_cors import CORS
from threadpoolctl import threadpool_limits
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix

try:
    import drawing.decoding  # noqa: F401 - first: without OpenCV there is an explanation; it sets its limits, too
except ImportError as error:
    raise SystemExit(
        f"error: OpenCV cannot be loaded ({error}).\nOn a server without a screen: apt-get install libgl1\n"
        "or else: pip uninstall opencv-python && pip install opencv-python-headless"
    ) from None

import cv2
import segno

from data.records import DataError
from neural_network import NeuralNetwork
from teaching.store import to_csv
from teaching.teacher import CorrectionNotFoundError, Teacher
from web import access, answers, assets, messages
from web.learning import running, watching
from web.problems import describe_problems
from web.serving import listen, serve
from web.settings import DEFAULT_HOST, EVERYWHERE, addresses, load_teacher, read_settings, shorten, usable_model
from web.turns import Turns

DEFAULT_PORT = "5000"
PAGE = 100  # corrections in a list

Reply = dict[str, object]
# Which pages of other origins may use a route follows from where it is registered:
pages = Blueprint("pages", __name__, static_folder=assets.STATIC, static_url_path="/static")  # none
asking = Blueprint("asking", __name__)  # those of every origin
teaching = Blueprint("teaching", __name__)  # those of listed origins
CORS(asking, send_wildcard=True)
pages.before_request(messages.forget_impossible_dates)
pages.url_value_preprocessor(assets.take_version)
pages.after_request(assets.keep)
teaching.before_request(access.check_teacher)
teaching.after_request(access.keep_private)


@pages.get("/")
def page() -> Response:
    """Send the drawing page."""
    return assets.page("index.html")


@pages.get("/address.svg")
def address() -> Response:
    """Send the address by which other machines reach this server as a QR code, for a class to point phones at."""
    shown = access.address_for_others()
    if not shown:
        raise NotFound("Only this machine reaches this server; start it with --host 0.0.0.0 to open it to others.")
    picture = io.BytesIO()
    segno.make(shown, micro=False).save(picture, kind="svg", scale=8, light="white")
    return Response(picture.getvalue(), mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


@asking.post("/query")
def query() -> Reply:
    """Answer a drawing, or the 784 pixels of one."""
    wanted = messages.parse_parts(("pixels", "hidden", "nodes", "why", "steps"))
    sent, now = messages.read_request(), network()
    if isinstance(sent, bytes):
        return messages.look_in_turn(sent, lambda image: answers.picture_json(now, image, wanted))
    return answers.answer_json(now, {"pixels": sent}, wanted)


@asking.post("/read")
def read() -> Reply:
    """Read the number on a picture; the 784 pixels of one digit are a number as well."""
    wanted = messages.parse_parts(("pixels", "steps"))
    sent, now = messages.read_request(), network()
    if isinstance(sent, bytes):
        reading = messages.look_in_turn(sent, lambda image: answers.read_picture(now, image))
    else:
        reading = answers.read_pixels(now, sent)
    return answers.number_json(now, reading, wanted)


@asking.post("/recognize-digit")
def recognize_digit() -> Reply:
    """Answer a drawing the way that Angular clients of this older protocol expect: the digit is the `message`."""
    file, now = messages.picture_file(messages.json_body()), network()
    answer = messages.look_in_turn(file, lambda image: answers.picture_json(now, image))
    return {"message": answer["label"], **answer}


@asking.get("/network")
def whole_network() -> Reply:
    """Show what the network imagines each class to look like, and what it was trained on."""
    reason = access.reason_not_to_teach()
    learning = {"on": not reason, "reason": reason, "token": access.needs_token()}
    return {**answers.network_json(network()), "learning": learning, "address": access.address_for_others()}


@asking.get("/network/hidden/<int:node>")
def hidden_node(node: int) -> Reply:
    """Show what one hidden node looks for, and which classes it speaks for or against."""
    now = network()
    if node >= len(now.wih):
        raise NotFound(f"The hidden nodes are numbered from 0 to {len(now.wih) - 1}.")
    return {"node": node, "weights": now.wih[node].tolist(), "votes": now.who[:, node].tolist()}


@asking.get("/healthz")
def health() -> Reply:
    """Tell that the server can answer drawings, with which model, and how many corrections that knows."""
    model = answers.model_json(network(), Path(current_app.config["MODEL"]))
    return {"status": "ok", "model": model, "corrections": asdict(teacher().status)}


@asking.get("/lessons")
def lessons() -> Reply:
    """Tell how many corrections the network knows: pages ask often, to see what others teach."""
    return asdict(teacher().status)


@asking.get("/healthz/live")
def liveness() -> Reply:
    """Tell that the process answers at all, without a look at the model, the corrections or the disk."""
    return {"status": "ok"}


@asking.get("/openapi.json")
def description() -> Response:
    """Describe all of this as OpenAPI 3.1."""
    return Response((assets.STATIC / "openapi.json").read_bytes(), mimetype="application/json")


@teaching.post("/train")
def train() -> tuple[Reply, int]:
    """Learn what a drawing is, and tell what the network says of it now."""
    body = messages.json_body()
    label = messages.parse_label(body, network().class_names)
    pixels, file = messages.parse_correction(body)
    done = teacher().teach(pixels, label, file)
    reply: Reply = {
        "correction": answers.correction_json(done.correction, network().class_names),
        "before": answers.answer_json(done.before, {"pixels": pixels}),
        "after": answers.answer_json(done.after, {"pixels": pixels}),
        "learning": done.learning,
    }
    return reply, 201 if done.is_new else 200


@teaching.get("/corrections")
def corrections() -> Reply:
    """List the corrections, newest first."""
    count = messages.parse_count(request.args, "limit", PAGE, PAGE)
    before = messages.parse_count(request.args, "before", messages.LARGEST)
    names = network().class_names
    listed = [answers.correction_json(correction, names) for correction in teacher().page(count, before)]
    return {"corrections": listed, "total": teacher().count()}


@teaching.get("/corrections.csv")
def corrections_csv() -> Response:
    """Export the corrections in the format of the data sets."""
    headers = {"Content-Disposition": "attachment; filename=corrections.csv"}
    return Response(to_csv(teacher().page(-1)[::-1]), mimetype="text/csv", headers=headers)


@teaching.get("/corrections/<int:number>")
def correction(number: int) -> Reply:
    """Show one correction, with the drawing as it came."""
    found = next(iter(teacher().page(1, number + 1)), None)
    if found is None or found.id != number:
        raise CorrectionNotFoundError(number)
    file = teacher().drawing(number)
    shown = answers.correction_json(found, network().class_names)
    return {**shown, "imageData": answers.file_url(file) if file else None}


@teaching.patch("/corrections/<int:number>")
def relabel(number: int) -> Reply:
    """Change what a correction says, as if it had always said so."""
    names = network().class_names
    label = messages.parse_label(messages.json_body(), names)
    return answers.correction_json(teacher().relabel(number, label), names) | still_learning()


@teaching.delete("/corrections/<int:number>")
def take_back(number: int) -> Reply:
    """Unlearn one correction, as if it had never been given."""
    return {"total": teacher().take_back(number)} | still_learning()


@teaching.delete("/corrections")
def take_all_back() -> Reply:
    """Unlearn everything."""
    teacher().take_all_back()
    return {"total": 0} | still_learning()


@pages.get("/learn")
def learning_page() -> Response:
    """Send the page that shows a training."""
    return assets.page("learn/index.html")


def still_learning() -> Reply:
    """Say so where the network does not know all corrections yet."""
    return {"learning": True} if teacher().status.learning else {}


def teacher() -> Teacher:
    """Return the teacher, who keeps the network and the corrections."""
    return current_app.extensions["teacher"]


def network() -> NeuralNetwork:
    """Return the network that answers now. A request asks for it once, and so never mixes the weights of two."""
    return teacher().network


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Make the app, with settings from `config` or else from the environment, whose names begin with DIGITS_.

    HOST, HOSTS, PROXIES, MODEL, CORRECTIONS (their file), LEARNING, ORIGINS, TOKEN, LESSONS_PER_MINUTE.

    Raises `DataError` where a setting makes no sense, and where there is no model, or none that takes the 784 pixels
    of a drawing.
    """
    app = Flask(__name__, static_folder=None)
    app.request_class = messages.Request
    read_settings(app, config or {})
    app.url_map.merge_slashes = False  # else //query would be redirected, in HTML
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask documents this, its hints do not

    # One drawing is too small to be shared out, and the threads of requests fill the cores anyway.
    threadpool_limits(1, "blas")
    cv2.setNumThreads(1)
    app.extensions["teacher"] = load_teacher(Path(app.config["MODEL"]), Path(app.config["CORRECTIONS"]))
    app.extensions["turns"] = Turns()
    app.extensions["pace"] = access.Pace(app.config["LESSONS_PER_MINUTE"])
    app.extensions["guesses"] = access.Pace(access.WRONG_TOKENS_PER_MINUTE)
    describe_problems(app)
    app.before_request(access.check_host)
    app.after_request(assets.compress)
    app.register_blueprint(pages)
    app.register_blueprint(asking)
    app.register_blueprint(watching)
    app.register_blueprint(running)
    app.register_blueprint(access.open_to_listed(app.config["ORIGINS"], teaching))
    if app.config["PROXIES"]:
        count = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def main(argv: list[str] | None = None) -> int:
    """Run the command line. Returns the exit status: 0, or 1 for a failure."""
    try:
        options = parse(argv)
        app = create_app({"HOST": options.host, "MODEL": options.model})
        listener = listen(options.host, options.port)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    name = addresses()[0] if options.host in EVERYWHERE else options.host
    name = f"[{name}]" if ":" in name else name
    print(f"Open http://{name}:{listener.getsockname()[1]} (Ctrl-C ends it)\nModel: {options.model}", flush=True)
    serve(app, listener)
    return 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command line; a value that makes no sense ends the program with status 2."""
    parser = argparse.ArgumentParser(description="Serve the drawing page, and answer drawings over HTTP.")
    parser.add_argument(
        "--host",
        default=os.environ.get("DIGITS_HOST") or DEFAULT_HOST,
        metavar="NAME",
        help="who may ask: 127.0.0.1 is this machine alone, 0.0.0.0 its whole network (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=os.environ.get("DIGITS_PORT") or DEFAULT_PORT,
        metavar="N",
        help="0 takes any that is free (default: %(default)s)",
    )
    parser.add_argument(
        "--model", type=Path, default=usable_model(), metavar="FILE", help="the model (default: %(default)s)"
    )
    return parser.parse_args(argv)


def port(text: str) -> int:
    """Return the number of a port, 0 to 65535."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"needs a whole number from 0 to 65535, got {shorten(text)}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
