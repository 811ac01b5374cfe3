/* Errors between client and server, in words for the person who draws. */

import { HttpErrorResponse } from '@angular/common/http';

import { ProblemDetails } from './api';

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

/** Turn whatever a request failed with into a Problem. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof HttpErrorResponse) || error.status < 400) {
    return new Problem(0, '', 'The server does not answer.');
  }
  const { title, detail, code } = (error.error ?? {}) as Partial<ProblemDetails>;
  return new Problem(error.status, code ?? '', detail || title || `The server refuses this (${error.status}).`);
}
