/* Answers in words, the same for the eye and for a screen reader. */

import { Answer } from './api';

const NEAR = 1 / 2; // of the strongest output: what comes as near may be meant as well
const MOST = 3;

/** Return `share` in per cent. What falls short of 1 never becomes 100%: no output of a sigmoid is quite sure. */
export function percent(share: number): string {
  return `${Math.min(Math.round(100 * share), share < 1 ? 99 : 100)}%`;
}

/** Say how sure an answer is, or what else it might be. */
export function certainty(answer: Answer): string {
  if (!answer.unsure) return `${percent(answer.confidence)} sure`;
  const near = candidates(answer);
  return near.length > 1 ? `Not sure: ${near.join(' or ')}?` : `Not sure: perhaps ${answer.label}?`;
}

/** Say an answer as one sentence. */
export function spoken(answer: Answer): string {
  return answer.unsure ? certainty(answer) : `${answer.label}, ${certainty(answer)}`;
}

/** Say what a correction has changed. */
export function comparison(before: Answer, after: Answer): string {
  const now = after.label === before.label ? 'it still says' : 'now it says';
  return `It said ${withShare(before)}; ${now} ${withShare(after)}.`;
}

function withShare({ label, confidence }: Answer): string {
  return `${label} (${percent(confidence)} sure)`;
}

function candidates({ outputs, class_names: names }: Answer): string[] {
  const least = Math.max(...outputs) * NEAR;
  return names
    .map((name, i) => ({ name, output: outputs[i] ?? 0 }))
    .filter(({ output }) => output >= least)
    .sort((a, b) => b.output - a.output)
    .slice(0, MOST)
    .map(({ name }) => name);
}
