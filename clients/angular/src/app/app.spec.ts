/* The whole page shows the number, and one of its digits. */

import { ComponentFixture, TestBed } from '@angular/core/testing';

import { CLOTHES, drawDot, network, pass, READ, reading, setUp, tearDown } from '../testing/bench';
import { App } from './app';

describe('App', () => {
  let bench: ReturnType<typeof setUp>;
  let fixture: ComponentFixture<App>;

  function open(known = network()): void {
    bench = setUp(known);
    fixture = TestBed.createComponent(App);
    TestBed.tick();
  }

  afterEach(() => tearDown(bench));

  function text(selector: string): string {
    TestBed.tick();
    return fixture.nativeElement.querySelector(selector)?.textContent.trim() ?? '';
  }

  function all(selector: string): HTMLElement[] {
    TestBed.tick();
    return [...fixture.nativeElement.querySelectorAll(selector)];
  }

  it('asks for a number first', () => {
    open();
    expect(text('#sentence')).toBe('Draw a number');
    expect(all('#outputs button')).toHaveLength(10);
    expect(all('button:disabled')).toHaveLength(0);
  });

  it('asks for what the network knows where that is no digits', () => {
    open(network(CLOTHES));
    expect(text('#sentence')).toBe('Draw one of these: Coat, Bag');
  });

  it('shows the number, a box around each digit, and the outputs of one of them', () => {
    open();
    drawDot(bench.sheet);
    bench.http.expectOne(READ).flush(reading('407'));
    expect(text('#label')).toBe('407');
    expect(text('#sentence')).toBe('93% sure');
    expect(all('.box').map((box) => box.getAttribute('x'))).toEqual(['0', '100', '200']);
    expect(text('#title')).toBe('Digit 3 of 3: 7, 98% sure');
    expect(text('#outputs .best')).toBe('70.95');
    all('#label input')[0]!.click();
    expect(text('#title')).toBe('Digit 1 of 3: 4, 98% sure');
    expect(all('.box').map((box) => box.classList.contains('chosen'))).toEqual([true, false, false]);
  });

  it('tells that the server is away', () => {
    open();
    drawDot(bench.sheet);
    bench.http.expectOne(READ).error(new ProgressEvent('error'));
    expect(text('[role=alert]')).toContain('The server does not answer.');
    expect(text('#sentence')).toBe('Waiting for the server …');
  });

  it('says why it cannot be taught', () => {
    open(network(undefined, { on: false, reason: 'Learning is turned off here.' }));
    expect(text('#question')).toBe('Learning is turned off here.');
  });

  it('lets a screen reader hear a number digit by digit once it has settled', () => {
    open();
    drawDot(bench.sheet);
    bench.http.expectOne(READ).flush(reading('407'));
    expect(text('#spoken')).toBe('');
    pass(1000);
    expect(text('#spoken')).toBe('4 0 7, 93% sure');
  });
});
