import { describe, expect, it } from 'vitest';

import { HEIGHT, metricNames, nearest, pathOf, plotOf, WIDTH } from '../src/state/plot';
import { version } from './samples';

const measured = (number: number, metrics: Record<string, number>) => version({ number, metrics });

const rmse = [measured(3, { rmse: 30 }), measured(2, { rmse: 50 }), measured(1, { rmse: 40 })];

describe('plotOf', () => {
  it('goes from the oldest on the left to the newest on the right, the highest on top', () => {
    const points = plotOf('rmse', rmse)?.points ?? [];
    expect(points.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(points.map(({ x }) => x)).toEqual([6, WIDTH / 2, WIDTH - 6]);
    expect(points.map(({ y }) => y)).toEqual([HEIGHT / 2, 6, HEIGHT - 6]);
  });

  it('leaves out versions that do not have the metric, without moving the others', () => {
    const points = plotOf('rmse', [...rmse, measured(4, { mae: 1 })])?.points ?? [];
    expect(points).toHaveLength(3);
  });

  it('says in a sentence what it shows', () => {
    expect(plotOf('rmse', rmse)?.sentence).toBe(
      'rmse over 3 versions: from 40 in version 1 to 30 in version 3; ' +
        'lowest 30 in version 3, highest 50 in version 2.'
    );
    expect(plotOf('rmse', [measured(7, { rmse: 0.25 })])?.sentence).toBe(
      'rmse is 0.25 in version 7, the only one that has it.'
    );
  });

  it('lies in the middle where all values are one, and within its frame for the largest of all', () => {
    const level = plotOf('r2', [measured(1, { r2: 1 }), measured(2, { r2: 1 })])?.points ?? [];
    expect(level.map(({ y }) => y)).toEqual([HEIGHT / 2, HEIGHT / 2]);
    const huge = plotOf('x', [measured(1, { x: -1e308 }), measured(2, { x: 1e308 })])?.points ?? [];
    expect(huge.every(({ y }) => y >= 0 && y <= HEIGHT)).toBe(true);
  });

  it('is nothing without a value', () => {
    expect(plotOf('mae', rmse)).toBeNull();
    expect(plotOf('rmse', [measured(1, { rmse: null as unknown as number })])).toBeNull();
  });

  it('draws a line from point to point and finds the one below the pointer', () => {
    const points = plotOf('rmse', rmse)?.points ?? [];
    expect(pathOf(points)).toBe('M6 36L120 6L234 66');
    expect(nearest(points, 100)?.number).toBe(2);
    expect(nearest([], 1)).toBeNull();
  });
});

describe('metricNames', () => {
  it('puts what most versions have first', () => {
    const versions = [measured(2, { zeta: 1, beta: 1, alpha: 1 }), measured(1, { zeta: 1 })];
    expect(metricNames(versions)).toEqual(['zeta', 'alpha', 'beta']);
  });
});
