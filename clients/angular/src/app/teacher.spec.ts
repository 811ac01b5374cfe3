/* A correction is sent once, shown, and undone; errors are shown in words. */

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

  function giveAnswer(unsure = false): void {
    http.expectOne(QUERY).flush(answer('7', { unsure }));
  }

  function learn(): void {
    const reply = { correction: { id: 12, label: '1' }, before: answer('7'), after: answer('1') };
    http.expectOne('/train').flush(reply, { status: 201, statusText: 'Created' });
  }

  it('sends the drawing and what it is, and shows the new answer', () => {
    giveAnswer();
    teacher.choose('1');
    teacher.choose('2'); // too late: the first is on its way
    const sent = http.match('/train');
    expect(sent.map(({ request }) => request.body)).toEqual([{ imageData: PICTURE, label: '1' }]);
    sent[0]!.flush({ correction: { id: 12, label: '1' }, before: answer('7'), after: answer('1') });
    expect(teacher.progress().words).toBe('It said 7 (98% sure); now it says 1 (98% sure).');
    expect(recognizer.settled()?.answer).toMatchObject({ label: '1', pixels: answer('1').pixels });
  });

  it('sends nothing where the answer was right and sure', () => {
    giveAnswer();
    teacher.choose('7');
    expect(teacher.progress().words).toBe('Thank you.');
    teacher.undo();
    expect(teacher.progress().phase).toBe('asking');
  });

  it('confirms an answer that was unsure', () => {
    giveAnswer(true);
    teacher.choose('7');
    learn();
    expect(teacher.progress().phase).toBe('done');
  });

  it('undoes a correction and asks again', () => {
    giveAnswer();
    teacher.choose('1');
    learn();
    teacher.undo();
    const back = http.expectOne('/corrections/12');
    expect(back.request.method).toBe('DELETE');
    back.flush({ total: 0 });
    giveAnswer();
    expect(teacher.progress().phase).toBe('asking');
    expect(recognizer.settled()?.answer?.label).toBe('7');
  });

  it('tells in the words of the server what went wrong, and can be told again', () => {
    giveAnswer();
    teacher.choose('1');
    const problem = { title: 'Too Many Requests', detail: 'Wait 3 seconds.', code: 'too-many', status: 429 };
    http.expectOne('/train').flush(problem, { status: 429, statusText: 'Too Many Requests' });
    expect(teacher.progress()).toMatchObject({ phase: 'asking', problem: 'Wait 3 seconds.' });
    teacher.choose('1');
    learn();
    expect(teacher.progress()).toMatchObject({ phase: 'done', problem: '' });
  });

  it('asks anew when something else is drawn', () => {
    giveAnswer();
    teacher.choose('1');
    learn();
    sheet.begin({}, { x: 0.1, y: 0.1 });
    expect(teacher.progress().words).toBe('Is that right?');
    teacher.choose('2'); // the answer to this drawing is not known yet
    http.expectNone('/train');
  });

  it('knows a server that may be asked but not taught from one that is away', () => {
    giveAnswer();
    teacher.choose('1');
    http.expectOne('/train').error(new ProgressEvent('error'));
    http.expectOne('/network').flush(NETWORK);
    expect(teacher.progress().problem).toContain('DIGITS_ORIGINS');
    teacher.choose('1');
    http.expectOne('/train').error(new ProgressEvent('error'));
    http.expectOne('/network').error(new ProgressEvent('error'));
    expect(teacher.progress().problem).toBe('The server does not answer.');
  });
});
