/* The whole page shows the answer in words. */

import { ComponentFixture, TestBed } from '@angular/core/testing';

import { answer, drawDot, QUERY, setUp, tearDown } from '../testing/bench';
import { App } from './app';

describe('App', () => {
  let bench: ReturnType<typeof setUp>;
  let fixture: ComponentFixture<App>;

  beforeEach(() => {
    bench = setUp();
    fixture = TestBed.createComponent(App);
    TestBed.tick();
  });

  afterEach(() => tearDown(bench));

  function text(selector: string): string {
    TestBed.tick();
    return fixture.nativeElement.querySelector(selector)?.textContent.trim() ?? '';
  }

  it('asks for a drawing first', () => {
    expect(text('#sentence')).toBe('Draw a digit');
    expect(fixture.nativeElement.querySelectorAll('#bars li')).toHaveLength(10);
  });

  it('shows an answer with its outputs', () => {
    drawDot(bench.sheet);
    bench.http.expectOne(QUERY).flush(answer('7'));
    expect(text('#label')).toBe('7');
    expect(text('#bars .best')).toBe('795%');
  });

  it('says plainly that it is not sure', () => {
    drawDot(bench.sheet);
    bench.http.expectOne(QUERY).flush(answer('7', { unsure: true }));
    expect(text('#label')).toBe('7?');
    expect(text('#sentence')).toBe('Not sure: perhaps 7?');
  });

  it('tells that the server is away', () => {
    drawDot(bench.sheet);
    bench.http.expectOne(QUERY).error(new ProgressEvent('error'));
    expect(text('[role=alert]')).toContain('The server does not answer.');
    expect(text('#sentence')).toBe('Waiting for the server …');
  });

  it('lets a screen reader hear an answer once it has settled', () => {
    drawDot(bench.sheet);
    bench.http.expectOne(QUERY).flush(answer('7'));
    expect(text('#spoken')).toBe('');
    vi.advanceTimersByTime(1000);
    expect(text('#spoken')).toBe('7, 98% sure');
  });
});
