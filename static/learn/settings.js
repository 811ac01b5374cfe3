/* The settings as a form and as the address of the page. What a setting may be, the server says. */

import { element } from "../dom.js";

const LABELS = {
  data: "Data set",
  records: "Records (0: all)",
  hidden_nodes: "Hidden nodes",
  learning_rate: "Learning rate",
  batch_size: "Batch size",
  momentum: "Momentum",
  epochs: "Epochs",
  seed: "Seed",
  zero_weights: "Weights at the start",
  wrong_labels: "Share of wrong labels",
  distort: "Distorted copies",
  seconds: "Seconds at least",
};
const BATCHES = ["1", "10", "100"];
const USUAL_DATA = "MNIST, or else the small digits";

export class SettingsForm extends EventTarget {
  #form;
  #defaults = {};

  /** Sends "change" when somebody changes a setting. */
  constructor(form) {
    super();
    this.#form = form;
    form.addEventListener("change", () => this.dispatchEvent(new Event("change")));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Make the fields by what the server says of runs. */
  describe({ data, defaults, limits }) {
    this.#defaults = defaults;
    const fields = Object.entries(LABELS).map(([name, text]) => {
      const field = makeField(name, { data, defaults, limits });
      return element("label", { children: [element("span", { text }), field] });
    });
    this.#form.replaceChildren(...fields);
  }

  get settings() {
    return Object.fromEntries(Object.keys(LABELS).map((name) => [name, this.#read(name)]));
  }

  /** Show these settings, and the usual ones for all others. */
  set settings(settings) {
    for (const name of Object.keys(LABELS)) this.#write(name, String(settings[name] ?? this.#defaults[name]));
  }

  /** Return [name, value] of the settings that are not the usual ones. */
  differencesOf(settings) {
    const all = Object.keys(LABELS).map((name) => [name, settings[name]]);
    return all.filter(([name, value]) => value !== this.#defaults[name]);
  }

  /** Take the settings from an address; return what is wrong with it, in words. */
  readAddress(parameters) {
    const problems = [];
    this.settings = {};
    for (const name of Object.keys(LABELS)) {
      const text = parameters.get(name);
      if (text === null) continue;
      this.#write(name, text);
      if (String(this.#read(name)) === text || Number(text) === this.#read(name)) continue;
      this.#write(name, String(this.#defaults[name]));
      const usual = this.#read(name) || "as usual";
      problems.push(`The address has ${name}=${text.slice(0, 20)}, which cannot be; it stays ${usual}.`);
    }
    return problems.join(" ");
  }

  /** Put the settings that are not the usual ones into `parameters`. */
  writeAddress(parameters) {
    for (const name of Object.keys(LABELS)) parameters.delete(name);
    for (const [name, value] of this.differencesOf(this.settings)) parameters.set(name, String(value));
  }

  #read(name) {
    const field = this.#form.elements[name];
    if (name === "data") return field.value;
    if (name === "zero_weights" || name === "distort") return field.value === "true";
    return field.value === "" ? null : Number(field.value); // the server says what null should be
  }

  #write(name, text) {
    const field = this.#form.elements[name];
    if (name === "batch_size" && !hasOption(field, text) && /^\d{1,4}$/.test(text)) {
      field.append(element("option", { value: text, text }));
    }
    field.value = text;
  }
}

function hasOption(select, value) {
  return [...select.options].some((option) => option.value === value);
}

function makeField(name, { data, defaults, limits }) {
  const choices = {
    data: [["", USUAL_DATA], ...data.map(({ name: value, title }) => [value, title])],
    batch_size: BATCHES.map((size) => [size, size === "1" ? "1, the textbook's way" : size]),
    zero_weights: [["false", "random"], ["true", "all 0"]],
    distort: [["false", "no"], ["true", "yes"]],
  }[name];
  if (choices) {
    const options = choices.map(([value, text]) => element("option", { value, text }));
    return element("select", { name, children: options });
  }
  const { lowest, highest, whole } = limits[name];
  const field = element("input", { type: "number", name, value: defaults[name] });
  return Object.assign(field, { min: name === "records" ? 0 : lowest, max: highest, step: whole ? 1 : "any" });
}
