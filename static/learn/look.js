/* What a run looks like: its curves, hidden nodes, confusion matrix and figures, now or at a snapshot of the past. */

import { Chart } from "./charts.js";
import { paintConfusion } from "./confusion.js";
import { paintWeights } from "./pictures.js";

const at = (id) => document.getElementById(id);
const percent = (share) => (share === null ? "–" : `${(100 * share).toFixed(1)}%`);

export class Look {
  #charts = {
    accuracy: new Chart(at("accuracy-chart"), { highest: 1, format: (value) => `${Math.round(100 * value)}%` }),
    loss: new Chart(at("loss-chart"), { format: (value) => value.toPrecision(2) }),
  };
  #now = newRecord("");
  #before = null;
  #picture = null;
  #kept = [];
  #moment = null; // the snapshot of the past that is shown, or null for the newest
  #frame = 0;
  names = [];

  /** Begin with a new run, whose settings are described by `words`. */
  begin(words) {
    if (this.#now.snapshots.length > 1) this.#before = this.#now;
    this.#now = newRecord(words);
    this.#moment = null;
    this.#picture = null;
    this.draw();
  }

  ready(event) {
    this.#now.ready = event;
    this.names = event.class_names;
    at("confusion-note").textContent = "";
  }

  addSnapshot(snapshot) {
    this.#now.snapshots.push(snapshot);
    this.#moment = null;
    this.#drawSoon();
  }

  addEpoch(epoch) {
    this.#now.epochs.push(epoch);
    this.#drawSoon();
  }

  end(event) {
    this.#now.end = event;
    this.tellState(event.message);
  }

  /** What presets judge: null where the run has not begun to learn, or was not let to. */
  get summary() {
    const { snapshots, ready, end } = this.#now;
    const last = snapshots.findLast((snapshot) => snapshot.step > 0);
    if (!last || !["finished", "diverged"].includes(end.reason)) return null;
    return { last, snapshots, ready, reason: end.reason };
  }

  // back through the run

  /** Offer these snapshots, and show the last. */
  offer(numbers) {
    this.#kept = numbers;
    Object.assign(at("slider"), { max: numbers.length - 1, value: numbers.length - 1 });
    this.showMoment(this.chosen);
  }

  get chosen() {
    return this.#kept[at("slider").valueAsNumber];
  }

  /** Show the figures of a snapshot, and where it is on the curves. */
  showMoment(number) {
    const snapshot = this.#now.snapshots.find((one) => one.number === number);
    if (!snapshot) return;
    this.#moment = snapshot;
    const words = `Epoch ${snapshot.epoch.toFixed(2)}, step ${snapshot.step.toLocaleString("en")}`;
    at("moment").textContent = at("slider").ariaValueText = words;
    this.draw();
  }

  showPicture(picture) {
    this.#picture = picture;
    this.#drawPicture();
  }

  /** Say what the run is doing; with no words, how far it is. */
  tellState(words) {
    const { ready, end, epochs } = this.#now;
    const best = end?.best ? ` Epoch ${end.best} is the best on validation records.` : "";
    const wait = words === "Saving" ? "Learnt. Fitting the confidence and saving …" : words;
    at("status").textContent = wait ? `${wait}${best}` : `Learning: epoch ${epochs.length + 1} of ${ready?.epochs ?? ""}`;
  }

  // drawing

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.#frame = 0;
    const { snapshots, ready, epochs, end } = this.#now;
    const shown = this.#moment ?? snapshots.at(-1);
    const before = this.#before && at("compare").checked ? this.#before : null;
    const longest = Math.max(ready?.epochs ?? 0, before?.ready?.epochs ?? 0);
    const marks = end?.best ? [{ className: "best", epoch: end.best }] : [];
    if (this.#moment) marks.push({ className: "moment", epoch: this.#moment.epoch });
    for (const [name, chart] of Object.entries(this.#charts)) {
      const lines = [...(before ? linesOf(before, name, "before") : []), ...linesOf(this.#now, name, "")];
      chart.show({ lines, epochs: longest, marks });
    }
    at("compare-row").hidden = !this.#before;
    at("before-key").hidden = !before;
    at("before-key").textContent = before ? `dashed: the run before${this.#before.words && ` (${this.#before.words})`}` : "";
    at("accuracy").textContent = shown ? describeAccuracy(shown) : "";
    at("loss").textContent = shown ? `validation ${shown.validation_loss?.toFixed(3) ?? "out of bounds"}` : "";
    at("progress").value = ready && snapshots.length ? snapshots.at(-1).step / ready.steps : 0;
    if (shown && ready) at("nodes-note").textContent = describeNodes(shown, ready);
    const isLearning = ready && !end && snapshots.length && !at("status").textContent.startsWith("Paused");
    if (isLearning) this.tellState(epochs.length < ready.epochs ? "" : "Saving");
    this.#drawPicture();
  }

  #drawPicture() {
    if (!this.#picture) return;
    const count = paintWeights(at("nodes"), this.#picture.pictures);
    at("nodes").ariaLabel = `The weights of ${count} hidden nodes as pictures`;
    const words = paintConfusion(at("confusion"), this.#picture.confusion, this.names);
    at("confusion").ariaLabel = `The confusion matrix. ${words}`;
    at("confusion-note").textContent = words;
  }
}

function newRecord(words) {
  return { words, ready: null, snapshots: [], epochs: [], end: null };
}

function linesOf({ snapshots }, name, className) {
  const pick = (key) => snapshots.filter((one) => Number.isFinite(one[key])).map((one) => [one.epoch, one[key]]);
  return [
    { className: `training ${className}`, points: pick(name) },
    { className: `validation ${className}`, points: pick(`validation_${name}`) },
  ];
}

function describeAccuracy({ accuracy = null, validation_accuracy: validation }) {
  return `training ${percent(accuracy)}, validation ${percent(validation)}`;
}

function describeNodes({ stuck, spread }, { hidden_nodes: nodes }) {
  const shown = nodes > 100 ? `The 100 of ${nodes} that changed most. ` : "";
  const alike = nodes > 1 && spread < 0.01 ? " All are alike." : "";
  return `${shown}${stuck} of ${nodes} stuck at 0 or 1.${alike}`;
}
