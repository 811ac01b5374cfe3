/* The paper to draw on: turns mouse, finger and stylus into strokes and shows them, sharp at any size of the window.
   The keyboard's pen (keys.js) draws through the same begin, extend and end. All places are in heights of the paper. */

import { paint } from "./paint.js";
import { addStroke, rightEdge } from "./sheets.js";

const TAP = 5; // pixels of the window: what moves no further on a digit was no stroke

/** Sends "change" whenever what is on the paper has changed, a stroke under way included, and "point" with the
    number of a digit that a mouse points at or a finger taps on. */
export class Pad extends EventTarget {
  #canvas;
  #sheets;
  #findDigit;
  #stroke = null;
  #pointer = null;
  #start = null; // where a pointer came down on a digit: a tap, or a stroke that begins there
  #frame = 0;

  /** `findDigit` takes a place in the window and returns the number of the digit there, or -1. */
  constructor(canvas, sheets, findDigit) {
    super();
    this.#canvas = canvas;
    this.#sheets = sheets;
    this.#findDigit = findDigit;
    this.penWidth = 0.06;
    this.revision = 0; // another one for each change of the ink
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

  /** How wide the sheet is: as wide as the paper, or more where the drawing was made on a wider one. */
  get width() {
    return Math.max(this.aspect, rightEdge(this.#sheets.now)); // a stroke under way goes no further than this
  }

  /** How wide the paper is. */
  get aspect() {
    return this.#canvas.clientWidth / Math.max(1, this.#canvas.clientHeight);
  }

  /** How much smaller the sheet is shown than it was drawn, and where it begins, in heights of the paper. */
  get view() {
    const scale = this.aspect / this.width;
    return { scale, top: (1 - scale) / 2 };
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
    this.#stroke = this.#pointer = null;
    this.changed(false);
  }

  /** Drop the stroke under way. */
  drop() {
    this.#stroke = this.#pointer = null;
    this.changed();
  }

  changed(isOther = true) {
    if (isOther) this.revision += 1;
    this.#frame ||= requestAnimationFrame(() => this.paint());
    this.dispatchEvent(new Event("change"));
  }

  paint() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const canvas = this.#canvas;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * devicePixelRatio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const { scale, top } = this.view;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.translate(0, top * height);
    paint(context, this.sheet.strokes, scale * height, getComputedStyle(canvas).color);
  }

  #point({ x, y, pressure = 0.5 }) {
    return { x, y, width: this.penWidth * (0.75 + 0.5 * pressure) };
  }

  #pointerDown(event) {
    if (!event.isPrimary || event.button !== 0) return; // a second finger, another button
    this.#canvas.setPointerCapture(event.pointerId);
    this.end();
    if (this.#findDigit(event) < 0) this.begin(this.#place(event));
    else this.#start = event;
    this.#pointer = event.pointerId;
  }

  #pointerMove(event) {
    if (event.pointerId !== this.#pointer) {
      if (event.pointerType === "mouse" && !event.buttons) this.#pointAt(event);
      return;
    }
    if (this.#start) {
      const { pointerId } = event;
      if (Math.hypot(event.clientX - this.#start.clientX, event.clientY - this.#start.clientY) < TAP) return;
      this.begin(this.#place(this.#start));
      [this.#start, this.#pointer] = [null, pointerId];
    }
    const moves = event.getCoalescedEvents?.() ?? [];
    this.extend((moves.length ? moves : [event]).map((move) => this.#place(move)));
  }

  #pointerUp(event) {
    if (event.pointerId !== this.#pointer) return;
    if (this.#start) this.#pointAt(this.#start);
    else this.end();
    this.#start = this.#pointer = null;
  }

  #pointerCancel(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#start = null;
    this.drop(); // the system took the pointer away: a palm, a gesture
  }

  #pointAt(event) {
    this.dispatchEvent(new CustomEvent("point", { detail: this.#findDigit(event) }));
  }

  #place(event) {
    const { left, top } = this.#canvas.getBoundingClientRect();
    const { clientHeight, clientLeft, clientTop } = this.#canvas;
    const { scale, top: margin } = this.view;
    return {
      x: Math.min(this.width, (event.clientX - left - clientLeft) / clientHeight / scale),
      y: ((event.clientY - top - clientTop) / clientHeight - margin) / scale,
      pressure: event.pointerType === "pen" ? event.pressure : 0.5, // what is reported for a finger is seldom measured
    };
  }
}
