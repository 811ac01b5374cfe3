/* Requests to the server, and waiting for it while it is away. Sends "trouble" with a Problem when a request failed in a
   way that may pass, and "back" when the server works again. Where teaching needs a token, the one that token.js keeps is
   sent with the request. */

import { askForToken, knownToken } from "./token.js";

const TIMEOUT = 20_000; // milliseconds: a photo may take a slow line
const FIRST_WAIT = 500;
const LONGEST_WAIT = 5_000;
const PAGE = 100; // corrections in one request

/** A failed request, in the server's own words where it gave them (RFC 9457), else in ours. Status 0: no answer. */
export class Problem extends Error {
  constructor({ status, code, detail }) {
    super(detail);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may succeed later. */
  get mayPass() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Server extends EventTarget {
  #wait = FIRST_WAIT;
  #waiting = false;
  #needsToken = false;
  #readsNumbers = true;

  /** Read the number on a drawing {imageData} or a picture {blob}, and the steps of that if `withSteps`. What a network
      without digits answers looks like a number of one digit without a box. */
  async read({ blob, imageData, withSteps }) {
    const headers = { "Content-Type": blob?.type ?? "application/json" };
    const options = { method: "POST", headers, body: blob ?? JSON.stringify({ imageData }) };
    const parts = `include=pixels${withSteps ? ",steps" : ""}`;
    try {
      if (this.#readsNumbers) {
        const reading = await this.#request(`read?${parts}`, options);
        return { ...reading, digits: reading.digits.map((digit) => ({ ...digit, class_names: reading.class_names })) };
      }
    } catch (problem) {
      if (problem.code !== "no-numbers") throw problem;
    }
    const answer = await this.#request(`query?${parts}`, options);
    return { ...answer, text: answer.label, lines: 1, left_out: [], digits: [answer] };
  }

  /** Ask why the network answers 784 `pixels` as it does, and for all hidden outputs if `withHidden`. */
  async explain({ pixels, withHidden }) {
    const parts = `include=nodes,why${withHidden ? ",hidden" : ""}`;
    return { ...(await this.#request(`query?${parts}`, makeJson("POST", { inputs: pixels }))), pixels };
  }

  /** Ask again what 784 `pixels` are; nobody waits for it. */
  label(pixels) {
    return exchange("query", makeJson("POST", { inputs: pixels })).then(({ label }) => label);
  }

  /** Return how much the network has learnt, {corrections, revision}, from whomever. */
  lessons() {
    return exchange("lessons");
  }

  async network() {
    const network = await this.#request("network");
    this.#needsToken = network.learning.token;
    this.#readsNumbers = network.class_names.join("") === "0123456789";
    return network;
  }

  hiddenNode(node) {
    return this.#request(`network/hidden/${node}`);
  }

  /** Teach that a drawing {imageData}, or one of 784 pixels {inputs}, shows `label`. Returns the correction, and the
      answers before and after. */
  teach(drawing, label) {
    return this.#requestWithToken("train", makeJson("POST", { ...drawing, label }));
  }

  /** Return {corrections, total}: the newest corrections, or those that came before the one with the id `before`. */
  corrections(before) {
    return this.#requestWithToken(`corrections?limit=${PAGE}${before ? `&before=${before}` : ""}`);
  }

  /** Return all corrections as a blob in the format of MNIST's CSV files. */
  correctionsFile() {
    return this.#requestWithToken("corrections.csv", {}, (response) => response.blob());
  }

  relabel(id, label) {
    return this.#requestWithToken(`corrections/${id}`, makeJson("PATCH", { label }));
  }

  undo(id) {
    return this.#requestWithToken(`corrections/${id}`, { method: "DELETE" });
  }

  undoAll() {
    return this.#requestWithToken("corrections", { method: "DELETE" });
  }

  /** Send a request that may need the token. Only silence is sent as "trouble": the caller shows what the server says. */
  async #requestWithToken(path, options = {}, read = undefined) {
    let token = knownToken();
    if (!token && this.#needsToken) token = await askForToken();
    for (;;) {
      const headers = token ? { ...options.headers, Authorization: `Bearer ${token}` } : options.headers;
      try {
        return await exchange(path, { ...options, headers }, read);
      } catch (problem) {
        if (problem.status === 0) this.#awaitRecovery(problem);
        if (problem.code !== "needs-token") throw problem;
        token = await askForToken(token);
      }
    }
  }

  async #request(path, options = {}) {
    try {
      const body = await exchange(path, options);
      this.#wait = FIRST_WAIT;
      return body;
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
    } while (!(await isReachable()));
    this.#waiting = false;
    this.dispatchEvent(new Event("back"));
  }
}

async function isReachable() {
  try {
    await exchange("healthz");
    return true;
  } catch {
    return false;
  }
}

function makeJson(method, body) {
  return { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** Return the response of `path` as JSON, or as `read` reads it. Throws a Problem. */
async function exchange(path, options = {}, read = (response) => response.json()) {
  let response;
  let body;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT) });
    body = await (response.ok ? read(response) : response.json());
  } catch {
    throw new Problem({ status: response?.ok === false ? response.status : 0, detail: "The server does not answer." });
  }
  if (!response.ok) {
    throw new Problem({ status: response.status, code: body.code, detail: body.detail ?? response.statusText });
  }
  return body;
}
