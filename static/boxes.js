/* Thin boxes around the digits that were read, over the paper. The layer is an SVG whose units are the pixels of the
   picture that was sent, so it fits the paper at any size. */

const SVG = "http://www.w3.org/2000/svg";

export class Boxes {
  #layer;
  #boxes = [];

  constructor(layer) {
    this.#layer = layer;
  }

  /** Show boxes for `digits` and for what was `leftOut`, on a picture of `width` x `height` pixels. */
  show(digits, leftOut, { width, height }) {
    this.#layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#boxes = digits.map(({ box, unsure }) => makeBox(box, unsure ? "unsure" : ""));
    this.#layer.replaceChildren(...this.#boxes, ...leftOut.map((box) => makeBox(box, "left-out")));
  }

  hide() {
    this.#boxes = [];
    this.#layer.replaceChildren();
  }

  mark(chosen) {
    this.#boxes.forEach((box, i) => box.classList.toggle("chosen", i === chosen && this.#boxes.length > 1));
  }

  /** Return the number of the digit at a place in the window, or -1. */
  find({ clientX: x, clientY: y }) {
    return this.#boxes.findIndex((box) => {
      const { left, right, top, bottom } = box.getBoundingClientRect();
      return x >= left && x <= right && y >= top && y <= bottom;
    });
  }
}

function makeBox(box, className) {
  const rect = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries(box)) rect.setAttribute(name, value);
  rect.setAttribute("class", className);
  return rect;
}
