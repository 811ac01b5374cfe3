/* Answers in words. */

import { CorrectionReply, Digit, Reading } from './api';

const NEAR = 1 / 2; // of the largest output: classes above it may be meant as well

/** Return `share` in per cent. Less than 1 never becomes 100%: no output of a sigmoid is quite sure. */
export function percent(share: number): string {
  return `${Math.min(Math.round(100 * share), share < 1 ? 99 : 100)}%`;
}

/** Return in words how sure a reading is. */
export function describeReading({ text, confidence, unsure }: Reading): string {
  if (!text) return 'No digit found';
  return unsure ? `Not sure: ${percent(confidence)}` : `${percent(confidence)} sure`;
}

/** Return one digit in words, and in doubt what else it might be. */
export function describeDigit({ label, confidence, unsure, is_digit, outputs }: Digit, classNames: readonly string[]): string {
  if (!unsure) return `${label}, ${percent(confidence)} sure`;
  if (!is_digit) return `Perhaps ${label}, perhaps none of these`;
  const least = Math.max(...outputs) * NEAR;
  const others = classNames.filter((name, i) => name !== label && (outputs[i] ?? 0) >= least);
  return `Perhaps ${[label, ...others].join(' or ')}`;
}

/** Return in words what a correction has changed. */
export function describeChange({ before, after, learning }: Omit<CorrectionReply, 'correction'>): string {
  if (learning) return 'Your correction is kept, and the network is still learning it.';
  const now = after.label === before.label ? 'it still says' : 'now it says';
  return `It said ${withConfidence(before)}; ${now} ${withConfidence(after)}.`;
}

function withConfidence({ label, confidence }: Digit): string {
  return `${label} (${percent(confidence)} sure)`;
}
