/* The correction of a digit is sent once, shown, and taken back; errors are shown in words. */

import { HttpTestingController } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';

import { Reading } from './api';
import { CORRECTIONS, digit, drawDot, pass, READ, reading, refuse, setUp, tearDown, TRAIN } from '../testing/bench';
import { Recognizer } from './recognizer';
import { Sheet } from './sheet';
import { Teacher } from './teacher';

describe('Teacher', () => {
  let sheet: Sheet;
  let recognizer: Recognizer;
  let http: HttpTestingController;
  let teacher: Teacher;

  beforeEach(() => {
    ({ sheet, recognizer, http } = setUp());
    teacher = TestBed.inject(Teacher);
    drawDot(sheet);
    answer(reading('47'));
  });

  afterEach(() => tearDown({ sheet, recognizer, http }));

  function answer(number: Reading): void {
    pass(100);
    http.expectOne(READ).flush(number);
  }

  function learn(): void {
    const reply = { correction: { id: 12, label: '1' }, before: digit('7'), after: digit('1') };
    http.expectOne(TRAIN).flush(reply, { status: 201, statusText: 'Created' });
  }

  it('sends the pixels of one digit and what it is, and reads the number anew', () => {
    teacher.choose('1');
    teacher.choose('2'); // too late: the first is on its way
    const sent = http.match(TRAIN);
    expect(sent.map(({ request }) => request.body)).toEqual([{ inputs: digit('7').pixels, label: '1' }]);
    sent[0]!.flush({ correction: { id: 12 }, before: digit('7'), after: digit('1') });
    expect(teacher.progress().words).toBe('It said 7 (98% sure); now it says 1 (98% sure).');
    answer(reading('41'));
    expect(recognizer.digit()?.label).toBe('1');
    expect(teacher.progress().words).toContain('now it says 1');
  });

  it('corrects the digit that is chosen, and stays with it', () => {
    recognizer.choose(0);
    teacher.choose('9');
    const sent = http.expectOne(TRAIN);
    expect(sent.request.body).toEqual({ inputs: digit('4').pixels, label: '9' });
    sent.flush({ correction: { id: 12 }, before: digit('4'), after: digit('9') });
    answer(reading('97'));
    expect(recognizer.digit()?.label).toBe('9');
  });

  it('sends nothing where the answer was right and sure', () => {
    teacher.choose('7');
    expect(teacher.progress()).toMatchObject({ words: 'Right, and sure already.', correction: null });
  });

  it('confirms an answer that was unsure', () => {
    drawDot(sheet, 0.7);
    http.expectOne(READ).flush({ ...reading('7'), digits: [digit('7', { unsure: true })] });
    teacher.choose('7');
    learn();
    answer(reading('7'));
    expect(teacher.progress().correction).toBe(12);
  });

  it('takes a correction back and asks again', () => {
    teacher.choose('1');
    learn();
    answer(reading('41'));
    teacher.takeBack();
    const back = http.expectOne(`${CORRECTIONS}/12`);
    expect(back.request.method).toBe('DELETE');
    back.flush({ total: 0 });
    answer(reading('47'));
    expect(teacher.progress()).toMatchObject({ words: 'Taken back.', correction: null });
  });

  it('tells in the words of the server what went wrong, and can be told again', () => {
    teacher.choose('1');
    refuse(http.expectOne(TRAIN), 'too-many', 'Wait 3 seconds.', 429);
    expect(teacher.progress().problem).toBe('Wait 3 seconds.');
    teacher.choose('1');
    learn();
    answer(reading('41'));
    expect(teacher.progress().problem).toBe('');
  });

  it('forgets what it said when something else is drawn, and waits for the answer to that', () => {
    teacher.choose('1');
    learn();
    answer(reading('41'));
    sheet.begin({ x: 0.1, y: 0.1 });
    expect(teacher.progress().words).toBe('');
    teacher.choose('2');
    http.expectNone(TRAIN);
    expect(teacher.progress().problem).toContain('still due');
    answer(reading('417'));
  });

  it('names what a server has to be told that may be asked but not taught', () => {
    teacher.choose('1');
    http.expectOne(TRAIN).error(new ProgressEvent('error'));
    expect(teacher.progress().problem).toContain('list that in its DIGITS_ORIGINS');
  });
});
