/* The hidden nodes as a grid of small buttons. One of them is in the order of tabs, arrow keys go from there. */

import { element, percent } from "./dom.js";

export class NodeGrid {
  #grid;
  #choose;
  #nodes = [];
  current = 0;

  /** `choose` gets the number of each node that is pointed at or focused. */
  constructor(grid, choose) {
    this.#grid = grid;
    this.#choose = choose;
    grid.addEventListener("pointerover", (event) => this.#select(this.#nodes.indexOf(event.target)));
    grid.addEventListener("focusin", (event) => this.#select(this.#nodes.indexOf(event.target)));
    grid.addEventListener("keydown", (event) => this.#keyDown(event));
  }

  setCount(count) {
    if (count === this.#nodes.length) return;
    this.#nodes = Array.from({ length: count }, () => element("button", { type: "button", tabIndex: -1 }));
    this.#grid.style.setProperty("--count", count); // the more there are, the smaller
    this.#grid.replaceChildren(...this.#nodes);
    this.current = Math.min(this.current, count - 1);
    this.#mark(true);
    this.showLevels([]);
  }

  /** Show the output of each node, 0 to 1, or of none. */
  showLevels(levels) {
    this.#nodes.forEach((node, i) => {
      node.style.setProperty("--level", levels[i] ?? 0);
      node.ariaLabel = i in levels ? `Node ${i}, ${percent(levels[i])}` : `Node ${i}`;
    });
  }

  #select(node) {
    if (node < 0 || node === this.current) return;
    this.#mark(false);
    this.current = node;
    this.#mark(true);
    this.#choose(node);
  }

  #mark(marked) {
    this.#nodes[this.current].tabIndex = marked ? 0 : -1;
    this.#nodes[this.current].ariaCurrent = marked ? "true" : null;
  }

  #keyDown(event) {
    const last = this.#nodes.length - 1;
    const columns = this.#columns();
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -last, End: last };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault(); // or the page would scroll
    const toEnd = event.key === "Home" || event.key === "End";
    const target = this.current + step;
    if (toEnd) this.#nodes[step < 0 ? 0 : last].focus();
    else if (target >= 0 && target <= last) this.#nodes[target].focus();
  }

  /** The grid takes as many columns as fit; count those of the first row. */
  #columns() {
    const top = this.#nodes[0].offsetTop;
    const second = this.#nodes.findIndex((node) => node.offsetTop > top);
    return second < 0 ? this.#nodes.length : second;
  }
}
