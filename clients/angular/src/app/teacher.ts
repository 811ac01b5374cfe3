/* Teaching: sends the correction of one digit to the server, and takes the last one back. */

import { inject, Injectable, linkedSignal } from '@angular/core';
import { Observable } from 'rxjs';

import { Recognizer } from './recognizer';
import { Problem, Server } from './server';
import { Sheet, Strokes } from './sheet';
import { describeChange } from './words';

interface Progress {
  isSending: boolean;
  words: string;
  problem: string;
  /** The id of the correction that can be taken back. */
  correction: number | null;
}

const START: Progress = { isSending: false, words: '', problem: '', correction: null };

@Injectable({ providedIn: 'root' })
export class Teacher {
  readonly #server = inject(Server);
  readonly #sheet = inject(Sheet);
  readonly #recognizer = inject(Recognizer);
  readonly #progress = linkedSignal<Strokes, Progress>({ source: this.#sheet.strokes, computation: () => START });

  /** How far the teaching of the drawing on the paper is. */
  readonly progress = this.#progress.asReadonly();

  /** Say what the digit that is looked at shows. What is right and sure already needs no correction. */
  choose(label: string): void {
    const digit = this.#recognizer.digit();
    if (!digit) return;
    if (!this.#recognizer.isSettled()) {
      this.#update({ problem: 'The answer to your last stroke is still due.' }); // which digit is meant?
      return;
    }
    if (label === digit.label && !digit.unsure) {
      this.#update({ words: 'Right, and sure already.', problem: '' });
      return;
    }
    this.#recognizer.choose(this.#recognizer.place()); // stay with it, however sure it becomes
    this.#send(this.#server.teach(digit.pixels, label), (reply) => ({ words: describeChange(reply), correction: reply.correction.id }));
  }

  /** Take the last correction of the drawing back. */
  takeBack(): void {
    const { correction } = this.#progress();
    if (correction === null) return;
    this.#send(this.#server.undo(correction), () => ({ words: 'Taken back.', correction: null }));
  }

  #send<T>(request: Observable<T>, finish: (reply: T) => Pick<Progress, 'words' | 'correction'>): void {
    if (this.#progress().isSending) return;
    const strokes = this.#sheet.strokes();
    const show = (change: Partial<Progress>) => {
      if (strokes === this.#sheet.strokes()) this.#update(change);
    };
    this.#update({ isSending: true, problem: '' });
    request.subscribe({
      next: (reply) => {
        show({ isSending: false, ...finish(reply) });
        this.#recognizer.askAgain();
      },
      error: (problem: Problem) => show({ isSending: false, problem: explain(problem) }),
    });
  }

  #update(change: Partial<Progress>): void {
    this.#progress.update((progress) => ({ ...progress, ...change }));
  }
}

/** The browser hides from a page why the server refuses its origin: both look as if there were no answer. */
function explain({ status, message }: Problem): string {
  return status ? message : `${message} Or it may not be taught from ${location.origin}: list that in its DIGITS_ORIGINS.`;
}
