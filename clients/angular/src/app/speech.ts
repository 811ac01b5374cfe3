/* Messages for screen readers: short ones at once, answers only when they have stayed for a moment. */

import { Injectable, signal } from '@angular/core';

const SETTLED = 800; // milliseconds

@Injectable({ providedIn: 'root' })
export class Speech {
  readonly #text = signal('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly text = this.#text.asReadonly();

  say(text: string): void {
    clearTimeout(this.#timer);
    this.#text.set(text);
  }

  sayWhenSettled(text: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.say(text), SETTLED);
  }
}
