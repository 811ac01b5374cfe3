/* The drawing as data, with undo and redo. A sheet holds strokes, or a picture instead. A stroke is a
   list of points {x, y, width}, all three in heights of the paper, so that it fits a paper of any size. */

const BLANK = Object.freeze({ strokes: Object.freeze([]), picture: null });

export class Sheets {
  #sheets = [BLANK];
  #index = 0;

  get now() {
    return this.#sheets[this.#index];
  }

  get canUndo() {
    return this.#index > 0;
  }

  get canRedo() {
    return this.#index < this.#sheets.length - 1;
  }

  /** Add a stroke; the first one on a picture starts a new drawing. */
  addStroke(stroke) {
    this.#push(addStroke(this.now, stroke));
  }

  setStrokes(strokes) {
    this.#push({ strokes, picture: null });
  }

  setPicture(picture) {
    this.#push({ strokes: [], picture });
  }

  clear() {
    if (!isBlank(this.now)) this.#push(BLANK);
  }

  undo() {
    if (this.canUndo) this.#index -= 1;
  }

  redo() {
    if (this.canRedo) this.#index += 1;
  }

  #push(sheet) {
    this.#sheets.length = this.#index + 1; // what was undone before is gone
    this.#sheets.push(sheet);
    this.#index += 1;
  }
}

/** Return a new sheet with one more stroke than `sheet`. */
export function addStroke(sheet, stroke) {
  return { strokes: [...sheet.strokes, stroke], picture: null };
}

/** Return how far to the right the strokes of a sheet go, in heights of the paper. */
export function rightEdge(sheet) {
  return Math.max(0, ...sheet.strokes.map((stroke) => Math.max(...stroke.map(({ x }) => x))));
}

export function isBlank(sheet) {
  return !sheet.picture && sheet.strokes.length === 0;
}
