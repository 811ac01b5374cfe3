/* Connects the parts of the page that shows a training. */

import { ask } from "../dom.js";
import { say } from "../speech.js";
import { Choice } from "./choice.js";
import { Drawing } from "./drawing.js";
import { Look } from "./look.js";
import { Run } from "./run.js";
import { StepView } from "./steps.js";

const at = (id) => document.getElementById(id);

const run = new Run();
const choice = new Choice();
const look = new Look();
const drawing = new Drawing(run);
const stepView = new StepView();
const state = { name: "", mode: "none", stepNext: false };

// buttons

const isActive = () => ["loading", "play", "pause", "step", "epoch"].includes(state.mode);

function setMode(mode) {
  state.mode = mode;
  const active = isActive();
  at("start").textContent = ["none"].includes(mode) ? "Start" : "Start again";
  at("start").disabled = active;
  at("play").disabled = at("epoch").disabled = !active || mode === "loading";
  at("step").disabled = mode === "loading" || mode === "saving";
  at("stop").disabled = !active;
  at("play").textContent = mode === "pause" ? "Play" : "Pause";
  at("start").classList.toggle("primary", !active);
  at("play").classList.toggle("primary", mode === "pause");
}

async function attempt(action) {
  at("settings-problem").hidden = true;
  try {
    await action();
  } catch (problem) {
    at("settings-problem").textContent = problem.message;
    at("settings-problem").hidden = false;
    if (problem.code === "running") run.listen();
  }
}

function start(paused) {
  return attempt(async () => {
    choice.writeAddress();
    await run.start({ ...choice.settings, paused });
  });
}

async function takeStep() {
  if (isActive()) return attempt(() => run.command("step"));
  state.stepNext = true; // as soon as it is there
  return start(true);
}

async function use() {
  if ((await ask(at("use-dialog"))) !== "use") return;
  await attempt(async () => {
    const { model, before } = await run.keep();
    const old = before ? ` The one before is ${before}.` : "";
    at("kept").textContent = `It is ${model} now, and answers on the drawing page.${old}`;
  });
}

// events

function begin({ run: name, settings }) {
  state.name = name;
  look.begin(choice.describeSettings(settings));
  drawing.reset();
  stepView.hide();
  at("keep").hidden = true;
  showSlider(false);
  at("kept").textContent = "";
  choice.showRun(settings);
  setMode("loading");
  at("status").textContent = "Loading the records …";
}

function ready(event) {
  look.ready(event);
  drawing.setClasses(event.class_names);
  setMode("play");
}

function modeChanged({ mode }) {
  setMode(mode);
  if (mode === "pause") offerSlider();
  else showSlider(false);
  if (mode === "pause" && state.stepNext) {
    state.stepNext = false;
    attempt(() => run.command("step"));
  }
  look.tellState(mode === "pause" ? "Paused" : "");
}

async function stepTaken() {
  await attempt(async () => stepView.show(await run.step(), look.names, choice.settings.batch_size));
}

function pictureCame(event) {
  look.showPicture(event);
  drawing.show(event.number);
}

async function ended(event) {
  setMode("ended");
  look.end(event);
  say(event.message);
  choice.showOutcome(look.summary);
  at("keep").hidden = !event.model;
  await offerSlider();
}

async function offerSlider() {
  await attempt(async () => {
    const { run: described } = await run.describe();
    if (described?.id !== state.name) return;
    if (!["pause", "ended"].includes(state.mode)) return; // it goes on already
    look.offer(described.snapshots);
    showSlider(described.snapshots.length > 1);
  });
}

function showSlider(shown) {
  at("back").hidden = !shown;
  at("progress").hidden = shown;
}

/** Show the run as it was at a snapshot that is kept. */
async function lookBack() {
  const number = look.chosen;
  look.showMoment(number);
  drawing.show(number);
  await attempt(async () => {
    const picture = await run.snapshot(number);
    if (number === look.chosen) look.showPicture(picture);
  });
}

const handlers = {
  started: begin,
  ready,
  mode: modeChanged,
  snapshot: (event) => look.addSnapshot(event),
  epoch: (event) => look.addEpoch(event),
  step: stepTaken,
  picture: pictureCame,
  trained: () => {
    setMode("saving");
    look.tellState("Saving");
  },
  ended,
  none: () => {
    if (state.mode !== "none") setMode("none");
    at("keep").hidden = true;
    showSlider(false);
  },
};

for (const [kind, handle] of Object.entries(handlers)) run.addEventListener(kind, ({ detail }) => handle(detail));
run.addEventListener("trouble", () => {
  at("banner").textContent = "The server does not answer. This page tries again by itself.";
  at("banner").hidden = false;
});
run.addEventListener("back", () => (at("banner").hidden = true));
at("start").addEventListener("click", () => start(false));
at("play").addEventListener("click", () => attempt(() => run.command(state.mode === "pause" ? "play" : "pause")));
at("step").addEventListener("click", takeStep);
at("epoch").addEventListener("click", () => attempt(() => run.command("epoch")));
at("stop").addEventListener("click", () => attempt(() => run.command("stop")));
at("use").addEventListener("click", use);
at("forget").addEventListener("click", () => attempt(() => run.forget()));
at("slider").addEventListener("input", lookBack);
at("compare").addEventListener("change", () => look.draw());
document.addEventListener("themechange", () => look.draw());

setMode("none");
await attempt(async () => {
  const description = await run.describe();
  choice.describe(description);
});
run.listen();
run.watchForTrouble();
