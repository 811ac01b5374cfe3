/* Asks the server while somebody draws: one question is under way, the newest of the others waits, and none is aborted.
   So there are as many answers a second as the line allows. Sends "answer" with {query, answer} or "refused" with
   {query, problem}. After a failure that may pass, the query stays for `retry`. */

export class Asker extends EventTarget {
  #send;
  #makeQuery = null; // the question that waits
  #isBusy = false;
  #subject = {}; // another object as soon as what is under way is of no interest any more

  /** `send` takes a query and returns a promise of the answer, or throws a Problem. */
  constructor(send) {
    super();
    this.#send = send;
  }

  /** Ask as soon as the question under way is answered. `makeQuery` is called only then, and only the latest is. */
  ask(makeQuery) {
    this.#makeQuery = makeQuery;
    this.retry();
  }

  /** Whether a question waits. */
  get isWaiting() {
    return this.#makeQuery !== null;
  }

  /** Drop all questions: there is nothing to ask any more. */
  forget() {
    this.#makeQuery = null;
    this.#subject = {};
  }

  /** Send what waits, unless a question is under way. */
  async retry() {
    while (this.#makeQuery && !this.#isBusy) {
      const [makeQuery, subject] = [this.#makeQuery, this.#subject];
      const query = makeQuery();
      this.#makeQuery = null;
      this.#isBusy = true;
      const [type, detail] = await this.#exchange(query);
      this.#isBusy = false;
      if (subject === this.#subject) {
        if (detail.problem?.mayPass) {
          this.#makeQuery ??= makeQuery;
          return;
        }
        this.dispatchEvent(new CustomEvent(type, { detail }));
      }
    }
  }

  async #exchange(query) {
    try {
      return ["answer", { query, answer: await this.#send(query) }];
    } catch (problem) {
      return ["refused", { query, problem }];
    }
  }
}
