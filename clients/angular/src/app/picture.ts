/* Pictures on a canvas: the drawing as it is sent, and the pixels that the network saw. */

import { PEN_WIDTH, pathOf, Strokes } from './strokes';

const SIDE = 280; // pixels

/** Return the PNG of `strokes` as a data URL, black on white whatever the theme. */
export function toDataUrl(strokes: Strokes): string {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext('2d')!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, SIDE, SIDE);
  context.scale(SIDE, SIDE);
  context.lineWidth = PEN_WIDTH;
  context.lineCap = context.lineJoin = 'round';
  for (const stroke of strokes) context.stroke(new Path2D(pathOf(stroke)));
  return canvas.toDataURL('image/png');
}

/** Show `pixels`, 0 for black to 255 for white, on a canvas that has as many; none leave it blank. */
export function showGrey(canvas: HTMLCanvasElement, pixels: readonly number[]): void {
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(canvas.width, canvas.height);
  pixels.forEach((pixel, i) => image.data.set([pixel, pixel, pixel, 255], 4 * i));
  context.putImageData(image, 0, 0);
}
