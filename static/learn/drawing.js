/* The visitor's own drawing, and what the network said of it in each snapshot of the run. */

import { makeBars, percent } from "../dom.js";
import { KeyboardPen } from "../keys.js";
import { Pad } from "../pad.js";
import { toPicture } from "../paint.js";
import { isBlank, Sheets } from "../sheets.js";
import { say } from "../speech.js";

const at = (id) => document.getElementById(id);

export class Drawing {
  #run;
  #sheets = new Sheets();
  #pad = new Pad(at("pad"), this.#sheets, () => -1); // no digit to point at
  #answers = new Map(); // the number of a snapshot -> outputs
  #pixels = null;
  #version = 0; // of the drawing: an answer to an older one is thrown away
  #isAsking = false;
  #shown = -1;
  #setBar = null;

  constructor(run) {
    this.#run = run;
    const clear = () => this.#change(() => this.#sheets.clear());
    const undo = () => this.#change(() => this.#sheets.undo());
    new KeyboardPen({ pad: this.#pad, canvas: at("pad"), paper: at("paper"), cursor: at("cursor"), undo, say });
    at("clear").addEventListener("click", clear);
    this.#pad.addEventListener("change", () => this.#changed());
  }

  setClasses(names) {
    this.#setBar = makeBars(at("bars"), names);
    this.#showOutputs(null);
  }

  /** Forget the answers of the run before. */
  reset() {
    this.#answers.clear();
    this.#version += 1;
    this.#shown = -1;
  }

  /** Show the answer in the snapshot of this number, as soon as it is known. */
  show(number) {
    this.#shown = number;
    this.#showAnswer();
    if (!this.#answers.has(number)) this.#ask();
  }

  #change(action) {
    this.#pad.end();
    action();
    this.#pad.changed();
  }

  #changed() {
    const blank = isBlank(this.#pad.sheet);
    at("hint").hidden = !blank;
    at("clear").disabled = blank;
    this.#pixels = null;
    this.#version += 1;
    this.#answers.clear();
    if (blank) this.#showOutputs(null);
    else this.#ask();
  }

  /** Ask for the answers that are missing; one question at a time, the last one asked once more where it is old. */
  async #ask() {
    if (this.#isAsking || this.#shown < 0 || isBlank(this.#pad.sheet)) return;
    this.#isAsking = true;
    const version = this.#version;
    const drawing = this.#pixels ? { inputs: this.#pixels } : this.#makePicture();
    const first = this.#pixels ? Math.max(-1, ...this.#answers.keys()) + 1 : 0;
    try {
      const { pixels, answers } = await this.#run.answers(drawing, first);
      if (version === this.#version) {
        this.#pixels = pixels;
        for (const { number, outputs } of answers) this.#answers.set(number, outputs);
        this.#showAnswer();
      }
    } catch {
      // a drawing that is hardly begun, or a run that is gone: the next change asks again
    }
    this.#isAsking = false;
    if (version !== this.#version) this.#ask();
  }

  #makePicture() {
    const { imageData } = toPicture(this.#pad.sheet.strokes, this.#pad.width);
    return { imageData };
  }

  /** Show the answer of the snapshot, or of the last one before it whose answer is known. */
  #showAnswer() {
    const known = [...this.#answers.keys()].filter((number) => number <= this.#shown);
    this.#showOutputs(known.length ? this.#answers.get(Math.max(...known)) : null);
  }

  #showOutputs(outputs) {
    const best = outputs ? Math.max(...outputs) : 0;
    for (let i = 0; i < at("bars").children.length; i += 1) {
      const output = outputs?.[i] ?? 0;
      const className = outputs && output === best ? "best" : "";
      this.#setBar(i, { share: output, text: outputs ? percent(output) : "", className });
    }
  }
}
