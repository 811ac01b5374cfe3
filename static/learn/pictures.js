/* Weights and other signed numbers as pictures; many small ones share one canvas, which is painted in one go. */

const SIDE = 28;
const GAP = 1;
const LIKES = [16, 72, 176];
const NEUTRAL = [247, 247, 247];
const DISLIKES = [179, 52, 8];
const EDGE = [128, 134, 148];
const COLOURS = Array.from({ length: 256 }, (_, byte) => colourOf((byte - 128) / 127));

/** Paint pictures of weights, a byte a pixel in Base64, in as square a grid as they fill; return how many there are. */
export function paintWeights(canvas, pictures) {
  const bytes = decode(pictures);
  const count = bytes.length / (SIDE * SIDE);
  const columns = Math.ceil(Math.sqrt(count));
  const cell = SIDE + GAP;
  const image = prepare(canvas, columns * cell + GAP, Math.ceil(count / columns) * cell + GAP);
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(toPixel(EDGE));
  for (let i = 0; i < bytes.length; i += 1) {
    const picture = Math.floor(i / (SIDE * SIDE));
    const row = Math.floor((i % (SIDE * SIDE)) / SIDE) + GAP + Math.floor(picture / columns) * cell;
    const column = (i % SIDE) + GAP + (picture % columns) * cell;
    pixels[row * image.width + column] = COLOURS[bytes[i]];
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return count;
}

/** Paint signed bytes in Base64 as `rows` of as many columns as they fill. */
export function paintRows(canvas, pictures, rows) {
  const bytes = decode(pictures);
  const image = prepare(canvas, bytes.length / rows, rows);
  const pixels = new Uint32Array(image.data.buffer);
  bytes.forEach((byte, i) => (pixels[i] = COLOURS[byte]));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Paint numbers from -`largest` to `largest` as one row of cells after another. */
export function paintNumbers(canvas, numbers, columns, largest) {
  const image = prepare(canvas, columns, Math.ceil(numbers.length / columns));
  const pixels = new Uint32Array(image.data.buffer);
  numbers.forEach((number, i) => (pixels[i] = colourOf((number ?? 0) / (largest || 1))));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function prepare(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  return canvas.getContext("2d").createImageData(width, height);
}

function decode(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function colourOf(value) {
  const share = Math.min(Math.abs(value), 1);
  return toPixel((value < 0 ? DISLIKES : LIKES).map((end, i) => Math.round(NEUTRAL[i] + share * (end - NEUTRAL[i]))));
}

/** Return a colour as the number that stands for it in the memory of a picture: little-endian, as all browsers run. */
function toPixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
