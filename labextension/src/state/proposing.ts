/** What a person will most likely want to register, from what the kernel holds. No server, no DOM. */

import type { Candidates, DataFound, ModelFound } from '../api/types';

const LONGEST_NAME = 63;
const RIGHT_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** Names that say nothing about what the model is for. */
const PLAIN = /^(model|fit|fitted|clf|reg|est|estimator|pipe|pipeline|best|final|m|res|result)\d*$/;
const UNTITLED = /^(untitled|notebook|unbenannt)\d*$/;

/** What is wrong with a name, "" if nothing is. */
export function faultInName(name: string): string {
  if (name === '') {
    return 'Give it a name.';
  }
  if (RIGHT_NAME.test(name)) {
    return name.includes('..') ? 'Two dots must not stand side by side.' : '';
  }
  if (name.length > LONGEST_NAME) {
    return `At most ${LONGEST_NAME} characters; it has ${name.length}.`;
  }
  if (/^[._-]/.test(name)) {
    return 'It begins with a small letter or a digit.';
  }
  const wrong = [...name].find(sign => !/[a-z0-9._-]/.test(sign)) ?? '';
  return `${wrong === ' ' ? 'A space' : `“${wrong}”`} cannot be in it: only small letters, digits, dot, hyphen and underscore.`;
}

/** A text as a name that is right, "" if nothing of it can stay. */
export function asName(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[._-]+/, '')
    .slice(0, LONGEST_NAME)
    .replace(/[._-]+$/, '');
}

/** A name made of the notebook's, with the variable's where the notebook holds several models. */
export function proposedName(path: string, found: ModelFound, all: readonly ModelFound[]): string {
  const stem = asName((path.split('/').at(-1) ?? '').replace(/\.ipynb$/i, ''));
  const own = PLAIN.test(found.name.toLowerCase()) ? '' : asName(found.name);
  if (stem === '' || UNTITLED.test(stem)) {
    return own || asName(found.class) || 'model';
  }
  return all.length > 1 && own ? asName(`${stem}-${own}`) : stem;
}

export interface Pair {
  data: string;
  target: string;
}

/** The data and target that belong to a model: the kernel's own guess, else the tightest table with its features. */
export function pairOf(model: ModelFound, { data, likely }: Candidates): Pair {
  if (likely?.model === model.name && likely.data) {
    return { data: likely.data, target: likely.target ?? '' };
  }
  const fitting = data.filter(table => hasAll(table, model)).sort((a, b) => width(a) - width(b));
  const chosen =
    fitting[0] ??
    data.find(({ name }) => name === likely?.data) ??
    (data.length === 1 ? data[0] : null);
  return chosen
    ? { data: chosen.name, target: targetIn(chosen, model, likely?.target) }
    : { data: '', target: '' };
}

const width = (table: DataFound) => table.columns.length;

/** Whether a table has all columns that the model was fitted on; false if the model does not tell them. */
export function hasAll(table: DataFound, { features }: ModelFound): boolean {
  const there = new Set(table.columns);
  return !!features && features.length > 0 && features.every(name => there.has(name));
}

function targetIn(table: DataFound, { features }: ModelFound, guess?: string | null): string {
  if (guess && table.columns.includes(guess)) {
    return guess;
  }
  const left = table.columns.filter(column => !features?.includes(column));
  return features && left.length === 1 && left[0] ? left[0] : '';
}

export interface Targets {
  columns: string[];
  /** Names of the notebook with one value per row. */
  beside: string[];
}

/** What may have been predicted: columns that are no features first, then what stands beside the table. */
export function targetsFor(
  table: DataFound,
  model: ModelFound | undefined,
  { data, likely }: Candidates
): Targets {
  const features = new Set(model?.features ?? []);
  const columns = table.columns.length > 1 ? table.columns : [];
  const beside = data
    .filter(other => other.name !== table.name && other.rows === table.rows && width(other) === 1)
    .map(other => other.name);
  if (
    likely?.target &&
    likely.data === table.name &&
    ![...columns, ...beside].includes(likely.target)
  ) {
    beside.unshift(likely.target);
  }
  return {
    columns: [
      ...columns.filter(name => !features.has(name)),
      ...columns.filter(name => features.has(name))
    ],
    beside
  };
}

/** The cell that assigned a name last, by its number, for kernels that do not know it themselves. */
export function cellOf(
  name: string,
  cells: readonly { number: number; text: string }[]
): number | null {
  const word = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const assigns = new RegExp(
    `(^|[\\n;])[ \\t]*${word}[ \\t]*(<<?-|=(?!=))|->>?[ \\t]*${word}[ \\t]*($|[\\n;])`
  );
  const found = cells.filter(({ text }) => assigns.test(text)).map(({ number }) => number);
  return found.length > 0 ? Math.max(...found) : null;
}

/** A metric as it stands in the form. */
export interface Measure {
  name: string;
  value: string;
  taken: boolean;
  /** As the kernel has it; kept unless `value`, which shows six digits of it, is changed. */
  exact?: number;
}

/** Six digits of a number. */
export const shortly = (value: number) => String(Number(value.toPrecision(6)));

export function measuresOf(metrics: Record<string, number>): Measure[] {
  return Object.entries(metrics).map(([name, value]) => ({
    name,
    value: shortly(value),
    taken: true,
    exact: value
  }));
}

/** What is wrong with a metric, "" if nothing is. */
export function faultInMeasure({ name, value, taken }: Measure): string {
  if (!taken) {
    return '';
  }
  if (name.trim() === '') {
    return 'Give the metric a name.';
  }
  return value.trim() !== '' && Number.isFinite(Number(value)) ? '' : `${name} must be a number.`;
}

export function metricsOf(measures: readonly Measure[]): Record<string, number> {
  const taken = measures.filter(measure => measure.taken);
  return Object.fromEntries(
    taken.map(({ name, value, exact }) => [
      name.trim(),
      exact !== undefined && value === shortly(exact) ? exact : Number(value)
    ])
  );
}

/** 8,200 → "8.2 kB". */
export function sizeInWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let size = bytes;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${at === 0 || size >= 100 ? Math.round(size) : Number(size.toPrecision(2))} ${units[at]}`;
}

/** "1 row", "20 rows". */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
