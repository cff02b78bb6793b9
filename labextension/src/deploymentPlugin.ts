/** A deployment's page in the main area, and the decisions about one that any part may ask for. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { changeDeployment, listCalls, promote, rollBack } from './api/deployments';
import type { Request } from './api/request';
import type { Deployment } from './api/types';
import { IKronkers } from './kronkers';
import { addPages } from './pages';
import { type Around, type Plan, promotePlan, rollBackPlan, stopPlan } from './state/decisions';
import { DeploymentView, lookAround, TABS, type Tab } from './state/deployment';
import { asProblem } from './state/watched';
import { decide } from './widgets/deployment/deciding';
import { DeploymentPage } from './widgets/deployment/page';

export const deploymentPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:deployment',
  description: 'Shows a deployment in the main area: traffic, replicas, logs, a form to try it.',
  autoStart: true,
  requires: [IKronkers],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, kronkers: IKronkers, restorer: ILayoutRestorer | null): void => {
    const run = (command: string, args: ReadonlyPartialJSONObject) =>
      void app.commands.execute(command, args);
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
    for (const decision of DECISIONS) {
      addDecision(app, kronkers.request, decision);
    }
    addCopyCall(app, kronkers.request, run);
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

// Decisions

interface Decision {
  command: string;
  label: string;
  plan: (around: Around) => Plan;
  send: (request: Request, name: string, why: string, revision: number) => Promise<Deployment>;
  done: (deployment: Deployment) => string;
}

const DECISIONS: readonly Decision[] = [
  {
    command: 'kronkers:roll-back',
    label: 'Roll Back Deployment…',
    plan: rollBackPlan,
    send: rollBack,
    done: ({ name, follows }) => `${name} goes back to version ${follows}.`
  },
  {
    command: 'kronkers:promote-canary',
    label: 'Promote Canary…',
    plan: promotePlan,
    send: promote,
    done: ({ name, follows }) => `${name} goes on with version ${follows}.`
  },
  {
    command: 'kronkers:stop-deployment',
    label: 'Stop Deployment…',
    plan: stopPlan,
    send: (request, name, _why, revision) =>
      changeDeployment(request, name, { wanted: 'stopped' }, revision),
    done: ({ name }) => `${name} is stopped.`
  }
];

function addDecision(app: JupyterFrontEnd, request: Request, decision: Decision): void {
  app.commands.addCommand(decision.command, {
    label: decision.label,
    describedBy: { args: null },
    execute: async args => {
      const name = nameOf(args);
      try {
        const done = await decide({
          look: async () => decision.plan(await lookAround(request, name)),
          send: (why, revision) => decision.send(request, name, why, revision)
        });
        if (done) {
          Notification.success(decision.done(done), { autoClose: SHORTLY_MS });
        }
      } catch (reason) {
        tell(reason);
      }
    }
  });
}

// Calls

const SHORTLY_MS = 4_000;

/** With a language it copies, without one it shows them all. */
function addCopyCall(
  app: JupyterFrontEnd,
  request: Request,
  run: (command: string, args: ReadonlyPartialJSONObject) => void
): void {
  app.commands.addCommand('kronkers:copy-call', {
    label: 'Copy Call of Deployment',
    describedBy: { args: null },
    execute: async args => {
      const deployment = nameOf(args);
      if (!args.language) {
        run('kronkers:open-deployment', { deployment, tab: 'call' });
        return;
      }
      try {
        const [call] = (await listCalls(request, deployment, String(args.language))).items;
        Clipboard.copyToSystem(call?.code ?? '');
        Notification.success('The call is copied.', { autoClose: SHORTLY_MS });
      } catch (reason) {
        tell(reason);
      }
    }
  });
}

function tell(reason: unknown): void {
  const { message, remedy } = asProblem(reason);
  Notification.error([message, remedy].filter(Boolean).join(' '));
}
