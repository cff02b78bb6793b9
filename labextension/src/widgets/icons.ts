import { LabIcon } from '@jupyterlab/ui-components';

/** A model going through a door: three dots that become one. The colour follows JupyterLab's theme. */
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
<g class="jp-icon3" fill="#616161"><circle cx="4.5" cy="5" r="2.5"/><circle cx="4.5" cy="12" r="2.5"/><circle cx="4.5" cy="19" r="2.5"/><circle cx="19" cy="12" r="3.5"/>
<path d="M6.5 5.6 15 10.4l-.6 1L5.9 6.6zM7 11.4h8v1.2H7zM5.9 17.4l8.500-4.800.6 1-8.500 4.800z"/></g></svg>`;

export const kronkersIcon = new LabIcon({ name: 'jupyter-kronkers:kronkers', svgstr: svg });
