/* Answers in words: how sure, what else, and what a correction changed. */

import { answer } from '../testing/bench';
import { describeAnswer, describeCertainty, describeChange, percent, subjectOf } from './words';

describe('words', () => {
  it('never round up to 100%', () => {
    expect(percent(0.997)).toBe('99%');
    expect(percent(1)).toBe('100%');
    expect(percent(0.004)).toBe('0%');
  });

  it('tell how sure the network is', () => {
    expect(describeCertainty(answer('7', { confidence: 0.97 }))).toBe('97% sure');
    expect(describeAnswer(answer('7', { confidence: 0.97 }))).toBe('7, 97% sure');
  });

  it('say doubt plainly, with what else it might be', () => {
    const outputs = [0, 0.3, 0, 0, 0, 0, 0, 0.4, 0, 0.1];
    expect(describeCertainty(answer('7', { unsure: true, outputs }))).toBe('Not sure: 7 or 1?');
    expect(describeAnswer(answer('7', { unsure: true }))).toBe('Not sure: perhaps 7?');
  });

  it('ask whether it is a digit at all', () => {
    const letter = answer('4', { unsure: true, digit: 0.1, is_digit: false });
    expect(describeCertainty(letter)).toBe('Is this a digit? Perhaps 4.');
    expect(describeAnswer(letter)).toBe('Is this a digit? Perhaps 4.');
    expect(describeCertainty({ ...letter, class_names: ['Coat', 'Bag'], label: 'Coat' })).toBe('Is this one of these? Perhaps Coat.');
  });

  it('call the classes digits, letters or pictures', () => {
    expect(subjectOf([...'0123456789'])).toBe('digit');
    expect(subjectOf([...'ABCÄß'])).toBe('letter');
    expect(subjectOf(['Coat', 'Bag'])).toBe('picture');
    expect(subjectOf(['A', '7'])).toBe('picture');
  });

  it('tell what a correction has changed', () => {
    const before = answer('7', { confidence: 0.9 });
    expect(describeChange({ before, after: answer('1', { confidence: 0.8 }) })).toBe('It said 7 (90% sure); now it says 1 (80% sure).');
    expect(describeChange({ before, after: answer('7', { confidence: 0.5 }) })).toContain('it still says 7 (50% sure)');
    expect(describeChange({ before, after: before, learning: true })).toContain('still learning it');
  });
});
