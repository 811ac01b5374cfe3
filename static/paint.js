/* Strokes to pixels: on the screen in the colours of the theme, for the server always black on white. */

const EXPORT_HEIGHT = 280; // pixels
const MAX_EXPORT_WIDTH = 4096; // as the server takes it

/** Paint `strokes` in the colour `ink` on a canvas whose paper is `side` pixels high. */
export function paint(context, strokes, side, ink) {
  context.strokeStyle = context.fillStyle = ink;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) paintStroke(context, stroke, side);
}

/** Return `strokes` on a paper of `width` heights as {imageData, width, height}: the data URL of a PNG, black on white,
    and its size in pixels. */
export function toPicture(strokes, width) {
  const canvas = document.createElement("canvas");
  canvas.height = EXPORT_HEIGHT;
  canvas.width = Math.min(MAX_EXPORT_WIDTH, Math.round(width * EXPORT_HEIGHT));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  paint(context, strokes, EXPORT_HEIGHT, "black");
  return { imageData: canvas.toDataURL("image/png"), width: canvas.width, height: canvas.height };
}

function paintStroke(context, points, side) {
  paintDot(context, points[0], side); // a canvas paints no line of length 0
  let start = points[0];
  let width = NaN;
  for (let i = 1; i < points.length; i += 1) {
    // Curves from midpoint to midpoint, bent by the points themselves, have no corners where the pen was fast.
    const bend = points[i - 1];
    const end = i === points.length - 1 ? points[i] : midpoint(bend, points[i]);
    if (points[i].width !== width) {
      if (i > 1) context.stroke();
      width = points[i].width;
      context.lineWidth = width * side;
      context.beginPath();
      context.moveTo(start.x * side, start.y * side);
    }
    context.quadraticCurveTo(bend.x * side, bend.y * side, end.x * side, end.y * side);
    start = end;
  }
  if (points.length > 1) context.stroke();
}

function paintDot(context, { x, y, width }, side) {
  context.beginPath();
  context.arc(x * side, y * side, (width * side) / 2, 0, 2 * Math.PI);
  context.fill();
}

function midpoint(a, b) {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
