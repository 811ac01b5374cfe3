/* Several pictures at once: each is read in turn and shown with its answer; a click puts it on the paper, where its digits
   can be looked at and corrected. The answers can be saved as a table. */

import { element, percent, save } from "./dom.js";
import { convertPicture } from "./pictures.js";

const SIDE = 96; // pixels of a small picture
const at = (id) => document.getElementById(id);

export class Album extends EventTarget {
  #server;
  #entries = []; // {file, blob, canvas, words, button, answer, problem}
  #reading = Promise.resolve();

  /** Sends "open" with a Blob that shall be put on the paper. */
  constructor(server) {
    super();
    this.#server = server;
    at("album-close").addEventListener("click", () => this.#close());
    at("album-save").addEventListener("click", () => this.#save());
  }

  /** Read `files`, one after the other. */
  take(files) {
    const entries = files.map((file) => this.#makeEntry(file));
    this.#entries.push(...entries);
    at("album-list").append(...entries.map(({ button }) => element("li", { children: [button] })));
    at("album").hidden = false;
    this.#showCount();
    at("album").scrollIntoView({ block: "nearest" });
    this.#reading = this.#reading.then(() => this.#readAll(entries));
  }

  /** Show a newer answer to a picture of the album, if it is one. */
  update(blob, answer) {
    const entry = this.#entries.find((one) => blob && one.blob === blob);
    if (entry) this.#show(entry, { answer });
  }

  #makeEntry(file) {
    const canvas = element("canvas", { className: "thumb", width: SIDE, height: SIDE, ariaHidden: "true" });
    const words = element("strong", { text: "…" });
    const name = element("span", { className: "name", text: file.name });
    const entry = { file, canvas, words, button: element("button", { type: "button", children: [canvas, words, name] }) };
    entry.button.disabled = true;
    entry.button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("open", { detail: entry.blob })));
    return entry;
  }

  async #readAll(entries) {
    for (const entry of entries) {
      if (this.#entries.includes(entry)) await this.#read(entry); // else the album was closed
    }
  }

  async #read(entry) {
    try {
      entry.blob = await convertPicture(entry.file);
      await drawSmall(entry.canvas, entry.blob);
      entry.button.disabled = false;
      this.#show(entry, { answer: await this.#server.read({ blob: entry.blob }) });
    } catch (problem) {
      if (!problem.mayPass) return this.#show(entry, { problem: problem.message });
      await new Promise((resume) => this.#server.addEventListener("back", resume, { once: true }));
      await this.#read(entry);
    }
  }

  #show(entry, { answer = null, problem = "" }) {
    Object.assign(entry, { answer, problem });
    entry.words.textContent = answer ? (answer.text || "no digit") + (answer.unsure ? "?" : "") : "–";
    entry.button.title = problem || `${entry.file.name}: ${percent(answer.confidence)} sure`;
    entry.button.classList.toggle("unsure", !answer || answer.unsure);
    this.#showCount();
  }

  #showCount() {
    const done = this.#entries.filter(({ answer, problem }) => answer || problem).length;
    const count = this.#entries.length;
    at("album-title").textContent = done < count ? `${done} of ${count} pictures read` : `${count} pictures`;
    at("album-save").disabled = done < count;
  }

  #save() {
    const rows = this.#entries.map(({ file, answer, problem }) => [
      file.name, answer?.text.replaceAll("\n", " ") ?? "", answer ? Math.min(answer.confidence, 0.999).toFixed(3) : "", answer?.unsure ?? "", problem,
    ]);
    const text = [["file", "number", "confidence", "unsure", "problem"], ...rows].map((row) => row.map(quote).join(",")).join("\r\n");
    save(new Blob([`${text}\r\n`], { type: "text/csv" }), "numbers.csv");
  }

  #close() {
    this.#entries = [];
    at("album-list").replaceChildren();
    at("album").hidden = true;
  }
}

/** Return a value as a field of a CSV file; what a spreadsheet would take for a formula gets an apostrophe in front. */
function quote(value) {
  const text = String(value).replace(/^[=+\-@\t\r]/, "'$&");
  return `"${text.replaceAll('"', '""')}"`;
}

async function drawSmall(canvas, blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = SIDE / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  canvas.getContext("2d").drawImage(bitmap, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
  bitmap.close();
}
