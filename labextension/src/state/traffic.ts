/**
 * What a deployment was asked in the last ten minutes, as lines to draw, without a DOM.
 *
 * The time is cut into bins of `step_s`. A point says what one version was asked in the `seconds` before it, so a long
 * one fills several bins; a bin that no point tells of was asked nothing.
 */

import type { Traffic, TrafficPoint } from '../api/types';
import { countInWords, numberInWords } from './times';

export const WINDOW_S = 600;
const RECENT_S = 10;
const STEP_S = 2;

export interface Series {
  use: 'stable' | 'canary';
  /** null: requests that no version answered. */
  version: number | null;
  /** Per second, oldest bin first. */
  requests: readonly number[];
  errors: readonly number[];
  /** null where nobody was answered. */
  p50_ms: readonly (number | null)[];
  p99_ms: readonly (number | null)[];
  /** Per second, lately. */
  rate: number;
  /** Of the last answers; null: none in these ten minutes. */
  recent_p50_ms: number | null;
  recent_p99_ms: number | null;
  /** In all these ten minutes. */
  asked: number;
  failed: number;
}

/** What was known, and what a look since then has added. */
export function joined(known: Traffic | null, fresh: Traffic): Traffic {
  if (!known || fresh.at === null) {
    return fresh;
  }
  const from = Date.parse(fresh.at) - WINDOW_S * 1_000;
  const first = Math.min(...fresh.points.map(point => Date.parse(point.at)));
  const kept = known.points.filter(({ at }) => Date.parse(at) > from && Date.parse(at) < first);
  return { ...fresh, points: [...kept, ...fresh.points] };
}

/** One for each version and use: stable first, those that are asked now first. */
export function seriesOf(traffic: Traffic): Series[] {
  const now = traffic.at === null ? 0 : Date.parse(traffic.at);
  const step = traffic.step_s > 0 ? traffic.step_s : STEP_S;
  const groups = new Map<string, TrafficPoint[]>();
  for (const point of traffic.points) {
    const key = `${point.use} ${point.version}`;
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()].map(points => binned(points, now, step)).sort(inOrder);
}

/** Of a version that nobody has asked. */
export function nothing(use: Series['use'], version: number): Series {
  const none = { requests: [0, 0], errors: [0, 0], p50_ms: [], p99_ms: [] };
  const lately = { rate: 0, recent_p50_ms: null, recent_p99_ms: null, asked: 0, failed: 0 };
  return { use, version, ...none, ...lately };
}

function inOrder(a: Series, b: Series): number {
  const last = (series: Series) => series.requests.findLastIndex(rate => rate > 0);
  return b.use.localeCompare(a.use) || last(b) - last(a) || (b.version ?? 0) - (a.version ?? 0);
}

function binned(points: readonly TrafficPoint[], now: number, step_s: number): Series {
  const bins = Math.max(1, Math.round(WINDOW_S / step_s));
  const requests = new Array<number>(bins).fill(0);
  const errors = new Array<number>(bins).fill(0);
  const p50_ms = new Array<number | null>(bins).fill(null);
  const p99_ms = new Array<number | null>(bins).fill(null);
  for (const point of points) {
    const last = bins - 1 - Math.round((now - Date.parse(point.at)) / 1_000 / step_s);
    const filled = Math.max(1, Math.round(point.seconds / step_s));
    const seconds = Math.max(point.seconds, 0.001);
    for (let bin = Math.max(0, last - filled + 1); bin <= Math.min(last, bins - 1); bin += 1) {
      requests[bin] = point.requests / seconds;
      errors[bin] = point.errors / seconds;
      p50_ms[bin] = point.p50_ms;
      p99_ms[bin] = point.p99_ms;
    }
  }
  const { use, version } = points[0] as TrafficPoint;
  const lately = requests.slice(-Math.max(1, Math.round(RECENT_S / step_s)));
  return {
    use,
    version,
    requests,
    errors,
    p50_ms,
    p99_ms,
    rate: sum(lately) / lately.length,
    recent_p50_ms: p50_ms.findLast(known) ?? null,
    recent_p99_ms: p99_ms.findLast(known) ?? null,
    asked: sum(points.map(point => point.requests)),
    failed: sum(points.map(point => point.errors))
  };
}

/** The top of an axis for these lines: the highest value, or 1 where all is 0. */
export function topOf(...lines: (readonly (number | null)[])[]): number {
  return lines.flat().reduce<number>((top, value) => Math.max(top, value ?? 0), 0) || 1;
}

/** Where a line of a sparkline goes, as an SVG path in a box; nulls break it. */
export function lineOf(
  values: readonly (number | null)[],
  top: number,
  width: number,
  height: number
): string {
  const across = width / Math.max(1, values.length - 1);
  let path = '';
  let down = false;
  values.forEach((value, at) => {
    if (value === null) {
      down = false;
      return;
    }
    const y = height - (Math.min(value, top) / top) * height;
    const x = at * across;
    // A value with nothing beside it would be a point that nobody sees.
    const alone = !down && (values[at + 1] ?? null) === null;
    path += `${down ? 'L' : 'M'}${round(x)} ${round(y)}${alone ? `h${round(across)}` : ''}`;
    down = true;
  });
  return path;
}

/** The same, filled down to the ground; for lines without nulls. */
export function areaOf(
  values: readonly number[],
  top: number,
  width: number,
  height: number
): string {
  const line = lineOf(values, top, width, height);
  return line && `${line}L${round(width)} ${round(height)}L0 ${round(height)}Z`;
}

/** "12.4 requests per second now, 40 at most in ten minutes." */
export function rateSentence(series: Series): string {
  const most = topOf(series.requests);
  return series.asked === 0
    ? 'No requests in the last ten minutes.'
    : `${rateInWords(series.rate)} requests per second now, ${rateInWords(most)} at most in the last ten minutes.`;
}

export function timeSentence({ recent_p50_ms, recent_p99_ms }: Series): string {
  if (recent_p50_ms === null || recent_p99_ms === null) {
    return 'Nobody was answered in the last ten minutes.';
  }
  return `Half of the answers take ${msInWords(recent_p50_ms)} or less, 99 of 100 take ${msInWords(recent_p99_ms)} or less.`;
}

export function errorSentence({ asked, failed }: Series): string {
  if (asked === 0) {
    return 'No requests in the last ten minutes.';
  }
  return failed === 0
    ? `None of ${countInWords(asked)} requests failed in the last ten minutes.`
    : `${countInWords(failed)} of ${countInWords(asked)} requests failed in the last ten minutes, ${shareInWords(failed / asked)}.`;
}

export function rateInWords(rate: number): string {
  return numberInWords(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate));
}

export function msInWords(ms: number): string {
  if (ms >= 10_000) {
    return `${numberInWords(Math.round(ms / 1_000))} s`;
  }
  const digits = ms < 10 ? 10 : 1;
  return ms < 0.1 ? 'under 0.1 ms' : `${numberInWords(Math.round(ms * digits) / digits)} ms`;
}

export function shareInWords(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) {
    return 'under 0.1 %';
  }
  return `${numberInWords(percent < 10 ? Math.round(percent * 10) / 10 : Math.round(percent))} %`;
}

function known(value: number | null): value is number {
  return value !== null;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function round(length: number): number {
  return Math.round(length * 100) / 100;
}
