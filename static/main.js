/* Connects the parts of the page: sends each drawing to the server, and shows the answer. */

import { Album } from "./album.js";
import { Asker } from "./asker.js";
import { Boxes } from "./boxes.js";
import { CorrectionsView } from "./corrections.js";
import { ask } from "./dom.js";
import { Drawing } from "./drawing.js";
import { InsideView } from "./inside.js";
import { NetworkView } from "./network.js";
import { NodeCard } from "./node.js";
import { NumberView, subjectOf } from "./number.js";
import { drawReasons } from "./pixels.js";
import { Server } from "./server.js";
import { say, sayWhenSettled } from "./speech.js";
import { Tally } from "./tally.js";
import { TeachView } from "./teach.js";

const NO_DIGIT = "No digit is found here.";
const LATE = 200; // milliseconds after which "…" says that an answer is due
const at = (id) => document.getElementById(id);

const server = new Server();
const asker = new Asker((query) => server.read(query));
const explainer = new Asker((query) => server.explain(query));
const boxes = new Boxes(at("boxes"), at("reasons"));
const drawing = new Drawing((place) => boxes.find(place));
const card = new NodeCard();
const networkView = new NetworkView(card);
const numberView = new NumberView();
const insideView = new InsideView(server, card);
const teachView = new TeachView(server);
const correctionsView = new CorrectionsView(server);
const album = new Album(server);
const tally = new Tally(server);
let prompt = "Draw a number";
let hiddenNodes = 0;
let shown = null; // the answer that is shown, {query, answer}, while the drawing is the one that it is about
let last = []; // the digits of the drawing that is on the paper, or was last
let late = 0; // the timer of "…"

// the drawing

function showDrawing() {
  teachView.close();
  networkView.forgetChanges();
  boxes.colour(-1);
  shown = null;
  if (!drawing.isBlank) return askAgain();
  tally.remember(last);
  last = [];
  asker.forget();
  showNoAnswer("empty", prompt);
}

function askAgain() {
  if (drawing.isBlank) return;
  asker.ask(() => ({ ...drawing.toQuery(), withSteps: insideView.wantsSteps }));
  awaitAnswer();
}

/** Say "…" where the answer takes its time. */
function awaitAnswer() {
  clearTimeout(late);
  late = setTimeout(() => (at("due").dataset.shown = "true"), LATE);
}

// answers

function showAnswer({ detail }) {
  const { query, answer } = detail;
  hideTrouble();
  at("due").dataset.shown = "false";
  clearTimeout(late);
  if (asker.isWaiting) awaitAnswer();
  if (answer.digits.length === 0) {
    showNoAnswer("refused", NO_DIGIT);
    sayWhenSettled(NO_DIGIT);
  } else {
    const words = numberView.show(answer);
    if (!teachView.isDone) sayWhenSettled(words); // else the correction is being spoken
  }
  insideView.showSteps(answer.steps ?? []);
  album.update(query.blob, answer);
  showBoxes(query, answer);
  shown = drawing.isDrawing || asker.isWaiting ? null : detail;
  if (shown) countDrawing(answer.digits);
  showDigit();
}

function countDrawing(digits) {
  if (last.length === 0 && digits.length > 0) tally.count("drawn");
  last = digits;
}

async function showBoxes(query, { digits, left_out: leftOut }) {
  const size = await drawing.sizeOf(query);
  boxes.show(digits.filter(({ box }) => box), leftOut, size);
  boxes.mark(numberView.chosen);
  colourInk();
}

/** Show the chosen digit: its pixels, its nodes, its outputs, and the question whether it is right. */
function showDigit() {
  const { digit } = numberView;
  boxes.mark(numberView.chosen);
  boxes.colour(-1);
  if (!digit) return;
  networkView.show(digit);
  explainer.ask(() => ({ pixels: digit.pixels, withHidden: insideView.wantsHidden }));
  if (shown) teachView.ask({ digit, question: makeQuestion(digit), drawing: makeDrawing(shown) });
}

function showExplanation({ detail: { answer } }) {
  networkView.explain({ ...answer, hidden_nodes: hiddenNodes });
  insideView.showHidden(answer);
  if (answer.pixels === numberView.digit?.pixels) colourInk();
}

/** Colour the ink on the paper by what it spoke for, while nobody draws. */
function colourInk() {
  const reasons = shown && at("why").checked && networkView.reasons;
  const neutral = document.documentElement.dataset.theme === "dark" ? [255, 255, 255] : [0, 0, 0]; // as the ink is
  boxes.colour(numberView.chosen, reasons ? drawReasons(reasons.pixels, reasons.why, neutral) : "");
}

