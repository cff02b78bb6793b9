/** A deployment's page in the main area, and the decisions about one that any part may ask for. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Decided } from './deploymentDesk';
import { IKronkers } from './kronkers';
import { addPages } from './pages';
import { DeploymentView, TABS, type Tab } from './state/deployment';
import { DeploymentPage, type Run } from './widgets/deployment/page';

export const deploymentPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:deployment',
  description: 'Shows a deployment in the main area: traffic, replicas, logs, a form to try it.',
  autoStart: true,
  requires: [IKronkers],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, kronkers: IKronkers, restorer: ILayoutRestorer | null): void => {
    const run: Run = (command, args) => void app.commands.execute(command, args);
    addPages<DeploymentPage>(app, restorer, {
      command: 'kronkers:open-deployment',
      label: 'Open Deployment',
      nameOf: args => nameOf(args) || String(args.name ?? ''),
      title: name => name,
      make: name =>
        new DeploymentPage(new DeploymentView(kronkers.request, kronkers.changes, name), run),
      turn: (page, { tab }) => turn(page, tab),
      kept: page => ({ tab: page.view.tab }),
      keptChanged: page => page.view.tabChanged
    });
    addDecisions(app, kronkers);
    addCopyCall(app, kronkers, run);
  }
};

function nameOf(args: ReadonlyPartialJSONObject): string {
  return String(args.deployment ?? '');
}

function turn(page: DeploymentPage, tab: unknown): void {
  if (TABS.includes(tab as Tab)) {
    page.view.turn(tab as Tab);
  }
}

const DECISIONS: readonly [command: string, label: string, which: Decided][] = [
  ['kronkers:roll-back', 'Roll Back Deployment…', 'roll back'],
  ['kronkers:promote-canary', 'Promote Canary…', 'promote'],
  ['kronkers:stop-deployment', 'Stop Deployment…', 'stop']
];

function addDecisions(app: JupyterFrontEnd, { request }: IKronkers): void {
  for (const [command, label, which] of DECISIONS) {
    app.commands.addCommand(command, {
      label,
      describedBy: { args: null },
      execute: async args => {
        const { decideAbout } = await import('./deploymentDesk');
        await decideAbout(request, nameOf(args), which);
      }
    });
  }
}

/** With a language it copies, without one it shows them all. */
function addCopyCall(app: JupyterFrontEnd, { request }: IKronkers, run: Run): void {
  app.commands.addCommand('kronkers:copy-call', {
    label: 'Copy Call of Deployment',
    describedBy: { args: null },
    execute: async args => {
      const deployment = nameOf(args);
      if (args.language) {
        const { copyCall } = await import('./deploymentDesk');
        await copyCall(request, deployment, String(args.language));
      } else {
        run('kronkers:open-deployment', { deployment, tab: 'call' });
      }
    }
  });
}
