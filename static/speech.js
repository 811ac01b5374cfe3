/* Messages for screen readers: short ones at once, answers only when they have stayed for a moment. */

const SETTLED = 800; // milliseconds

const region = document.getElementById("spoken");
let timer = 0;

export function say(text) {
  clearTimeout(timer);
  region.textContent = text;
}

export function sayWhenSettled(text) {
  clearTimeout(timer);
  timer = setTimeout(() => say(text), SETTLED);
}
