/** What jupyter_kronkers adds to JupyterLab. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { kronkersPlugin } from './kronkers';
import { panelPlugin } from './panelPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [kronkersPlugin, panelPlugin];

export default plugins;
