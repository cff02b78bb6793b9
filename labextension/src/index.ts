/** What jupyter_kronkers adds to JupyterLab: one plugin per noun. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { deploymentPlugin } from './deploymentPlugin';
import { deployPlugin } from './deployPlugin';
import { kronkersPlugin } from './kronkers';
import { measured } from './measured';
import { modelPlugin } from './modelPlugin';
import { panelPlugin } from './panelPlugin';
import { registerPlugin } from './registerPlugin';
import { startPlugin } from './startPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  kronkersPlugin,
  panelPlugin,
  startPlugin,
  modelPlugin,
  deploymentPlugin,
  registerPlugin,
  deployPlugin
];

export default plugins.map(measured);
