/* Drawing with the keyboard alone: arrows move a cursor over the paper, Space or Enter puts its pen down and lifts it. */

import { computed, Directive, ElementRef, inject, signal } from '@angular/core';

import { Recognizer } from '../recognizer';
import { Sheet } from '../sheet';
import { Speech } from '../speech';
import { Point } from '../strokes';
import { describeAnswer } from '../words';

const STEP = 1 / 28; // one of the pixels that the network sees
const FINE = 1 / 4;
const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

@Directive({
  selector: '[appKeyboardPen]',
  exportAs: 'keyboardPen',
  host: {
    '(keydown)': 'keyDown($event)',
    '(keyup)': 'held.delete($event.key)',
    '(focus)': 'enter()',
    '(blur)': 'leave()',
    '(pointerdown)': 'leave()',
  },
})
export class KeyboardPen {
  readonly #sheet = inject(Sheet);
  readonly #speech = inject(Speech);
  readonly #recognizer = inject(Recognizer);
  readonly #paper: Element = inject(ElementRef).nativeElement;

  protected readonly held = new Set<string>();

  /** Whether the keyboard is in use, and the cursor is to be seen. */
  readonly isActive = signal(false);
  readonly position = signal<Point>({ x: 0.5, y: 0.5 });

  /** Whether it draws; undo, clear and another pen lift it as well. */
  readonly isDown = computed(() => this.#sheet.pen() === this);

  protected keyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!this.#act(event)) return;
    this.isActive.set(true);
    event.preventDefault(); // or the page would scroll
  }

  protected enter(): void {
    this.isActive.set(this.#paper.matches(':focus-visible'));
  }

  protected leave(): void {
    this.held.clear();
    this.#lift();
    this.isActive.set(false);
  }

  /** Do what a key asks for. Returns whether it asks for anything. */
  #act({ key, repeat, shiftKey }: KeyboardEvent): boolean {
    if (key in ARROWS) {
      this.held.add(key);
      this.#move(shiftKey ? STEP * FINE : STEP);
    } else if (key === 'Backspace' || key === 'Delete') {
      this.#sheet.undo();
    } else if (key === ' ' || key === 'Enter') {
      if (!repeat) this.#toggle();
    } else if (key === 'Escape') {
      this.#lift();
    } else {
      return false;
    }
    return true;
  }

  /** Move by all the arrows that are held, so that two of them go diagonally. */
  #move(step: number): void {
    let { x, y } = this.position();
    for (const key of this.held) {
      const direction = ARROWS[key]!;
      x = Math.min(1, Math.max(0, x + direction.x * step));
      y = Math.min(1, Math.max(0, y + direction.y * step));
    }
    this.position.set({ x, y });
    if (this.isDown()) this.#sheet.extend([{ x, y }]);
  }

  #toggle(): void {
    if (this.isDown()) {
      this.#lift();
      return;
    }
    this.#sheet.begin(this, this.position());
    this.#speech.say('Pen down');
  }

  #lift(): void {
    if (!this.isDown()) return;
    this.#sheet.end();
    this.#speech.say('Pen up');
    const answer = this.#recognizer.settled()?.answer; // there already, so nobody would say it any more
    if (answer) this.#speech.sayWhenSettled(describeAnswer(answer));
  }
}
