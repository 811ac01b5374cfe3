/* Teaching: is the answer right, and if not, what is? Sends "corrected" with the answer that the network gives now, or
   none if something else has been drawn since, and "undone" when the network has forgotten the correction again. */

import { element, fitColumns, percent } from "./dom.js";
import { say } from "./speech.js";

const LEARNING = "Your correction is kept. The network is still learning it; draw again in a moment.";
const QUESTION = "Is that right?";
const TYPING = "input:not([type=range], [type=checkbox], [type=file]), select, textarea, dialog";

const at = (id) => document.getElementById(id);

export class TeachView extends EventTarget {
  #server;
  #panel = at("teach");
  #words = at("teach-words");
  #yes = at("right");
  #undo = at("undo-correction");
  #keys = at("teach-keys");
  #problem = at("teach-problem");
  #buttons = []; // one for each class
  #classNames = [];
  #phase = "waiting"; // for an answer; then "asking", "sending" and "done"
  #answer = null; // the answer that the question is about
  #query = null; // the query that it answers
  #drawing = {}; // another object as soon as something else is drawn
  #correction = null; // the correction that Undo undoes; none where the answer was right

  constructor(server) {
    super();
    this.#server = server;
    this.#yes.addEventListener("click", () => this.#choose(this.#answer.label));
    this.#undo.addEventListener("click", () => this.#undoCorrection());
    document.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#enter("waiting");
  }

  /** Offer the answers of the network that the server has now, or say why it cannot be taught. */
  setNetwork({ class_names: classNames, learning }) {
    this.#showProblem(""); // it was about another network, or a server that was away
    this.#panel.hidden = !learning.on;
    at("teach-off").hidden = learning.on;
    at("teach-off").textContent = learning.reason;
    if (String(classNames) === String(this.#classNames)) return;
    this.#classNames = classNames;
    this.#buttons = classNames.map((name) => {
      const button = element("button", { type: "button", text: name });
      button.addEventListener("click", () => this.#choose(name));
      return button;
    });
    at("choices").replaceChildren(...this.#buttons);
    fitColumns(at("choices"), classNames);
    at("teach-keys-words").textContent = describeKeys(classNames);
    this.#enter(this.#phase, this.#words.textContent);
  }

  /** Whether somebody has answered the question, and nothing else has been drawn since. */
  get isDone() {
    return this.#phase === "done";
  }

  /** Ask whether the answer to a query is right, unless somebody has already said so. */
  ask({ query, answer }) {
    if (this.isDone) return;
    this.#query = query;
    this.#answer = answer;
    if (this.#phase !== "sending") this.#enter("asking");
  }

  /** Stop asking: something else is drawn, or nothing. */
  close() {
    this.#drawing = {};
    this.#answer = null;
    this.#showProblem("");
    if (this.#phase !== "sending") this.#enter("waiting");
  }

  #keyDown(event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!this.#keys.checked || event.target.closest(TYPING)) return;
    const name = classOfKey(event.key, this.#classNames);
    if (name) this.#choose(name);
  }

  #choose(label) {
    if (this.#panel.hidden || this.#phase !== "asking") return;
    if (label === this.#answer.label && !this.#answer.unsure) this.#thank();
    else this.#teach(label);
  }

  /** The network knows that already, so there is nothing to send. */
  #thank() {
    this.#act(() => {
      this.#correction = null;
      this.#enter("done", "Thank you.");
      say("Thank you.");
    });
  }

  async #teach(label) {
    const answer = this.#answer;
    const { imageData } = this.#query;
    // Of a picture, only the pixels that the network saw are sent: the rest may be large, and private.
    const drawing = imageData ? { imageData } : { inputs: answer.pixels };
    await this.#act(async (isSame) => {
      const { correction, before, after, learning } = await this.#server.teach(drawing, label);
      const words = learning ? LEARNING : compare(before, after);
      this.#correction = correction;
      if (isSame()) this.#enter("done", words);
      say(words);
      this.dispatchEvent(new CustomEvent("corrected", { detail: isSame() ? { ...answer, ...after } : null }));
    });
  }

  async #undoCorrection() {
    const correction = this.#correction;
    await this.#act(async (isSame) => {
      if (correction) await this.#server.undo(correction.id);
      if (isSame()) this.#enter("asking");
      if (correction) this.dispatchEvent(new Event("undone"));
      say(correction ? "Correction undone." : QUESTION);
    });
  }

  /** Do one action, with the buttons disabled, and show the error if it fails. */
  async #act(action) {
    const drawing = this.#drawing;
    const before = this.#phase;
    const isSame = () => drawing === this.#drawing;
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#showProblem("");
    this.#enter("sending", this.#words.textContent);
    try {
      await action(isSame);
    } catch (problem) {
      if (isSame()) this.#enter(before, this.#words.textContent);
      this.#showProblem(problem.message);
      say(problem.message);
    }
    if (!isSame()) this.#enter(this.#answer ? "asking" : "waiting");
    // A button that is disabled or hidden loses the focus, and the Tab key would start again at the top of the page.
    if (hadFocus && document.activeElement === document.body) (this.#undo.hidden ? this.#yes : this.#undo).focus();
  }

  #enter(phase, words = QUESTION) {
    this.#phase = phase;
    this.#words.textContent = words;
    this.#panel.ariaBusy = String(phase === "sending");
    for (const button of [this.#yes, ...this.#buttons]) button.disabled = phase !== "asking";
    this.#undo.disabled = phase === "sending";
    if (phase === "sending") return;
    this.#yes.hidden = this.isDone;
    this.#undo.hidden = !this.isDone;
    this.#keys.parentElement.hidden = this.isDone || !this.#classNames.some(isKey);
  }

  #showProblem(words) {
    this.#problem.textContent = words;
    this.#problem.hidden = !words;
  }
}

/** Tell whether one key can choose the class of this name. */
function isKey(name) {
  return [...name].length === 1;
}

/** Return the class that a key chooses, or nothing. Capital letters need no Shift, unless both cases are classes. */
function classOfKey(key, classNames) {
  const same = classNames.filter((name) => isKey(name) && name.toLowerCase() === key.toLowerCase());
  return same.find((name) => name === key) ?? same[0];
}

function describeKeys(classNames) {
  if (!classNames.every(isKey)) return "The key of a class answers as well";
  return `The keys ${classNames[0]} to ${classNames.at(-1)} answer as well`;
}

/** Return in words what a correction has changed. */
function compare(before, after) {
  const now = after.label === before.label ? "it still says" : "now it says";
  return `It said ${withConfidence(before)}; ${now} ${withConfidence(after)}.`;
}

function withConfidence({ label, confidence }) {
  return `${label} (${percent(confidence)} sure)`;
}
