/* All hidden nodes as a picture of small squares: the brighter, the more a node fires. It is a slider for the keyboard;
   a finger moves over it, and the node under it is shown above. */

import { percent } from "./dom.js";

const HIGHEST = 0.5; // of the window

export class NodeGrid extends EventTarget {
  #canvas;
  #levels = [];
  #count = 0;
  #cell = 1;
  #columns = 1;
  current = 0;

  /** Sends "choose" for each node that is pointed at, tapped or reached by keys, and "leave". */
  constructor(canvas) {
    super();
    this.#canvas = canvas;
    for (const name of ["pointermove", "pointerdown"]) canvas.addEventListener(name, (event) => this.#point(event));
    for (const name of ["pointerleave", "blur"]) canvas.addEventListener(name, () => this.dispatchEvent(new Event("leave")));
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.#select(this.current));
    canvas.addEventListener("keydown", (event) => this.#keyDown(event));
    new ResizeObserver(() => this.#layOut()).observe(canvas.parentElement);
    document.addEventListener("themechange", () => this.#paint());
  }

  /** Show the output of each of `count` nodes, 0 to 1, or of none. */
  show(count, levels) {
    const isOther = count !== this.#count;
    this.#count = count;
    this.#levels = levels;
    this.current = Math.min(this.current, Math.max(0, count - 1));
    this.#canvas.ariaValueMax = Math.max(0, count - 1);
    this.#tell();
    if (isOther) this.#layOut();
    else this.#paint();
  }

  /** Return where the current node is in the window. */
  get box() {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const x = left + (this.current % this.#columns) * this.#cell;
    const y = top + Math.floor(this.current / this.#columns) * this.#cell;
    return { left: x, right: x + this.#cell, top: y, bottom: y + this.#cell };
  }

  #layOut() {
    const width = this.#canvas.parentElement.clientWidth;
    if (!this.#count || !width) return;
    this.#cell = Math.max(8, Math.min(32, Math.floor(Math.sqrt((width * HIGHEST * innerHeight) / this.#count))));
    this.#columns = Math.max(1, Math.floor(width / this.#cell));
    const height = Math.ceil(this.#count / this.#columns) * this.#cell;
    this.#canvas.style.setProperty("--width", `${this.#columns * this.#cell}px`);
    this.#canvas.style.setProperty("--height", `${height}px`);
    Object.assign(this.#canvas, { width: this.#columns * this.#cell * devicePixelRatio, height: height * devicePixelRatio });
    this.#paint();
  }

  #paint() {
    const context = this.#canvas.getContext("2d");
    const style = getComputedStyle(this.#canvas);
    const cell = this.#cell * devicePixelRatio;
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    for (let i = 0; i < this.#count; i += 1) {
      const box = [(i % this.#columns) * cell, Math.floor(i / this.#columns) * cell, cell - 2, cell - 2];
      context.fillStyle = style.getPropertyValue("--node-low");
      context.globalAlpha = 1;
      context.fillRect(...box);
      context.fillStyle = style.getPropertyValue("--node-high");
      context.globalAlpha = this.#levels[i] ?? 0;
      context.fillRect(...box);
    }
    context.globalAlpha = 1;
    context.strokeStyle = style.getPropertyValue("--text");
    context.lineWidth = 2;
    context.strokeRect((this.current % this.#columns) * cell, Math.floor(this.current / this.#columns) * cell, cell - 2, cell - 2);
  }

  #point(event) {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - left) / this.#cell);
    const node = Math.floor((event.clientY - top) / this.#cell) * this.#columns + column;
    if (column >= 0 && column < this.#columns && node >= 0 && node < this.#count) this.#select(node);
  }

  #select(node) {
    this.current = node;
    this.#tell();
    this.#paint();
    this.dispatchEvent(new Event("choose"));
  }

  #tell() {
    const level = this.#levels[this.current];
    this.#canvas.ariaValueNow = this.current;
    this.#canvas.ariaValueText = level === undefined ? `Node ${this.current}` : `Node ${this.current}, ${percent(level)}`;
  }

  #keyDown(event) {
    const last = this.#count - 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns };
    const target = { Home: 0, End: last }[event.key] ?? this.current + steps[event.key];
    if (!(target >= 0 && target <= last)) return;
    event.preventDefault(); // or the page would scroll
    this.#select(target);
  }
}
