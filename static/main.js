/* Connects the parts of the page: sends each drawing to the server, and shows the answer. */

import { AnswerView, subjectOf } from "./answer.js";
import { Asker } from "./asker.js";
import { CorrectionsView } from "./corrections.js";
import { InsideView } from "./inside.js";
import { KeyboardPen } from "./keys.js";
import { Pad } from "./pad.js";
import { toDataUrl } from "./paint.js";
import { listenForPictures, convertPicture } from "./pictures.js";
import { Server } from "./server.js";
import { isBlank, Sheets } from "./sheets.js";
import { say, sayWhenSettled } from "./speech.js";
import { TeachView } from "./teach.js";

const at = (id) => document.getElementById(id);

const server = new Server();
const asker = new Asker(server);
const sheets = new Sheets();
const pad = new Pad(at("pad"), sheets);
const answerView = new AnswerView();
const insideView = new InsideView(server);
const teachView = new TeachView(server);
const correctionsView = new CorrectionsView(server);
let prompt = "Draw a digit";

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
  showPreview(sheet.picture);
  teachView.close();
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
  return picture ? { blob: picture, withSteps } : { imageData: toDataUrl(strokes), withSteps };
}

let previewPicture = null;

function showPreview(picture) {
  if (picture === previewPicture) return;
  URL.revokeObjectURL(at("preview").src);
  at("preview").hidden = !picture;
  if (picture) at("preview").src = URL.createObjectURL(picture);
  else at("preview").removeAttribute("src");
  previewPicture = picture;
}

function setPen() {
  const percentage = at("pen").valueAsNumber;
  pad.penWidth = percentage / 100;
  at("pen").ariaValueText = `${percentage}% of the paper`;
  at("pen-dot").style.setProperty("--pen", `${pad.penWidth * at("pad").clientWidth}px`);
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

function showAnswer({ detail: { query, answer } }) {
  hideTrouble();
  const words = answerView.show(answer);
  if (!teachView.isDone) sayWhenSettled(words); // else the correction is being spoken
  insideView.showHidden(answer.hidden);
  insideView.showSteps(answer.steps ?? []);
  if (!pad.isDrawing && !asker.isWaiting) teachView.ask({ query, answer });
}

function showRefusal({ detail: { problem } }) {
  hideTrouble();
  if (problem.code === "no-ink") showNoAnswer("empty", prompt);
  else showNoAnswer("refused", problem.message);
  sayWhenSettled(problem.code === "no-ink" ? prompt : problem.message);
}

function showNoAnswer(state, sentence) {
  teachView.close();
  answerView.showSentence(state, sentence);
  insideView.showHidden([]);
  insideView.showSteps([]);
}

// teaching

function showCorrection({ detail: answer }) {
  if (answer) answerView.show(answer);
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

/** Hide the banner: the server works. If it had been away, it may have another network now. */
function hideTrouble() {
  if (at("banner").hidden) return;
  at("banner").hidden = true;
  at("banner").textContent = "";
  loadNetwork();
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
    if (!problem.mayPass) showTrouble({ detail: problem }); // else the server has sent "trouble", and the request is repeated
  }
}

/** Say what to draw: the network may know other classes than digits. */
function setSubject(classNames) {
  const subject = subjectOf(classNames);
  document.title = at("title").textContent = subject === "picture" ? "What is it?" : `Which ${subject} is it?`;
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
at("preparation").addEventListener("toggle", () => at("preparation").open && askAgain());
teachView.addEventListener("corrected", showCorrection);
teachView.addEventListener("undone", showCorrection);
correctionsView.addEventListener("changed", showChange);
server.addEventListener("trouble", showTrouble);
server.addEventListener("back", () => (asker.isWaiting ? asker.retry() : hideTrouble()));

setPen();
showSheet();
loadNetwork();
