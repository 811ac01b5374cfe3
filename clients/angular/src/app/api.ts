/* The JSON of the server, as its /openapi.json describes it; only the parts that this client uses. */

/** A place on the picture that was sent, in its pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What the network says of one digit, or of whatever else it was trained on. */
export interface Digit {
  label: string;
  /** The probability that the label is right, 0 to 1. */
  confidence: number;
  /** Whether it is a digit, or one of the other classes, at all. */
  is_digit: boolean;
  /** A person should look at it. */
  unsure: boolean;
  /** One for each class, 0 to 1. */
  outputs: number[];
  /** The 784 pixels that the network saw, 0 to 255, row by row: with `include=pixels`. */
  pixels: number[];
  /** Its line on the picture, and its place; none where the whole picture was taken for one. */
  line?: number;
  box?: Box;
}

/** The answer of /query: the whole picture is taken for one. */
export interface Answer extends Digit {
  class_names: string[];
}

/** The answer of /read. */
export interface Reading {
  /** Nothing where no digit was found. */
  text: string;
  confidence: number;
  unsure: boolean;
  class_names: string[];
  digits: Digit[];
}

/** The answer of /train; the id undoes the correction. */
export interface CorrectionReply {
  correction: { id: number };
  before: Digit;
  after: Digit;
  /** Whether the answer after it does not know the correction yet. */
  learning?: boolean;
}

/** The network that the server has, and whether it can be taught. */
export interface Network {
  class_names: string[];
  learning: { on: boolean; reason: string };
}

/** An error as RFC 9457 describes it; `detail` is for people, `code` for programs. */
export interface ProblemDetails {
  title: string;
  detail: string;
  code: string;
}
