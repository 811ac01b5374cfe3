/* Looking inside: how a drawing is prepared, the hidden nodes at work, one of them in detail, and what the network
   imagines. */

import { element, makeBars } from "./dom.js";
import { NodeGrid } from "./nodes.js";
import { showGrey, showWeights } from "./pixels.js";

const POINTING = 60; // milliseconds that the pointer stays on a node before its weights are loaded
const SIDE = 28;
const CAPTIONS = {
  picture: "Your picture",
  ink: "The ink alone",
  pieces: "Parted into pieces",
  digit: "Cut out, no specks",
  stroke: "Usual stroke width",
  pixels: "Fitted and centred",
};

export class InsideView {
  #server;
  #grid;
  #details = new Map(); // node -> its weights and votes
  #controller = null;
  #timer = 0;
  #setVote;
  #title = document.getElementById("node-title");
  #weights = document.getElementById("weights");

  constructor(server) {
    this.#server = server;
    this.#grid = new NodeGrid(document.getElementById("nodes"), (node) => this.#point(node));
    const ramp = document.getElementById("weights-ramp");
    showWeights(ramp, Array.from({ length: ramp.width }, (_, i) => i - (ramp.width - 1) / 2));
  }

  /** Show the network that the server has now. */
  setNetwork({ class_names: classNames, hidden_nodes: hiddenNodes, imagined }) {
    document.getElementById("node-count").textContent = String(hiddenNodes);
    this.#details.clear();
    this.#setVote = makeBars(document.getElementById("votes"), classNames);
    this.#grid.setCount(hiddenNodes);
    this.#imagine(classNames, imagined);
    this.#ask(this.#grid.current);
  }

  /** Light up the nodes by their outputs, 0 to 1; none for none. */
  showHidden(outputs) {
    this.#grid.showLevels(outputs);
  }

  /** Show the pictures on the way from a drawing to its pixels, [{name, image}]; none for none. */
  showSteps(steps) {
    const pictures = steps.map(({ name, image }) => {
      const picture = element("img", { className: "pixelated", src: image, alt: "" });
      return element("li", { children: [picture, CAPTIONS[name] ?? name] });
    });
    document.getElementById("steps").replaceChildren(...pictures);
    document.getElementById("no-steps").hidden = steps.length > 0;
  }

  #point(node) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(node), this.#details.has(node) ? 0 : POINTING);
  }

  async #ask(node) {
    this.#controller?.abort(); // the pointer is elsewhere by now
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const details = this.#details.get(node) ?? (await this.#server.hiddenNode(node, controller.signal));
      if (controller !== this.#controller) return;
      this.#details.set(node, details);
      this.#showNode(details);
    } catch (problem) {
      if (controller === this.#controller) this.#title.textContent = `Node ${node}: ${problem.message}`;
    }
  }

  #showNode({ node, weights, votes }) {
    this.#title.textContent = `Hidden node ${node}`;
    showWeights(this.#weights, weights);
    this.#weights.ariaLabel = `The weights of node ${node} as a picture of ${SIDE} × ${SIDE} pixels`;
    const largest = Math.max(...votes.map(Math.abs)) || 1;
    votes.forEach((vote, i) => {
      const text = `${vote < 0 ? "−" : "+"}${Math.abs(vote).toFixed(2)}`;
      this.#setVote(i, { share: vote / largest, text, className: vote < 0 ? "against" : "" });
    });
  }

  #imagine(classNames, imagined) {
    const pictures = imagined.map((pixels, i) => {
      const canvas = element("canvas", { className: "pixelated", width: SIDE, height: SIDE, ariaHidden: "true" });
      showGrey(canvas, pixels);
      return element("li", { children: [canvas, classNames[i]] });
    });
    document.getElementById("imagined").replaceChildren(...pictures);
  }
}

