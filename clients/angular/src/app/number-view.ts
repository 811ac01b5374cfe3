/* The number in large and how sure it is; each of its digits can be chosen. */

import { Component, computed, inject } from '@angular/core';

import { Recognizer } from './recognizer';
import { Sheet } from './sheet';
import { describeReading } from './words';

@Component({
  selector: 'app-number',
  templateUrl: './number-view.html',
  styleUrl: './number-view.css',
})
export class NumberView {
  readonly #sheet = inject(Sheet);

  protected readonly recognizer = inject(Recognizer);
  protected readonly digits = this.recognizer.digits;

  protected readonly state = computed(() => {
    const { reading, refusal } = this.recognizer.outcome() ?? {};
    if (reading) return reading.unsure ? 'unsure' : 'sure';
    return refusal ? 'refused' : 'empty';
  });

  protected readonly sentence = computed(() => {
    const { reading, refusal } = this.recognizer.outcome() ?? {};
    if (reading) return describeReading(reading);
    if (refusal) return refusal;
    if (!this.#sheet.isBlank()) return this.recognizer.trouble() ? 'Waiting for the server …' : '…';
    return this.recognizer.readsNumbers() ? 'Draw a number' : `Draw one of these: ${this.recognizer.classNames().join(', ')}`;
  });
}
