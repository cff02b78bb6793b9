import { describe, expect, it } from 'vitest';

import type { Traffic, TrafficPoint } from '../src/api/types';
import {
  areaOf,
  errorSentence,
  joined,
  lineOf,
  msInWords,
  rateSentence,
  type Series,
  seriesOf,
  timeSentence
} from '../src/state/traffic';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

function point(secondsAgo: number, change: Partial<TrafficPoint> = {}): TrafficPoint {
  const asked = { version: 3, use: 'stable' as const, requests: 20, errors: 0 };
  return { at: ago(secondsAgo), seconds: 2, ...asked, p50_ms: 1, p99_ms: 4, ...change };
}

const traffic = (points: TrafficPoint[]): Traffic => ({
  at: ago(0),
  step_s: 2,
  points,
  totals: []
});

const only = (points: TrafficPoint[]) => seriesOf(traffic(points))[0] as Series;

describe('seriesOf', () => {
  it('has a bin for every step of ten minutes, zero where nobody asked', () => {
    const { requests, p50_ms } = only([point(0)]);
    expect(requests).toHaveLength(300);
    expect(requests.slice(-2)).toEqual([0, 10]);
    expect(p50_ms.slice(-2)).toEqual([null, 1]);
  });

  it('spreads a long step over the bins it covers', () => {
    expect(only([point(0, { seconds: 6, requests: 60 })]).requests.slice(-4)).toEqual([
      0, 10, 10, 10
    ]);
  });

  it('leaves out what is older than the window', () => {
    expect(Math.max(...only([point(700)]).requests)).toBe(0);
  });

  it('tells stable and canary apart and puts the stable one that is asked first', () => {
    const canary = point(0, { version: 4, use: 'canary' });
    const found = seriesOf(traffic([canary, point(100, { version: 2 }), point(0)]));
    expect(found.map(({ use, version }) => `${use} ${version}`)).toEqual([
      'stable 3',
      'stable 2',
      'canary 4'
    ]);
  });

  it('keeps requests that no version answered apart', () => {
    expect(
      only([point(0, { version: null, errors: 20, p50_ms: null, p99_ms: null })])
    ).toMatchObject({
      version: null,
      failed: 20,
      recent_p50_ms: null
    });
  });

  it('has the rate of the last seconds and all of the window', () => {
    expect(only([point(2), point(0)])).toMatchObject({ rate: 4, asked: 40, failed: 0 });
  });
});

describe('joined', () => {
  it('puts new points behind the known ones and forgets old ones', () => {
    const known = traffic([point(700), point(4)]);
    expect(joined(known, traffic([point(2), point(0)])).points).toHaveLength(3);
  });

  it('does not count a point twice that was told twice', () => {
    const known = traffic([point(4), point(2)]);
    expect(joined(known, traffic([point(2), point(0)])).points).toHaveLength(3);
  });
});

describe('paths of a sparkline', () => {
  it('go from left to right and from the ground to the top', () => {
    expect(lineOf([0, 5, 10], 10, 100, 20)).toBe('M0 20L50 10L100 0');
  });

  it('break where nothing is known, and show a lonely value as a dash', () => {
    expect(lineOf([0, null, 10, 10], 10, 90, 20)).toBe('M0 20h30M60 0L90 0');
  });

  it('are filled down to the ground', () => {
    expect(areaOf([0, 10], 10, 100, 20)).toBe('M0 20L100 0L100 20L0 20Z');
  });

  it('stay inside the box', () => {
    expect(lineOf([50, 50], 10, 100, 20)).toBe('M0 0L100 0');
  });
});

describe('sentences', () => {
  it('say the rate, the times and the errors', () => {
    const series = only([point(8), point(6), point(4), point(2), point(0, { errors: 5 })]);
    expect(rateSentence(series)).toBe(
      '10 requests per second now, 10 at most in the last ten minutes.'
    );
    expect(timeSentence(series)).toBe(
      'Half of the answers take 1 ms or less, 99 of 100 take 4 ms or less.'
    );
    expect(errorSentence(series)).toBe('5 of 100 requests failed in the last ten minutes, 5 %.');
  });

  it('say that nobody asked', () => {
    expect(rateSentence(only([point(700, { requests: 0 })]))).toBe(
      'No requests in the last ten minutes.'
    );
  });

  it('have milliseconds with the digits that matter', () => {
    expect([0.04, 1.234, 12.34, 23_456].map(msInWords)).toEqual([
      'under 0.1 ms',
      '1.2 ms',
      '12 ms',
      '23 s'
    ]);
  });
});
