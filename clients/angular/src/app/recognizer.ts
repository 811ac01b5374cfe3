/* Asks the server while somebody draws, and keeps its answer. One question is under way at a time, and the next is about
   the drawing as it is then; where the server is away, it is asked again until it answers. */

import { computed, inject, Injectable, linkedSignal, signal } from '@angular/core';
import { takeUntilDestroyed, toObservable } from '@angular/core/rxjs-interop';
import { catchError, EMPTY, exhaustMap, filter, map, merge, Observable, of, repeat, retry, Subject, switchMap, throwError, timer } from 'rxjs';

import { Network, Reading } from './api';
import { Problem, Server } from './server';
import { Sheet, Strokes } from './sheet';

const PAUSE = 80; // milliseconds before each question
const FIRST_WAIT = 500; // before asking again a server that is away
const LONGEST_WAIT = 5_000;

/** What came of a question: a reading, or the server's reason why there is none. */
interface Outcome {
  strokes: Strokes;
  reading?: Reading;
  refusal?: string;
}

@Injectable({ providedIn: 'root' })
export class Recognizer {
  readonly #server = inject(Server);
  readonly #sheet = inject(Sheet);
  readonly #again = new Subject<void>();
  readonly #latest = signal<Outcome | null>(null);
  #asked: Strokes | null = null;

  readonly network = signal<Network | null>(null);

  /** Why the server cannot be asked at the moment, or nothing. */
  readonly trouble = signal('');

  /** Whether the outcome is about the drawing as it is now. */
  readonly isSettled = computed(() => this.#latest()?.strokes === this.#sheet.strokes());

  /** The outcome to show: while somebody draws, the one before stays until the next is there or the server away. */
  readonly outcome = computed(() => (this.#sheet.isBlank() || (this.trouble() && !this.isSettled()) ? null : this.#latest()));

  readonly classNames = computed(() => this.#latest()?.reading?.class_names ?? this.network()?.class_names ?? []);
  readonly readsNumbers = computed(() => ['', '0123456789'].includes(this.classNames().join('')));

  readonly digits = computed(() => this.outcome()?.reading?.digits ?? []);
  readonly #chosen = linkedSignal<Strokes, number | null>({ source: this.#sheet.strokes, computation: () => null });

  /** Which digit is looked at: the chosen one, or else the first that is unsure, or else the last. */
  readonly place = computed(() => {
    const last = this.digits().length - 1;
    const unsure = this.digits().findIndex((digit) => digit.unsure);
    return Math.min(this.#chosen() ?? (unsure < 0 ? last : unsure), last);
  });
  readonly digit = computed(() => this.digits()[this.place()]);

  constructor() {
    this.#repeatUntilAnswered(this.#server.network())
      .pipe(takeUntilDestroyed())
      .subscribe({ next: (network) => this.network.set(network), error: ({ message }: Problem) => this.trouble.set(message) });
    merge(toObservable(this.#sheet.strokes), this.#again)
      .pipe(
        filter(() => this.#isOutdated()),
        exhaustMap(() => this.#ask().pipe(repeat({ delay: () => (this.#isOutdated() ? of(0) : EMPTY) }))),
        takeUntilDestroyed(),
      )
      .subscribe((outcome) => this.#latest.set(outcome));
  }

  /** Look at the digit at `place`. */
  choose(place: number): void {
    this.#chosen.set(place);
  }

  /** Ask about the same drawing again: the network has changed. */
  askAgain(): void {
    this.#asked = null;
    this.#again.next();
  }

  #isOutdated(): boolean {
    return this.#asked !== this.#sheet.strokes();
  }

  #ask(): Observable<Outcome> {
    const question = timer(PAUSE).pipe(
      switchMap((): Observable<Outcome> => {
        const strokes = (this.#asked = this.#sheet.strokes());
        if (!strokes.length) return of({ strokes });
        return this.#read(this.#sheet.toDataUrl()).pipe(
          map((reading) => ({ strokes, reading })),
          catchError((problem: Problem) => (problem.mayPass ? throwError(() => problem) : of({ strokes, refusal: problem.message }))),
        );
      }),
    );
    return this.#repeatUntilAnswered(question);
  }

  /** A network that knows other classes than the ten digits reads no numbers. */
  #read(imageData: string): Observable<Reading> {
    if (!this.readsNumbers()) return this.#server.query(imageData);
    return this.#server
      .read(imageData)
      .pipe(catchError((problem: Problem) => (problem.code === 'no-numbers' ? this.#server.query(imageData) : throwError(() => problem))));
  }

  #repeatUntilAnswered<T>(request: Observable<T>): Observable<T> {
    return request.pipe(
      retry({
        delay: (problem: Problem, count) => {
          if (!problem.mayPass) return throwError(() => problem);
          this.trouble.set(problem.message);
          return timer(Math.min(FIRST_WAIT * 2 ** (count - 1), LONGEST_WAIT));
        },
      }),
      map((answer) => {
        this.trouble.set('');
        return answer;
      }),
    );
  }
}
