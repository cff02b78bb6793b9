/** *Register model*: from a notebook's toolbar, menus, the palette and the panel. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';

import { IKronkers } from './kronkers';
import type { Desk } from './registerDesk';
import { kronkersIcon } from './widgets/icons';

export const registerPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:register',
  description: 'Registers a model that a notebook holds in its kernel.',
  autoStart: true,
  requires: [IKronkers, INotebookTracker],
  optional: [ICommandPalette, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    kronkers: IKronkers,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    states: IStateDB | null
  ) => {
    let desk: Promise<Desk> | null = null;
    const opened = () => {
      desk ??= import('./dialogs').then(room => new room.Desk(app, kronkers, states));
      return desk;
    };
    app.commands.addCommand('kronkers:register', {
      label: 'Register Model…',
      caption: 'Register a model of this notebook as a version',
      icon: kronkersIcon,
      execute: async ({ path }) => {
        const panel = path
          ? tracker.find(({ context }) => context.path === path)
          : tracker.currentWidget;
        await (panel ? (await opened()).open(panel) : noNotebook());
      },
      describedBy: { args: null }
    });
    palette?.addItem({ command: 'kronkers:register', category: 'Kronkers' });
  }
};

function noNotebook(): Promise<void> {
  const words = 'Open the notebook that fits the model, run it, then press Register model.';
  return showErrorMessage('No notebook is open', words);
}
