/** *Deploy*: from a version to a deployment that answers with it. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IKronkers } from './kronkers';

export const deployPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-kronkers:deploy',
  description: 'Deploys a version of a model.',
  autoStart: true,
  requires: [IKronkers],
  activate: (app: JupyterFrontEnd, kronkers: IKronkers) => {
    app.commands.addCommand('kronkers:deploy', {
      label: 'Deploy Model…',
      execute: async ({ model, version, alias }) => {
        if (typeof model === 'string') {
          const { deploy } = await import('./dialogs');
          await deploy(app, kronkers, model, {
            version: typeof version === 'number' ? version : undefined,
            alias: typeof alias === 'string' ? alias : undefined
          });
        }
      },
      describedBy: { args: null }
    });
  }
};
