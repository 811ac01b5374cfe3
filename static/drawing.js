/* What is on the paper, and the tools that change it: pen, undo, redo, clear, examples, pictures. Sends "change", "point"
   (pad.js), "undo" before Ctrl+Z undoes a stroke (which whoever listens may prevent), "files" with several pictures,
   and "refused" with the Error where a file is no picture. */

import { examples } from "./examples.js";
import { KeyboardPen } from "./keys.js";
import { Pad } from "./pad.js";
import { toPicture } from "./paint.js";
import { convertPicture, listenForPictures, Preview } from "./pictures.js";
import { isBlank, Sheets } from "./sheets.js";
import { say } from "./speech.js";

const EXAMPLE_WIDTH = 1.5; // of the widest example, in heights of the paper
const at = (id) => document.getElementById(id);

export class Drawing extends EventTarget {
  #sheets = new Sheets();
  #preview = new Preview(at("preview"));
  #pad;
  #example = 0;

  /** `findDigit` takes a place in the window and returns the number of the digit there, or -1. */
  constructor(findDigit) {
    super();
    this.#pad = new Pad(at("pad"), this.#sheets, findDigit);
    this.#pad.addEventListener("change", () => this.#show());
    this.#pad.addEventListener("point", ({ detail }) => this.#send("point", detail));
    const undo = () => this.#change(() => this.#sheets.undo());
    at("undo").addEventListener("click", undo);
    at("redo").addEventListener("click", () => this.#redo());
    at("clear").addEventListener("click", () => this.#change(() => this.#sheets.clear()));
    at("example").addEventListener("click", () => this.#showExample());
    at("pen").addEventListener("input", () => this.#setPen());
    new ResizeObserver(() => this.#setPen()).observe(at("pad"));
    document.addEventListener("keydown", (event) => this.#keyDown(event, undo));
    new KeyboardPen({ pad: this.#pad, canvas: at("pad"), paper: at("paper"), cursor: at("cursor"), undo, say });
    listenForPictures({ page: document, paper: at("paper"), inputs: [at("file"), at("photo")], give: (files) => this.#take(files) });
    this.#show();
  }

  get isBlank() {
    return isBlank(this.#pad.sheet);
  }

  get isDrawing() {
    return this.#pad.isDrawing;
  }

  /** A number that is another one as soon as something else is drawn. */
  get revision() {
    return this.#pad.revision;
  }

  /** Return the drawing as {imageData, width, height}, or the picture in its place as {blob}. */
  toQuery() {
    const { strokes, picture } = this.#pad.sheet;
    return picture ? { blob: picture } : toPicture(strokes, this.#pad.width);
  }

  /** Return {width, height} of a query in pixels. */
  async sizeOf(query) {
    return query.blob ? this.#preview.size() : query;
  }

  /** Put a picture on the paper: a Blob that the server takes. */
  setPicture(blob) {
    this.#change(() => this.#sheets.setPicture(blob));
  }

  /** Make a change that is not a stroke. */
  #change(action) {
    this.#pad.end();
    action();
    this.#pad.changed();
  }

  #redo() {
    this.#change(() => this.#sheets.redo());
  }

  #show() {
    at("undo").disabled = !this.#sheets.canUndo && !this.isDrawing;
    at("redo").disabled = !this.#sheets.canRedo || this.isDrawing;
    at("clear").disabled = this.isBlank;
    at("hint").hidden = !this.isBlank;
    this.#preview.show(this.#pad.sheet.picture);
    this.#send("change");
  }

  #showExample() {
    const { title, strokes } = examples[this.#example];
    const { aspect, penWidth: width } = this.#pad;
    const scale = Math.min(1, aspect / EXAMPLE_WIDTH);
    const place = ([x, y]) => ({ x: aspect / 2 + scale * x, y: 0.5 + scale * (y - 0.5), width });
    this.#change(() => this.#sheets.setStrokes(strokes.map((stroke) => stroke.map(place))));
    this.#example = (this.#example + 1) % examples.length;
    say(`Example: ${title}`);
    at("example").title = `Example ${this.#example || examples.length} of ${examples.length}: ${title}`;
  }

  #setPen() {
    const percentage = at("pen").valueAsNumber;
    this.#pad.penWidth = percentage / 100;
    at("pen").ariaValueText = `${percentage}% of the paper's height`;
    at("pen-dot").style.setProperty("--pen", `${this.#pad.penWidth * at("pad").clientHeight}px`);
  }

  #keyDown(event, undo) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.closest("dialog, input[type=password]")) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.#redo();
    else if (this.#send("undo")) undo();
  }

  async #take(files) {
    if (files.length > 1) return this.#send("files", files);
    try {
      this.setPicture(await convertPicture(files[0]));
    } catch (error) {
      this.#send("refused", error);
    }
  }

  #send(type, detail = undefined) {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: true }));
  }
}
