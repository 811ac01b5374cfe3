/* Light or dark: what the system asks for, until somebody presses the button; the choice is remembered if it can be. */

const KEY = "theme";
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");

function readTheme() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage may be switched off: the choice then lasts as long as the page
  }
}

function storeTheme(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // as above
  }
}

function apply(theme) {
  document.documentElement.dataset.theme = theme;
  button.setAttribute("aria-pressed", String(theme === "dark"));
  document.dispatchEvent(new Event("themechange")); // what is painted on a canvas has to be painted again
}

let choice = readTheme();

function applyCurrentTheme() {
  apply(choice ?? (darkSystem.matches ? "dark" : "light"));
}

button.addEventListener("click", () => {
  choice = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  storeTheme(choice);
  applyCurrentTheme();
});
darkSystem.addEventListener("change", applyCurrentTheme);
applyCurrentTheme();
