/* The list of corrections, newest first; each can be changed or unlearnt here. The list is loaded only while it is open.
   Sends "changed" when the network has learnt or forgotten something by it. */

import { ask, element, percent, save } from "./dom.js";
import { showGrey } from "./pixels.js";
import { say } from "./speech.js";

const SIDE = 28;
const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

const at = (id) => document.getElementById(id);

export class CorrectionsView extends EventTarget {
  #server;
  #details = at("corrections");
  #summary = this.#details.querySelector("summary");
  #tools = at("corrections-tools");
  #list = at("correction-list");
  #more = at("more");
  #classNames = [];
  #total = 0;
  #work = Promise.resolve();

  constructor(server) {
    super();
    this.#server = server;
    this.#details.addEventListener("toggle", () => this.refresh());
    this.#more.addEventListener("click", () => this.#do(() => this.#showMore()));
    at("export").addEventListener("click", () => this.#do(() => this.#export()));
    at("undo-all").addEventListener("click", () => this.#undoAll());
  }

  /** Show the corrections of the network that the server has now. */
  setNetwork({ class_names: classNames, learning }) {
    this.#details.hidden = !learning.on;
    if (String(classNames) === String(this.#classNames)) return;
    this.#classNames = classNames;
    this.refresh();
  }

  /** Load the newest corrections again. Nothing is disabled: what somebody is about to do here goes on. */
  refresh() {
    if (this.#details.open) this.#work = this.#work.then(() => this.#try(() => this.#showNewest()));
  }

  /** Do one thing after the other, with the buttons disabled. `action` may return the element to focus afterwards. */
  #do(action) {
    this.#work = this.#work.then(async () => {
      const focused = this.#tools.contains(document.activeElement) ? document.activeElement : null;
      this.#setBusy(true);
      const next = await this.#try(action);
      this.#setBusy(false);
      if (focused && document.activeElement === document.body) (next ?? focused).focus();
    });
  }

  /** Return what `action` comes to, or say what went wrong. */
  async #try(action) {
    this.#showProblem("");
    try {
      return await action();
    } catch (problem) {
      this.#showProblem(problem.message);
      say(problem.message);
    }
  }

  #setBusy(busy) {
    this.#tools.disabled = busy;
    this.#tools.ariaBusy = String(busy);
  }

  async #showNewest() {
    try {
      const { corrections, total } = await this.#server.corrections();
      this.#setRows(corrections);
      this.#setTotal(total);
    } catch (problem) {
      this.#list.replaceChildren();
      this.#offerMore("Try again");
      throw problem;
    }
  }

  /** Show a row for each correction; those that stay as they were keep the focus. */
  #setRows(corrections) {
    const focused = document.activeElement;
    const rows = new Map([...this.#list.children].map((row) => [`${row.dataset.id} ${row.dataset.label}`, row]));
    this.#list.replaceChildren(...corrections.map((one) => rows.get(`${one.id} ${one.label}`) ?? this.#makeRow(one)));
    if (this.#list.contains(focused)) focused.focus();
  }

  async #showMore() {
    const last = this.#list.lastElementChild;
    if (!last) return this.#showNewest();
    const { corrections, total } = await this.#server.corrections(last.dataset.id);
    this.#list.append(...corrections.map((correction) => this.#makeRow(correction)));
    this.#setTotal(total);
    return last.nextElementSibling?.querySelector("select");
  }

  #setTotal(total) {
    this.#total = total;
    at("corrections-count").textContent = describeCount(total);
    at("export").disabled = at("undo-all").disabled = total === 0;
    if (this.#list.children.length < total) this.#offerMore("Show more");
    else this.#more.hidden = true;
  }

  #offerMore(words) {
    this.#more.textContent = words;
    this.#more.hidden = false;
  }

  #makeRow({ id, label, said, confidence, created, pixels }) {
    const when = TIME.format(new Date(created));
    const canvas = element("canvas", { className: "pixelated", width: SIDE, height: SIDE, ariaHidden: "true" });
    showGrey(canvas, pixels);
    const options = [...this.#classNames.map((name) => [name, name]), ["None of these", "none"]];
    const select = element("select", {
      ariaLabel: `Right answer for the drawing of ${when}`,
      children: options.map(([text, name]) => new Option(text, name, false, name === label)),
    });
    const time = element("time", { dateTime: created, text: when });
    const words = element("p", { text: `The answer was ${said} (${percent(confidence)} sure).`, children: [time] });
    const button = element("button", { type: "button", text: "Unlearn" });
    button.ariaLabel = `Unlearn the correction of ${when}`;
    const row = element("li", { children: [canvas, select, words, button] });
    Object.assign(row.dataset, { id, label });
    select.addEventListener("change", () => this.#do(() => this.#relabel(row, label, select.value)));
    button.addEventListener("click", () => this.#do(() => this.#undo(row)));
    return row;
  }

  async #relabel(row, before, label) {
    try {
      const newRow = this.#makeRow(await this.#server.relabel(row.dataset.id, label));
      row.replaceWith(newRow);
      this.#reportChange(`Changed to ${label}.`);
      return newRow.querySelector("select");
    } catch (problem) {
      row.querySelector("select").value = before;
      throw problem;
    }
  }

  async #undo(row) {
    const { total } = await this.#server.undo(row.dataset.id);
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#setTotal(total);
    this.#reportChange("Unlearnt.");
    return neighbour?.querySelector("button") ?? this.#summary;
  }

  async #undoAll() {
    at("undo-all-question").textContent = `Unlearn ${describeCount(this.#total)}?`;
    if ((await ask(at("undo-all-dialog"))) !== "undo") return;
    this.#do(async () => {
      const { total } = await this.#server.undoAll();
      this.#list.replaceChildren();
      this.#setTotal(total);
      this.#reportChange("All is unlearnt.");
      return this.#summary;
    });
  }

  async #export() {
    save(await this.#server.correctionsFile(), "corrections.csv");
  }

  #reportChange(words) {
    say(words);
    this.dispatchEvent(new Event("changed"));
  }

  #showProblem(words) {
    at("corrections-problem").textContent = words;
    at("corrections-problem").hidden = !words;
  }
}

function describeCount(total) {
  if (total === 0) return "No corrections yet.";
  return total === 1 ? "1 correction" : `${total.toLocaleString("en-GB")} corrections`;
}
