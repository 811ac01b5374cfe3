/* The paper: the strokes on it, the one under way included, what undo goes back to, and the picture of it all.
   One unit is the height of the paper, so that a drawing fits a paper of any size. */

import { computed, Injectable, signal } from '@angular/core';

export interface Point {
  x: number;
  y: number;
}

export type Stroke = readonly Point[];
export type Strokes = readonly Stroke[];

export const PEN_WIDTH = 1 / 18;

/** Pixels of the picture for each unit. */
export const SCALE = 280;

@Injectable({ providedIn: 'root' })
export class Sheet {
  readonly #versions = signal<readonly Strokes[]>([[]]);
  readonly #underWay = signal<Stroke | null>(null);

  /** How many times as wide as high the paper is shown. */
  readonly shape = signal(1);

  /** All strokes; another array whenever something has changed. */
  readonly strokes = computed<Strokes>(() => {
    const done = this.#versions().at(-1)!;
    const underWay = this.#underWay();
    return underWay ? [...done, underWay] : done;
  });
  readonly isBlank = computed(() => !this.strokes().length);
  readonly canUndo = computed(() => this.#versions().length > 1);

  /** The size in units: more than the paper's own where it has become narrower than what was drawn on it. */
  readonly size = computed(() => {
    const points = this.strokes().flat();
    const width = points.reduce((right, { x }) => Math.max(right, x), this.shape());
    return { width, height: width / this.shape() };
  });

  begin(point: Point): void {
    this.end();
    this.#underWay.set([point]);
  }

  extend(points: readonly Point[]): void {
    this.#underWay.update((stroke) => stroke && [...stroke, ...points]);
  }

  end(): void {
    if (this.#underWay()) this.#add(this.strokes());
  }

  /** Forget the stroke under way. */
  drop(): void {
    this.#underWay.set(null);
  }

  /** Undo the last stroke, or the last clearing. */
  undo(): void {
    this.end();
    if (this.canUndo()) this.#versions.update((versions) => versions.slice(0, -1));
  }

  clear(): void {
    this.end();
    if (!this.isBlank()) this.#add([]);
  }

  /** Return the drawing as the data URL of a PNG, black on white whatever the theme. */
  toDataUrl(): string {
    const { width, height } = this.size();
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(width * SCALE);
    canvas.height = Math.ceil(height * SCALE);
    const context = canvas.getContext('2d')!;
    context.fillStyle = 'white';
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.scale(SCALE, SCALE);
    context.lineWidth = PEN_WIDTH;
    context.lineCap = context.lineJoin = 'round';
    for (const stroke of this.strokes()) context.stroke(new Path2D(pathOf(stroke)));
    return canvas.toDataURL();
  }

  #add(version: Strokes): void {
    this.#versions.update((versions) => [...versions, version]);
    this.drop();
  }
}

/** Return `stroke` as the path data that SVG and a canvas draw alike. */
export function pathOf(stroke: Stroke): string {
  const lines = stroke.map(({ x, y }) => `L${x} ${y}`).join('');
  return `M${lines.slice(1)}h0.0001`; // a canvas paints no line of length 0, so no dot either
}
