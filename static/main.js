/* Connects the parts of the page: sends each drawing to the server, and shows the answer. */

import { AnswerView } from "./answer.js";
import { Asker } from "./asker.js";
import { Boxes } from "./boxes.js";
import { CorrectionsView } from "./corrections.js";
import { InsideView } from "./inside.js";
import { KeyboardPen } from "./keys.js";
import { NumberView, subjectOf } from "./number.js";
import { Pad } from "./pad.js";
import { toPicture } from "./paint.js";
import { listenForPictures, convertPicture, Preview } from "./pictures.js";
import { Server } from "./server.js";
import { isBlank, Sheets } from "./sheets.js";
import { say, sayWhenSettled } from "./speech.js";
import { TeachView } from "./teach.js";

const NOTHING = "No digit is found here.";
const at = (id) => document.getElementById(id);

const server = new Server();
const asker = new Asker((query) => server.read(query));
const explainer = new Asker((query) => server.explain(query));
const sheets = new Sheets();
const preview = new Preview(at("preview"));
const boxes = new Boxes(at("boxes"));
const pad = new Pad(at("pad"), sheets, (place) => boxes.find(place));
const numberView = new NumberView();
const answerView = new AnswerView();
const insideView = new InsideView(server);
const teachView = new TeachView(server);
const correctionsView = new CorrectionsView(server);
let prompt = "Draw a number";
let shown = null; // the answer that is shown, {query, answer}, while the drawing is the one that it is about

// drawing

/** Make a change to the sheets that is not a stroke. */
function changeSheet(action) {
  pad.end();
  action();
  pad.changed();
}

const undo = () => changeSheet(() => sheets.undo());
const redo = () => changeSheet(() => sheets.redo());
function showSheet() {
  const sheet = pad.sheet;
  at("undo").disabled = !sheets.canUndo && !pad.isDrawing;
  at("redo").disabled = !sheets.canRedo || pad.isDrawing;
  at("clear").disabled = isBlank(sheet);
  at("hint").hidden = !isBlank(sheet);
  preview.show(sheet.picture);
  teachView.close();
  shown = null;
  if (isBlank(sheet)) {
    asker.forget();
    showNoAnswer("empty", prompt);
  } else {
    askAgain();
  }
}

function askAgain() {
  if (!isBlank(pad.sheet)) asker.ask(makeQuery);
}

function makeQuery() {
  const { strokes, picture } = pad.sheet;
  const withSteps = at("preparation").open;
  return picture ? { blob: picture, withSteps } : { ...toPicture(strokes, pad.width), withSteps };
}

function setPen() {
  const percentage = at("pen").valueAsNumber;
  pad.penWidth = percentage / 100;
  at("pen").ariaValueText = `${percentage}% of the paper's height`;
  at("pen-dot").style.setProperty("--pen", `${pad.penWidth * at("pad").clientHeight}px`);
}

function handleShortcut(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) redo();
  else undo();
}

async function takePicture(file) {
  try {
    const blob = await convertPicture(file);
    changeSheet(() => sheets.setPicture(blob));
  } catch (error) {
    asker.forget();
    showNoAnswer("refused", error.message);
    say(error.message);
  }
}

// answers

function showAnswer({ detail }) {
  const { query, answer } = detail;
  hideTrouble();
  if (answer.digits.length === 0) {
    showNoAnswer("refused", NOTHING);
    sayWhenSettled(NOTHING);
  } else {
    const words = numberView.show(answer);
    if (!teachView.isDone) sayWhenSettled(words); // else the correction is being spoken
  }
  insideView.showSteps(answer.steps ?? []);
  showBoxes(query, answer);
  shown = !pad.isDrawing && !asker.isWaiting ? detail : null;
  showDigit();
}

async function showBoxes(query, { digits, left_out: leftOut }) {
  const size = query.blob ? await preview.size() : query;
  boxes.show(digits.filter(({ box }) => box), leftOut, size);
  boxes.mark(numberView.chosen);
}

/** Show the chosen digit: its pixels, its nodes, its outputs, and the question whether it is right. */
function showDigit() {
  const { digit } = numberView;
  answerView.show(digit);
  boxes.mark(numberView.chosen);
  if (!digit) return;
  explainer.ask(() => ({ pixels: digit.pixels }));
  if (shown) teachView.ask({ digit, question: makeQuestion(digit), drawing: makeDrawing(shown) });
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
  if (problem.code === "no-ink") showNoAnswer("empty", prompt);
  else showNoAnswer("refused", problem.message);
  sayWhenSettled(problem.code === "no-ink" ? prompt : problem.message);
}

function showNoAnswer(state, sentence) {
  teachView.close();
  explainer.forget();
  numberView.showSentence(state, sentence);
  answerView.show();
  boxes.hide();
  insideView.showHidden([]);
  insideView.showSteps([]);
}

// teaching

function showCorrection() {
  networkChanged();
  correctionsView.refresh();
}

function showChange() {
  teachView.close(); // the words about the answer may no longer be right
  networkChanged();
}

function networkChanged() {
  loadNetwork();
  askAgain();
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
    setSubject(network.class_names);
    answerView.setClasses(network.class_names);
    insideView.setNetwork(network);
    teachView.setNetwork(network);
    correctionsView.setNetwork(network);
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
  if (isBlank(pad.sheet)) showNoAnswer("empty", prompt);
}

at("undo").addEventListener("click", undo);
at("redo").addEventListener("click", redo);
at("clear").addEventListener("click", () => changeSheet(() => sheets.clear()));
at("pen").addEventListener("input", setPen);
addEventListener("resize", setPen);
document.addEventListener("keydown", handleShortcut);
pad.addEventListener("change", showSheet);
new KeyboardPen({ pad, canvas: at("pad"), paper: at("paper"), cursor: at("cursor"), undo, say });
listenForPictures({ page: document, paper: at("paper"), inputs: [at("file"), at("photo")], give: takePicture });
asker.addEventListener("answer", showAnswer);
asker.addEventListener("refused", showRefusal);
explainer.addEventListener("answer", ({ detail: { answer } }) => insideView.showHidden(answer.hidden));
numberView.addEventListener("choose", showDigit);
pad.addEventListener("point", ({ detail: place }) => numberView.choose(place));
at("preparation").addEventListener("toggle", () => at("preparation").open && askAgain());
teachView.addEventListener("corrected", showCorrection);
teachView.addEventListener("undone", showCorrection);
correctionsView.addEventListener("changed", showChange);
server.addEventListener("trouble", showTrouble);
server.addEventListener("back", goOn);

setPen();
showSheet();
loadNetwork();
