import { describe, expect, it } from 'vitest';

import { holding, pieces, unchanged } from '../src/state/loglines';

describe('a log', () => {
  it('is unchanged if it ends as it did', () => {
    expect(unchanged(['a', 'b', 'c'], ['b', 'c'], 2)).toBe(true);
    expect(unchanged(['a', 'b', 'c'], ['c', 'd'], 2)).toBe(false);
    expect(unchanged([], [], 2)).toBe(true);
    expect(unchanged([], ['a'], 2)).toBe(false);
    expect(unchanged(['a', 'b'], ['b'], 2)).toBe(false);
  });

  it('finds a word in small or capital letters', () => {
    expect(holding(['An Error', 'fine'], 'error')).toEqual(['An Error']);
    expect(holding(['a', 'b'], '')).toEqual(['a', 'b']);
  });

  it('takes a line apart at the word, and gives it back whole', () => {
    expect(pieces('xAxa', 'a')).toEqual(['x', 'A', 'x', 'a', '']);
    expect(pieces('.*(', '*')).toEqual(['.', '*', '(']);
    expect(pieces('İ', 'i')).toEqual(['İ']);
  });
});
