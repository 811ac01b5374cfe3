/* Teaching: tells the server what a drawing shows, and takes that back. */

import { inject, Injectable, linkedSignal } from '@angular/core';

import { Problem } from './problem';
import { Outcome, Recognizer } from './recognizer';
import { Server } from './server';
import { Sheet } from './sheet';
import { Speech } from './speech';
import { Strokes } from './strokes';
import { comparison } from './words';

/** How far it has come with the drawing on the paper. */
export interface Lesson {
  phase: 'asking' | 'sending' | 'answered';
  words: string;
  problem: string;
  /** The correction that Undo takes back; none where the answer was right. */
  correction: number | null;
}

const UNTOLD: Lesson = { phase: 'asking', words: 'Is that right?', problem: '', correction: null };

@Injectable({ providedIn: 'root' })
export class Teacher {
  readonly #server = inject(Server);
  readonly #sheet = inject(Sheet);
  readonly #recognizer = inject(Recognizer);
  readonly #speech = inject(Speech);

  readonly #lesson = linkedSignal<Strokes, Lesson>({ source: this.#sheet.strokes, computation: () => UNTOLD });

  readonly lesson = this.#lesson.asReadonly();

  /** Tell what the drawing shows. An answer that is right and sure is known already, so there is nothing to send. */
  choose(label: string): void {
    const outcome = this.#recognizer.settled();
    if (!outcome?.answer || this.#lesson().phase !== 'asking') return;
    const { answer } = outcome;
    if (label === answer.label && !answer.unsure) this.#answered('Thank you.', null);
    else this.#teach(outcome, label);
  }

  /** Take back what was told about the drawing. */
  takeBack(): void {
    const { phase, correction } = this.#lesson();
    if (phase !== 'answered') return;
    if (correction === null) {
      this.#lesson.set(UNTOLD);
      return;
    }
    const isStill = this.#send();
    this.#server.takeBack(correction).subscribe({
      next: () => {
        if (isStill()) this.#lesson.set(UNTOLD);
        this.#recognizer.askAgain();
        this.#speech.say('Taken back.');
      },
      error: (problem: Problem) => this.#fail(problem, 'answered', isStill),
    });
  }

  #teach(outcome: Outcome, label: string): void {
    const isStill = this.#send();
    this.#server.teach(outcome.imageData, label).subscribe({
      next: ({ correction, before, after }) => {
        if (!isStill()) {
          this.#recognizer.askAgain();
          return;
        }
        this.#recognizer.replaceAnswer(outcome, after);
        this.#answered(comparison(before, after), correction.id);
      },
      error: (problem: Problem) => this.#fail(problem, 'asking', isStill),
    });
  }

  /** Wait for the server. Returns a function that tells whether the drawing is still the same. */
  #send(): () => boolean {
    const strokes = this.#sheet.strokes();
    this.#lesson.update((lesson) => ({ ...lesson, phase: 'sending', problem: '' }));
    return () => this.#sheet.strokes() === strokes;
  }

  #answered(words: string, correction: number | null): void {
    this.#lesson.set({ phase: 'answered', words, problem: '', correction });
    this.#speech.say(words);
  }

  #fail({ message }: Problem, phase: Lesson['phase'], isStill: () => boolean): void {
    if (isStill()) this.#lesson.update((lesson) => ({ ...lesson, phase, problem: message }));
    this.#speech.say(message);
  }
}
