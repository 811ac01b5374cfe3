/* The whole page: the paper beside the answer, and a banner while the server is away. */

import { Component, computed, effect, inject } from '@angular/core';
import { Title } from '@angular/platform-browser';

import { Bars } from './answer/bars';
import { Correction } from './answer/correction';
import { Verdict } from './answer/verdict';
import { Drawing } from './drawing/drawing';
import { Recognizer } from './recognizer';
import { Speech } from './speech';
import { subjectOf } from './words';

@Component({
  selector: 'app-root',
  imports: [Bars, Correction, Drawing, Verdict],
  templateUrl: './app.html',
  styleUrl: './app.css',
})
export class App {
  readonly #recognizer = inject(Recognizer);
  readonly #title = inject(Title);

  protected readonly trouble = this.#recognizer.trouble;
  protected readonly spoken = inject(Speech).text;
  protected readonly heading = computed(() => {
    const subject = subjectOf(this.#recognizer.classNames());
    return subject === 'picture' ? 'What is it?' : `Which ${subject} is it?`;
  });

  constructor() {
    effect(() => this.#title.setTitle(this.heading()));
  }
}
