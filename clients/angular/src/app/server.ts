/* The server's routes as methods. To unsubscribe aborts the request. */

import { HttpClient } from '@angular/common/http';
import { DOCUMENT, inject, Injectable } from '@angular/core';
import { catchError, map, Observable, of, switchMap, throwError, timeout } from 'rxjs';

import { environment } from '../environments/environment';
import { CorrectionReply, Network, SeenAnswer } from './api';
import { Problem, problemOf } from './problem';

const TIMEOUT = 20_000; // milliseconds: the line may be slow

/** Each method emits the answer once, or fails with a Problem. */
@Injectable({ providedIn: 'root' })
export class Server {
  readonly #http = inject(HttpClient);
  readonly #document = inject(DOCUMENT);
  readonly #address = this.#document.querySelector<HTMLMetaElement>('meta[name=digits-server]')?.content || environment.server;

  /** Ask which class a drawing shows, given as the data URL of a PNG. */
  query(imageData: string): Observable<SeenAnswer> {
    return this.#translateErrors(this.#http.post<SeenAnswer>(`${this.#address}/query?include=pixels`, { imageData }));
  }

  network(): Observable<Network> {
    return this.#translateErrors(this.#http.get<Network>(`${this.#address}/network`));
  }

  /** Teach that a drawing shows `label`. */
  teach(imageData: string, label: string): Observable<CorrectionReply> {
    return this.#explainRefusal(this.#http.post<CorrectionReply>(`${this.#address}/train`, { imageData, label }));
  }

  /** Undo a correction, as if it had never been given. */
  undo(id: number): Observable<void> {
    return this.#explainRefusal(this.#http.delete(`${this.#address}/corrections/${id}`)).pipe(map(() => undefined));
  }

  #translateErrors<T>(request: Observable<T>): Observable<T> {
    return request.pipe(
      timeout(TIMEOUT),
      catchError((error: unknown) => throwError(() => problemOf(error))),
    );
  }

  /** Pages of unlisted origins may ask but not teach, and the browser hides the server's reason from them. */
  #explainRefusal<T>(request: Observable<T>): Observable<T> {
    return this.#translateErrors(request).pipe(
      catchError((problem: Problem) => {
        if (problem.status !== 0) return throwError(() => problem);
        return this.network().pipe(
          catchError(() => of(null)),
          switchMap((network) => throwError(() => (network ? this.#foreignPage() : problem))),
        );
      }),
    );
  }

  #foreignPage(): Problem {
    const { origin } = this.#document.location;
    return new Problem(403, 'foreign-page', `The server may not be taught from ${origin}: list that in its DIGITS_ORIGINS.`);
  }
}
