/* The number that was read, in large. Where it has several digits, each is a button, and one of them is chosen: its
   pixels, nodes and outputs are shown, and it is what a correction is about. Sends "choose". */

import { element, percent } from "./dom.js";

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

export class NumberView extends EventTarget {
  #result = document.getElementById("result");
  #label = document.getElementById("label");
  #sentence = document.getElementById("sentence");
  #buttons = [];
  #single = element("span"); // the only digit
  #doubt = element("span", { text: "?" });
  #chosen = -1; // what somebody chose, or -1 for the last digit, which is the newest
  #digits = [];

  constructor() {
    super();
    this.#label.addEventListener("keydown", (event) => this.#keyDown(event));
  }

  /** The chosen digit, as its place and as the server describes it. */
  get chosen() {
    return this.#chosen in this.#digits ? this.#chosen : this.#digits.length - 1;
  }

  get digit() {
    return this.#digits[this.chosen];
  }

  /** Show a reading of the server, and return it in words. */
  show(reading) {
    this.#digits = reading.digits;
    const sentence = describe(reading);
    this.#result.dataset.state = reading.unsure ? "unsure" : "sure";
    this.#label.classList.toggle("word", reading.digits.some(({ label }) => label.length > 2));
    this.#label.dataset.length = Math.min(reading.text.length, 9);
    this.#showDigits(reading);
    this.#sentence.textContent = sentence;
    return reading.unsure ? `${spell(reading)}? ${sentence}` : `${spell(reading)}, ${sentence}`;
  }

  /** Show a sentence instead of a number; `state` is "empty" or "refused". */
  showSentence(state, sentence) {
    this.#digits = [];
    this.#chosen = -1;
    this.#result.dataset.state = state;
    this.#label.replaceChildren();
    this.#sentence.textContent = sentence;
  }

  choose(place) {
    if (place < 0 || place === this.chosen) return;
    this.#chosen = place;
    this.#mark();
    this.dispatchEvent(new Event("choose"));
  }

  #showDigits({ digits, unsure, text }) {
    while (this.#buttons.length < digits.length) this.#buttons.push(this.#makeButton(this.#buttons.length));
    digits.forEach(({ label, confidence, unsure: doubtful }, i) => {
      const button = this.#buttons[i];
      button.textContent = label;
      button.ariaLabel = `Digit ${i + 1} of ${digits.length}: ${label}, ${percent(confidence)} sure`;
      button.classList.toggle("unsure", doubtful);
    });
    this.#single.textContent = text;
    const shown = digits.length > 1 ? this.#buttons.slice(0, digits.length) : [this.#single];
    const pieces = shown.flatMap((piece, i) => (i && digits[i].line > digits[i - 1].line ? [element("br"), piece] : [piece]));
    if (unsure) pieces.push(this.#doubt);
    const isSame = pieces.length === this.#label.childNodes.length && pieces.every((piece, i) => piece === this.#label.childNodes[i]);
    if (!isSame) this.#replace(pieces);
    this.#mark();
  }

  /** Replace what is shown without taking the focus from a button that stays. */
  #replace(pieces) {
    const focused = this.#label.contains(document.activeElement) ? document.activeElement : null;
    this.#label.replaceChildren(...pieces);
    if (focused) (focused.isConnected ? focused : this.#buttons[this.chosen]).focus();
  }

  #makeButton(place) {
    const button = element("button", { type: "button", className: "digit" });
    button.addEventListener("click", () => this.choose(place));
    return button;
  }

  #mark() {
    this.#buttons.forEach((button, i) => {
      button.tabIndex = i === this.chosen ? 0 : -1;
      button.ariaCurrent = i === this.chosen ? "true" : null;
    });
  }

  #keyDown(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const place = this.chosen + step;
    if (!step || !(place in this.#digits)) return;
    event.preventDefault(); // or the page would scroll
    this.choose(place);
    this.#buttons[place].focus();
  }
}

/** Return a reading digit by digit: "four zero seven". */
function spell({ digits }) {
  return digits.map(({ label }) => WORDS[label] ?? label).join(" ");
}

/** Say how sure the network is, and what it left out. */
function describe({ digits, confidence, unsure, lines, left_out: leftOut }) {
  const words = [];
  if (!unsure) words.push(`${percent(confidence)} sure`);
  else words.push(digits.length === 1 ? describeDoubt(digits[0]) : describeDoubts(digits));
  if (lines > 1) words.push(`${lines} lines`);
  if (leftOut.length) words.push(leftOut.length > 1 ? `${leftOut.length} marks left out` : "1 mark left out");
  return words.join(" · ");
}

function describeDoubts(digits) {
  const places = digits.flatMap(({ unsure }, i) => (unsure ? [i + 1] : []));
  if (places.length === 0 || places.length > 3) return "Not sure";
  return `Not sure of digit ${places.join(" and ")}`;
}

/** Return in words what a digit might be: none of the classes, or those whose outputs come near the best, three at most. */
export function describeDoubt({ outputs, class_names: names, label, is_digit: isDigit }) {
  if (!isDigit) {
    const subject = subjectOf(names);
    return `Is this ${subject === "picture" ? "one of these" : `a ${subject}`}? Perhaps ${label}.`;
  }
  const best = Math.max(...outputs);
  const order = outputs.map((_, i) => i).sort((a, b) => outputs[b] - outputs[a]);
  const near = order.filter((i) => outputs[i] >= best / 2).slice(0, 3);
  return near.length > 1 ? `Not sure: ${near.map((i) => names[i]).join(" or ")}?` : `Not sure: perhaps ${label}?`;
}

/** Return what the classes are called together. */
export function subjectOf(classNames) {
  if (classNames.every((name) => /^\d$/.test(name))) return "digit";
  return classNames.every((name) => /^\p{L}$/u.test(name)) ? "letter" : "picture";
}
