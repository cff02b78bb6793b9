import { describe, expect, it } from 'vitest';

import { BOX, fitting, pictureOf, servedBy } from '../src/state/lineage';
import { deployment, version } from './samples';

const born = version({
  number: 3,
  class: 'LinearRegression',
  runtime: { version: '3.11.7', executable: '', platform: 'linux' },
  data: { digest: 'abcdef0123456789', rows: 4250, columns: 7 },
  target: ['cnt'],
  git: { commit: '0123456789abcdef', branch: 'main', dirty: true },
  notebook: '/notebooks/anna/train.ipynb'
});
const bare = version({ ...born, data: null, git: null, notebook: null });
const two = [
  deployment({ name: 'rides', live: 3 }),
  deployment({ name: 'tests', follows: 3, live: 2 })
];

describe('pictureOf', () => {
  it('goes from data over notebook and version to every deployment', () => {
    const { boxes, arrows } = pictureOf(born, two, true);
    expect(boxes.map(({ title }) => title)).toEqual([
      'Data',
      'Notebook',
      'Version 3',
      'rides',
      'tests'
    ]);
    expect(arrows).toHaveLength(4);
  });

  it('has no box over another and all of them within its frame, either way', () => {
    for (const across of [true, false]) {
      const { boxes, width, height } = pictureOf(born, [...two, ...two, ...two], across);
      boxes.forEach((box, at) => {
        expect(box.x >= 0 && box.x + BOX.width <= width).toBe(true);
        expect(box.y >= 0 && box.y + BOX.height <= height).toBe(true);
        for (const other of boxes.slice(at + 1)) {
          const apart =
            Math.abs(box.x - other.x) >= BOX.width || Math.abs(box.y - other.y) >= BOX.height;
          expect(apart).toBe(true);
        }
      });
    }
  });

  it('says what was not recorded, and that nothing serves it', () => {
    const { boxes, sentence } = pictureOf(bare, [], true);
    expect(boxes.filter(({ kind }) => kind === 'missing').map(({ title }) => title)).toEqual([
      'Data',
      'Notebook',
      'Deployment'
    ]);
    expect(sentence).toContain('Deployments: none.');
  });

  it('tells the same in a sentence', () => {
    expect(pictureOf(born, two, true).sentence).toBe(
      'Data: 4,250 rows, 7 columns, target cnt, digest abcdef012345. ' +
        'Notebook: train.ipynb, commit 0123456789ab, with uncommitted changes. ' +
        'Version 3: LinearRegression, Julia 3.11.7, ✓ proven. Deployments: rides, tests.'
    );
  });

  it('opens what has a page', () => {
    const opens = pictureOf(born, two, true).boxes.map(box => box.opens);
    expect(opens).toEqual([
      null,
      { notebook: 3 },
      { version: 3 },
      { deployment: 'rides' },
      { deployment: 'tests' }
    ]);
  });
});

describe('servedBy', () => {
  it('names who answers with it, is to, or tries it', () => {
    const canary = deployment({ name: 'trial', follows: 1, live: 1, canary: 3 });
    const other = deployment({ name: 'other', follows: 1, live: 1 });
    expect(servedBy(born, [...two, canary, other]).map(({ name }) => name)).toEqual([
      'rides',
      'tests',
      'trial'
    ]);
  });
});

describe('fitting', () => {
  it('cuts between letters, never through one', () => {
    expect(fitting('👩‍🔬 science', 30)).toBe('👩‍🔬 science');
    expect(fitting('😀😀😀😀', 3)).toBe('😀😀…');
  });
});
