/* Teaching: is the answer about one digit right, and if not, what is? Sends "corrected" and "undone" when the network has
   learnt or forgotten something. */

import { element, fitColumns, percent } from "./dom.js";
import { say } from "./speech.js";

const LEARNING = "Your correction is kept. The network is still learning it; draw again in a moment.";
const NONE = "none"; // what the server calls what shows none of the classes
const SURE = 0.95; // of a surer answer, a key has to be pressed twice
const TYPING = "input:not([type=range], [type=checkbox], [type=file]), select, textarea, dialog";

const at = (id) => document.getElementById(id);

export class TeachView extends EventTarget {
  #server;
  #panel = at("teach");
  #words = at("teach-words");
  #yes = at("right");
  #none = at("none");
  #unlearn = at("unlearn");
  #keys = at("teach-keys");
  #buttons = []; // one for each class
  #classNames = [];
  #phase = "waiting"; // for an answer; then "asking", "sending" and "done"
  #pressed = ""; // the key of a class that has to be pressed once more
  #subject = null; // {digit, question, drawing}: what the question is about
  #done = new Map(); // for each digit of this drawing that was told about: {words, correction}

  constructor(server) {
    super();
    this.#server = server;
    this.#yes.addEventListener("click", () => this.#choose(this.#subject.digit.label));
    this.#none.addEventListener("click", () => this.#choose(NONE));
    this.#unlearn.addEventListener("click", () => this.undo());
    document.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#enter("waiting");
  }

  /** Offer the answers of the network that the server has now, or say why it cannot be taught. */
  setNetwork({ class_names: classNames, learning }) {
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
    this.#keys.parentElement.hidden = !classNames.some(isKey);
    at("teach-keys-words").textContent = describeKeys(classNames);
    this.#enter(this.#phase, this.#words.textContent);
  }

  /** Whether somebody has answered the question about this digit. */
  get isDone() {
    return this.#phase === "done";
  }

  /** Ask `question` about a `digit` of a `drawing`, {imageData} or nothing, unless somebody has already answered it. */
  ask(subject) {
    const isSame = this.#subject?.question === subject.question && keyOf(this.#subject.digit) === keyOf(subject.digit);
    this.#subject = subject;
    if (this.#phase === "sending" || (isSame && this.#phase === "asking")) return; // words that wait for an answer stay
    this.#enterSubject();
  }

  /** Add to the words about what was just learnt. */
  addWords(words) {
    const done = this.#subject && this.#done.get(keyOf(this.#subject.digit));
    if (!done || !words) return;
    done.words += ` ${words}`;
    this.#words.textContent = done.words;
  }

  /** Whether there is a correction of this drawing to undo. */
  get canUndo() {
    return this.isDone && Boolean(this.#done.get(keyOf(this.#subject.digit))?.correction);
  }

  /** Stop asking: something else is drawn, or nothing. */
  close() {
    this.#done = new Map(); // another one: a correction under way belongs to the old drawing
    this.#subject = null;
    if (this.#phase !== "sending") this.#enter("waiting");
  }

  #enterSubject() {
    const done = this.#subject && this.#done.get(keyOf(this.#subject.digit));
    if (done) this.#enter("done", done.words);
    else if (this.#subject) this.#enter("asking", this.#subject.question);
    else this.#enter("waiting");
  }

  #keyDown(event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!this.#keys.checked || event.target.closest(TYPING)) return;
    const name = classOfKey(event.key, this.#classNames);
    if (!name || this.#panel.hidden || this.#phase !== "asking") return;
    event.preventDefault(); // or it would be typed into the dialog that asks for the token
    const { label, confidence, unsure } = this.#subject.digit;
    const isSurprising = name !== label && !unsure && confidence >= SURE;
    if (isSurprising && this.#pressed !== name) this.#askOnceMore(name, label, confidence);
    else this.#choose(name);
  }

  /** A key is pressed by mistake more easily than a button. */
  #askOnceMore(name, label, confidence) {
    const words = `It is ${percent(confidence)} sure of ${label}. Press ${name} again to teach it ${name}.`;
    this.#enter("asking", words);
    this.#pressed = name;
    say(words);
  }

  #choose(label) {
    if (this.#phase !== "asking") return;
    if (label === this.#subject.digit.label && !this.#subject.digit.unsure) this.#thank();
    else this.#teach(label);
  }

  /** The network knows that already, so there is nothing to send. */
  #thank() {
    this.#act(() => {
      this.#done.set(keyOf(this.#subject.digit), { words: "Thank you.", correction: null });
      say("Thank you.");
      this.dispatchEvent(new Event("confirmed"));
    });
  }

  async #teach(label) {
    const { digit, drawing } = this.#subject;
    const done = this.#done;
    await this.#act(async () => {
      // A digit of a number is taught by its pixels. Of a picture they are all that is sent: it may be large, and private.
      const { correction, before, after, learning } = await this.#server.teach(drawing ?? { inputs: digit.pixels }, label);
      const words = learning ? LEARNING : compare(before, after);
      done.set(keyOf(digit), { words, correction });
      say(words);
      this.dispatchEvent(new Event("corrected"));
    });
  }

  /** Take back what was said about this digit. */
  async undo() {
    const key = keyOf(this.#subject.digit);
    const done = this.#done;
    const { correction } = done.get(key);
    await this.#act(async () => {
      if (correction) await this.#server.undo(correction.id);
      done.delete(key);
      say(correction ? "Unlearnt." : this.#subject?.question ?? "");
      this.dispatchEvent(new CustomEvent("undone", { detail: { wasLearnt: Boolean(correction) } }));
    });
  }

  /** Do one action, with the buttons disabled, and show the problem if it fails. */
  async #act(action) {
    const done = this.#done;
    const hadFocus = this.#panel.contains(document.activeElement);
    const before = this.#words.textContent;
    this.#enter("sending", before);
    let problem = null;
    try {
      await action();
    } catch (error) {
      problem = error;
      say(error.message);
    }
    this.#enterSubject();
    if (problem && done === this.#done) this.#words.textContent = `${problem.message} ${before}`;
    this.#words.classList.toggle("problem", problem !== null);
    // A button that is disabled or hidden loses the focus, and the Tab key would start again at the top of the page.
    const isLost = hadFocus && done === this.#done && document.activeElement === document.body;
    if (isLost) (this.#unlearn.hidden ? this.#yes : this.#unlearn).focus();
  }

  #enter(phase, words = "") {
    this.#phase = phase;
    this.#pressed = "";
    this.#words.textContent = words;
    this.#words.classList.remove("problem");
    this.#panel.ariaBusy = String(phase === "sending");
    for (const button of [this.#yes, this.#none, ...this.#buttons]) button.disabled = phase !== "asking";
    this.#unlearn.disabled = phase === "sending";
    if (phase === "sending") return;
    this.#panel.classList.toggle("idle", phase === "waiting");
    for (const button of [this.#yes, this.#none]) button.hidden = this.isDone;
    this.#unlearn.hidden = !this.isDone;
    this.#unlearn.textContent = this.isDone && !this.canUndo ? "Not right" : "Unlearn";
  }
}

/** Return what tells one digit of a drawing from the others, as long as the drawing stays the same. */
function keyOf({ box }) {
  return box ? `${box.x},${box.y},${box.width},${box.height}` : "";
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
