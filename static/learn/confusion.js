/* The confusion matrix as a picture, with the classes at its edges, and its most frequent mistake in words. */

const CELL = 26; // pixels
const MARGIN = 22;
const FEW = 12; // classes: of more, no names fit

/** Paint how often records of each class (row) were given each answer (column); return it in words. */
export function paintConfusion(canvas, matrix, names) {
  const count = matrix.length;
  const few = count <= FEW;
  const margin = few ? MARGIN : 0;
  const cell = few ? CELL : Math.max(3, Math.floor(280 / count));
  canvas.width = canvas.height = margin + cell * count;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  Object.assign(context, { font: `14px ${style.fontFamily}`, textAlign: "center", textBaseline: "middle" });
  matrix.forEach((row, label) => {
    const total = row.reduce((sum, value) => sum + value, 0) || 1;
    row.forEach((value, answer) => {
      context.fillStyle = style.getPropertyValue(label === answer ? "--for" : "--against");
      context.globalAlpha = value ? 0.2 + (0.8 * value) / total : 0.06;
      context.fillRect(margin + answer * cell, margin + label * cell, cell - 1, cell - 1);
    });
  });
  context.globalAlpha = 1;
  context.fillStyle = style.color;
  const places = few ? names.map((name, i) => [name.slice(0, 2), margin + (i + 0.5) * cell]) : [];
  for (const [name, place] of places) {
    context.fillText(name, place, margin / 2);
    context.fillText(name, margin / 2, place);
  }
  return describe(matrix, names);
}

function describe(matrix, names) {
  const mistakes = matrix.flatMap((row, label) =>
    row.map((value, answer) => ({ value: label === answer ? 0 : value, label, answer })),
  );
  const worst = mistakes.reduce((most, mistake) => (mistake.value > most.value ? mistake : most));
  if (!worst.value) return "No mistakes.";
  return `Most often, ${names[worst.label]} is taken for ${names[worst.answer]}: ${worst.value} times.`;
}
