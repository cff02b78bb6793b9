/** The side panel, the commands that open and refresh it, and when it looks again by itself. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { Poll } from '@lumino/polling';

import { IKronkers } from './kronkers';
import { Overview } from './state/overview';
import { Panel } from './widgets/panel';

const CATEGORY = 'Kronkers';
const SECONDS = 1000;

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:panel',
  description: 'Lists models and deployments in the left side bar.',
  autoStart: true,
  requires: [IKronkers],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    kronkers: IKronkers,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const overview = new Overview(kronkers.request);
    const panel = new Panel(overview);
    app.shell.add(panel, 'left', { rank: 650 });
    restorer?.add(panel, panel.id);
    addCommands(app, panel, overview);
    palette?.addItem({ command: 'kronkers:open', category: CATEGORY });
    palette?.addItem({ command: 'kronkers:refresh', category: CATEGORY });
    lookAgain(panel, overview);
  }
};

function addCommands(app: JupyterFrontEnd, panel: Panel, overview: Overview): void {
  app.commands.addCommand('kronkers:open', {
    label: 'Show Models and Deployments',
    execute: () => app.shell.activateById(panel.id)
  });
  app.commands.addCommand('kronkers:refresh', {
    label: 'Refresh Models and Deployments',
    execute: () => overview.refresh()
  });
}

/** Slowly, and only while somebody can see the panel: a script may register or deploy at any time. */
function lookAgain(panel: Panel, overview: Overview): void {
  const poll = new Poll({
    name: 'jupyter-kronkers:overview',
    auto: false,
    factory: () => overview.refresh(),
    frequency: { interval: 10 * SECONDS, backoff: true, max: 60 * SECONDS },
    standby: () => !panel.isVisible || document.hidden
  });
  panel.shown.connect(() => void poll.refresh());
  void poll.start();
}
