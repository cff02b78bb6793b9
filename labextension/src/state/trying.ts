/**
 * Trying a deployment out: a form made from a signature, and what was typed into it as JSON.
 *
 * Numbers travel as they were typed: JavaScript would round the long ones.
 */

import type { FaultFound, Field } from '../api/types';

export type Value = string | number | boolean | null;

/** What a person has typed for one field. */
export interface Entry {
  text: string;
  missing: boolean;
}

/** How a field is asked for. */
export type Kind = 'number' | 'integer' | 'text' | 'choice' | 'moment';

/** More levels than these are typed, not chosen. */
export const MOST_CHOICES = 200;
const KINDS: Record<string, Kind> = {
  boolean: 'choice',
  integer: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  datetime: 'moment'
};
const WORDS: Record<Kind, string> = {
  number: 'number',
  integer: 'whole number',
  text: 'text',
  choice: 'one of these',
  moment: 'date or time, such as 2026-01-31T12:00'
};
const BITS: Record<string, bigint> = { integer: 31n, long: 63n };
const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const WHOLE = /^[+-]?[0-9]+$/;

/** A value, or why there is none. */
export type Read<T> = { value: T } | { problem: string };

export function kindOf(field: Field): Kind {
  if (field.levels) {
    return field.levels.length > MOST_CHOICES ? 'text' : 'choice';
  }
  return KINDS[field.type] ?? 'text';
}

export function kindInWords(field: Field): string {
  return field.type === 'boolean' ? 'yes or no' : WORDS[kindOf(field)];
}

/** What can be chosen, as value and label. */
export function choicesOf(field: Field): [value: string, label: string][] {
  if (field.type === 'boolean') {
    return [
      ['true', 'yes'],
      ['false', 'no']
    ];
  }
  return (field.levels ?? []).map(level => [level, level]);
}

/** A value of the example row as a person would type it. */
export function entryOf(value: Value | undefined): Entry {
  return value === null || value === undefined
    ? { text: '', missing: true }
    : { text: String(value), missing: false };
}

/** The JSON of what was typed. */
export function readEntry(field: Field, { text, missing }: Entry): Read<string> {
  if (missing) {
    return field.missing ? { value: 'null' } : { problem: 'must not be missing' };
  }
  const kind = kindOf(field);
  if (kind === 'number' || kind === 'integer') {
    return readNumber(field, text.trim());
  }
  if (field.type === 'boolean') {
    return text === 'true' || text === 'false' ? { value: text } : { problem: 'choose yes or no' };
  }
  if (kind === 'moment' && text.trim() === '') {
    return { problem: `must be a ${WORDS.moment}` };
  }
  return { value: JSON.stringify(kind === 'moment' ? text.trim() : text) };
}

function readNumber(field: Field, text: string): Read<string> {
  const bits = BITS[field.type];
  if (bits !== undefined) {
    if (!WHOLE.test(text)) {
      return { problem: 'must be a whole number, such as 12' };
    }
    const whole = BigInt(text.replace(/^\+/, ''));
    const fits = whole >= -(1n << bits) && whole < 1n << bits;
    return fits ? { value: whole.toString() } : { problem: `does not fit ${bits + 1n} bits` };
  }
  if (JSON_NUMBER.test(text)) {
    return { value: text };
  }
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number)
    ? { value: String(number) }
    : { problem: 'must be a number, such as 0.5' };
}

/** The body of a request for one row, or what is wrong with which field. */
export function bodyOf(
  fields: readonly Field[],
  entries: readonly Entry[],
  version: string
): { body: string } | { faults: FaultFound[] } {
  const faults: FaultFound[] = [];
  const cells = fields.map((field, at) => {
    const read = readEntry(field, entries[at] ?? { text: '', missing: true });
    if ('problem' in read) {
      faults.push({ field: `columns.${field.name}`, problem: read.problem });
      return 'null';
    }
    return read.value;
  });
  const columns = JSON.stringify(fields.map(({ name }) => name));
  return faults.length > 0
    ? { faults }
    : { body: request(columns, `[[${cells.join(',')}]]`, version) };
}

/** The body of a request for rows that were typed as JSON: a list of objects, or one object. */
export function bodyOfJson(text: string, version: string): { body: string } | { problem: string } {
  const read = rowsOf(text);
  if ('problem' in read) {
    return read;
  }
  const columns = [...new Set(read.value.flatMap(row => Object.keys(row)))];
  const rows = read.value.map(row => columns.map(name => row[name] ?? null));
  return { body: request(JSON.stringify(columns), JSON.stringify(rows), version) };
}

function rowsOf(text: string): Read<Record<string, unknown>[]> {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (problem) {
    return { problem: `This is not JSON: ${(problem as Error).message}` };
  }
  const rows = Array.isArray(read) ? read : [read];
  if (rows.length === 0) {
    return { problem: 'There is no row. Write a list of objects, one for each row.' };
  }
  const strange = rows.findIndex(
    row => row === null || typeof row !== 'object' || Array.isArray(row)
  );
  return strange < 0
    ? { value: rows as Record<string, unknown>[] }
    : { problem: `Row ${strange + 1} is no object. Write {"column": value, …} for each row.` };
}

function request(columns: string, rows: string, version: string): string {
  const which = version ? `,"version":${JSON.stringify(version)}` : '';
  return `{"columns":${columns},"rows":${rows}${which}}`;
}

/** The example row as JSON that a person can edit. */
export function jsonOf(columns: readonly string[], rows: readonly (readonly Value[])[]): string {
  const records = rows.map(row =>
    Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null]))
  );
  return JSON.stringify(records, null, 2);
}

/** What the server found wrong, by the field it is about; `rest` is about none of them. */
export function byField(
  faults: readonly FaultFound[],
  names: readonly string[]
): { fields: Map<string, string>; rest: string[] } {
  const fields = new Map<string, string>();
  const rest: string[] = [];
  for (const { field, problem } of faults) {
    const place = field.replace(/^columns\./, '');
    const name = names.includes(place) ? place : place.replace(/\[\d+\]$/, '');
    if (names.includes(name)) {
      fields.set(name, fields.has(name) ? `${fields.get(name)}; ${problem}` : problem);
    } else {
      rest.push(`${place}: ${problem}`);
    }
  }
  return { fields, rest };
}

/** "columns.hr[2]" as people count: "hr in row 3". */
export function placeInWords(field: string): string {
  return field
    .replace(/^columns\./, '')
    .replace(/^(?:rows|data)\[(\d+)\]$/, (_, row) => `row ${Number(row) + 1}`)
    .replace(/\[(\d+)\]$/, (_, row) => ` in row ${Number(row) + 1}`);
}
