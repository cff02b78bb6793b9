/** *Deploy*: from a version to a deployment that answers with it. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import * as React from 'react';

import { IKronkers } from './kronkers';
import { Deploying } from './state/deploying';
import { DeployView } from './widgets/deploying';
import { Sheet, SheetBody } from './widgets/sheet';

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

async function deploy(
  app: JupyterFrontEnd,
  { request, changes }: IKronkers,
  model: string,
  asked: { version: number | undefined; alias: string | undefined }
): Promise<void> {
  const deploying = new Deploying(request, changes.happened, model, asked);
  const actions = {
    close: () => sheet.reject(),
    run: (command: string, args: Record<string, string>) => {
      sheet.reject();
      void app.commands.execute(command, args);
    }
  };
  const body = new SheetBody(() => React.createElement(DeployView, { deploying, actions }));
  const which = asked.version === undefined ? '' : ` version ${asked.version}`;
  const sheet = new Sheet(`Deploy ${model}${which}`, body);
  void deploying.look();
  try {
    await sheet.launch();
  } finally {
    deploying.dispose();
  }
}
