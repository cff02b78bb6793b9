/** What jupyter_kronkers adds to JupyterLab: one plugin per noun. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { deploymentPlugin } from './deploymentPlugin';
import { kronkersPlugin } from './kronkers';
import { measured } from './measured';
import { modelPlugin } from './modelPlugin';
import { panelPlugin } from './panelPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  kronkersPlugin,
  panelPlugin,
  modelPlugin,
  deploymentPlugin
];

export default plugins.map(measured);
