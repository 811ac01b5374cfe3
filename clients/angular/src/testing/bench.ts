/* Shared by the tests of this client: answers like the server's, and the parts of the app without a browser. */

import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';

import { Network, SeenAnswer } from '../app/api';
import { Recognizer } from '../app/recognizer';
import { Sheet } from '../app/sheet';

export const QUERY = '/query?include=pixels';

const DIGITS = [...'0123456789'];

export const NETWORK: Network = { class_names: DIGITS, learning: { on: true, reason: '', token: false } };

/** Make an answer that is sure of `label`, but for what is given here. */
export function answer(label: string, changes: Partial<SeenAnswer> = {}): SeenAnswer {
  return {
    label,
    confidence: 0.98,
    digit: 0.95,
    is_digit: true,
    unsure: false,
    class_names: DIGITS,
    outputs: DIGITS.map((name) => (name === label ? 0.95 : 0.01)),
    pixels: Array.from({ length: 784 }, (_, i) => i % 256),
    ...changes,
  };
}

/** The pictures that canvases make here, for none is painted: one as good as another. */
export const PICTURE = 'data:image/png;base64,AAAA';

interface Bench {
  sheet: Sheet;
  recognizer: Recognizer;
  http: HttpTestingController;
}

/** Start the parts that every drawing goes through; the server has told of its network. */
export function setUp(): Bench {
  stubCanvas();
  vi.useFakeTimers();
  TestBed.configureTestingModule({ providers: [provideHttpClientTesting()] });
  const bench = {
    sheet: TestBed.inject(Sheet),
    recognizer: TestBed.inject(Recognizer),
    http: TestBed.inject(HttpTestingController),
  };
  TestBed.tick();
  bench.http.expectOne('/network').flush(NETWORK);
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

/** Draw a dot, and let the pen rest until it has been asked about. */
export function drawDot(sheet: Sheet, x = 0.5): void {
  sheet.begin({}, { x, y: 0.2 });
  sheet.end();
  TestBed.tick();
  vi.advanceTimersByTime(150);
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
