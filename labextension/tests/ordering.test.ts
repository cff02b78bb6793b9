import { describe, expect, it } from 'vitest';

import { metricColumn, ordered, turned } from '../src/state/ordering';
import { model, version } from './samples';

const shelf = [
  version({ number: 3, note: '', metrics: { rmse: 40 } }),
  version({ number: 2, note: 'b', metrics: {} }),
  version({ number: 1, note: 'A', metrics: { rmse: 38 } })
];
const numbers = (column: string, falling: boolean, aliases = {}) =>
  ordered(shelf, { column, falling }, model({ aliases })).map(({ number }) => number);

describe('ordered', () => {
  it('sorts by a metric either way, those without it last', () => {
    expect(numbers(metricColumn('rmse'), false)).toEqual([1, 3, 2]);
    expect(numbers(metricColumn('rmse'), true)).toEqual([3, 1, 2]);
  });

  it('sorts words without regard to case, the empty ones last', () => {
    expect(numbers('note', false)).toEqual([1, 2, 3]);
  });

  it('brings versions with an alias to the top', () => {
    expect(numbers('aliases', false, { champion: 1 })).toEqual([1, 3, 2]);
  });
});

describe('turned', () => {
  it('turns round on the second press, and starts where a person would', () => {
    expect(turned({ column: 'number', falling: true }, 'number').falling).toBe(false);
    expect(turned({ column: 'number', falling: true }, 'note')).toEqual({
      column: 'note',
      falling: false
    });
    expect(turned({ column: 'note', falling: true }, 'metric:rmse').falling).toBe(true);
  });
});
