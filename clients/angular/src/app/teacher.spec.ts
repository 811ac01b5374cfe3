/* What is told is sent once, shown, and taken back; errors are told in words. */

import { HttpTestingController } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';

import { answer, drawDot, NETWORK, PICTURE, QUERY, setUp, tearDown } from '../testing/bench';
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
  });

  afterEach(() => tearDown({ sheet, recognizer, http }));

  function answered(unsure = false): void {
    http.expectOne(QUERY).flush(answer('7', { unsure }));
  }

  function taught(): void {
    const lesson = { correction: { id: 12, label: '1' }, before: answer('7'), after: answer('1') };
    http.expectOne('/train').flush(lesson, { status: 201, statusText: 'Created' });
  }

  it('sends the drawing and what it is, and shows the new answer', () => {
    answered();
    teacher.choose('1');
    teacher.choose('2'); // too late: the first is on its way
    const sent = http.match('/train');
    expect(sent.map(({ request }) => request.body)).toEqual([{ imageData: PICTURE, label: '1' }]);
    sent[0]!.flush({ correction: { id: 12, label: '1' }, before: answer('7'), after: answer('1') });
    expect(teacher.lesson().words).toBe('It said 7 (98% sure); now it says 1 (98% sure).');
    expect(recognizer.settled()?.answer).toMatchObject({ label: '1', pixels: answer('1').pixels });
  });

  it('sends nothing where the answer was right and sure', () => {
    answered();
    teacher.choose('7');
    expect(teacher.lesson().words).toBe('Thank you.');
    teacher.takeBack();
    expect(teacher.lesson().phase).toBe('asking');
  });

  it('confirms an answer that was unsure', () => {
    answered(true);
    teacher.choose('7');
    taught();
    expect(teacher.lesson().phase).toBe('answered');
  });

  it('takes a correction back and asks again', () => {
    answered();
    teacher.choose('1');
    taught();
    teacher.takeBack();
    const back = http.expectOne('/corrections/12');
    expect(back.request.method).toBe('DELETE');
    back.flush({ total: 0 });
    answered();
    expect(teacher.lesson().phase).toBe('asking');
    expect(recognizer.settled()?.answer?.label).toBe('7');
  });

  it('tells in the words of the server what went wrong, and can be told again', () => {
    answered();
    teacher.choose('1');
    const problem = { title: 'Too Many Requests', detail: 'Wait 3 seconds.', code: 'too-many', status: 429 };
    http.expectOne('/train').flush(problem, { status: 429, statusText: 'Too Many Requests' });
    expect(teacher.lesson()).toMatchObject({ phase: 'asking', problem: 'Wait 3 seconds.' });
    teacher.choose('1');
    taught();
    expect(teacher.lesson()).toMatchObject({ phase: 'answered', problem: '' });
  });

  it('asks anew when something else is drawn', () => {
    answered();
    teacher.choose('1');
    taught();
    sheet.begin({}, { x: 0.1, y: 0.1 });
    expect(teacher.lesson().words).toBe('Is that right?');
    teacher.choose('2'); // the answer to this drawing is not known yet
    http.expectNone('/train');
  });

  it('knows a server that may be asked but not taught from one that is away', () => {
    answered();
    teacher.choose('1');
    http.expectOne('/train').error(new ProgressEvent('error'));
    http.expectOne('/network').flush(NETWORK);
    expect(teacher.lesson().problem).toContain('DIGITS_ORIGINS');
    teacher.choose('1');
    http.expectOne('/train').error(new ProgressEvent('error'));
    http.expectOne('/network').error(new ProgressEvent('error'));
    expect(teacher.lesson().problem).toBe('The server does not answer.');
  });
});
