/* Teaching: sends corrections to the server, and undoes them. */

import { inject, Injectable, linkedSignal } from '@angular/core';

import { Problem } from './problem';
import { Outcome, Recognizer } from './recognizer';
import { Server } from './server';
import { Sheet } from './sheet';
import { Speech } from './speech';
import { Strokes } from './strokes';
import { describeChange } from './words';

/** How far the teaching of the drawing on the paper is. */
export interface Progress {
  phase: 'asking' | 'sending' | 'done';
  words: string;
  problem: string;
  /** The correction that Undo undoes; none where the answer was right. */
  correction: number | null;
}

const START: Progress = { phase: 'asking', words: 'Is that right?', problem: '', correction: null };

@Injectable({ providedIn: 'root' })
export class Teacher {
  readonly #server = inject(Server);
  readonly #sheet = inject(Sheet);
  readonly #recognizer = inject(Recognizer);
  readonly #speech = inject(Speech);

  readonly #progress = linkedSignal<Strokes, Progress>({ source: this.#sheet.strokes, computation: () => START });

  readonly progress = this.#progress.asReadonly();

  /** Say what the drawing shows. An answer that is right and sure needs no correction, so nothing is sent. */
  choose(label: string): void {
    const outcome = this.#recognizer.settled();
    if (!outcome?.answer || this.#progress().phase !== 'asking') return;
    const { answer } = outcome;
    if (label === answer.label && !answer.unsure) this.#finish('Thank you.', null);
    else this.#teach(outcome, label);
  }

  /** Undo the correction of the drawing. */
  undo(): void {
    const { phase, correction } = this.#progress();
    if (phase !== 'done') return;
    if (correction === null) {
      this.#progress.set(START);
      return;
    }
    const isSame = this.#send();
    this.#server.undo(correction).subscribe({
      next: () => {
        if (isSame()) this.#progress.set(START);
        this.#recognizer.askAgain();
        this.#speech.say('Correction undone.');
      },
      error: (problem: Problem) => this.#fail(problem, 'done', isSame),
    });
  }

  #teach(outcome: Outcome, label: string): void {
    const isSame = this.#send();
    this.#server.teach(outcome.imageData, label).subscribe({
      next: (reply) => {
        if (!isSame()) {
          this.#recognizer.askAgain();
          return;
        }
        this.#recognizer.replaceAnswer(outcome, reply.after);
        this.#finish(describeChange(reply), reply.correction.id);
      },
      error: (problem: Problem) => this.#fail(problem, 'asking', isSame),
    });
  }

  /** Wait for the server. Return a function that tells whether the drawing is still the same. */
  #send(): () => boolean {
    const strokes = this.#sheet.strokes();
    this.#progress.update((progress) => ({ ...progress, phase: 'sending', problem: '' }));
    return () => this.#sheet.strokes() === strokes;
  }

  #finish(words: string, correction: number | null): void {
    this.#progress.set({ phase: 'done', words, problem: '', correction });
    this.#speech.say(words);
  }

  #fail({ message }: Problem, phase: Progress['phase'], isSame: () => boolean): void {
    if (isSame()) this.#progress.update((progress) => ({ ...progress, phase, problem: message }));
    this.#speech.say(message);
  }
}
