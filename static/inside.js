/* What is further inside, on demand: all hidden nodes, and how a drawing is prepared. */

import { element } from "./dom.js";
import { NodeGrid } from "./nodes.js";

const CAPTIONS = {
  picture: "Your picture",
  ink: "The ink alone",
  digit: "Cut out, no specks",
  stroke: "Usual stroke width",
  pixels: "Fitted and centred",
};
const CAPTIONS_OF_NUMBERS = { ...CAPTIONS, pieces: "Parted into pieces" };
const NOTHING = new Array(784).fill(0);

const at = (id) => document.getElementById(id);

export class InsideView extends EventTarget {
  #server;
  #card;
  #grid = new NodeGrid(at("nodes"));
  #details = new Map(); // node -> its weights and votes
  #network = { class_names: [], hidden_nodes: 0 };
  #answer = null; // what is shown, {hidden, pixels}

  /** `card` shows a node large. Sends "open" when something is asked for that an answer may bring. */
  constructor(server, card) {
    super();
    this.#server = server;
    this.#card = card;
    this.#grid.addEventListener("choose", () => this.#showNode());
    this.#grid.addEventListener("leave", () => this.#card.hide());
    for (const id of ["all-nodes", "preparation"]) {
      at(id).addEventListener("toggle", () => at(id).open && this.dispatchEvent(new Event("open")));
    }
  }

  get wantsHidden() {
    return at("all-nodes").open;
  }

  get wantsSteps() {
    return at("preparation").open;
  }

  /** Show the network that the server has now. */
  setNetwork(network) {
    this.#network = network;
    this.#details.clear();
    at("node-count").textContent = String(network.hidden_nodes);
    this.#grid.show(network.hidden_nodes, this.#answer?.hidden ?? []);
  }

  /** Light up the nodes by an answer {hidden, pixels}; none for none. */
  showHidden(answer) {
    this.#answer = answer;
    if (this.wantsHidden) this.#grid.show(this.#network.hidden_nodes, answer?.hidden ?? []);
  }

  /** Show the pictures on the way from a drawing to its pixels, [{name, image}]; none for none. */
  showSteps(steps) {
    const pictures = steps.map(({ name, image }) => {
      const picture = element("img", { className: "pixelated", src: image, alt: "" });
      return element("li", { children: [picture, CAPTIONS_OF_NUMBERS[name] ?? name] });
    });
    at("steps").replaceChildren(...pictures);
    at("no-steps").hidden = steps.length > 0;
  }

  async #showNode() {
    const node = this.#grid.current;
    try {
      if (!this.#details.has(node)) this.#details.set(node, await this.#server.hiddenNode(node));
    } catch {
      return; // the server is away, and the page says so
    }
    if (node !== this.#grid.current) return; // the pointer is elsewhere by now
    const { weights, votes } = this.#details.get(node);
    const output = this.#answer?.hidden?.[node] ?? 0;
    const adds = votes.map((vote) => vote * output);
    const answer = { class_names: this.#network.class_names, pixels: this.#answer?.pixels ?? NOTHING };
    this.#card.show({ node, output, weights, adds }, answer, this.#grid.box);
  }
}
