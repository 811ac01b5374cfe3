/* Asks the server while somebody draws: not at every move, and only the latest answer counts. Sends "answer" with
   {query, answer} or "refused" with {query, problem}. After a failure that may pass, the query stays for `retry`. */

const PAUSE = 120; // milliseconds without a change before asking
const LONGEST_PAUSE = 360; // ask at least this often in one long stroke

export class Asker extends EventTarget {
  #server;
  #makeQuery = null;
  #timer = 0;
  #waitingSince = 0;
  #controller = null;

  constructor(server) {
    super();
    this.#server = server;
  }

  /** Ask soon. `makeQuery` is called only then, since a picture of each move would be a waste. */
  ask(makeQuery) {
    this.#makeQuery = makeQuery;
    const now = performance.now();
    if (!this.#timer) this.#waitingSince = now;
    clearTimeout(this.#timer);
    const pause = Math.min(PAUSE, Math.max(0, this.#waitingSince + LONGEST_PAUSE - now));
    this.#timer = setTimeout(() => this.#send(), pause);
  }

  get isWaiting() {
    return this.#makeQuery !== null;
  }

  /** Send a query again that is still unanswered. */
  retry() {
    if (this.isWaiting && !this.#timer) this.#send();
  }

  /** Drop the query: there is nothing to ask any more. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#makeQuery = null;
    this.#controller?.abort();
    this.#controller = null;
  }

  async #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    const query = this.#makeQuery();
    try {
      const answer = await this.#server.query(query, controller.signal);
      this.#settle(controller, "answer", { query, answer });
    } catch (problem) {
      if (!problem.mayPass) this.#settle(controller, "refused", { query, problem });
    }
  }

  #settle(controller, type, detail) {
    if (controller !== this.#controller) return; // a later question, or none, has taken its place
    if (!this.#timer) this.#makeQuery = null;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
