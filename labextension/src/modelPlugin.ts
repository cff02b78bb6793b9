/** A model's page in the main area, and the commands that go with it. Their code is loaded when it is first used. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification, showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Request } from './api/request';
import { showNotebook, showVersion } from './api/versions';
import { IKronkers } from './kronkers';
import { addPages } from './pages';
import { Following } from './state/following';
import { ModelView } from './state/model';
import { asProblem } from './state/watched';
import { type Doors, ModelPage } from './widgets/model/page';

type Args = ReadonlyPartialJSONObject;

export const modelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:model',
  description: 'Shows a model: versions, differences, lineage, history and notebook.',
  autoStart: true,
  requires: [IKronkers],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, kronkers: IKronkers, restorer: ILayoutRestorer | null) => {
    addPages<ModelPage>(app, restorer, {
      command: 'kronkers:open-model',
      label: 'Open Model',
      nameOf: args => word(args.model) || word(args.name),
      title: name => name,
      make: name => pageOf(app, kronkers, name),
      turn: (page, args) => page.turn(args),
      kept: page => ({ tab: page.view.place.tab }),
      keptChanged: page => page.view.moved
    });
    addCommands(app, kronkers.request);
  }
};

function pageOf(app: JupyterFrontEnd, { request, changes }: IKronkers, name: string): ModelPage {
  const view = new ModelView(request, name);
  const following = new Following(view.facts, changes, change => view.isAbout(change));
  const doors: Doors = {
    request,
    run: (command: string, args: Args) => void app.commands.execute(command, args),
    putBack: move =>
      void told('The alias was not moved', async () => {
        const { putBack } = await import('./widgets/model/aliasDialog');
        await putBack(request, move);
        await view.facts.refresh();
      })
  };
  return new ModelPage(view, doors, following);
}

function addCommands(app: JupyterFrontEnd, request: Request): void {
  const { commands } = app;
  commands.addCommand('kronkers:compare', {
    label: 'Compare Versions',
    execute: args => commands.execute('kronkers:open-model', args),
    describedBy: { args: null }
  });
  commands.addCommand('kronkers:set-alias', {
    label: 'Set Alias',
    execute: args => {
      const wish = {
        alias: word(args.alias) || 'champion',
        version: Number(args.version),
        why: ''
      };
      return told('The alias was not set', async () => {
        const { setAlias } = await import('./widgets/model/aliasDialog');
        await setAlias(request, word(args.model), wish);
      });
    },
    describedBy: { args: null }
  });
  commands.addCommand('kronkers:restore-notebook', {
    label: 'Restore Notebook',
    execute: args =>
      told('The notebook was not restored', () =>
        restored(app, request, word(args.model), Number(args.version))
      ),
    describedBy: { args: null }
  });
}

async function restored(
  app: JupyterFrontEnd,
  request: Request,
  model: string,
  version: number
): Promise<void> {
  const { folderBelow, restore } = await import('./state/restoring');
  const [kept, { notebook }] = await Promise.all([
    showNotebook(request, model, version),
    showVersion(request, model, version)
  ]);
  const folder = folderBelow(PageConfig.getOption('serverRoot'), notebook ?? '');
  const wanted = { folder, name: kept.name, version };
  const path = await restore(app.serviceManager.contents, kept.content, wanted);
  await app.commands.execute('docmanager:open', { path });
  Notification.success(`${path} is the notebook as it was for version ${version}.`, {
    autoClose: 4000
  });
}

/** What fails is told in words, once, at the door. */
async function told(title: string, doing: () => Promise<void>): Promise<void> {
  try {
    await doing();
  } catch (reason) {
    const { message, remedy } = asProblem(reason);
    await showErrorMessage(title, remedy ? `${message} ${remedy}` : message);
  }
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
