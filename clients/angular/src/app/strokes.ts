/* What a drawing is made of, and how it becomes lines. Points are fractions of the side of the paper, so that a drawing
   fits a paper of any size. */

export interface Point {
  x: number;
  y: number;
}

export type Stroke = readonly Point[];
export type Strokes = readonly Stroke[];

/** How wide the pen is: as wide as MNIST's strokes once the drawing is 28 pixels wide. */
export const PEN_WIDTH = 1 / 14;

/** Return `stroke` as the path data that SVG and a canvas draw alike. */
export function pathOf(stroke: Stroke): string {
  const [first, ...others] = stroke;
  if (!first) return '';
  if (!others.length) return `M${first.x} ${first.y}h0.0001`; // a canvas paints no line of length 0
  let bend = first;
  const curves = others.map((point, i) => {
    // Curves from midpoint to midpoint, bent by the points themselves, have no corners where the pen was fast.
    const end = i === others.length - 1 ? point : { x: (bend.x + point.x) / 2, y: (bend.y + point.y) / 2 };
    const curve = `Q${bend.x} ${bend.y} ${end.x} ${end.y}`;
    bend = point;
    return curve;
  });
  return `M${first.x} ${first.y}${curves.join('')}`;
}
