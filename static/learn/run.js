/* The run on the server: what happens in it, as events, and what is asked of it. Sends each event of the stream under its
   own name, "trouble" while the server does not answer, and "back" when it does again. */

import { askForToken, knownToken } from "../token.js";

const KINDS = ["started", "ready", "mode", "snapshot", "epoch", "step", "picture", "trained", "ended", "none"];
const AWAY = 6_000; // milliseconds without an answer: streams end by themselves and are opened again, far more often
const AGAIN = 2_000;

export class Run extends EventTarget {
  #source = null;
  #last = ""; // the id of the event that was heard last
  #heard = Date.now();
  #isAway = false;
  #needsToken = false;

  /** Listen, from the first event of the run that the server has. */
  listen() {
    this.#source?.close();
    this.#source = new EventSource(`run/events?after=${this.#last}`);
    for (const kind of KINDS) this.#source.addEventListener(kind, (event) => this.#hear(kind, event));
    this.#source.addEventListener("open", () => this.#answered());
    this.#source.addEventListener("error", () => this.#listenAgain());
  }

  watchForTrouble() {
    setInterval(() => {
      if (this.#isAway || Date.now() - this.#heard < AWAY) return;
      this.#isAway = true;
      this.dispatchEvent(new Event("trouble"));
    }, 1000);
  }

  /** Return the run, and what one may be started with. */
  async describe() {
    const description = await request("run");
    this.#needsToken = description.learning.token;
    return description;
  }

  async start(settings) {
    await this.#change("run", "POST", settings);
    this.listen();
  }

  async command(command) {
    await this.#change("run/command", "POST", { command });
    this.listen(); // at once: a browser that waits for the next time seems slow
  }

  async forget() {
    await this.#change("run", "DELETE");
    this.listen();
  }

  keep() {
    return this.#change("run/keep", "POST", {});
  }

  step() {
    return request("run/step");
  }

  snapshot(number) {
    return request(`run/snapshots/${number}`);
  }

  /** Return what the network said of a drawing {imageData} or {inputs} in each snapshot from `first` on. */
  answers(drawing, first = 0) {
    return request(`run/query?first=${first}`, json("POST", drawing));
  }

  #hear(kind, event) {
    if (event.lastEventId) this.#last = event.lastEventId;
    this.dispatchEvent(new CustomEvent(kind, { detail: JSON.parse(event.data) }));
  }

  #answered() {
    this.#heard = Date.now();
    if (this.#isAway) this.dispatchEvent(new Event("back"));
    this.#isAway = false;
  }

  /** A stream that has ended is opened again by the browser; one that was refused is not. */
  #listenAgain() {
    if (this.#source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => this.listen(), AGAIN);
  }

  async #change(path, method, body = undefined) {
    let token = knownToken();
    if (!token && this.#needsToken) token = await askForToken();
    for (;;) {
      try {
        return await request(path, json(method, body, token ? { Authorization: `Bearer ${token}` } : {}));
      } catch (problem) {
        if (problem.code !== "needs-token") throw problem;
        token = await askForToken(token);
      }
    }
  }
}

function json(method, body, headers = {}) {
  if (body === undefined) return { method, headers };
  return { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** Return the JSON of an answer; throws an error with the words and the code of a problem. */
async function request(path, options = {}) {
  let response;
  let body;
  try {
    response = await fetch(path, options);
    body = await response.json();
  } catch {
    throw Object.assign(new Error("The server does not answer."), { code: "" });
  }
  if (!response.ok) throw Object.assign(new Error(body.detail), { code: body.code });
  return body;
}
