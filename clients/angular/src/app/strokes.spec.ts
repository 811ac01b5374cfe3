/* Points become curves, and a single point a dot. */

import { pathOf } from './strokes';

describe('pathOf', () => {
  it('makes a dot of one point', () => {
    expect(pathOf([{ x: 0.5, y: 0.25 }])).toMatch(/^M0\.5 0\.25h/);
  });

  it('ends at the last point, bent by those on the way', () => {
    const path = pathOf([
      { x: 0, y: 0 },
      { x: 0.5, y: 0 },
      { x: 1, y: 1 },
    ]);
    expect(path).toBe('M0 0Q0 0 0.25 0Q0.5 0 1 1');
  });
});
