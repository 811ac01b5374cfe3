/* Teaching: is the answer right, and if not, what is? Sends "taught" with the answer that the network gives now, or none
   if something else has been drawn since, and "takenBack" when the network has forgotten it again. */

import { element, percent } from "./dom.js";
import { say } from "./speech.js";

const QUESTION = "Is that right?";
const TYPING = "input:not([type=range], [type=checkbox], [type=file]), select, textarea, dialog";

const at = (id) => document.getElementById(id);

export class TeachView extends EventTarget {
  #server;
  #panel = at("teach");
  #words = at("teach-words");
  #yes = at("right");
  #undo = at("unteach");
  #keys = at("teach-keys");
  #problem = at("teach-problem");
  #buttons = []; // one for each class
  #classNames = [];
  #phase = "waiting"; // for an answer; then "asking", "sending" and "answered"
  #answer = null; // what is asked about
  #question = null; // what it answers
  #drawing = {}; // another one as soon as something else is drawn
  #correction = null; // what Undo takes back; none where the answer was right

  constructor(server) {
    super();
    this.#server = server;
    this.#yes.addEventListener("click", () => this.#choose(this.#answer.label));
    this.#undo.addEventListener("click", () => this.#takeBack());
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
    at("choices").classList.toggle("words", classNames.some((name) => name.length > 2));
    this.#enter(this.#phase, this.#words.textContent);
  }

  /** Whether somebody has answered, and nothing else has been drawn since. */
  get isAnswered() {
    return this.#phase === "answered";
  }

  /** Ask whether the answer to a question is right. What somebody has already told about is not asked again. */
  ask({ question, answer }) {
    if (this.isAnswered) return;
    this.#question = question;
    this.#answer = answer;
    if (this.#phase !== "sending") this.#enter("asking");
  }

  /** Ask nothing any more: something else is drawn, or nothing. */
  close() {
    this.#drawing = {};
    this.#answer = null;
    this.#showProblem("");
    if (this.#phase !== "sending") this.#enter("waiting");
  }

  #keyDown(event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!this.#keys.checked || event.target.closest(TYPING)) return;
    if (isDigit(event.key) && this.#classNames.includes(event.key)) this.#choose(event.key);
  }

  #choose(label) {
    if (this.#panel.hidden || this.#phase !== "asking") return;
    if (label === this.#answer.label && !this.#answer.unsure) this.#thank();
    else this.#teach(label);
  }

  /** It knows that already, so there is nothing to send. */
  #thank() {
    this.#act(() => {
      this.#correction = null;
      this.#enter("answered", "Thank you.");
      say("Thank you.");
    });
  }

  async #teach(label) {
    const answer = this.#answer;
    const { imageData } = this.#question;
    // Of a picture, only what the network saw is kept: the rest may be large, and nobody's business.
    const drawing = imageData ? { imageData } : { inputs: answer.pixels };
    await this.#act(async (isStill) => {
      const { correction, before, after } = await this.#server.teach(drawing, label);
      const words = comparison(before, after);
      this.#correction = correction;
      if (isStill()) this.#enter("answered", words);
      say(words);
      this.dispatchEvent(new CustomEvent("taught", { detail: isStill() ? { ...answer, ...after } : null }));
    });
  }

  async #takeBack() {
    const correction = this.#correction;
    await this.#act(async (isStill) => {
      if (correction) await this.#server.takeBack(correction.id);
      if (isStill()) this.#enter("asking");
      if (correction) this.dispatchEvent(new Event("takenBack"));
      say(correction ? "Taken back." : QUESTION);
    });
  }

  /** Do what somebody told: once, with the buttons disabled, and with the words of what may go wrong. */
  async #act(action) {
    const drawing = this.#drawing;
    const before = this.#phase;
    const isStill = () => drawing === this.#drawing;
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#showProblem("");
    this.#enter("sending", this.#words.textContent);
    try {
      await action(isStill);
    } catch (problem) {
      if (isStill()) this.#enter(before, this.#words.textContent);
      this.#showProblem(problem.message);
      say(problem.message);
    }
    if (!isStill()) this.#enter(this.#answer ? "asking" : "waiting");
    // A button that is disabled or hidden loses the focus; whoever goes by keys should not have to start again at the top.
    if (hadFocus && document.activeElement === document.body) (this.#undo.hidden ? this.#yes : this.#undo).focus();
  }

  #enter(phase, words = QUESTION) {
    this.#phase = phase;
    this.#words.textContent = words;
    this.#panel.ariaBusy = String(phase === "sending");
    for (const button of [this.#yes, ...this.#buttons]) button.disabled = phase !== "asking";
    this.#undo.disabled = phase === "sending";
    if (phase === "sending") return;
    this.#yes.hidden = this.isAnswered;
    this.#undo.hidden = !this.isAnswered;
    this.#keys.parentElement.hidden = this.isAnswered || !this.#classNames.some(isDigit);
  }

  #showProblem(words) {
    this.#problem.textContent = words;
    this.#problem.hidden = !words;
  }
}

function isDigit(text) {
  return /^\d$/.test(text);
}

/** Say what a lesson has changed. */
function comparison(before, after) {
  const now = after.label === before.label ? "it still says" : "now it says";
  return `It said ${withShare(before)}; ${now} ${withShare(after)}.`;
}

function withShare({ label, confidence }) {
  return `${label} (${percent(confidence)} sure)`;
}
