/* Connects the parts of the page: sends each drawing to the server, and shows the answer. */

import { Album } from "./album.js";
import { Asker } from "./asker.js";
import { CorrectionsView } from "./corrections.js";
import { ask } from "./dom.js";
import { Drawing } from "./drawing.js";
import { InsideView } from "./inside.js";
import { NodeCard } from "./node.js";
import { subjectOf } from "./number.js";
import { ReadingView } from "./reading.js";
import { Server } from "./server.js";
import { say, sayWhenSettled } from "./speech.js";
import { Tally } from "./tally.js";
import { TeachView } from "./teach.js";

const NO_DIGIT = "No digit is found here.";
const LATE = 200; // milliseconds after which "…" says that an answer is due
const at = (id) => document.getElementById(id);

const server = new Server();
const asker = new Asker((query) => server.read(query));
const card = new NodeCard();
const insideView = new InsideView(server, card);
const reading = new ReadingView(server, insideView, card);
const drawing = new Drawing((place) => reading.find(place));
const teachView = new TeachView(server);
const correctionsView = new CorrectionsView(server);
const album = new Album(server);
const tally = new Tally(server);
let prompt = "Draw a number";
let shown = null; // the answer that is shown, {query, answer}, while the drawing is the one that it is about
let answered = null; // the latest answer
let asked = 0; // the revision of the drawing that was asked about last
let last = []; // the digits of the drawing that is on the paper, or was last
let late = 0; // the timer of "…"

// the drawing

function showDrawing() {
  teachView.close();
  reading.isFinal = false;
  shown = null;
  if (!drawing.isBlank) {
    if (asked !== drawing.revision) askAgain();
    else if (answered?.query.revision === asked) showAnswer({ detail: answered }); // only the pen was lifted
    return;
  }
  tally.remember(last);
  last = [];
  asker.forget();
  showNoAnswer("empty", prompt);
}

function askAgain() {
  if (drawing.isBlank) return;
  asked = drawing.revision;
  asker.ask(() => {
    asked = drawing.revision;
    return { ...drawing.toQuery(), revision: asked, withSteps: insideView.wantsSteps };
  });
  awaitAnswer();
}

/** Say "…" where the answer takes its time. */
function awaitAnswer() {
  clearTimeout(late);
  late = setTimeout(() => (at("due").dataset.shown = "true"), LATE);
}

// answers

async function showAnswer({ detail }) {
  const { query, answer } = detail;
  const size = await drawing.sizeOf(query);
  if (drawing.isBlank) return; // it was cleared while the picture was loaded
  hideTrouble();
  at("due").dataset.shown = "false";
  clearTimeout(late);
  const isFinal = !drawing.isDrawing && query.revision === drawing.revision;
  if (!isFinal) awaitAnswer();
  album.update(query.blob, answer);
  answered = detail;
  if (answer.digits.length === 0 && !isFinal) return; // a stroke has only begun
  if (answer.digits.length === 0) showNoAnswer("refused", NO_DIGIT);
  const words = answer.digits.length === 0 ? NO_DIGIT : reading.show(answer, size);
  if (!teachView.isDone) sayWhenSettled(words); // else the correction is being spoken
  if (isFinal) settle();
}

/** Go on from the answer to a drawing that stays as it is for now: it can be taught, and counts. */
function settle() {
  shown = answered;
  const { digits } = shown.answer;
  if (last.length === 0 && digits.length > 0) tally.count("drawn");
  last = digits;
  reading.isFinal = true;
  askAbout();
}

/** Ask whether the chosen digit is right. */
function askAbout() {
  const { digit } = reading;
  if (shown && digit) teachView.ask({ digit, question: makeQuestion(digit), drawing: makeDrawing(shown) });
}

function makeQuestion({ label }) {
  const { digits } = shown.answer;
  return digits.length > 1 ? `Is digit ${reading.chosen + 1} a ${label}?` : "Is that right?";
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
  card.hide();
  reading.showSentence(state, sentence);
}

function refuseFile({ detail: error }) {
  asker.forget();
  showNoAnswer("refused", error.message);
  say(error.message);
}

// teaching

async function showLesson(step) {
  reading.markChanges();
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
  reading.retry();
}

async function loadNetwork() {
  try {
    const network = await server.network();
    setSubject(network.class_names);
    at("invite").hidden = !network.address;
    at("invite-address").textContent = network.address;
    for (const view of [insideView, reading, teachView, correctionsView]) view.setNetwork(network);
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
drawing.addEventListener("point", ({ detail: place }) => reading.choose(place));
drawing.addEventListener("undo", undoLesson);
drawing.addEventListener("files", ({ detail: files }) => album.take(files));
drawing.addEventListener("refused", refuseFile);
album.addEventListener("open", ({ detail: blob }) => drawing.setPicture(blob));
asker.addEventListener("answer", showAnswer);
asker.addEventListener("refused", showRefusal);
reading.addEventListener("digit", askAbout);
insideView.addEventListener("open", askAgain);
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
