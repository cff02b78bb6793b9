/** One metric over the versions of a model: where its points lie, and the same in a sentence. */

import type { Version } from '../api/types';
import { counted, numberInWords } from './times';

export interface Point {
  number: number;
  value: number;
  x: number;
  y: number;
}

export interface Plot {
  name: string;
  /** From the oldest version to the newest. */
  points: readonly Point[];
  lowest: number;
  highest: number;
  /** What a screen reader says of it. */
  sentence: string;
}

export const WIDTH = 240;
export const HEIGHT = 72;
const EDGE = 6;

/** The metrics of these versions: those that most versions have first, then by name. */
export function metricNames(versions: readonly Version[]): string[] {
  const counts = new Map<string, number>();
  for (const version of versions) {
    for (const name of Object.keys(version.metrics)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const byUse = (a: string, b: string) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0);
  return [...counts.keys()].sort((a, b) => byUse(a, b) || a.localeCompare(b));
}

/** The metric in versions that have it. null for none. */
export function plotOf(name: string, versions: readonly Version[]): Plot | null {
  const values = versions
    .map(({ number, metrics }) => ({ number, value: metrics[name] }))
    .filter((one): one is { number: number; value: number } => Number.isFinite(one.value))
    .sort((a, b) => a.number - b.number);
  if (values.length === 0) {
    return null;
  }
  const across = range(values.map(({ number }) => number));
  const up = range(values.map(({ value }) => value));
  const points = values.map(one => ({
    ...one,
    x: EDGE + share(one.number, across) * (WIDTH - 2 * EDGE),
    y: HEIGHT - EDGE - share(one.value, up) * (HEIGHT - 2 * EDGE)
  }));
  return { name, points, lowest: up[0], highest: up[1], sentence: sentenceOf(name, points) };
}

/** The line through the points, as an SVG path. */
export function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, at) => `${at ? 'L' : 'M'}${round(x)} ${round(y)}`).join('');
}

/** The point whose version lies nearest to `x`. */
export function nearest(points: readonly Point[], x: number): Point | null {
  let best: Point | null = null;
  for (const point of points) {
    if (!best || Math.abs(point.x - x) < Math.abs(best.x - x)) {
      best = point;
    }
  }
  return best;
}

function sentenceOf(name: string, points: readonly Point[]): string {
  const first = points[0] as Point;
  const last = points.at(-1) as Point;
  if (points.length === 1) {
    return `${name} is ${numberInWords(first.value)} in version ${first.number}, the only one that has it.`;
  }
  const lowest = points.reduce((low, point) => (point.value < low.value ? point : low));
  const highest = points.reduce((high, point) => (point.value > high.value ? point : high));
  const ends = `from ${at(first)} to ${at(last)}`;
  return `${name} over ${counted(points.length, 'version')}: ${ends}; lowest ${at(lowest)}, highest ${at(highest)}.`;
}

function at({ number, value }: Point): string {
  return `${numberInWords(value)} in version ${number}`;
}

function range(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** How far between the two, from 0 to 1; the middle where they are one. */
function share(value: number, [low, high]: [number, number]): number {
  return high > low ? value / (high - low) - low / (high - low) : 0.5;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
