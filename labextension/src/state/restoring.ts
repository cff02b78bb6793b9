/** A notebook as it was, as a new file beside the others. Nothing that is there is ever overwritten. */

import type { Contents } from '@jupyterlab/services';

import { fileName } from './lineage';

type Files = Pick<Contents.IManager, 'get' | 'newUntitled' | 'save' | 'rename' | 'delete'>;

const MOST_NAMES = 100;

/** Writes the notebook and gives the path it got: "bikes (version 3).ipynb", or with a number behind it. */
export async function restore(
  files: Files,
  content: object,
  wanted: { folder: string; name: string; version: number }
): Promise<string> {
  const folder = await standing(files, wanted.folder);
  const made = await files.newUntitled({ path: folder, type: 'notebook' });
  try {
    await files.save(made.path, { type: 'notebook', format: 'json', content: untrusted(content) });
  } catch (reason) {
    await files.delete(made.path);
    throw reason;
  }
  return renamed(files, made.path, folder, wanted);
}

/** The folder, or the top one where that is not there (any more). */
async function standing(files: Files, folder: string): Promise<string> {
  try {
    const found = await files.get(folder, { content: false });
    return found.type === 'directory' ? folder : '';
  } catch {
    return '';
  }
}

/** Renaming is refused by the server where the name is taken: so two who restore at once get two files. */
async function renamed(
  files: Files,
  path: string,
  folder: string,
  { name, version }: { name: string; version: number }
): Promise<string> {
  const stem = fileName(name).replace(/\.ipynb$/i, '') || 'notebook';
  for (let copy = 1; copy <= MOST_NAMES; copy++) {
    const told = `${stem} (version ${version}${copy === 1 ? '' : `, ${copy}`}).ipynb`;
    try {
      return (await files.rename(path, folder ? `${folder}/${told}` : told)).path;
    } catch (reason) {
      if (!isTaken(reason)) {
        return path;
      }
    }
  }
  return path;
}

function isTaken(reason: unknown): boolean {
  return (reason as { response?: { status?: number } })?.response?.status === 409;
}

/**
 * Whoever registered it could have marked its outputs as trusted; the server would sign what says so as it is saved.
 * Now they are shown as those of any notebook from somewhere else.
 */
export function untrusted(content: object): object {
  const notebook = structuredClone(content) as { cells?: { metadata?: { trusted?: unknown } }[] };
  for (const cell of notebook.cells ?? []) {
    delete cell.metadata?.trusted;
  }
  return notebook;
}

/** The folder of a notebook's path on the server's machine, below the folder that JupyterLab shows. */
export function folderBelow(root: string, path: string): string {
  const folder = path.slice(0, path.length - fileName(path).length - 1);
  // JupyterLab tells the root with ~ for the home.
  const tail = `${root.replace(/^~/, '').replace(/\/+$/, '')}/`;
  const found = root.startsWith('~')
    ? `${folder}/`.indexOf(tail)
    : `${folder}/`.startsWith(tail)
      ? 0
      : -1;
  return found < 0 ? '' : folder.slice(found + tail.length);
}
