/* Helpers for elements: lists whose length the server decides, percentages, dialogs and files to save. */

const MANY = 12; // classes: more of them stand in several columns
const DOWNLOAD_TIME = 10_000; // milliseconds in which a slow browser can fetch a file

/** Return a new element with a class, a text and children. */
export function element(tag, { className = "", text = "", children = [], ...properties } = {}) {
  const node = Object.assign(document.createElement(tag), { className, ...properties });
  node.append(text, ...children);
  return node;
}

/** Let the style of `list` follow how many `names` it shows, and how long they are. */
export function fitColumns(list, names) {
  list.classList.toggle("many", names.length > MANY);
  list.classList.toggle("words", names.some((name) => name.length > 2));
}

/** Fill `list` with a row for each name: the name, a bar, a value. Returns a function that sets them. */
export function makeBars(list, names) {
  const rows = names.map((name) => {
    const fill = element("div", { className: "fill" });
    const value = element("span", { className: "value" });
    const track = element("div", { className: "track", children: [fill] });
    const label = element("span", { className: "name", text: name });
    return { row: element("li", { children: [label, track, value] }), label, fill, value };
  });
  list.replaceChildren(...rows.map(({ row }) => row));
  fitColumns(list, names);
  return (i, { share, text, name = names[i], className = "" }) => {
    if (rows[i].label.textContent !== name) rows[i].label.textContent = name;
    rows[i].fill.style.setProperty("--share", share);
    rows[i].value.textContent = text;
    rows[i].row.className = className;
  };
}

/** Return `share` in per cent. Less than 1 never becomes 100%: no output of a sigmoid is quite sure. */
export function percent(share) {
  return `${Math.min(Math.round(100 * share), share < 1 ? 99 : 100)}%`;
}

/** Show `dialog`, and return the value of the button that closed it, or "" where it was closed otherwise. */
export function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** Let the browser save `blob` as a file. */
export function save(blob, name) {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), DOWNLOAD_TIME);
}
