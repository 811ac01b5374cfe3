/* Is the answer right, and if not, what is? Whatever is told is learnt at once, and can be taken back. */

import { Component, computed, inject } from '@angular/core';

import { Recognizer } from '../recognizer';
import { Teacher } from '../teacher';

@Component({
  selector: 'app-correction',
  templateUrl: './correction.html',
  styleUrl: './correction.css',
})
export class Correction {
  readonly #recognizer = inject(Recognizer);

  protected readonly teacher = inject(Teacher);
  protected readonly lesson = this.teacher.lesson;
  protected readonly classNames = this.#recognizer.classNames;
  protected readonly learning = computed(() => this.#recognizer.network()?.learning);
  protected readonly hasWords = computed(() => this.classNames().some((name) => name.length > 2));
  protected readonly answer = computed(() => this.#recognizer.settled()?.answer);

  /** Buttons that cannot be used now stay reachable, so that whoever goes by keys keeps the place. */
  protected readonly isIdle = computed(() => !this.answer() || this.lesson().phase !== 'asking');
}
