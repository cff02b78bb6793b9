import { describe, expect, it } from 'vitest';

import type { Diff } from '../src/api/types';
import { codeLines, groupsOf } from '../src/state/differences';

const alike: Diff = {
  model: 'bikes',
  before: 1,
  after: 2,
  about: [],
  metrics: [],
  params: [],
  environment: [],
  packages: [],
  data: [],
  signature: [],
  code: []
};

describe('groupsOf', () => {
  it('is empty where nothing differs', () => {
    expect(groupsOf(alike)).toEqual([]);
  });

  it('says of a metric how far it went, never whether that is good', () => {
    const [group] = groupsOf({
      ...alike,
      metrics: [
        { name: 'rmse', before: 40, after: 38 },
        { name: 'r2', before: 0, after: 0.5 },
        { name: 'mae', before: null, after: 3 }
      ]
    });
    expect(group?.differences.map(({ apart }) => apart)).toEqual([
      '2 (5 %) lower',
      '0.5 higher',
      ''
    ]);
    expect(group?.differences[2]?.before).toBe('');
  });

  it('keeps the order of what a person looks for, in words', () => {
    const groups = groupsOf({
      ...alike,
      packages: [{ name: 'pandas', before: '3.0', after: '3.1' }],
      data: [{ name: 'digest', before: 'aa', after: 'bb' }],
      signature: [{ name: 'inputs.wind.speed', before: null, after: 'double' }]
    });
    expect(groups.map(({ title }) => title)).toEqual(['Data', 'Signature', 'Packages']);
    expect(groups[0]?.differences[0]?.name).toBe('Digest of all rows');
    expect(groups[1]?.differences[0]?.name).toBe('wind.speed (input)');
  });
});

describe('codeLines', () => {
  it('numbers the lines of both sides', () => {
    const lines = codeLines([
      '--- version 1',
      '+++ version 2',
      '@@ -3,2 +3,3 @@',
      ' import math',
      '-rate = 3',
      '+rate = 4',
      '+--- print(rate)'
    ]);
    expect(lines).toEqual([
      { kind: 'hunk', text: 'Line 3', before: null, after: null },
      { kind: 'same', text: 'import math', before: 3, after: 3 },
      { kind: 'removed', text: 'rate = 3', before: 4, after: null },
      { kind: 'added', text: 'rate = 4', before: null, after: 4 },
      { kind: 'added', text: '--- print(rate)', before: null, after: 5 }
    ]);
  });

  it('is empty for code that is alike', () => {
    expect(codeLines([])).toEqual([]);
  });
});
