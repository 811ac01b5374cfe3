/* The JSON of the server, as its /openapi.json describes it; only the parts that this client uses. */

/** The answer of the network to a drawing. */
export interface Answer {
  label: string;
  /** The probability that the answer is right, 0 to 1. */
  confidence: number;
  /** How much it is a digit, or another class, at all, 0 to 1: `is_digit` tells whether that is enough. */
  digit: number;
  is_digit: boolean;
  /** A person should look at it. */
  unsure: boolean;
  class_names: string[];
  /** One for each class, 0 to 1. */
  outputs: number[];
}

/** An answer together with the 784 pixels that the network saw, 0 to 255, row by row: with `include=pixels`. */
export interface SeenAnswer extends Answer {
  pixels: number[];
}

/** A correction as it is stored; its id undoes it. */
export interface Correction {
  id: number;
  label: string;
}

/** The answers before and after a correction. */
export interface CorrectionReply {
  correction: Correction;
  before: Answer;
  after: Answer;
  /** Whether the answer after it does not know the correction yet. */
  learning?: boolean;
}

/** The network that the server has, and whether it can be taught. */
export interface Network {
  class_names: string[];
  learning: { on: boolean; reason: string; token: boolean };
}

/** An error as RFC 9457 describes it; `detail` is for people, `code` for programs. */
export interface ProblemDetails {
  title: string;
  status: number;
  detail: string;
  code: string;
}
