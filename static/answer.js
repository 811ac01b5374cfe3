/* The answer in large: what the network says, how sure it is, and what it saw. */

import { makeBars, percent } from "./dom.js";
import { showGrey, showNothing } from "./pixels.js";

export class AnswerView {
  #said = document.getElementById("said");
  #label = document.getElementById("label");
  #sentence = document.getElementById("sentence");
  #seen = document.getElementById("seen");
  #bars = document.getElementById("bars");
  #classNames = [];
  #setBar;

  /** Make a bar for each class; the same names again change nothing. */
  setClasses(classNames) {
    if (String(classNames) === String(this.#classNames)) return;
    this.#classNames = classNames;
    this.#setBar = makeBars(this.#bars, classNames);
    this.#showOutputs(classNames.map(() => 0));
  }

  /** Show an answer of the server, and return it in words. */
  show(answer) {
    this.setClasses(answer.class_names);
    const sentence = answer.unsure ? doubt(answer) : `${percent(answer.confidence)} sure`;
    this.#say(answer.unsure ? "unsure" : "sure", answer.unsure ? `${answer.label}?` : answer.label, sentence);
    this.#showOutputs(answer.outputs);
    showGrey(this.#seen, answer.pixels);
    this.#seen.ariaLabel = "The drawing as the network sees it, light on black";
    return answer.unsure ? sentence : `${answer.label}, ${sentence}`;
  }

  /** Show a sentence instead of an answer; `state` is "empty" or "refused". */
  showSentence(state, sentence) {
    this.#say(state, "", sentence);
    this.#showOutputs(this.#classNames.map(() => 0));
    showNothing(this.#seen);
    this.#seen.ariaLabel = "Nothing yet";
  }

  #say(state, label, sentence) {
    this.#said.dataset.state = state;
    this.#label.textContent = label;
    this.#label.classList.toggle("word", label.length > 2);
    this.#sentence.textContent = sentence;
  }

  #showOutputs(outputs) {
    const best = Math.max(...outputs);
    outputs.forEach((output, i) => {
      const className = output > 0 && output === best ? "best" : "";
      this.#setBar(i, { share: output, text: best > 0 ? percent(output) : "", className });
    });
  }
}

/** Say what it might be: everything that comes near the best output, three at most. */
function doubt({ outputs, class_names: names }) {
  const best = Math.max(...outputs);
  const order = outputs.map((_, i) => i).sort((a, b) => outputs[b] - outputs[a]);
  const near = order.filter((i) => outputs[i] >= best / 2).slice(0, 3);
  return near.length > 1 ? `Not sure: ${near.map((i) => names[i]).join(" or ")}?` : `Not sure: perhaps ${names[order[0]]}?`;
}