function makeQuestion({ label }) {
  const { digits } = shown.answer;
  return digits.length > 1 ? `Is digit ${numberView.chosen + 1} a ${label}?` : "Is that right?";
}

/** Return the drawing that a correction keeps, or nothing where the pixels of the digit say it all. */
function makeDrawing({ query: { imageData }, answer: { digits, left_out: leftOut } }) {
  return imageData && digits.length === 1 && leftOut.length === 0 ? { imageData } : null;
}

function showRefusal({ detail: { problem } }) {
  hideTrouble();
  const words = problem.code === "no-ink" ? prompt : problem.message;
  showNoAnswer(problem.code === "no-ink" ? "empty" : "refused", words);
  sayWhenSettled(words);
}

function showNoAnswer(state, sentence) {
  clearTimeout(late);
  at("due").dataset.shown = "false";
  teachView.close();
  explainer.forget();
  card.hide();
  numberView.showSentence(state, sentence);
  networkView.show(null);
  boxes.hide();
  insideView.showHidden(null);
  insideView.showSteps([]);
}

function refuseFile({ detail: error }) {
  asker.forget();
  showNoAnswer("refused", error.message);
  say(error.message);
}

// teaching

async function showLesson(step) {
  networkView.markChanges();
  tally.count("taught", step);
  networkChanged();
  correctionsView.refresh();
  try {
    const words = await tally.compare();
    if (step > 0) teachView.addWords(words);
  } catch {
    // the server is away: the page says so where it matters
  }
}

function networkChanged() {
  loadNetwork();
  askAgain();
}

function undoLesson(event) {
  if (!teachView.canUndo) return;
  event.preventDefault(); // the lesson is undone, and not a stroke
  teachView.undo();
}

function invite() {
  at("invite-code").src = "address.svg";
  ask(at("invite-dialog"));
}

// while the server is away

function showTrouble({ detail: problem }) {
  const banner = at("banner");
  const text = `${problem.message} Your drawing is kept, and the page tries again by itself.`;
  if (banner.textContent !== text) banner.textContent = text; // an alert is spoken each time it changes
  banner.hidden = false;
  if (asker.isWaiting) showNoAnswer("empty", "Waiting for the server …"); // the answer shown is to another drawing
}

function hideTrouble() { // the server works; if it had been away, it may have another network now
  if (at("banner").hidden) return;
  at("banner").hidden = true;
  at("banner").textContent = "";
  loadNetwork();
}

function goOn() {
  if (!asker.isWaiting) hideTrouble();
  asker.retry();
  explainer.retry();
}

async function loadNetwork() {
  try {
    const network = await server.network();
    hiddenNodes = network.hidden_nodes;
    setSubject(network.class_names);
    at("invite").hidden = !network.address;
    at("invite-address").textContent = network.address;
    for (const view of [insideView, teachView, correctionsView]) view.setNetwork(network);
    networkView.setClasses(network.class_names);
  } catch (problem) {
    if (!problem.mayPass) showTrouble({ detail: problem }); // else the server has sent "trouble"
  }
}

/** Say what to draw: the network may know other classes than digits. */
function setSubject(classNames) {
  const classes = subjectOf(classNames);
  const subject = classes === "digit" ? "number" : classes;
  document.title = at("title").textContent = classes === "picture" ? "What is it?" : `Which ${subject} is it?`;
  prompt = `Draw a ${subject}`;
  if (drawing.isBlank) showNoAnswer("empty", prompt);
}

drawing.addEventListener("change", showDrawing);
drawing.addEventListener("point", ({ detail: place }) => numberView.choose(place));
drawing.addEventListener("undo", undoLesson);
drawing.addEventListener("files", ({ detail: files }) => album.take(files));
drawing.addEventListener("refused", refuseFile);
album.addEventListener("open", ({ detail: blob }) => drawing.setPicture(blob));
asker.addEventListener("answer", showAnswer);
asker.addEventListener("refused", showRefusal);
explainer.addEventListener("answer", showExplanation);
numberView.addEventListener("choose", showDigit);
insideView.addEventListener("open", askAgain);
at("why").addEventListener("change", colourInk);
document.addEventListener("themechange", colourInk);
teachView.addEventListener("confirmed", () => tally.count("right"));
teachView.addEventListener("corrected", () => showLesson(1));
teachView.addEventListener("undone", ({ detail: { wasLearnt } }) => (wasLearnt ? showLesson(-1) : tally.count("right", -1)));
correctionsView.addEventListener("changed", () => (teachView.close(), networkChanged()));
tally.addEventListener("taught", () => (correctionsView.refresh(), networkChanged()));
at("invite").addEventListener("click", invite);
server.addEventListener("trouble", showTrouble);
server.addEventListener("back", goOn);

at("no-modules").remove();
showDrawing();
loadNetwork();
