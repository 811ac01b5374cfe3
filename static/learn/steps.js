/* One step, line by line: the lines of the class as they stand in its file, and beside them the values that each gave.
   Both come from the server, which had Python tell them while the step was taken. */

import { element } from "../dom.js";
import { showGrey } from "../pixels.js";
import { paintNumbers, paintRows, paintWeights } from "./pictures.js";

const PIXELS = 784;
const FEW = 20; // numbers that are written out at once
const COLUMNS = 20;
const PACE = 1500; // milliseconds a line

export class StepView {
  #at = (id) => document.getElementById(id);
  #moments = [];
  #names = [];
  #current = 0;
  #timer = 0;

  constructor() {
    this.#at("line-before").addEventListener("click", () => this.#go(this.#current - 1));
    this.#at("line-next").addEventListener("click", () => this.#go(this.#current + 1));
    this.#at("line-play").addEventListener("click", () => (this.#timer ? this.#rest() : this.#play()));
  }

  /** Show a step as /run/step has it; its classes are called `names`, and it took so many records. */
  show({ step, learning_rate: rate, momentum, source, moments }, names, records) {
    this.#rest();
    this.#names = names;
    this.#moments = moments.filter(({ values }) => Object.keys(values).length);
    const lines = source.map(({ function: name, number, text }) => {
      const line = element("li", { children: [element("code", { text: text || " " })] });
      line.value = number;
      line.dataset.place = `${name} ${number}`;
      return line;
    });
    this.#at("code").replaceChildren(...lines);
    const target = this.#moments.find(({ values }) => values.targets)?.values.targets.values ?? [];
    const label = names[target.indexOf(Math.max(...target))];
    const one = records > 1 ? `the first of ${records} records, ` : "";
    this.#at("one-step-words").textContent =
      `Step ${step}: ${one}a ${label}. Learning rate ${rate.toPrecision(3)}${momentum ? `, momentum ${momentum}` : ""}.`;
    this.#at("one-step").hidden = false;
    this.#go(0);
  }

  hide() {
    this.#rest();
    this.#at("one-step").hidden = true;
  }

  #play() {
    if (this.#current === this.#moments.length - 1) this.#go(0);
    this.#at("line-play").ariaPressed = "true";
    this.#timer = setInterval(() => {
      if (this.#current === this.#moments.length - 1) this.#rest();
      else this.#go(this.#current + 1);
    }, PACE);
  }

  #rest() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#at("line-play").ariaPressed = "false";
  }

  #go(place) {
    this.#current = Math.max(0, Math.min(place, this.#moments.length - 1));
    this.#at("line-before").disabled = this.#current === 0;
    this.#at("line-next").disabled = this.#current === this.#moments.length - 1;
    const moment = this.#moments[this.#current];
    for (const line of this.#at("code").children) {
      const isNow = line.dataset.place === `${moment.function} ${moment.line}`;
      line.ariaCurrent = isNow ? "step" : null;
      if (isNow) this.#scrollTo(line);
    }
    const values = Object.entries(moment.values).map(([name, value]) => this.#describe(name, value));
    this.#at("values").replaceChildren(...values);
  }

  /** Scroll the code alone, not the page. */
  #scrollTo(line) {
    const code = this.#at("code");
    code.scrollTop = line.offsetTop - code.clientHeight / 2;
  }

  #describe(name, value) {
    const title = element("h3", { text: name });
    if ("text" in value) return element("figure", { children: [title, element("p", { text: value.text })] });
    const shape = element("p", { className: "note", text: `shape (${value.shape.join(", ")})` });
    const parts = "rows" in value ? describeChange(name, value) : this.#describeNumbers(value);
    return element("figure", { children: [title, shape, ...parts] });
  }

  #describeNumbers({ values }) {
    if (values.length <= FEW) {
      const isNamed = values.length === this.#names.length;
      const texts = values.map((value, i) => (isNamed ? `${this.#names[i]}: ${write(value)}` : write(value)));
      return [element("ul", { className: "numbers", children: texts.map((text) => element("li", { text })) })];
    }
    const canvas = element("canvas", { className: "pixelated", role: "img" });
    canvas.ariaLabel = `${values.length} numbers as a picture`;
    if (values.length === PIXELS) {
      canvas.width = canvas.height = Math.sqrt(PIXELS);
      showGrey(canvas, values.map((value) => 255 * value));
    } else {
      canvas.classList.add("cells");
      paintNumbers(canvas, values, COLUMNS, Math.max(...values.map(Math.abs)));
    }
    const all = element("details", { children: [element("summary", { text: "The numbers" })] });
    all.append(element("p", { className: "all-numbers", text: values.map(write).join("  ") }));
    const range = `from ${write(Math.min(...values))} to ${write(Math.max(...values))}`;
    return [canvas, element("p", { className: "note", text: range }), all];
  }
}

/** The change of weights: its largest number, and the rows that changed most. */
function describeChange(name, { shape, row, column, before, after, rows, pictures }) {
  const place = `${name.replace("self.", "")}[${row}, ${column}]`;
  const words = element("p", { text: `changed most at ${place}: ${write(before)} → ${write(after)}` });
  const canvas = element("canvas", { className: "pixelated", role: "img" });
  if (shape[1] === PIXELS) {
    paintWeights(canvas, pictures);
    canvas.ariaLabel = `The changes of ${rows.length} hidden nodes as pictures`;
  } else {
    canvas.classList.add("cells");
    paintRows(canvas, pictures, rows.length);
    canvas.ariaLabel = `The changes of ${rows.length} rows as a picture`;
  }
  const note = shape[1] === PIXELS ? `nodes ${rows.join(", ")}` : "a row for each output, a column for each hidden node";
  return [words, canvas, element("p", { className: "note", text: `blue: more, red: less; ${note}` })];
}

function write(value) {
  if (value === null) return "no number";
  return Math.abs(value) >= 0.001 || value === 0 ? value.toFixed(4) : value.toExponential(2);
}
