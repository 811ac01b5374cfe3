/* The server's routes as methods, its errors as Problems. */

import { HttpClient, HttpErrorResponse } from '@angular/common/http';
import { DOCUMENT, inject, Injectable, isDevMode } from '@angular/core';
import { catchError, map, Observable, throwError, timeout } from 'rxjs';

import { Answer, CorrectionReply, Network, ProblemDetails, Reading } from './api';

const UNDER_DEVELOPMENT = 'http://127.0.0.1:5000'; // where `python server.py` answers
const TIMEOUT = 20_000; // milliseconds: the line may be slow

/** A failed request, in the server's own words where it gave them, else in ours. Status 0: no answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Each method emits the answer once, or fails with a Problem. */
@Injectable({ providedIn: 'root' })
export class Server {
  readonly #http = inject(HttpClient);
  readonly #document = inject(DOCUMENT);

  /** Its address: what index.html names, or else the origin of this page, or under development the usual one. */
  readonly address =
    this.#document.querySelector<HTMLMetaElement>('meta[name=digits-server]')?.content || (isDevMode() ? UNDER_DEVELOPMENT : '');

  network(): Observable<Network> {
    return this.#request('GET', '/network');
  }

  /** Read the number on a picture, given as a data URL. */
  read(imageData: string): Observable<Reading> {
    return this.#request('POST', '/read?include=pixels', { imageData });
  }

  /** Take a picture for one of whatever classes the network has. */
  query(imageData: string): Observable<Reading> {
    const answer = this.#request<Answer>('POST', '/query?include=pixels', { imageData });
    return answer.pipe(map((whole) => ({ ...whole, text: whole.label, digits: [whole] })));
  }

  /** Teach that 784 pixels, as `read` and `query` gave them, show `label`. */
  teach(inputs: readonly number[], label: string): Observable<CorrectionReply> {
    return this.#request('POST', '/train', { inputs, label });
  }

  /** Undo a correction, as if it had never been given. */
  undo(id: number): Observable<unknown> {
    return this.#request('DELETE', `/corrections/${id}`);
  }

  #request<T>(method: string, route: string, body?: unknown): Observable<T> {
    return this.#http.request<T>(method, this.address + route, { body }).pipe(
      timeout(TIMEOUT),
      catchError((error: unknown) => throwError(() => problemOf(error))),
    );
  }
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof HttpErrorResponse) || error.status < 400) return new Problem(0, '', 'The server does not answer.');
  const { title, detail, code } = (error.error ?? {}) as Partial<ProblemDetails>;
  return new Problem(error.status, code ?? '', detail || title || `The server refuses this (${error.status}).`);
}
