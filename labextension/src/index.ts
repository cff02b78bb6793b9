/** What jupyter_kronkers adds to JupyterLab: one plugin per noun. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { kronkersPlugin } from './kronkers';
import { measured } from './measured';
import { panelPlugin } from './panelPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [kronkersPlugin, panelPlugin];

export default plugins.map(measured);
