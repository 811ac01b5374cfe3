/* The whole page: the paper, the number on it, one of its digits, and a banner while the server is away. */

import { Component, computed, inject } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { debounceTime } from 'rxjs';

import { DigitView } from './digit-view';
import { NumberView } from './number-view';
import { Paper } from './paper';
import { Recognizer } from './recognizer';
import { Server } from './server';
import { Teacher } from './teacher';
import { describeReading } from './words';

const SETTLED = 800; // milliseconds that an answer has to stay before a screen reader says it

@Component({
  selector: 'app-root',
  imports: [DigitView, NumberView, Paper],
  templateUrl: './app.html',
  styleUrl: './app.css',
})
export class App {
  readonly #recognizer = inject(Recognizer);
  readonly #progress = inject(Teacher).progress;

  protected readonly routes = `${inject(Server).address}/openapi.json`;
  protected readonly trouble = this.#recognizer.trouble;
  readonly #message = computed(() => {
    const { problem, words } = this.#progress();
    const { reading, refusal } = this.#recognizer.outcome() ?? {};
    const separator = this.#recognizer.readsNumbers() ? ' ' : ''; // 407 is said digit by digit
    const answer = reading && `${[...reading.text].join(separator)}, ${describeReading(reading)}`;
    return problem || words || refusal || answer || '';
  });
  protected readonly spoken = toSignal(toObservable(this.#message).pipe(debounceTime(SETTLED)), { initialValue: '' });
}
