import { describe, expect, it } from 'vitest';

import { windowOf } from '../src/widgets/windowed';

describe('windowOf', () => {
  it('draws a short list whole', () => {
    expect(windowOf(3, 50, 0, 500)).toEqual({ first: 0, last: 3, before: 0, after: 0 });
  });

  it('draws what is in view of a long list, and a little more', () => {
    const { first, last } = windowOf(1_000, 50, 25_000, 500);
    expect([first, last]).toEqual([492, 518]);
  });

  it('keeps the height of the whole, wherever it was scrolled to', () => {
    for (const top of [-40, 0, 7, 25_000, 49_900, 80_000]) {
      const { first, last, before, after } = windowOf(1_000, 50, top, 500);
      expect(before + (last - first) * 50 + after).toBe(50_000);
    }
  });

  it('draws nothing of an empty list', () => {
    expect(windowOf(0, 50, 300, 500)).toEqual({ first: 0, last: 0, before: 0, after: 0 });
  });
});
