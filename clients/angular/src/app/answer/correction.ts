/* Is the answer right, and if not, what is? A correction is learnt at once, and can be undone. */

import { Component, computed, inject } from '@angular/core';

import { Recognizer } from '../recognizer';
import { Teacher } from '../teacher';
import { fitOf } from '../words';

@Component({
  selector: 'app-correction',
  templateUrl: './correction.html',
  styleUrl: './correction.css',
})
export class Correction {
  readonly #recognizer = inject(Recognizer);

  protected readonly teacher = inject(Teacher);
  protected readonly progress = this.teacher.progress;
  protected readonly classNames = this.#recognizer.classNames;
  protected readonly learning = computed(() => this.#recognizer.network()?.learning);
  protected readonly fit = computed(() => fitOf(this.classNames()));
  protected readonly answer = computed(() => this.#recognizer.settled()?.answer);

  /** Buttons that cannot be used now stay reachable, so that the keyboard's focus stays where it is. */
  protected readonly isIdle = computed(() => !this.answer() || this.progress().phase !== 'asking');
}
