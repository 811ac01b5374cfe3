/* A reading of the server on the page: the number, the boxes on the paper, and of the chosen digit why it was answered so.
   Sends "digit" when another digit is chosen or answered. */

import { Asker } from "./asker.js";
import { Boxes } from "./boxes.js";
import { NetworkView } from "./network.js";
import { NumberView } from "./number.js";
import { drawReasons } from "./pixels.js";

const at = (id) => document.getElementById(id);

export class ReadingView extends EventTarget {
  #inside;
  #explainer;
  #boxes = new Boxes(at("boxes"), at("reasons"));
  #number = new NumberView();
  #network;
  #isFinal = false;
  #hiddenNodes = 0;

  /** `inside` shows all nodes and the steps, `card` a node in large. */
  constructor(server, inside, card) {
    super();
    this.#inside = inside;
    this.#network = new NetworkView(card);
    this.#explainer = new Asker((query) => server.explain(query));
    this.#explainer.addEventListener("answer", ({ detail: { answer } }) => this.#explain(answer));
    this.#number.addEventListener("choose", () => this.#showDigit());
    at("why").addEventListener("change", () => this.#colourInk());
    document.addEventListener("themechange", () => this.#colourInk());
  }

  get digit() {
    return this.#number.digit;
  }

  /** The number of the chosen digit. */
  get chosen() {
    return this.#number.chosen;
  }

  setNetwork({ class_names: classNames, hidden_nodes: hiddenNodes }) {
    this.#hiddenNodes = hiddenNodes;
    this.#network.setClasses(classNames);
  }

  /** Show an answer about a picture of {width, height} pixels; return it in words. */
  show(answer, size) {
    const words = this.#number.show(answer);
    this.#inside.showSteps(answer.steps ?? []);
    this.#boxes.show(answer.digits.filter(({ box }) => box), answer.left_out, size);
    this.#showDigit();
    return words;
  }

  /** Show a sentence instead; `state` is "empty" or "refused". */
  showSentence(state, sentence) {
    this.#explainer.forget();
    this.#number.showSentence(state, sentence);
    this.#network.show(null);
    this.#boxes.hide();
    this.#inside.showHidden(null);
    this.#inside.showSteps([]);
  }

  /** Whether the drawing stays as it is for now: its ink is coloured only then. */
  set isFinal(isFinal) {
    this.#isFinal = isFinal;
    if (!isFinal) this.#network.forgetChanges();
    this.#colourInk();
  }

  /** Mark what a lesson changes from here on. */
  markChanges() {
    this.#network.markChanges();
  }

  /** Choose the digit of this number; -1 changes nothing. */
  choose(place) {
    this.#number.choose(place);
  }

  find(place) {
    return this.#boxes.find(place);
  }

  /** Ask again for what could not be asked while the server was away. */
  retry() {
    this.#explainer.retry();
  }

  #showDigit() {
    const { digit } = this.#number;
    this.#boxes.mark(this.#number.chosen);
    this.#colourInk();
    this.#network.show(digit ?? null);
    if (digit) this.#explainer.ask(() => ({ pixels: digit.pixels, withHidden: this.#inside.wantsHidden }));
    this.dispatchEvent(new Event("digit"));
  }

  #explain(answer) {
    this.#network.explain({ ...answer, hidden_nodes: this.#hiddenNodes });
    this.#inside.showHidden(answer);
    this.#colourInk();
  }

  #colourInk() {
    const reasons = this.#isFinal && at("why").checked && this.#network.reasons;
    const neutral = document.documentElement.dataset.theme === "dark" ? [255, 255, 255] : [0, 0, 0]; // as the ink is
    this.#boxes.colour(this.#number.chosen, reasons ? drawReasons(reasons.pixels, reasons.why, neutral) : "");
  }
}
