/* The answer in large: the class, how sure the network is, and the pixels that it saw. */

import { afterRenderEffect, Component, computed, ElementRef, inject, viewChild } from '@angular/core';

import { showGrey } from '../picture';
import { Recognizer } from '../recognizer';
import { Sheet } from '../sheet';
import { describeCertainty, subjectOf } from '../words';

interface Result {
  state: 'empty' | 'refused' | 'sure' | 'unsure';
  label: string;
  sentence: string;
}

@Component({
  selector: 'app-verdict',
  templateUrl: './verdict.html',
  styleUrl: './verdict.css',
})
export class Verdict {
  readonly #recognizer = inject(Recognizer);
  readonly #sheet = inject(Sheet);
  private readonly seen = viewChild.required<ElementRef<HTMLCanvasElement>>('seen');

  protected readonly pixels = computed(() => this.#recognizer.outcome()?.answer?.pixels ?? []);

  protected readonly result = computed((): Result => {
    const outcome = this.#recognizer.outcome();
    if (outcome?.refusal) return { state: 'refused', label: '', sentence: outcome.refusal };
    const answer = outcome?.answer;
    if (!answer) return { state: 'empty', label: '', sentence: this.#prompt() };
    const { label, unsure } = answer;
    return { state: unsure ? 'unsure' : 'sure', label: unsure ? `${label}?` : label, sentence: describeCertainty(answer) };
  });

  constructor() {
    afterRenderEffect(() => showGrey(this.seen().nativeElement, this.pixels()));
  }

  #prompt(): string {
    if (!this.#sheet.isBlank() && this.#recognizer.trouble()) return 'Waiting for the server …';
    return `Draw a ${subjectOf(this.#recognizer.classNames())}`;
  }
}
