/* The output for each class. */

import { Component, computed, inject } from '@angular/core';

import { Recognizer } from '../recognizer';
import { fitOf, percent } from '../words';

@Component({
  selector: 'app-bars',
  templateUrl: './bars.html',
  styleUrl: './bars.css',
})
export class Bars {
  readonly #recognizer = inject(Recognizer);

  protected readonly fit = computed(() => fitOf(this.#recognizer.classNames()));
  protected readonly rows = computed(() => {
    const answer = this.#recognizer.outcome()?.answer;
    return this.#recognizer.classNames().map((name, i) => ({
      name,
      share: answer?.outputs[i] ?? 0,
      text: answer ? percent(answer.outputs[i] ?? 0) : '',
      isBest: answer?.label === name,
    }));
  });
}
