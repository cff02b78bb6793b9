/** A deployment's page in the main area. What it shows is most of the code, and comes when the first page is opened. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import type { Deployment } from '../../api/types';
import type { DeploymentView } from '../../state/deployment';
import { later } from '../later';

/** Runs a command of JupyterLab. */
export type Run = (command: string, args: ReadonlyPartialJSONObject) => void;

/** What every part of the page is given. */
export interface PartProps {
  view: DeploymentView;
  deployment: Deployment;
  run: Run;
}

const Body = later(async () => (await import('./view')).DeploymentBody);

export class DeploymentPage extends ReactWidget {
  constructor(
    readonly view: DeploymentView,
    private readonly run: Run
  ) {
    super();
    this.addClass('kr-Page');
    this.addClass('kr-Deployment');
  }

  override dispose(): void {
    this.view.dispose();
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return <Body view={this.view} run={this.run} />;
  }

  protected override onAfterShow(): void {
    this.view.see(true);
  }

  protected override onAfterAttach(message: Parameters<ReactWidget['onAfterAttach']>[0]): void {
    super.onAfterAttach(message);
    // Not earlier: the widget around it gives it a name that says nothing.
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', `Deployment ${this.view.name}`);
    this.view.see(this.isVisible);
  }

  protected override onAfterHide(): void {
    this.view.see(false);
  }
}
