/** What jupyter_kronkers adds to JupyterLab. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { panelPlugin } from './panelPlugin';

const plugins: JupyterFrontEndPlugin<void>[] = [panelPlugin];

export default plugins;
