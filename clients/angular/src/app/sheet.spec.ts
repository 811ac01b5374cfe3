/* Strokes are added, undone and cleared, and only one pen draws at a time. */

import { Sheet } from './sheet';

const A = { x: 0, y: 0 };
const B = { x: 1, y: 1 };
const PEN = {};
const OTHER = {};

describe('Sheet', () => {
  let sheet: Sheet;

  beforeEach(() => {
    sheet = new Sheet();
    sheet.begin(PEN, A);
    sheet.extend([B]);
  });

  it('shows a stroke while it is drawn', () => {
    expect(sheet.strokes()).toEqual([[A, B]]);
    expect(sheet.pen()).toBe(PEN);
  });

  it('undoes the last stroke, then has nothing to undo', () => {
    sheet.end();
    sheet.undo();
    expect(sheet.isBlank()).toBe(true);
    expect(sheet.canUndo()).toBe(false);
  });

  it('undoes a stroke that is still drawn', () => {
    sheet.undo();
    expect(sheet.isBlank()).toBe(true);
    expect(sheet.isDrawing()).toBe(false);
  });

  it('brings back what was cleared', () => {
    sheet.clear();
    expect(sheet.isBlank()).toBe(true);
    sheet.undo();
    expect(sheet.strokes()).toEqual([[A, B]]);
  });

  it('forgets a stroke that the system took away', () => {
    sheet.drop();
    expect(sheet.isBlank()).toBe(true);
    expect(sheet.canUndo()).toBe(false);
  });

  it('ends the stroke of one pen when another begins', () => {
    sheet.begin(OTHER, B);
    expect(sheet.strokes()).toEqual([[A, B], [B]]);
    expect(sheet.pen()).toBe(OTHER);
  });
});
