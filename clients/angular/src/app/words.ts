/* Answers in words, the same on the page and for a screen reader. */

import { Answer, CorrectionReply } from './api';

const NEAR = 1 / 2; // of the largest output: classes above it may be meant as well
const MAX_CANDIDATES = 3;
const MANY = 12; // classes: more of them stand in several columns

/** Return `share` in per cent. Less than 1 never becomes 100%: no output of a sigmoid is quite sure. */
export function percent(share: number): string {
  return `${Math.min(Math.round(100 * share), share < 1 ? 99 : 100)}%`;
}

/** Return in words how sure an answer is, or what else it might be. */
export function describeCertainty(answer: Answer): string {
  if (!answer.unsure) return `${percent(answer.confidence)} sure`;
  if (!answer.is_digit) return `Is this ${oneOf(answer.class_names)}? Perhaps ${answer.label}.`;
  const near = candidates(answer);
  return near.length > 1 ? `Not sure: ${near.join(' or ')}?` : `Not sure: perhaps ${answer.label}?`;
}

/** Return an answer in words. */
export function describeAnswer(answer: Answer): string {
  return answer.unsure ? describeCertainty(answer) : `${answer.label}, ${describeCertainty(answer)}`;
}

/** Return in words what a correction has changed. */
export function describeChange({ before, after, learning }: Pick<CorrectionReply, 'before' | 'after' | 'learning'>): string {
  if (learning) return 'Your correction is kept. The network is still learning it; draw again in a moment.';
  const now = after.label === before.label ? 'it still says' : 'now it says';
  return `It said ${withConfidence(before)}; ${now} ${withConfidence(after)}.`;
}

function withConfidence({ label, confidence }: Answer): string {
  return `${label} (${percent(confidence)} sure)`;
}

/** Return the style classes of a list with a place for each class: by how many there are, and how long their names. */
export function fitOf(classNames: readonly string[]): Record<'many' | 'words', boolean> {
  return { many: classNames.length > MANY, words: classNames.some((name) => name.length > 2) };
}

/** Return what the classes are called together. */
export function subjectOf(classNames: readonly string[]): 'digit' | 'letter' | 'picture' {
  if (classNames.every((name) => /^\d$/.test(name))) return 'digit';
  return classNames.every((name) => /^\p{L}$/u.test(name)) ? 'letter' : 'picture';
}

function oneOf(classNames: readonly string[]): string {
  const subject = subjectOf(classNames);
  return subject === 'picture' ? 'one of these' : `a ${subject}`;
}

function candidates({ outputs, class_names: names }: Answer): string[] {
  const least = Math.max(...outputs) * NEAR;
  return names
    .map((name, i) => ({ name, output: outputs[i] ?? 0 }))
    .filter(({ output }) => output >= least)
    .sort((a, b) => b.output - a.output)
    .slice(0, MAX_CANDIDATES)
    .map(({ name }) => name);
}
