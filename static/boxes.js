/* Thin boxes around the digits that were read, over the paper, and the colours of ink that decided. Both layers are SVGs
   whose units are the pixels of the picture that was sent, so they fit the paper at any size. */

const SVG = "http://www.w3.org/2000/svg";

export class Boxes {
  #layer;
  #colours;
  #boxes = [];

  constructor(layer, colours) {
    this.#layer = layer;
    this.#colours = colours;
  }

  /** Show boxes for `digits` and for what was `leftOut`, on a picture of `width` x `height` pixels. */
  show(digits, leftOut, { width, height }) {
    for (const layer of [this.#layer, this.#colours]) layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#boxes = digits.map(({ box, unsure }) => makeBox(box, unsure ? "unsure" : ""));
    this.#layer.replaceChildren(...this.#boxes, ...leftOut.map((box) => makeBox(box, "left-out")));
  }

  /** Colour the ink in one box by its reasons: a data URL of a picture, or nothing. */
  colour(place, url) {
    this.#colours.replaceChildren();
    const box = this.#boxes[place];
    if (!box || !url) return;
    const image = document.createElementNS(SVG, "image");
    for (const name of ["x", "y", "width", "height"]) image.setAttribute(name, box.getAttribute(name));
    image.setAttribute("preserveAspectRatio", "none");
    image.setAttribute("href", url);
    this.#colours.append(image);
  }

  hide() {
    this.#boxes = [];
    this.#layer.replaceChildren();
    this.#colours.replaceChildren();
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
