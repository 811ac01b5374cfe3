/* What to train: experiments with a question each, or settings of one's own; and what came of a prediction. */

import { element } from "../dom.js";
import { PRESETS } from "./presets.js";
import { SettingsForm } from "./settings.js";

const at = (id) => document.getElementById(id);

export class Choice {
  #form = new SettingsForm(at("form"));
  #preset = null;
  #prediction = -1;
  #ran = null; // the experiment of the run that is shown
  #isChosen = false; // somebody here has chosen what to train, or the address has

  constructor() {
    const buttons = PRESETS.map((preset) => {
      const button = element("button", { type: "button", text: preset.name, ariaPressed: "false" });
      button.addEventListener("click", () => this.#choose(preset));
      return button;
    });
    at("presets").replaceChildren(...buttons);
    this.#form.addEventListener("change", () => this.#changed());
    at("settings-button").addEventListener("click", () => this.#openSettings(at("settings").hidden));
  }

  #openSettings(open) {
    at("settings").hidden = !open;
    at("settings-button").ariaExpanded = String(open);
  }

  /** Make the form by what the server says of runs, and read the address. */
  describe(description) {
    this.#form.describe(description);
    const parameters = new URLSearchParams(location.search);
    this.#isChosen = parameters.size > 0;
    const preset = PRESETS.find(({ id }) => id === parameters.get("preset"));
    for (const [name, value] of Object.entries(preset?.settings ?? {})) {
      if (!parameters.has(name)) parameters.set(name, String(value));
    }
    this.#showPreset(preset ?? null);
    const { on, reason } = description.learning;
    const problem = on ? this.#form.readAddress(parameters) : `${reason} You may watch.`;
    at("settings-problem").textContent = problem;
    at("settings-problem").hidden = !problem;
    for (const id of ["start", "step"]) at(id).hidden = !on;
    this.#openSettings(Boolean(problem) && on);
  }

  get settings() {
    return this.#form.settings;
  }

  /** Put the choice into the address, so that it can be sent to others. */
  writeAddress() {
    const parameters = new URLSearchParams();
    if (this.#preset) parameters.set("preset", this.#preset.id);
    this.#form.writeAddress(parameters);
    for (const [name, value] of Object.entries(this.#preset?.settings ?? {})) {
      if (this.settings[name] === value) parameters.delete(name); // the preset says so
    }
    history.replaceState(null, "", `${location.pathname}${String(parameters) && `?${parameters}`}`);
  }

  /** Return in words how settings differ from the usual ones. */
  describeSettings(settings) {
    const differences = this.#form.differencesOf(settings).filter(([name]) => name !== "seconds");
    return differences.map(([name, value]) => `${name.replace("_", " ")} ${value}`).join(", ");
  }

  /** Show the settings of a run that somebody has started, unless this visitor has chosen others. */
  showRun(settings) {
    this.#ran = presetOf(this.#form.differencesOf(settings));
    if (!this.#isChosen) {
      this.#form.settings = settings;
      this.#showPreset(this.#ran);
    }
    at("outcome").hidden = true;
  }

  /** Tell what came of the experiment, and of the prediction. `summary` is null where nothing can be told. */
  showOutcome(summary) {
    const outcome = at("outcome");
    outcome.hidden = !this.#preset || this.#preset !== this.#ran || !summary;
    if (outcome.hidden) return;
    const { predictions, tell } = this.#preset;
    const right = predictions.findIndex(({ holds }) => holds(summary));
    const words = this.#prediction < 0 ? "" : this.#prediction === right ? "You were right. " : "It came otherwise. ";
    outcome.textContent = `${words}${tell(summary)}`;
    [...at("predictions").children].forEach((button, i) => button.classList.toggle("true", i === right));
  }

  #choose(preset) {
    this.#isChosen = true;
    const { data, seconds } = this.settings;
    this.#form.settings = { data, seconds, ...preset.settings };
    this.#showPreset(preset);
    this.writeAddress();
  }

  #changed() {
    this.#isChosen = true;
    if (this.#preset && presetOf(this.#form.differencesOf(this.settings)) !== this.#preset) this.#showPreset(null);
    this.writeAddress();
  }

  #showPreset(preset) {
    this.#preset = preset;
    this.#prediction = -1;
    [...at("presets").children].forEach((button, i) => (button.ariaPressed = String(PRESETS[i] === preset)));
    at("predict").hidden = !preset;
    at("outcome").hidden = true;
    if (!preset) return;
    at("question").textContent = preset.question;
    const buttons = preset.predictions.map(({ text }, i) => {
      const button = element("button", { type: "button", text, ariaPressed: "false" });
      button.addEventListener("click", () => this.#predict(i));
      return button;
    });
    at("predictions").replaceChildren(...buttons);
  }

  #predict(prediction) {
    this.#prediction = prediction;
    [...at("predictions").children].forEach((button, i) => (button.ariaPressed = String(i === prediction)));
  }
}

/** Return the experiment whose settings differ like this from the usual ones, whatever the data and the pace, or null. */
function presetOf(differences) {
  const others = differences.filter(([name]) => name !== "data" && name !== "seconds");
  const matches = ({ settings }) =>
    Object.keys(settings).length === others.length && others.every(([name, value]) => settings[name] === value);
  return PRESETS.find(matches) ?? null;
}
