import type { Contents } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { folderBelow, restore, untrusted } from '../src/state/restoring';

/** Files of a server that holds these paths; renaming onto one of them is refused, as Jupyter does. */
function serverWith(files: Map<string, unknown>, folders = ['', 'work']) {
  const refused = (status: number) => Object.assign(new Error(), { response: { status } });
  return {
    get: async (path: string) => {
      if (!folders.includes(path)) {
        throw refused(404);
      }
      return { type: 'directory', path };
    },
    newUntitled: async ({ path }: { path: string }) => {
      const made = path ? `${path}/Untitled.ipynb` : 'Untitled.ipynb';
      files.set(made, null);
      return { path: made };
    },
    save: async (path: string, model: { content: unknown }) => files.set(path, model.content),
    rename: async (from: string, to: string) => {
      if (files.has(to)) {
        throw refused(409);
      }
      files.set(to, files.get(from));
      files.delete(from);
      return { path: to };
    },
    delete: async (path: string) => void files.delete(path)
  } as unknown as Contents.IManager;
}

const wanted = { folder: 'work', name: 'train.ipynb', version: 2 };

describe('restore', () => {
  it('writes the notebook beside the others', async () => {
    const files = new Map<string, unknown>();
    expect(await restore(serverWith(files), { cells: [] }, wanted)).toBe(
      'work/train (version 2).ipynb'
    );
    expect([...files]).toEqual([['work/train (version 2).ipynb', { cells: [] }]]);
  });

  it('never overwrites: the second copy gets a number', async () => {
    const files = new Map<string, unknown>([['work/train (version 2).ipynb', 'mine']]);
    expect(await restore(serverWith(files), { cells: [] }, wanted)).toBe(
      'work/train (version 2, 2).ipynb'
    );
    expect(files.get('work/train (version 2).ipynb')).toBe('mine');
  });

  it('takes the top folder where the other is gone', async () => {
    const path = await restore(serverWith(new Map()), {}, { ...wanted, folder: 'gone' });
    expect(path).toBe('train (version 2).ipynb');
  });

  it('leaves nothing behind when it cannot be written', async () => {
    const files = new Map<string, unknown>();
    const full = { ...serverWith(files), save: () => Promise.reject(new Error('disk full')) };
    await expect(restore(full as unknown as Contents.IManager, {}, wanted)).rejects.toThrow('full');
    expect(files.size).toBe(0);
  });

  it('keeps a name from leading elsewhere', async () => {
    const path = await restore(serverWith(new Map()), {}, { ...wanted, name: '../../evil.ipynb' });
    expect(path).toBe('work/evil (version 2).ipynb');
  });
});

describe('untrusted', () => {
  it('takes away what would have the server sign outputs of somebody else', () => {
    const cell = { cell_type: 'code', metadata: { trusted: true, tags: ['a'] } };
    expect(untrusted({ cells: [cell] })).toEqual({
      cells: [{ cell_type: 'code', metadata: { tags: ['a'] } }]
    });
    expect(cell.metadata.trusted).toBe(true);
  });
});

describe('folderBelow', () => {
  it('is the part of the path below what JupyterLab shows', () => {
    expect(folderBelow('/srv/lab', '/srv/lab/bikes/a.ipynb')).toBe('bikes');
    expect(folderBelow('/srv/lab/', '/srv/lab/a.ipynb')).toBe('');
    expect(folderBelow('~/lab', '/people/anna/lab/bikes/deep/a.ipynb')).toBe('bikes/deep');
  });

  it('is the top where the notebook lay elsewhere', () => {
    expect(folderBelow('/srv/lab', '/tmp/a.ipynb')).toBe('');
    expect(folderBelow('/srv/lab', '')).toBe('');
  });
});
