/* Answers in words: how sure, what else, and what a correction changed. */

import { digit, DIGITS, reading } from '../testing/bench';
import { describeChange, describeDigit, describeReading, percent } from './words';

describe('words', () => {
  it('never round up to 100%', () => {
    expect(percent(0.997)).toBe('99%');
    expect(percent(1)).toBe('100%');
    expect(percent(0.004)).toBe('0%');
  });

  it('tell how sure the whole number is', () => {
    expect(describeReading(reading('407'))).toBe('93% sure');
    expect(describeReading(reading('407', { unsure: true, confidence: 0.5 }))).toBe('Not sure: 50%');
    expect(describeReading(reading('', { unsure: true }))).toBe('No digit found');
  });

  it('say doubt about a digit plainly, with what else it might be', () => {
    expect(describeDigit(digit('7'), DIGITS)).toBe('7, 98% sure');
    const outputs = [0, 0.3, 0, 0, 0, 0, 0, 0.4, 0, 0.1];
    expect(describeDigit(digit('7', { unsure: true, outputs }), DIGITS)).toBe('Perhaps 7 or 1');
    expect(describeDigit(digit('7', { unsure: true }), DIGITS)).toBe('Perhaps 7');
    expect(describeDigit(digit('7', { unsure: true, is_digit: false }), DIGITS)).toBe('Perhaps 7, perhaps none of these');
  });

  it('tell what a correction has changed', () => {
    const before = digit('7', { confidence: 0.9 });
    expect(describeChange({ before, after: digit('1', { confidence: 0.8 }) })).toBe('It said 7 (90% sure); now it says 1 (80% sure).');
    expect(describeChange({ before, after: digit('7', { confidence: 0.5 }) })).toContain('it still says 7 (50% sure)');
    expect(describeChange({ before, after: before, learning: true })).toContain('still learning it');
  });
});
