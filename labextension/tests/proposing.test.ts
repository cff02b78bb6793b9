import { describe, expect, it } from 'vitest';

import type { Candidates, DataFound, ModelFound } from '../src/api/types';
import {
  asName,
  cellOf,
  faultInMeasure,
  faultInName,
  measuresOf,
  metricsOf,
  pairOf,
  proposedName,
  sizeInWords,
  targetsFor
} from '../src/state/proposing';

const found = (name: string, features: string[] | null = null): ModelFound => ({
  name,
  class: 'LinearRegression',
  features
});
const table = (name: string, columns: string[], rows = 10): DataFound => ({
  name,
  class: 'DataFrame',
  rows,
  columns,
  types: columns.map(() => 'double')
});
const holding = (data: DataFound[], likely: Candidates['likely'] = null): Candidates => ({
  language: 'python',
  models: [],
  data,
  metrics: {},
  likely
});

describe('a name', () => {
  it.each(['bike-demand', '4you', 'a.b_c', 'a'.repeat(63)])('%s is right', name => {
    expect(faultInName(name)).toBe('');
  });

  it.each([
    ['', 'Give it a name.'],
    ['Bike', '“B” cannot be in it'],
    ['bike demand', 'A space cannot be in it'],
    ['-bike', 'begins with'],
    ['bike..demand', 'Two dots'],
    ['a'.repeat(64), 'it has 64'],
    ['bïke', '“ï” cannot be in it']
  ])('%s is not, and it says why', (name, words) => {
    expect(faultInName(name)).toContain(words);
  });

  it('is made of any text, and is right then', () => {
    expect(asName('Übung 3: Fahrräder (neu)')).toBe('ubung-3-fahrrader-neu');
    expect(faultInName(asName('..A..B..'))).toBe('');
    expect(asName('数据')).toBe('');
  });
});

describe('the proposed name', () => {
  it('is the notebook’s', () => {
    expect(proposedName('work/Bike Demand.ipynb', found('fit'), [found('fit')])).toBe(
      'bike-demand'
    );
  });

  it('has the variable behind it where the notebook holds several models', () => {
    const all = [found('forest'), found('line')];
    expect(proposedName('bikes.ipynb', found('line'), all)).toBe('bikes-line');
  });

  it('is the variable’s, or the class’s, where the notebook has no name yet', () => {
    expect(proposedName('Untitled3.ipynb', found('churn_model'), [])).toBe('churn_model');
    expect(proposedName('Untitled.ipynb', found('model'), [])).toBe('linearregression');
  });
});

describe('the data that belong to a model', () => {
  it('are what the kernel says', () => {
    const likely = { model: 'fit', data: 'b', target: 'y' };
    expect(
      pairOf(found('fit'), holding([table('a', ['x']), table('b', ['x', 'y'])], likely))
    ).toEqual({
      data: 'b',
      target: 'y'
    });
  });

  it('else are the tightest table with all its features, and the column that is left', () => {
    const tables = [
      table('wide', ['hr', 'temp', 'cnt', 'id']),
      table('train', ['hr', 'temp', 'cnt'])
    ];
    expect(pairOf(found('line', ['hr', 'temp']), holding(tables))).toEqual({
      data: 'train',
      target: 'cnt'
    });
  });

  it('are not guessed among several that say nothing', () => {
    expect(pairOf(found('line'), holding([table('a', ['x']), table('b', ['x'])])).data).toBe('');
  });
});

describe('targets', () => {
  it('are columns that are no features first, then what is as long as the table', () => {
    const train = table('train', ['hr', 'cnt']);
    const all = holding([train, table('y', ['y']), table('short', ['y'], 3)]);
    expect(targetsFor(train, found('line', ['hr']), all)).toEqual({
      columns: ['cnt', 'hr'],
      beside: ['y']
    });
  });

  it('hold the kernel’s guess though it is no table', () => {
    const X = table('X', ['x1', 'x2']);
    const all = holding([X], { model: 'fit', data: 'X', target: 'y' });
    expect(targetsFor(X, found('fit'), all).beside).toEqual(['y']);
  });
});

describe('the cell of a name', () => {
  const cells = [
    { number: 2, text: 'fit <- lm(cnt ~ hr, train)' },
    { number: 5, text: 'if (fit == 3) 1\nlm(y ~ x) -> fit' },
    { number: 7, text: 'predict(fit)\nrefit = 1' }
  ];

  it('is the last that assigns it, in R as in Python and Julia', () => {
    expect(cellOf('fit', cells)).toBe(5);
    expect(cellOf('refit', cells)).toBe(7);
    expect(cellOf('nobody', cells)).toBeNull();
  });

  it('is found for names that mean something in a pattern', () => {
    expect(cellOf('my.fit', [{ number: 1, text: 'myxfit <- 1' }])).toBeNull();
  });
});

describe('metrics', () => {
  it('are shown in six digits and kept whole unless they are changed', () => {
    const found = measuresOf({ rmse: 41.23456789 });
    expect(found.map(({ value }) => value)).toEqual(['41.2346']);
    expect(metricsOf(found)).toEqual({ rmse: 41.23456789 });
    expect(metricsOf(found.map(rmse => ({ ...rmse, value: '41' })))).toEqual({ rmse: 41 });
  });

  it('that are not taken are neither sent nor checked', () => {
    const measure = { name: '', value: 'x', taken: false };
    expect(faultInMeasure(measure)).toBe('');
    expect(metricsOf([measure])).toEqual({});
  });

  it.each([
    [{ name: ' ', value: '1', taken: true }, 'a name'],
    [{ name: 'auc', value: '', taken: true }, 'must be a number'],
    [{ name: 'auc', value: 'Infinity', taken: true }, 'must be a number']
  ])('%o says what is wrong', (measure, words) => {
    expect(faultInMeasure(measure)).toContain(words);
  });
});

it('says sizes in words', () => {
  expect([0, 999, 8_200, 8_249_000, 12e9].map(sizeInWords)).toEqual([
    '0 bytes',
    '999 bytes',
    '8.2 kB',
    '8.2 MB',
    '12 GB'
  ]);
});
