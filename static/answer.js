/* The answer in large: the class, how sure the network is, and the pixels that it saw. */

import { makeBars, percent } from "./dom.js";
import { showGrey, showNothing } from "./pixels.js";

export class AnswerView {
  #result = document.getElementById("result");
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
    const sentence = answer.unsure ? describeDoubt(answer) : `${percent(answer.confidence)} sure`;
    this.#showResult(answer.unsure ? "unsure" : "sure", answer.unsure ? `${answer.label}?` : answer.label, sentence);
    this.#showOutputs(answer.outputs);
    showGrey(this.#seen, answer.pixels);
    this.#seen.ariaLabel = "The drawing as the network sees it, light on black";
    return answer.unsure ? sentence : `${answer.label}, ${sentence}`;
  }

  /** Show a sentence instead of an answer; `state` is "empty" or "refused". */
  showSentence(state, sentence) {
    this.#showResult(state, "", sentence);
    this.#showOutputs(this.#classNames.map(() => 0));
    showNothing(this.#seen);
    this.#seen.ariaLabel = "Nothing yet";
  }

  #showResult(state, label, sentence) {
    this.#result.dataset.state = state;
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

/** Return what the classes are called together. */
export function subjectOf(classNames) {
  if (classNames.every((name) => /^\d$/.test(name))) return "digit";
  return classNames.every((name) => /^\p{L}$/u.test(name)) ? "letter" : "picture";
}

/** Return in words what it might be: none of the classes, or those whose outputs come near the best, three at most. */
function describeDoubt({ outputs, class_names: names, label, is_digit: isDigit }) {
  if (!isDigit) {
    const subject = subjectOf(names);
    return `Is this ${subject === "picture" ? "one of these" : `a ${subject}`}? Perhaps ${label}.`;
  }
  const best = Math.max(...outputs);
  const order = outputs.map((_, i) => i).sort((a, b) => outputs[b] - outputs[a]);
  const near = order.filter((i) => outputs[i] >= best / 2).slice(0, 3);
  return near.length > 1 ? `Not sure: ${near.map((i) => names[i]).join(" or ")}?` : `Not sure: perhaps ${label}?`;
}
