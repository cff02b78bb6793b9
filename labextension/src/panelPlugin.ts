/** The side panel, the commands that open and refresh it, and when it looks again. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';

import { listDeployments } from './api/deployments';
import { listModels } from './api/models';
import { IKronkers } from './kronkers';
import { EVERYTHING, startsWithFirst } from './state/choice';
import { Following } from './state/following';
import { Kept } from './state/kept';
import { Watched } from './state/watched';
import { kronkersIcon } from './widgets/icons';
import { Panel, type PanelParts } from './widgets/panel';

const CATEGORY = 'Kronkers';

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:panel',
  description: 'Lists models and deployments in the left side bar.',
  autoStart: true,
  requires: [IKronkers],
  optional: [ICommandPalette, ILayoutRestorer, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    kronkers: IKronkers,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    stateDb: IStateDB | null
  ) => {
    const choice = new Kept(EVERYTHING, 'jupyter-kronkers:choice', stateDb);
    const parts: PanelParts = {
      models: new Watched(part =>
        listModels(kronkers.request, startsWithFirst(choice.value) ? part : undefined)
      ),
      deployments: new Watched(() => listDeployments(kronkers.request)),
      choice,
      run: (command, args = {}) => void app.commands.execute(command, args)
    };
    const panel = new Panel(parts);
    app.shell.add(panel, 'left', { rank: 650 });
    restorer?.add(panel, panel.id);
    addCommands(app, panel, parts);
    palette?.addItem({ command: 'kronkers:open', category: CATEGORY });
    palette?.addItem({ command: 'kronkers:refresh', category: CATEGORY });
    follow(panel, parts, kronkers);
  }
};

function addCommands(app: JupyterFrontEnd, panel: Panel, parts: PanelParts): void {
  app.commands.addCommand('kronkers:open', {
    label: 'Show Models and Deployments',
    caption: 'What is registered, what is deployed, and how it is',
    icon: kronkersIcon,
    execute: () => app.shell.activateById(panel.id),
    describedBy: { args: null }
  });
  app.commands.addCommand('kronkers:refresh', {
    label: 'Refresh Models and Deployments',
    execute: async () => {
      await Promise.all([parts.models.refresh(), parts.deployments.refresh()]);
    },
    describedBy: { args: null }
  });
}

/** Only while somebody can see the panel. What is kept of it is read when it is seen first. */
function follow(
  panel: Panel,
  { models, deployments, choice }: PanelParts,
  { changes }: IKronkers
): void {
  const followings = [
    new Following(models, changes, ({ kind }) => kind !== 'capture_progressed'),
    new Following(deployments, changes, ({ kind }) => kind === 'deployment_changed')
  ];
  const turn = () => {
    for (const following of followings) {
      if (panel.isVisible) {
        following.start();
      } else {
        following.stop();
      }
    }
  };
  let restored: Promise<void> | null = null;
  panel.turned.connect(() => {
    restored ??= choice.restore().catch(() => {});
    void restored.then(turn);
  });
}
