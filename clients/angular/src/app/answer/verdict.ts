/* The answer in large: what the network says, how sure it is, and what it saw. */

import { afterRenderEffect, Component, computed, ElementRef, inject, viewChild } from '@angular/core';

import { showGrey } from '../picture';
import { Recognizer } from '../recognizer';
import { Sheet } from '../sheet';
import { certainty } from '../words';

interface Said {
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

  protected readonly said = computed((): Said => {
    const outcome = this.#recognizer.outcome();
    if (outcome?.refusal) return { state: 'refused', label: '', sentence: outcome.refusal };
    const answer = outcome?.answer;
    if (!answer) return { state: 'empty', label: '', sentence: this.#prompt() };
    const { label, unsure } = answer;
    return { state: unsure ? 'unsure' : 'sure', label: unsure ? `${label}?` : label, sentence: certainty(answer) };
  });

  constructor() {
    afterRenderEffect(() => showGrey(this.seen().nativeElement, this.pixels()));
  }

  #prompt(): string {
    if (!this.#sheet.isBlank() && this.#recognizer.trouble()) return 'Waiting for the server …';
    // The same server may have a network that knows something else than digits.
    return this.#recognizer.classNames().every((name) => /^\d$/.test(name)) ? 'Draw a digit' : 'Draw a picture';
  }
}
