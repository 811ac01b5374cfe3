/* When the server is asked, which answer counts, and what happens while it is away. */

import { TestBed } from '@angular/core/testing';

import { answer, drawDot, PICTURE, QUERY, setUp, tearDown } from '../testing/bench';

describe('Recognizer', () => {
  let bench: ReturnType<typeof setUp>;

  beforeEach(() => (bench = setUp()));
  afterEach(() => tearDown(bench));

  it('asks only when the pen has paused', () => {
    const { sheet, recognizer, http } = bench;
    sheet.begin({}, { x: 0.5, y: 0.5 });
    TestBed.tick();
    vi.advanceTimersByTime(100);
    http.expectNone(QUERY);
    vi.advanceTimersByTime(50);
    const asked = http.expectOne(QUERY);
    expect(asked.request.body).toEqual({ imageData: PICTURE });
    asked.flush(answer('1'));
    expect(recognizer.settled()?.answer?.label).toBe('1');
  });

  it('asks now and then in a stroke without a pause', () => {
    const { sheet, recognizer, http } = bench;
    sheet.begin({}, { x: 0, y: 0 });
    TestBed.tick();
    for (let x = 0; x < 8; x += 1) {
      vi.advanceTimersByTime(50);
      sheet.extend([{ x: x / 8, y: 0 }]);
      TestBed.tick();
    }
    http.expectOne(QUERY).flush(answer('1'));
    expect(recognizer.outcome()?.answer?.label).toBe('1');
    expect(recognizer.settled()).toBeNull();
  });

  it('aborts a question when a later one is asked', () => {
    const { sheet, recognizer, http } = bench;
    drawDot(sheet, 0.3);
    const first = http.expectOne(QUERY);
    drawDot(sheet, 0.6);
    expect(first.cancelled).toBe(true);
    http.expectOne(QUERY).flush(answer('7'));
    expect(recognizer.settled()?.answer?.label).toBe('7');
  });

  it('never sends an empty paper, and aborts what was asked before', () => {
    const { sheet, recognizer, http } = bench;
    drawDot(sheet);
    const asked = http.expectOne(QUERY);
    sheet.clear();
    TestBed.tick();
    expect(asked.cancelled).toBe(true);
    vi.advanceTimersByTime(1000);
    http.expectNone(QUERY);
    expect(recognizer.outcome()).toBeNull();
  });

  it("passes on the server's own words", () => {
    const { sheet, recognizer, http } = bench;
    drawDot(sheet);
    const problem = { title: 'Unprocessable Entity', detail: 'There is nothing on it.', code: 'no-ink', status: 422 };
    http.expectOne(QUERY).flush(problem, { status: 422, statusText: 'Unprocessable Entity' });
    expect(recognizer.outcome()?.refusal).toBe('There is nothing on it.');
  });

  it('asks again until a server that is away is back', () => {
    const { sheet, recognizer, http } = bench;
    drawDot(sheet);
    http.expectOne(QUERY).error(new ProgressEvent('error'));
    expect(recognizer.trouble()).toBe('The server does not answer.');
    vi.advanceTimersByTime(500);
    http.expectOne(QUERY).error(new ProgressEvent('error'));
    vi.advanceTimersByTime(1000);
    http.expectOne(QUERY).flush(answer('1'));
    expect(recognizer.trouble()).toBe('');
    expect(recognizer.settled()?.answer?.label).toBe('1');
  });
});
