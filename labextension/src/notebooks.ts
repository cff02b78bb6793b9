/** An open notebook of JupyterLab as registering sees it. */

import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ISignal } from '@lumino/signaling';

import type { Kernel, Notebook } from './state/notebook';

/** A save that asks something in a dialog of its own would wait for ours to be closed. */
const LONGEST_SAVE_MS = 5_000;

export class OpenNotebook implements Notebook {
  constructor(private readonly panel: NotebookPanel) {}

  get path(): string {
    return this.panel.context.localPath;
  }

  get kernel(): Kernel | null {
    const { session, specsManager } = this.panel.sessionContext;
    const kernel = session?.kernel;
    if (!kernel || kernel.isDisposed) {
      return null;
    }
    const spec = specsManager.specs?.kernelspecs[kernel.name];
    return { id: kernel.id, language: spec?.language ?? '', status: kernel.status };
  }

  get changed(): ISignal<unknown, unknown> {
    return this.panel.sessionContext.statusChanged;
  }

  get cells(): { number: number; text: string }[] {
    const cells = this.panel.content.widgets.map(({ model }) => model.sharedModel);
    return cells.flatMap(cell => {
      const number = 'execution_count' in cell ? cell.execution_count : null;
      return typeof number === 'number' ? [{ number, text: cell.getSource() }] : [];
    });
  }

  async save(): Promise<void> {
    const { context } = this.panel;
    if (context.model.dirty && !context.model.readOnly) {
      const late = new Promise(resolve => setTimeout(resolve, LONGEST_SAVE_MS));
      await Promise.race([context.save().catch(() => {}), late]);
    }
  }
}
