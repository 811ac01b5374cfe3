/* Strokes are added, undone and cleared; a drawing fits a paper that becomes narrower. */

import { pathOf, Sheet } from './sheet';

const A = { x: 0, y: 0 };
const B = { x: 1, y: 1 };

describe('Sheet', () => {
  let sheet: Sheet;

  beforeEach(() => {
    sheet = new Sheet();
    sheet.begin(A);
    sheet.extend([B]);
  });

  it('shows a stroke while it is drawn', () => {
    expect(sheet.strokes()).toEqual([[A, B]]);
  });

  it('undoes the last stroke, then has nothing to undo', () => {
    sheet.undo();
    expect(sheet.isBlank()).toBe(true);
    expect(sheet.canUndo()).toBe(false);
    sheet.undo();
    expect(sheet.isBlank()).toBe(true);
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

  it('ends a stroke when another begins', () => {
    sheet.begin(B);
    expect(sheet.strokes()).toEqual([[A, B], [B]]);
  });

  it('still shows all of a drawing when the window has become narrower', () => {
    sheet.shape.set(3);
    expect(sheet.size()).toEqual({ width: 3, height: 1 });
    sheet.extend([{ x: 2.9, y: 0.5 }]);
    sheet.shape.set(0.5);
    expect(sheet.size()).toEqual({ width: 2.9, height: 5.8 });
  });
});

describe('pathOf', () => {
  it('makes a dot of one point, and lines of more', () => {
    expect(pathOf([{ x: 0.5, y: 0.25 }])).toBe('M0.5 0.25h0.0001');
    expect(pathOf([A, B])).toBe('M0 0L1 1h0.0001');
  });
});
