/* The paper to draw on: turns mouse, finger and stylus into strokes and shows them, sharp at any size of the window.
   The keyboard's pen (keys.js) draws through the same begin, extend and end. */

import { paint } from "./paint.js";
import { addStroke } from "./sheets.js";

/** Sends "change" whenever what is on the paper has changed, a stroke under way included. */
export class Pad extends EventTarget {
  #canvas;
  #sheets;
  #stroke = null;
  #pointer = null;
  #frame = 0;

  constructor(canvas, sheets) {
    super();
    this.#canvas = canvas;
    this.#sheets = sheets;
    this.penWidth = 1 / 14; // of the side: as wide as MNIST's strokes once the drawing is 28 pixels wide
    canvas.addEventListener("pointerdown", (event) => this.#pointerDown(event));
    canvas.addEventListener("pointermove", (event) => this.#pointerMove(event));
    canvas.addEventListener("pointerup", (event) => this.#pointerUp(event));
    canvas.addEventListener("pointercancel", (event) => this.#pointerCancel(event));
    new ResizeObserver(() => this.paint()).observe(canvas);
    addEventListener("resize", () => this.paint()); // zooming may change the pixels, not the size
    document.addEventListener("themechange", () => this.paint());
  }

  /** The sheet as it looks now. */
  get sheet() {
    return this.#stroke ? addStroke(this.#sheets.now, this.#stroke) : this.#sheets.now;
  }

  get isDrawing() {
    return this.#stroke !== null;
  }

  begin(point) {
    this.end();
    this.#stroke = [this.#point(point)];
    this.changed();
  }

  extend(points) {
    this.#stroke.push(...points.map((point) => this.#point(point)));
    this.changed();
  }

  end() {
    if (!this.#stroke) return;
    this.#sheets.addStroke(this.#stroke);
    this.drop();
  }

  /** Drop the stroke under way. */
  drop() {
    this.#stroke = null;
    this.#pointer = null;
    this.changed();
  }

  changed() {
    this.#frame ||= requestAnimationFrame(() => this.paint());
    this.dispatchEvent(new Event("change"));
  }

  paint() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const canvas = this.#canvas;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, side, side);
    paint(context, this.sheet.strokes, side, getComputedStyle(canvas).color);
  }

  #point({ x, y, pressure = 0.5 }) {
    return { x, y, width: this.penWidth * (0.75 + 0.5 * pressure) };
  }

  #pointerDown(event) {
    if (!event.isPrimary || event.button !== 0) return; // a second finger, another button
    this.#canvas.setPointerCapture(event.pointerId);
    this.begin(this.#place(event));
    this.#pointer = event.pointerId;
  }

  #pointerMove(event) {
    if (event.pointerId !== this.#pointer) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    this.extend((moves.length ? moves : [event]).map((move) => this.#place(move)));
  }

  #pointerUp(event) {
    if (event.pointerId === this.#pointer) this.end();
  }

  #pointerCancel(event) {
    if (event.pointerId === this.#pointer) this.drop(); // the system took the pointer away: a palm, a gesture
  }

  #place(event) {
    const canvas = this.#canvas;
    const box = canvas.getBoundingClientRect();
    return {
      x: (event.clientX - box.left - canvas.clientLeft) / canvas.clientWidth,
      y: (event.clientY - box.top - canvas.clientTop) / canvas.clientHeight,
      pressure: event.pointerType === "pen" ? event.pressure : 0.5, // what is reported for a finger is seldom measured
    };
  }
}
