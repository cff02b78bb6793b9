/** What the plugins share. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Token } from '@lumino/coreutils';

import { connect, type Request } from './api/request';
import { Changes } from './state/changes';

export interface IKronkers {
  /** The one way to the server. */
  readonly request: Request;
  /** What changes there. */
  readonly changes: Changes;
}

export const IKronkers = new Token<IKronkers>(
  'jupyter-kronkers:IKronkers',
  'The way to the Kronkers server, and what changes there.'
);

export const kronkersPlugin: JupyterFrontEndPlugin<IKronkers> = {
  id: 'jupyter-kronkers:kronkers',
  description: 'The way to the Kronkers server, for the other plugins.',
  autoStart: true,
  provides: IKronkers,
  activate: (app: JupyterFrontEnd): IKronkers => ({
    request: connect(app.serviceManager.serverSettings),
    changes: new Changes(app.serviceManager.serverSettings)
  })
};
