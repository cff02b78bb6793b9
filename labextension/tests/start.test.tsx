import type { Contents, KernelSpec } from '@jupyterlab/services';
import * as React from 'react';
import { describe, expect, it } from 'vitest';

import { createStarter, findDemo, startersOf } from '../src/state/starters';
import type { Seen } from '../src/state/watched';
import type { Offer, Standing } from '../src/widgets/start';
import { StartView } from '../src/widgets/startView';
import { drawn } from './drawing';
import { deployment, model } from './samples';

/** Jupyter's contents with these files, and what was written there. */
function folder(files: Record<string, string[]>, taken: string[] = []) {
  const written: { path: string; content: { cells: { source: string }[] } }[] = [];
  const contents = {
    get: async (path: string) => {
      if (!files[path]) {
        throw new Error('404');
      }
      return { content: files[path].map(name => ({ path: name })) };
    },
    newUntitled: async () => ({ path: 'Untitled.ipynb' }),
    save: async (path: string, { content }: { content: never }) =>
      void written.push({ path, content }),
    rename: async (_: string, path: string) => {
      if (taken.includes(path)) {
        throw new Error('409');
      }
      return { path };
    }
  };
  return { written, contents: contents as unknown as Contents.IManager };
}

function kernels(...languages: string[]): KernelSpec.ISpecModels {
  const specs = languages.map(language => [`k-${language}`, { name: `k-${language}`, language }]);
  return { default: 'k-python', kernelspecs: Object.fromEntries(specs) };
}

describe('starters', () => {
  it('are the notebooks of the demo where they lie in the folder or below it', async () => {
    const { contents } = folder({
      '': ['train_r.ipynb'],
      notebooks: ['notebooks/train_julia.ipynb']
    });
    expect(await findDemo(contents)).toEqual({
      r: 'train_r.ipynb',
      julia: 'notebooks/train_julia.ipynb'
    });
  });

  it('are there for each language that has a kernel, however it writes its name', () => {
    const starters = startersOf(kernels('R', 'python', 'haskell'), { r: 'train_r.ipynb' });
    expect(starters).toEqual([
      { language: 'python', path: null, kernel: 'k-python' },
      { language: 'r', path: 'train_r.ipynb', kernel: 'k-R' }
    ]);
  });

  it('are written with a title, a model and a call that registers it', async () => {
    const { contents, written } = folder({});
    const path = await createStarter(contents, 'work', { language: 'r', path: null, kernel: 'ir' });
    expect(path).toBe('work/first-model-r.ipynb');
    expect(written[0]?.content.cells.map(({ source }) => source).join('\n')).toContain(
      'register(model, "rents-r"'
    );
  });

  it('leave a notebook alone that has their name', async () => {
    const { contents } = folder({}, ['first-model-r.ipynb']);
    const made = createStarter(contents, '', { language: 'r', path: null, kernel: 'ir' });
    expect(await made).toBe('Untitled.ipynb');
  });
});

const seen = <T,>(value: T): Seen<T> => ({
  phase: 'ready',
  refreshing: false,
  value,
  problem: null
});

function start(standing: Standing, offer: Partial<Offer> = {}, begin = async () => {}) {
  const whole = { starters: [], languages: [], ...offer };
  return drawn(
    <StartView standing={seen(standing)} offer={seen(whole)} begin={begin} run={() => {}} />
  );
}

describe('StartView', () => {
  it('says what comes first while there is nothing', () => {
    const text = start({ models: [], deployments: [] }).textContent;
    expect(text).toContain('Register a model first');
    expect(text).toContain('Deploy a model first');
  });

  it('tells what was done, and offers only what can be deployed', () => {
    const models = [model({ name: 'bike' }), model({ name: 'no', latest_state: 'rejected' })];
    const text = start({ models, deployments: [deployment({})] }).textContent;
    expect(text).toContain('2 models registered');
    expect(text).toContain('Deploy bike');
    expect(text).not.toContain('Deploy no');
    expect(text).toContain('Open rides');
  });

  it('names a few of many, and where the others are', () => {
    const models = ['a', 'b', 'c', 'd'].map(name => model({ name }));
    const text = start({ models, deployments: [] }).textContent;
    expect(text).not.toContain('Deploy d');
    expect(text).toContain('More in the panel');
  });

  it('says what kept a notebook from being opened', async () => {
    const starters = [{ language: 'r', path: null, kernel: 'ir' }];
    const page = start({ models: [], deployments: [] }, { starters }, async () => {
      throw new Error('Permission denied');
    });
    page.querySelector('button')?.click();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(page.querySelector('[role=alert]')?.textContent).toContain('Permission denied');
  });
});
