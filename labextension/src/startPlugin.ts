/** The start page, and the cards in the launcher. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';

import { listDeployments } from './api/deployments';
import { listLanguages } from './api/languages';
import { listModels } from './api/models';
import { IKronkers } from './kronkers';
import { addPages } from './pages';
import { Following } from './state/following';
import type { Starter } from './state/starters';
import { Watched } from './state/watched';
import { type Offer, type Standing, StartPage, type StartParts } from './widgets/start';

const CATEGORY = 'Kronkers';

export const startPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:start',
  description: 'The start page, and cards in the launcher.',
  autoStart: true,
  requires: [IKronkers],
  optional: [ICommandPalette, ILauncher, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    kronkers: IKronkers,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    restorer: ILayoutRestorer | null
  ) => {
    addPages(app, restorer, {
      command: 'kronkers:start',
      label: 'Start with Kronkers',
      caption: 'From a notebook to an endpoint in three steps',
      nameOf: () => 'page',
      title: () => 'Start with Kronkers',
      make: () => new StartPage(partsOf(app, kronkers))
    });
    palette?.addItem({ command: 'kronkers:start', category: CATEGORY });
    launcher?.add({ command: 'kronkers:start', category: CATEGORY, rank: 0 });
    launcher?.add({ command: 'kronkers:open', category: CATEGORY, rank: 1 });
  }
};

function partsOf(app: JupyterFrontEnd, { request, changes }: IKronkers): StartParts {
  const { contents, kernelspecs } = app.serviceManager;
  const standing = new Watched<Standing>(async () => {
    const [models, deployments] = await Promise.all([
      listModels(request),
      listDeployments(request)
    ]);
    return { models, deployments };
  });
  const offer = new Watched<Offer>(async part => {
    const { findDemo, startersOf } = await import('./state/starters');
    const [demo] = await Promise.all([findDemo(contents), kernelspecs.ready]);
    const starters = startersOf(kernelspecs.specs, demo);
    part({ starters, languages: [] });
    return { starters, languages: await listLanguages(request) };
  });
  return {
    standing,
    offer,
    following: new Following(standing, changes, ({ kind }) => kind !== 'capture_progressed'),
    begin: async (starter: Starter) => {
      const { createStarter } = await import('./state/starters');
      const path = starter.path ?? (await createStarter(contents, '', starter));
      await app.commands.execute('docmanager:open', { path });
    },
    run: (command, args = {}) => void app.commands.execute(command, args)
  };
}
