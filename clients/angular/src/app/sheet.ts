/* The paper: the strokes on it, the one under way included, and what undo goes back to. */

import { computed, Injectable, signal } from '@angular/core';

import { Point, Stroke, Strokes } from './strokes';

@Injectable({ providedIn: 'root' })
export class Sheet {
  readonly #earlier = signal<readonly Strokes[]>([]);
  readonly #done = signal<Strokes>([]);
  readonly #underWay = signal<Stroke | null>(null);
  readonly #pen = signal<object | null>(null);

  /** Whose stroke is under way; only one pen draws at a time. */
  readonly pen = this.#pen.asReadonly();
  readonly isDrawing = computed(() => this.#pen() !== null);
  readonly canUndo = computed(() => this.isDrawing() || this.#earlier().length > 0);

  /** All strokes; another array whenever something has changed. */
  readonly strokes = computed<Strokes>(() => {
    const underWay = this.#underWay();
    return underWay ? [...this.#done(), underWay] : this.#done();
  });
  readonly isBlank = computed(() => this.strokes().length === 0);

  /** Begin a stroke of `pen`; that of any other pen ends. */
  begin(pen: object, point: Point): void {
    this.end();
    this.#pen.set(pen);
    this.#underWay.set([point]);
  }

  extend(points: readonly Point[]): void {
    this.#underWay.update((stroke) => stroke && [...stroke, ...points]);
  }

  end(): void {
    if (this.isDrawing()) this.#replaceBy(this.strokes());
  }

  /** Forget the stroke under way. */
  drop(): void {
    this.#pen.set(null);
    this.#underWay.set(null);
  }

  /** Undo the last stroke, or the last clearing. */
  undo(): void {
    this.end();
    const last = this.#earlier().at(-1);
    if (!last) return;
    this.#done.set(last);
    this.#earlier.update((earlier) => earlier.slice(0, -1));
  }

  clear(): void {
    this.end();
    if (!this.isBlank()) this.#replaceBy([]);
  }

  #replaceBy(strokes: Strokes): void {
    this.#earlier.update((earlier) => [...earlier, this.#done()]);
    this.#done.set(strokes);
    this.drop();
  }
}
