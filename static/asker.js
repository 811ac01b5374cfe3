/* Asks the server while somebody draws: not at every move, and only the latest answer counts. Sends "answer" with
   {question, answer} or "refused" with {question, problem}. A failure that may pass keeps the question for `retry`. */

const PAUSE = 120; // milliseconds without a change before asking
const LONGEST_PAUSE = 360; // ask at least this often in one long stroke

export class Asker extends EventTarget {
  #server;
  #makeQuestion = null;
  #timer = 0;
  #waitingSince = 0;
  #controller = null;

  constructor(server) {
    super();
    this.#server = server;
  }

  /** Ask soon. `makeQuestion` is called only then, for making a picture of each move would be a waste. */
  ask(makeQuestion) {
    this.#makeQuestion = makeQuestion;
    const now = performance.now();
    if (!this.#timer) this.#waitingSince = now;
    clearTimeout(this.#timer);
    const pause = Math.min(PAUSE, Math.max(0, this.#waitingSince + LONGEST_PAUSE - now));
    this.#timer = setTimeout(() => this.#send(), pause);
  }

  get isWaiting() {
    return this.#makeQuestion !== null;
  }

  /** Ask again what is still unanswered. */
  retry() {
    if (this.isWaiting && !this.#timer) this.#send();
  }

  /** There is nothing to ask any more. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#makeQuestion = null;
    this.#controller?.abort();
    this.#controller = null;
  }

  async #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#controller?.abort();
    const controller = new AbortController();
    this.#controller = controller;
    const question = this.#makeQuestion();
    try {
      const answer = await this.#server.query(question, controller.signal);
      this.#settle(controller, "answer", { question, answer });
    } catch (problem) {
      if (!problem.mayPass) this.#settle(controller, "refused", { question, problem });
    }
  }

  #settle(controller, type, detail) {
    if (controller !== this.#controller) return; // a later question, or none, has taken its place
    if (!this.#timer) this.#makeQuestion = null;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
