/* Drawing with mouse, finger and stylus. */

import { Directive, ElementRef, inject } from '@angular/core';

import { Sheet } from '../sheet';
import { Point } from '../strokes';

@Directive({
  selector: '[appPointerPen]',
  host: {
    '(pointerdown)': 'down($event)',
    '(pointermove)': 'move($event)',
    '(pointerup)': 'up($event)',
    '(pointercancel)': 'cancel($event)',
  },
})
export class PointerPen {
  readonly #sheet = inject(Sheet);
  readonly #paper: Element = inject(ElementRef).nativeElement;
  #pointer = NaN; // the id of the one that draws

  protected down(event: PointerEvent): void {
    if (!event.isPrimary || event.button !== 0) return; // a second finger, another button
    this.#paper.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#sheet.begin(this, this.#place(event));
  }

  protected move(event: PointerEvent): void {
    if (!this.#draws(event)) return;
    const moves = event.getCoalescedEvents();
    this.#sheet.extend((moves.length ? moves : [event]).map((move) => this.#place(move)));
  }

  protected up(event: PointerEvent): void {
    if (this.#draws(event)) this.#sheet.end();
  }

  protected cancel(event: PointerEvent): void {
    if (this.#draws(event)) this.#sheet.drop(); // the system took the pointer away: a palm, a gesture
  }

  #draws({ pointerId }: PointerEvent): boolean {
    return pointerId === this.#pointer && this.#sheet.pen() === this;
  }

  #place(event: PointerEvent): Point {
    const box = this.#paper.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }
}
