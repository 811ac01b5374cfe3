/* What the network was taught: a list, newest first, in which each lesson can be changed or taken back. It is asked for
   only while it is open. Sends "changed" when the network has learnt or forgotten something by it. */

import { ask, element, percent } from "./dom.js";
import { showGrey } from "./pixels.js";
import { say } from "./speech.js";

const SIDE = 28;
const KEPT = 10_000; // milliseconds that a file stays where a slow browser can fetch it
const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

const at = (id) => document.getElementById(id);

export class TaughtView extends EventTarget {
  #server;
  #details = at("taught");
  #summary = this.#details.querySelector("summary");
  #tools = at("taught-tools");
  #list = at("corrections");
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
    at("forget").addEventListener("click", () => this.#takeAllBack());
  }

  /** Speak of the network that the server has now. */
  setNetwork({ class_names: classNames, learning }) {
    this.#details.parentElement.hidden = !learning.on;
    if (String(classNames) === String(this.#classNames)) return;
    this.#classNames = classNames;
    this.refresh();
  }

  /** List the newest lessons anew. */
  refresh() {
    if (this.#details.open) this.#do(() => this.#showNewest());
  }

  /** Do one thing after the other, with the buttons disabled. `action` may return what is to have the focus then. */
  #do(action) {
    this.#work = this.#work.then(async () => {
      const focused = this.#tools.contains(document.activeElement) ? document.activeElement : null;
      let next = null;
      this.#setBusy(true);
      this.#showProblem("");
      try {
        next = await action();
      } catch (problem) {
        this.#showProblem(problem.message);
        say(problem.message);
      }
      this.#setBusy(false);
      if (focused && document.activeElement === document.body) (next ?? focused).focus();
    });
  }

  #setBusy(busy) {
    this.#tools.disabled = busy;
    this.#tools.ariaBusy = String(busy);
  }

  async #showNewest() {
    try {
      const { corrections, total } = await this.#server.corrections();
      this.#list.replaceChildren(...corrections.map((correction) => this.#row(correction)));
      this.#setTotal(total);
    } catch (problem) {
      this.#list.replaceChildren();
      this.#offerMore("Try again");
      throw problem;
    }
  }

  async #showMore() {
    const last = this.#list.lastElementChild;
    if (!last) return this.#showNewest();
    const { corrections, total } = await this.#server.corrections(last.dataset.id);
    this.#list.append(...corrections.map((correction) => this.#row(correction)));
    this.#setTotal(total);
    return last.nextElementSibling?.querySelector("select");
  }

  #setTotal(total) {
    this.#total = total;
    at("taught-count").textContent = counted(total);
    at("export").disabled = at("forget").disabled = total === 0;
    if (this.#list.children.length < total) this.#offerMore("Show more");
    else this.#more.hidden = true;
  }

  #offerMore(words) {
    this.#more.textContent = words;
    this.#more.hidden = false;
  }

  #row({ id, label, said, confidence, created, pixels }) {
    const when = TIME.format(new Date(created));
    const canvas = element("canvas", { className: "pixelated", width: SIDE, height: SIDE, ariaHidden: "true" });
    showGrey(canvas, pixels);
    const select = element("select", {
      ariaLabel: `Right answer for the drawing of ${when}`,
      children: this.#classNames.map((name) => new Option(name, name, false, name === label)),
    });
    const time = element("time", { dateTime: created, text: when });
    const words = element("p", { text: `It had said ${said} (${percent(confidence)} sure).`, children: [time] });
    const button = element("button", { type: "button", text: "Take back" });
    button.ariaLabel = `Take back the drawing of ${when}`;
    const row = element("li", { children: [canvas, select, words, button] });
    row.dataset.id = id;
    select.addEventListener("change", () => this.#do(() => this.#relabel(row, label, select.value)));
    button.addEventListener("click", () => this.#do(() => this.#takeBack(row)));
    return row;
  }

  async #relabel(row, before, label) {
    try {
      const changed = this.#row(await this.#server.relabel(row.dataset.id, label));
      row.replaceWith(changed);
      this.#changed(`Changed to ${label}.`);
      return changed.querySelector("select");
    } catch (problem) {
      row.querySelector("select").value = before;
      throw problem;
    }
  }

  async #takeBack(row) {
    const { total } = await this.#server.takeBack(row.dataset.id);
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#setTotal(total);
    this.#changed("Taken back.");
    return neighbour?.querySelector("button") ?? this.#summary;
  }

  async #takeAllBack() {
    at("forget-question").textContent = `Take back ${counted(this.#total)}?`;
    if ((await ask(at("forget-dialog"))) !== "forget") return;
    this.#do(async () => {
      const { total } = await this.#server.takeAllBack();
      this.#list.replaceChildren();
      this.#setTotal(total);
      this.#changed("All taken back.");
      return this.#summary;
    });
  }

  async #export() {
    const href = URL.createObjectURL(await this.#server.correctionsFile());
    element("a", { href, download: "corrections.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(href), KEPT);
  }

  #changed(words) {
    say(words);
    this.dispatchEvent(new Event("changed"));
  }

  #showProblem(words) {
    at("taught-problem").textContent = words;
    at("taught-problem").hidden = !words;
  }
}

function counted(total) {
  if (total === 0) return "Nothing yet.";
  return total === 1 ? "1 drawing" : `${total.toLocaleString("en-GB")} drawings`;
}
