/* One hidden node in large, beside what is pointed at or above the thumb: the picture it looks for, with the ink that it
   found glowing in it, and what it adds to each class or takes from it. */

import { makeBars, percent } from "./dom.js";
import { showFound } from "./pixels.js";

const GAP = 8; // pixels of the window

export class NodeCard {
  #card = document.getElementById("node");
  #classNames = [];
  #setVote;

  constructor() {
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide());
    document.addEventListener("pointerdown", (event) => event.target.closest(".decider, .nodes") || this.hide());
    addEventListener("scroll", () => this.hide(), { passive: true });
  }

  /** Show a `node` {node, output, adds, weights} of an answer {label, class_names, pixels} beside `anchor`, an element or
      a box in the window. */
  show({ node, output, adds, weights }, { class_names: classNames, pixels }, anchor) {
    if (String(classNames) !== String(this.#classNames)) {
      this.#classNames = classNames;
      this.#setVote = makeBars(document.getElementById("votes"), classNames);
    }
    document.getElementById("node-title").textContent = `Hidden node ${node} fires ${percent(output)}`;
    showFound(document.getElementById("weights"), weights, pixels);
    const largest = Math.max(...adds.map(Math.abs)) || 1;
    adds.forEach((added, i) => {
      const text = `${added < 0 ? "−" : "+"}${Math.abs(added).toFixed(2)}`;
      this.#setVote(i, { share: added / largest, text, className: added < 0 ? "against" : "" });
    });
    this.#card.hidden = false;
    this.#place(anchor.getBoundingClientRect?.() ?? anchor);
  }

  hide() {
    this.#card.hidden = true;
  }

  /** Stand above the anchor, or else beside it, within the window. */
  #place(box) {
    const { offsetWidth: width, offsetHeight: height } = this.#card;
    const keep = (place, size, space) => Math.max(GAP, Math.min(place, space - size - GAP));
    const isAbove = box.top - height - GAP > 0;
    const isRight = box.right + width + 2 * GAP < innerWidth;
    const left = isAbove ? (box.left + box.right - width) / 2 : isRight ? box.right + GAP : box.left - width - GAP;
    const top = isAbove ? box.top - height - GAP : box.top;
    this.#card.style.setProperty("--left", `${keep(left, width, innerWidth)}px`);
    this.#card.style.setProperty("--top", `${keep(top, height, innerHeight)}px`);
  }
}
