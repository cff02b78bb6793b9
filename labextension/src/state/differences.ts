/** What differs between two versions, in the groups and words of a person. */

import type { Change, Diff, MetricChange } from '../api/types';
import { numberInWords } from './times';

export interface Difference {
  name: string;
  /** "" where it was not there before, or is not any more. */
  before: string;
  after: string;
  /** How far two numbers are apart; "" for all else. */
  apart: string;
}

export interface Group {
  title: string;
  differences: readonly Difference[];
}

const NAMES: Record<string, string> = {
  class: 'Class',
  language: 'Language',
  loader: 'Read by',
  content: 'Bytes it predicts with',
  state: 'State',
  commit: 'Git commit',
  interpreter: 'Interpreter',
  platform: 'Platform',
  attached: 'Attached packages',
  rows: 'Rows',
  columns: 'Columns',
  digest: 'Digest of all rows',
  target: 'Target'
};

/** The groups that differ, those a person looks for first first. The code is not among them. */
export function groupsOf(diff: Diff): Group[] {
  const groups = [
    { title: 'Metrics', differences: diff.metrics.map(measured) },
    { title: 'Parameters', differences: diff.params.map(plain) },
    { title: 'Data', differences: diff.data.map(named) },
    { title: 'Signature', differences: diff.signature.map(column) },
    { title: 'Model', differences: diff.about.map(named) },
    { title: 'Environment', differences: diff.environment.map(named) },
    { title: 'Packages', differences: diff.packages.map(plain) }
  ];
  return groups.filter(group => group.differences.length > 0);
}

/** Which way is better is not known, so it is told which way it went and how far. */
function measured({ name, before, after }: MetricChange): Difference {
  return {
    name,
    before: before === null ? '' : numberInWords(before),
    after: after === null ? '' : numberInWords(after),
    apart: before === null || after === null ? '' : apart(before, after)
  };
}

function apart(before: number, after: number): string {
  const by = after - before;
  const share = Math.abs(by / before);
  const percent = Number.isFinite(share) ? ` (${Number((share * 100).toPrecision(2))} %)` : '';
  return `${numberInWords(Math.abs(by))}${percent} ${by > 0 ? 'higher' : 'lower'}`;
}

function plain({ name, before, after }: Change): Difference {
  return { name, before: before ?? '', after: after ?? '', apart: '' };
}

function named(change: Change): Difference {
  return { ...plain(change), name: NAMES[change.name] ?? change.name };
}

function column(change: Change): Difference {
  const [side, ...name] = change.name.split('.');
  return {
    ...plain(change),
    name: `${name.join('.')} (${side === 'inputs' ? 'input' : 'output'})`
  };
}

export interface CodeLine {
  kind: 'same' | 'added' | 'removed' | 'hunk';
  text: string;
  /** Its number among the lines of the version before and after; null where it is not in it. */
  before: number | null;
  after: number | null;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The lines of a unified diff, numbered, without the names of the two files. */
export function codeLines(lines: readonly string[]): CodeLine[] {
  const found: CodeLine[] = [];
  let before = 0;
  let after = 0;
  for (const line of lines.slice(2)) {
    const hunk = HUNK.exec(line);
    const text = line.slice(1);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      found.push({ kind: 'hunk', text: `Line ${after}`, before: null, after: null });
    } else if (line.startsWith('+')) {
      found.push({ kind: 'added', text, before: null, after: after++ });
    } else if (line.startsWith('-')) {
      found.push({ kind: 'removed', text, before: before++, after: null });
    } else {
      found.push({ kind: 'same', text, before: before++, after: after++ });
    }
  }
  return found;
}
