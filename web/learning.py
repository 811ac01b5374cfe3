"""The routes of runs: who may teach may start and stop one, and everybody on the page /learn may watch it."""

from pathlib import Path

from flask import Blueprint, Response, current_app, g, request

from drawing.preparation import prepare
from runs import folder, process
from runs.settings import parse_settings
from web import access, messages, runs

Reply = dict[str, object]
# Pages of other origins may use none of these routes:
watching = Blueprint("watching", __name__)
running = Blueprint("running", __name__)  # only who may teach
running.before_request(access.check_right)


@watching.get("/run")
def run() -> Reply:
    """Describe the run, and what a run may be started with."""
    reason = access.reason_that_teaching_is_off()
    learning = {"on": not reason, "reason": reason, "token": access.needs_token()}
    return {**runs.run_json(folder.current_run()), "learning": learning}


@running.post("/run")
def start_run() -> tuple[Reply, int]:
    """Start a training that everybody may watch."""
    settings = parse_settings(messages.json_body())
    with runs.writing():
        started = process.start(settings)
    return {"run": started.name}, 201


@running.delete("/run")
def forget_run() -> Reply:
    """Stop the run, and remove all of it."""
    folder.forget()
    return {"run": None}


@watching.get("/run/events")
def run_events() -> Response:
    """Tell what has happened in the run since the event that the browser heard last."""
    g.is_frequent = True
    last = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return Response(runs.events(last), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})


@running.post("/run/command")
def command_run() -> Reply:
    """Tell the training to play, to pause, to take one step or one epoch, or to stop."""
    command = runs.parse_command(messages.json_body())
    current = runs.this_run()
    if current.has_ended:
        raise folder.NoRunError("This run has ended; start another one.")
    with runs.writing():
        current.command(command)
    return {"command": command}


@watching.get("/run/step")
def run_step() -> Reply:
    """Show the last single step, line by line."""
    return runs.this_run().load_step()


@watching.get("/run/snapshots/<int:number>")
def run_snapshot(number: int) -> Reply:
    """Show the hidden nodes as they were in a snapshot."""
    return runs.snapshot_json(runs.this_run(), number)


@watching.post("/run/query")
def query_run() -> Reply:
    """Answer a drawing with the network of each snapshot."""
    g.is_frequent = True
    first = messages.parse_count(request.args, "first", 0, least=0)
    sent = messages.read_request()
    if isinstance(sent, bytes):
        sent = messages.look_in_turn(sent, prepare)
    return runs.answers_json(runs.this_run(), sent, first)


@watching.get("/run/model.npz")
def run_model() -> Response:
    """Send the model file of the run."""
    headers = {"Content-Disposition": "attachment; filename=model.npz"}
    return Response(runs.read_model(runs.this_run()), mimetype="application/octet-stream", headers=headers)


@running.post("/run/keep")
def keep_run() -> Reply:
    """Let the network of the run answer drawings from now on."""
    return runs.keep(runs.this_run(), Path(current_app.config["MODEL"]))
