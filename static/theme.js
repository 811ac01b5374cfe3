/* Light or dark, and larger for a projector: what the system asks for, until somebody presses a button; the choice is
   remembered if it can be. */

const root = document.documentElement;
const darkSystem = matchMedia("(prefers-color-scheme: dark)");

function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage may be switched off: a choice then lasts as long as the page
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // as above
  }
}

let theme = read("theme");

function apply() {
  root.dataset.theme = theme ?? (darkSystem.matches ? "dark" : "light");
  const other = root.dataset.theme === "dark" ? "Light" : "Dark";
  document.getElementById("theme-words").textContent = other;
  document.getElementById("theme").ariaLabel = other;
  document.getElementById("projector").setAttribute("aria-pressed", String(root.dataset.projector === "on"));
  document.dispatchEvent(new Event("themechange")); // what is painted on a canvas has to be painted again
}

document.getElementById("theme").addEventListener("click", () => {
  theme = root.dataset.theme === "dark" ? "light" : "dark";
  store("theme", theme);
  apply();
});
document.getElementById("projector").addEventListener("click", () => {
  root.dataset.projector = root.dataset.projector === "on" ? "off" : "on";
  store("projector", root.dataset.projector);
  apply();
});
darkSystem.addEventListener("change", apply);
root.dataset.projector = read("projector") === "on" ? "on" : "off";
apply();
