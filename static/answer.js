/* What the network makes of one digit: the pixels that it saw, and how strongly each output node fires. */

import { makeBars } from "./dom.js";
import { showGrey, showNothing } from "./pixels.js";

export class AnswerView {
  #seen = document.getElementById("seen");
  #bars = document.getElementById("bars");
  #classNames = [];
  #setBar;

  /** Make a bar for each class; the same names again change nothing. */
  setClasses(classNames) {
    if (String(classNames) === String(this.#classNames)) return;
    this.#classNames = classNames;
    this.#setBar = makeBars(this.#bars, classNames);
    this.#showOutputs(classNames.map(() => 0));
  }

  /** Show a digit {outputs, pixels}, or nothing. */
  show(digit) {
    this.#showOutputs(digit ? digit.outputs : this.#classNames.map(() => 0));
    if (digit) showGrey(this.#seen, digit.pixels);
    else showNothing(this.#seen);
    this.#seen.ariaLabel = digit ? `The ${digit.label} as the network sees it, light on black` : "Nothing yet";
  }

  #showOutputs(outputs) {
    const best = Math.max(...outputs);
    outputs.forEach((output, i) => {
      const className = output > 0 && output === best ? "best" : "";
      this.#setBar(i, { share: output, text: best > 0 ? Math.min(output, 0.99).toFixed(2) : "", className });
    });
  }
}
