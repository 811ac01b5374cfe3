/* Numbers as small pictures: pixels in grey, weights and reasons in two colours, blue for and orange against. */

const FOR = [64, 140, 255];
const AGAINST = [255, 128, 48];
const DARK = [14, 18, 28];
const FAINT = 0.45; // how strongly a weight shows where there is no ink

/** Show `values` from 0 (black) to 255 (white) on a canvas with as many pixels. */
export function showGrey(canvas, values) {
  show(canvas, (i) => [values[i], values[i], values[i]]);
}

/** Show what a node looks for by its `weights`, and the ink that it found in `pixels` (0 to 255) glowing in it. */
export function showFound(canvas, weights, pixels) {
  const largest = Math.max(...weights.map(Math.abs)) || 1;
  show(canvas, (i) => {
    const ink = pixels[i] / 255;
    const share = Math.sqrt(Math.abs(weights[i]) / largest) * (FAINT + (1 - FAINT) * ink); // most are small
    const colour = mix(DARK, weights[i] < 0 ? AGAINST : FOR, share);
    return weights[i] > 0 ? mix(colour, [255, 255, 255], share * ink * 0.6) : colour;
  });
}

/** Show `pixels` (0 to 255), coloured by how much their ink speaks for the answer or against it (-100 to 100). */
export function showReasons(canvas, pixels, why) {
  show(canvas, (i) => mix([0, 0, 0], reasonColour([255, 255, 255], why[i]), pixels[i] / 255));
}

/** Return a data URL of the reasons of the ink in `pixels`, cut out as far as there is ink, on the colour `neutral`. */
export function drawReasons(pixels, why, neutral) {
  const places = pixels.flatMap((pixel, i) => (pixel ? [i] : []));
  const [columns, rows] = [places.map((i) => i % 28), places.map((i) => Math.floor(i / 28))];
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(...columns) - left + 1;
  canvas.height = Math.max(...rows) - top + 1;
  show(canvas, (i) => {
    const place = (top + Math.floor(i / canvas.width)) * 28 + left + (i % canvas.width);
    return reasonColour(neutral, why[place]);
  });
  return canvas.toDataURL();
}

function reasonColour(neutral, reason) {
  return mix(neutral, reason < 0 ? AGAINST : FOR, Math.sqrt(Math.abs(reason) / 100)); // most are small
}

function mix(from, to, share) {
  return from.map((value, i) => value + share * (to[i] - value));
}

function show(canvas, colourOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i += 1) {
    const [red, green, blue] = colourOf(i);
    image.data[4 * i] = red;
    image.data[4 * i + 1] = green;
    image.data[4 * i + 2] = blue;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
