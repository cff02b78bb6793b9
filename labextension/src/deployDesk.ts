/** The dialog *Deploy*. Loaded when it is asked for first. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import * as React from 'react';

import type { IKronkers } from './kronkers';
import { Deploying } from './state/deploying';
import { DeployView } from './widgets/deploying';
import { Sheet, SheetBody } from './widgets/sheet';

export async function deploy(
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
