/* Numbers as small pictures: pixels in grey, weights in two colours. */

const LIKES = [16, 72, 176];
const NEUTRAL = [247, 247, 247];
const DISLIKES = [179, 52, 8];

/** Show `values` from 0 (black) to 255 (white) on a canvas with as many pixels. */
export function showGrey(canvas, values) {
  show(canvas, values, (value) => [value, value, value]);
}

/** Show `weights` from red (the most negative) over white (0) to blue (the most positive). */
export function showWeights(canvas, weights) {
  const largest = Math.max(...weights.map(Math.abs)) || 1;
  show(canvas, weights, (weight) => {
    const share = Math.abs(weight) / largest;
    return (weight < 0 ? DISLIKES : LIKES).map((colour, i) => NEUTRAL[i] + share * (colour - NEUTRAL[i]));
  });
}

export function showNothing(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

function show(canvas, values, colourOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, i) => image.data.set([...colourOf(value), 255], 4 * i));
  context.putImageData(image, 0, 0);
}
