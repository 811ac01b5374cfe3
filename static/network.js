/* One picture of what the network does with a digit: its pixels, the hidden nodes that decided, the output nodes. Lines
   are as wide as what they carry; blue is for the answer, orange against it. */

import { element, fitColumns, makeBars } from "./dom.js";
import { showFound, showReasons } from "./pixels.js";

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = 7; // nodes, of those that add most or take most
const ROWS = 10; // output nodes: of more, the highest ones
const SIDE = 28;
const NOTHING = new Array(SIDE * SIDE).fill(0);

const at = (id) => document.getElementById(id);

export class NetworkView {
  #card;
  #classNames = [];
  #order = []; // the class that each row shows
  #setBar;
  #nodes; // [{button, canvas, value, lines}]
  #digit = null;
  #explanation = null;
  #before = null; // what each node added before a lesson, by its number
  #anchors = null;

  /** `card` shows a node large (node.js). */
  constructor(card) {
    this.#card = card;
    this.#nodes = Array.from({ length: SHOWN }, (_, place) => this.#makeNode(place));
    at("deciders").replaceChildren(...this.#nodes.map(({ button }) => element("li", { children: [button] })));
    at("lines").replaceChildren(...this.#nodes.flatMap(({ lines }) => Object.values(lines)));
    at("against").addEventListener("click", () => this.#turn());
    at("why").addEventListener("change", () => this.#showPixels());
    new ResizeObserver(() => this.#measure()).observe(at("network"));
    this.show(null);
  }

  /** Make a bar for each class; the same names again change nothing. */
  setClasses(classNames) {
    if (String(classNames) === String(this.#classNames)) return;
    this.#classNames = classNames;
    this.#order = classNames.slice(0, ROWS).map((_, i) => i);
    this.#setBar = makeBars(at("bars"), classNames.slice(0, ROWS));
    fitColumns(at("bars"), this.#order.map((i) => classNames[i]));
    this.#measure();
    this.show(this.#digit);
  }

  /** Show a digit {outputs, pixels}, or nothing; the reasons follow with `explain`. */
  show(digit) {
    this.#digit = digit;
    if (!digit) this.#explanation = this.#before = null;
    this.#showOutputs(digit ? digit.outputs : this.#classNames.map(() => 0));
    this.#showPixels();
    if (!digit) this.#showNodes();
  }

  /** Show why a digit was answered as it was: what the server says with include=nodes,why. */
  explain(explanation) {
    this.#explanation = explanation;
    this.#showPixels();
    this.#showNodes();
  }

  /** Mark what a lesson changes from here on, until another digit is shown. */
  markChanges() {
    this.#before = new Map(this.#explanation?.nodes.map(({ node, adds }) => [node, adds]));
  }

  forgetChanges() {
    this.#before = null;
  }

  /** The reasons for the digit that is shown, {pixels, why}, once they have come. */
  get reasons() {
    return this.#digit && this.#digit.pixels === this.#explanation?.pixels ? this.#explanation : null;
  }

  #showPixels() {
    const why = at("why").checked ? this.#explanation?.why : null;
    showReasons(at("seen"), this.#digit?.pixels ?? NOTHING, why ?? NOTHING);
    at("seen").ariaLabel = this.#digit ? `The ${this.#digit.label} as the network sees it, light on black` : "Nothing yet";
  }

  #showOutputs(outputs) {
    const best = Math.max(...outputs);
    if (this.#classNames.length > ROWS) {
      this.#order = outputs.map((_, i) => i).sort((a, b) => outputs[b] - outputs[a]).slice(0, ROWS);
    }
    this.#order.forEach((output, row) => {
      const share = outputs[output];
      const className = share > 0 && share === best ? "best" : "";
      const text = best > 0 ? Math.min(share, 0.99).toFixed(2) : "";
      this.#setBar(row, { name: this.#classNames[output], share, text, className });
    });
  }

  get #isAgainst() {
    return at("against").ariaPressed === "true";
  }

  #turn() {
    at("against").ariaPressed = String(!this.#isAgainst);
    at("deciders-title").textContent = this.#isAgainst ? "Nodes against it" : "Nodes for it";
    this.#showNodes();
  }

  #showNodes() {
    const { nodes = [], outputs = [] } = this.#explanation ?? {};
    const [answer, rival] = outputs.map((_, i) => i).sort((a, b) => outputs[b] - outputs[a]);
    const adds = (node) => node.adds[answer];
    const chosen = this.#isAgainst ? nodes.filter((node) => adds(node) < 0).reverse() : nodes.filter((node) => adds(node) > 0);
    const largest = Math.max(...chosen.map((node) => Math.abs(adds(node))), 1e-9);
    this.#nodes.forEach((shown, place) => this.#showNode(shown, chosen[place], { answer, rival, largest }));
    this.#describe(this.#explanation, chosen.slice(0, SHOWN).reduce((sum, node) => sum + adds(node), 0));
  }

  #showNode({ button, canvas, value, lines }, node, { answer, rival, largest }) {
    button.classList.toggle("empty", !node);
    button.disabled = !node;
    for (const line of Object.values(lines)) line.classList.toggle("empty", !node);
    if (!node) return;
    const added = node.adds[answer];
    showFound(canvas, node.weights, this.#explanation.pixels);
    value.textContent = signed(added) + this.#change(node, answer);
    button.ariaLabel = `Node ${node.node} adds ${value.textContent} to ${this.#classNames[answer]}`;
    setLine(lines.seen, node.output, "");
    setLine(lines.answer, Math.abs(added) / largest, added > 0 ? "for" : "against");
    setLine(lines.rival, Math.abs(node.adds[rival] ?? 0) / largest, node.adds[rival] > 0 ? "for" : "against");
    this.#place(lines, canvas, this.#order.indexOf(answer), this.#order.indexOf(rival));
  }

  /** Return in words how a lesson has changed what a node adds. */
  #change({ node, adds }, answer) {
    if (!this.#before) return "";
    const before = this.#before.get(node);
    if (!before) return " new";
    const difference = adds[answer] - before[answer];
    return Math.abs(difference) < 0.05 ? "" : ` ${difference > 0 ? "▲" : "▼"}`;
  }

  #describe(explanation, sum) {
    if (!explanation) return void (at("deciders-note").textContent = "");
    const whole = this.#isAgainst ? explanation.speaks_against : explanation.speaks_for;
    const share = Math.round((100 * sum) / (whole || 1));
    const all = `Of ${explanation.hidden_nodes} hidden nodes, ${explanation.firing} fire`;
    at("deciders-note").textContent = `${all}; those shown give ${share}% of what speaks ${this.#isAgainst ? "against" : "for"} the ${explanation.label}.`;
  }

  #makeNode(place) {
    const canvas = element("canvas", { className: "pixelated", width: SIDE, height: SIDE });
    const value = element("span", { className: "value" });
    const button = element("button", { type: "button", className: "decider", children: [canvas, value] });
    const lines = Object.fromEntries(["seen", "answer", "rival"].map((name) => [name, document.createElementNS(SVG, "path")]));
    for (const name of ["pointerenter", "focus", "click"]) {
      button.addEventListener(name, () => this.#showCard(place, button));
    }
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, () => this.#card.hide());
    return { button, canvas, value, lines };
  }

  #showCard(place, button) {
    const nodes = this.#explanation?.nodes ?? [];
    const node = nodes[this.#isAgainst ? nodes.length - 1 - place : place];
    if (node) this.#card.show(node, this.#explanation, button);
  }

  /** Remember where everything is: it stays there until the window changes. */
  #measure() {
    const { left, top, width, height } = at("network").getBoundingClientRect();
    at("lines").setAttribute("viewBox", `0 0 ${width} ${height}`);
    const find = (node) => {
      const box = node.getBoundingClientRect();
      return box.width ? { left: box.left - left, right: box.right - left, middle: box.top + box.height / 2 - top } : null;
    };
    const rows = [...at("bars").children].map(find);
    const nodes = new Map(this.#nodes.map(({ canvas, value }) => [canvas, { from: find(canvas), to: find(value) ?? find(canvas) }]));
    this.#anchors = { seen: find(at("seen")), rows, nodes };
    this.#showNodes();
  }

  #place(lines, canvas, answer, rival) {
    const { seen, rows, nodes } = this.#anchors;
    const { from, to } = nodes.get(canvas);
    if (!from || !seen) return Object.values(lines).forEach((line) => line.removeAttribute("d")); // there is no room for it
    lines.seen.setAttribute("d", curve(seen.right, seen.middle, from.left, from.middle));
    for (const [line, row] of [[lines.answer, rows[answer]], [lines.rival, rows[rival]]]) {
      if (row) line.setAttribute("d", curve(to.right + 2, from.middle, row.left - 2, row.middle));
    }
  }
}

function setLine(line, share, className) {
  line.setAttribute("class", className);
  line.style.setProperty("--share", share);
}

function curve(x0, y0, x1, y1) {
  const bend = (x1 - x0) / 2;
  return `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`;
}

export function signed(number) {
  return `${number < 0 ? "−" : "+"}${Math.abs(number).toFixed(1)}`;
}
