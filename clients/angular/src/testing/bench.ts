/* Shared by the tests of this client: answers like the server's, and the parts of the app without a browser. */

import { HttpTestingController, provideHttpClientTesting, TestRequest } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';

import { Digit, Network, Reading } from '../app/api';
import { Recognizer } from '../app/recognizer';
import { Sheet } from '../app/sheet';

const SERVER = 'http://127.0.0.1:5000';
export const READ = `${SERVER}/read?include=pixels`;
export const QUERY = `${SERVER}/query?include=pixels`;
export const TRAIN = `${SERVER}/train`;
export const CORRECTIONS = `${SERVER}/corrections`;
export const DIGITS = [...'0123456789'];
export const CLOTHES = ['Coat', 'Bag'];

/** The pictures that canvases make here, for none is painted: one as good as another. */
export const PICTURE = 'data:image/png;base64,AAAA';

export function network(classNames = DIGITS, learning = { on: true, reason: '' }): Network {
  return { class_names: classNames, learning };
}

/** Make the answer to one digit: sure of `label`, but for what is given here. */
export function digit(label: string, changes: Partial<Digit> = {}): Digit {
  return {
    label,
    confidence: 0.98,
    is_digit: true,
    unsure: false,
    outputs: DIGITS.map((name) => (name === label ? 0.95 : 0.01)),
    pixels: Array.from({ length: 784 }, () => Number(label) || 0),
    ...changes,
  };
}

/** Make the reading of a number whose digits stand side by side, 100 pixels apart. */
export function reading(text: string, changes: Partial<Reading> = {}): Reading {
  const digits = [...text].map((label, i) => digit(label, { line: 0, box: { x: 100 * i, y: 50, width: 60, height: 150 } }));
  return { text, confidence: 0.93, unsure: false, class_names: DIGITS, digits, ...changes };
}

interface Bench {
  sheet: Sheet;
  recognizer: Recognizer;
  http: HttpTestingController;
}

/** Start the parts that every drawing goes through; the server has told of its network. */
export function setUp(known = network()): Bench {
  stubCanvas();
  vi.useFakeTimers();
  TestBed.configureTestingModule({ providers: [provideHttpClientTesting()] });
  const bench = {
    sheet: TestBed.inject(Sheet),
    recognizer: TestBed.inject(Recognizer),
    http: TestBed.inject(HttpTestingController),
  };
  pass(100);
  bench.http.expectOne(`${SERVER}/network`).flush(known);
  return bench;
}

/** Stop them: everything that was asked has been answered. */
export function tearDown({ http }: Bench): void {
  http.verify();
  TestBed.resetTestingModule();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
}

/** Let the app see what has changed, and so much time go by. */
export function pass(milliseconds: number): void {
  TestBed.tick();
  vi.advanceTimersByTime(milliseconds);
}

/** Draw a dot, and wait until it has been asked about. */
export function drawDot(sheet: Sheet, x = 0.5): void {
  sheet.begin({ x, y: 0.2 });
  sheet.end();
  pass(100);
}

/** Refuse a request as the server does. */
export function refuse(request: TestRequest, code: string, detail: string, status = 422): void {
  request.flush({ title: 'Refused', detail, code }, { status, statusText: 'Refused' });
}

function stubCanvas(): void {
  const context = {
    fillRect: vi.fn(),
    scale: vi.fn(),
    stroke: vi.fn(),
    createImageData: () => ({ data: new Uint8ClampedArray(4 * 784) }),
    putImageData: vi.fn(),
  };
  vi.stubGlobal('Path2D', class {});
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context as never);
  vi.spyOn(HTMLCanvasElement.prototype, 'toDataURL').mockReturnValue(PICTURE);
}
