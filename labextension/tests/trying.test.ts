import { describe, expect, it } from 'vitest';

import type { Field } from '../src/api/types';
import {
  bodyOf,
  bodyOfJson,
  byField,
  choicesOf,
  entryOf,
  jsonOf,
  kindOf,
  placeInWords,
  readEntry
} from '../src/state/trying';

const field = (type: string, change: Partial<Field> = {}): Field => ({
  name: 'x',
  type,
  ...change
});
const typed = (text: string) => ({ text, missing: false });
const read = (type: string, text: string, change: Partial<Field> = {}) =>
  readEntry(field(type, change), typed(text));

describe('a form from a signature', () => {
  it('asks each type in its own way', () => {
    const kinds = ['double', 'float', 'integer', 'long', 'boolean', 'string', 'datetime'];
    expect(kinds.map(type => kindOf(field(type)))).toEqual([
      'number',
      'number',
      'integer',
      'integer',
      'choice',
      'text',
      'moment'
    ]);
  });

  it('offers levels and yes or no as choices, but types what has too many', () => {
    expect(choicesOf(field('string', { levels: ['a', 'b'] }))).toEqual([
      ['a', 'a'],
      ['b', 'b']
    ]);
    expect(choicesOf(field('boolean'))[0]).toEqual(['true', 'yes']);
    expect(kindOf(field('string', { levels: Array(201).fill('a') }))).toBe('text');
  });

  it('is filled with the example as a person would type it', () => {
    expect([1.5, true, 'a', null].map(entryOf)).toEqual([
      typed('1.5'),
      typed('true'),
      typed('a'),
      { text: '', missing: true }
    ]);
  });
});

describe('what was typed', () => {
  it('travels as it was typed, also where JavaScript would round it', () => {
    expect(read('long', '9007199254740993')).toEqual({ value: '9007199254740993' });
    expect(read('double', '0.1000000000000000055')).toEqual({ value: '0.1000000000000000055' });
  });

  it('may be written as people do', () => {
    expect(read('double', ' .5 ')).toEqual({ value: '0.5' });
    expect(read('double', '+3')).toEqual({ value: '3' });
    expect(read('integer', '007')).toEqual({ value: '7' });
  });

  it.each([
    ['double', ''],
    ['double', '0,5'],
    ['double', 'NaN'],
    ['double', 'Infinity'],
    ['integer', '1.5'],
    ['boolean', 'maybe'],
    ['datetime', ' ']
  ])('%s cannot be %j', (type, text) => {
    expect(read(type, text)).toHaveProperty('problem');
  });

  it('must fit the bits of its type', () => {
    expect(read('integer', '2147483648')).toEqual({ problem: 'does not fit 32 bits' });
    expect(read('integer', '-2147483648')).toEqual({ value: '-2147483648' });
    expect(read('long', '9223372036854775808')).toEqual({ problem: 'does not fit 64 bits' });
  });

  it('is missing only where the field may be missing', () => {
    const gone = { text: '', missing: true };
    expect(readEntry(field('double', { missing: true }), gone)).toEqual({ value: 'null' });
    expect(readEntry(field('double'), gone)).toEqual({ problem: 'must not be missing' });
  });

  it('is a text whatever it looks like', () => {
    expect(read('string', '"</script>\u202e')).toEqual({ value: '"\\"</script>\u202e"' });
  });

  it('makes a body, or names every field that it cannot be made of', () => {
    const fields = [field('long', { name: 'a"b' }), field('string', { name: 'c' })];
    const good = bodyOf(fields, [typed('12345678901234567'), typed('t')], 'canary');
    expect(good).toEqual({
      body: '{"columns":["a\\"b","c"],"rows":[[12345678901234567,"t"]],"version":"canary"}'
    });
    expect(bodyOf(fields, [typed('x'), { text: '', missing: true }], '')).toMatchObject({
      faults: [{ field: 'columns.a"b' }, { field: 'columns.c' }]
    });
  });
});

describe('rows as JSON', () => {
  it('are a list of objects; what one of them lacks is missing there', () => {
    expect(bodyOfJson('[{"a": 1}, {"b": "x"}]', '')).toEqual({
      body: '{"columns":["a","b"],"rows":[[1,null],[null,"x"]]}'
    });
  });

  it('may be a single one', () => {
    expect(bodyOfJson('{"a": 1}', '')).toEqual({ body: '{"columns":["a"],"rows":[[1]]}' });
  });

  it.each(['', '[', '[]', '[1]', 'null', '[[1]]'])('cannot be %j', text => {
    expect(bodyOfJson(text, '')).toHaveProperty('problem');
  });

  it('start with the example', () => {
    expect(JSON.parse(jsonOf(['a', 'b'], [[1, null]]))).toEqual([{ a: 1, b: null }]);
  });
});

describe('what the server found wrong', () => {
  it('is put to its field, also one with brackets in its name', () => {
    const faults = ['columns.hr[0]', 'columns.x[1]', 'rows[3]'].map(place => ({
      field: place,
      problem: 'is odd'
    }));
    const { fields, rest } = byField(faults, ['hr', 'x[1]']);
    expect([...fields]).toEqual([
      ['hr', 'is odd'],
      ['x[1]', 'is odd']
    ]);
    expect(rest).toEqual(['rows[3]: is odd']);
  });

  it('counts rows as people do', () => {
    expect(['columns.hr[2]', 'columns.hr', 'rows[0]'].map(placeInWords)).toEqual([
      'hr in row 3',
      'hr',
      'row 1'
    ]);
  });
});
