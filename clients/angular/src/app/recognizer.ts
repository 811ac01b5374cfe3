/* Asks the server while somebody draws, and keeps its answer. It does not ask at every move. A later query aborts the one
   before it, and a query that fails because the server is away is repeated until it is answered. */

import { computed, inject, Injectable, signal } from '@angular/core';
import { takeUntilDestroyed, toObservable } from '@angular/core/rxjs-interop';
import {
  auditTime,
  catchError,
  debounceTime,
  distinctUntilChanged,
  filter,
  map,
  merge,
  Observable,
  of,
  retry,
  Subject,
  switchMap,
  tap,
  throwError,
  timer,
} from 'rxjs';

import { Answer, Network, SeenAnswer } from './api';
import { toDataUrl } from './picture';
import { Problem } from './problem';
import { Server } from './server';
import { Sheet } from './sheet';
import { Speech } from './speech';
import { Strokes } from './strokes';
import { describeAnswer } from './words';

const PAUSE = 120; // milliseconds without a change before asking
const LONGEST_PAUSE = 360; // ask at least this often in one long stroke
const FIRST_WAIT = 500; // before asking again a server that is away
const LONGEST_WAIT = 5_000;

/** The result of a query: the answer, or why there is none. */
export interface Outcome {
  strokes: Strokes;
  imageData: string;
  answer: SeenAnswer | null;
  refusal: string;
}

@Injectable({ providedIn: 'root' })
export class Recognizer {
  readonly #server = inject(Server);
  readonly #sheet = inject(Sheet);
  readonly #speech = inject(Speech);

  readonly #outcome = signal<Outcome | null>(null);
  readonly #network = signal<Network | null>(null);
  readonly #trouble = signal('');
  readonly #again = new Subject<Strokes>();

  readonly network = this.#network.asReadonly();

  /** Why the server cannot be asked at the moment, or nothing. */
  readonly trouble = this.#trouble.asReadonly();

  /** The outcome, if it is about the drawing as it is now. A blank paper has none. */
  readonly settled = computed(() => {
    const outcome = this.#outcome();
    return outcome?.strokes === this.#sheet.strokes() ? outcome : null;
  });

  /** The outcome to show: while somebody draws, the one before stays until the next is there or the server away. */
  readonly outcome = computed(() => {
    const isStale = this.#sheet.isBlank() || this.#trouble() !== '';
    return this.settled() ?? (isStale ? null : this.#outcome());
  });

  /** The names of the classes, as soon as they are known. */
  readonly classNames = computed(() => this.#outcome()?.answer?.class_names ?? this.#network()?.class_names ?? []);

  constructor() {
    const strokes = toObservable(this.#sheet.strokes);
    const queries = merge(
      strokes.pipe(filter((drawn) => !drawn.length)), // at once: there is nothing to ask any more
      strokes.pipe(debounceTime(PAUSE)),
      strokes.pipe(auditTime(LONGEST_PAUSE)),
    ).pipe(distinctUntilChanged());
    merge(queries, this.#again)
      .pipe(
        switchMap((drawn) => this.#ask(drawn)),
        takeUntilDestroyed(),
      )
      .subscribe((outcome) => this.#show(outcome));
    this.#retryUntilBack(this.#server.network())
      .pipe(takeUntilDestroyed())
      .subscribe({
        next: (network) => this.#network.set(network),
        error: (problem: Problem) => this.#trouble.set(problem.message),
      });
  }

  /** Ask about the same drawing again: the network has changed. */
  askAgain(): void {
    this.#again.next(this.#sheet.strokes());
  }

  /** Replace the answer of `outcome` by the one after a correction. */
  replaceAnswer(outcome: Outcome, answer: Answer): void {
    if (outcome === this.#outcome() && outcome.answer) {
      this.#outcome.set({ ...outcome, answer: { ...outcome.answer, ...answer } });
    }
  }

  #ask(strokes: Strokes): Observable<Outcome | null> {
    if (!strokes.length) {
      this.#trouble.set('');
      return of(null);
    }
    const outcome = { strokes, imageData: toDataUrl(strokes), answer: null, refusal: '' };
    return this.#retryUntilBack(this.#server.query(outcome.imageData)).pipe(
      map((answer) => ({ ...outcome, answer })),
      catchError((problem: Problem) => of({ ...outcome, refusal: problem.message })),
    );
  }

  #retryUntilBack<T>(request: Observable<T>): Observable<T> {
    return request.pipe(
      retry({
        delay: (problem: Problem, count) => {
          if (!problem.mayPass) return throwError(() => problem);
          this.#trouble.set(problem.message);
          return timer(Math.min(FIRST_WAIT * 2 ** (count - 1), LONGEST_WAIT));
        },
      }),
      tap({ next: () => this.#trouble.set(''), error: () => this.#trouble.set('') }),
    );
  }

  #show(outcome: Outcome | null): void {
    this.#outcome.set(outcome);
    if (outcome) this.#speech.sayWhenSettled(outcome.answer ? describeAnswer(outcome.answer) : outcome.refusal);
  }
}
