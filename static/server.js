/* Talking to the server, and waiting for it when it is away. Sends "trouble" with a Problem when a request failed in a
   way that may pass, and "back" when the server is well again. */

const PATIENCE = 20_000; // milliseconds: a photo may come over a slow line
const FIRST_WAIT = 500;
const LONGEST_WAIT = 5_000;

/** What went wrong: the server's own words where it gave them (RFC 9457), else ours. Status 0: no answer at all. */
export class Problem extends Error {
  constructor({ status, code, detail }) {
    super(detail);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may do better later. */
  get mayPass() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Server extends EventTarget {
  #wait = FIRST_WAIT;
  #waiting = false;

  /** Ask what a drawing {imageData} or a picture {blob} shows, and how it was prepared if `withSteps` is true. */
  query({ blob, imageData, withSteps }, signal) {
    const body = blob ?? JSON.stringify({ imageData });
    const options = { method: "POST", headers: { "Content-Type": blob?.type ?? "application/json" }, body };
    return this.#request(`query?include=pixels,hidden${withSteps ? ",steps" : ""}`, options, signal);
  }

  network() {
    return this.#request("network");
  }

  hiddenNode(node, signal) {
    return this.#request(`network/hidden/${node}`, {}, signal);
  }

  async #request(path, options = {}, signal = undefined) {
    try {
      const answer = await exchange(path, options, signal);
      this.#wait = FIRST_WAIT;
      return answer;
    } catch (problem) {
      if (problem.mayPass) this.#awaitRecovery(problem);
      throw problem;
    }
  }

  async #awaitRecovery(problem) {
    this.dispatchEvent(new CustomEvent("trouble", { detail: problem }));
    if (this.#waiting) return;
    this.#waiting = true;
    do {
      await new Promise((resume) => setTimeout(resume, this.#wait));
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT);
    } while (!(await isWell()));
    this.#waiting = false;
    this.dispatchEvent(new Event("back"));
  }
}

async function isWell() {
  try {
    await exchange("healthz");
    return true;
  } catch {
    return false;
  }
}

/** Return the JSON that `path` answers with. Throws a Problem, or whatever reason `signal` was aborted with. */
async function exchange(path, options = {}, signal = undefined) {
  const impatience = AbortSignal.timeout(PATIENCE);
  let response;
  let body;
  try {
    response = await fetch(path, { ...options, signal: signal ? AbortSignal.any([signal, impatience]) : impatience });
    body = await response.json();
  } catch {
    signal?.throwIfAborted();
    throw new Problem({ status: response?.ok === false ? response.status : 0, detail: "The server does not answer." });
  }
  if (!response.ok) {
    throw new Problem({ status: response.status, code: body.code, detail: body.detail ?? response.statusText });
  }
  return body;
}
