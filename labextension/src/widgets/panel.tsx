/** The side panel: a toolbar, then what `Overview` has seen. */

import { ReactWidget, refreshIcon, SidePanel, ToolbarButton } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { Panel as Scroll } from '@lumino/widgets';
import * as React from 'react';
import type { Overview, Seen } from '../state/overview';
import { DeploymentList } from './deployments';
import { kronkersIcon } from './icons';
import { ModelList } from './models';
import { ProblemNotice } from './notice';

export class Panel extends SidePanel {
  /** Emitted each time the panel comes into view. */
  readonly shown = new Signal<this, void>(this);

  constructor(overview: Overview) {
    super({ content: new Scroll() });
    this.id = 'jupyter-kronkers-panel';
    this.addClass('kr-Panel');
    this.title.icon = kronkersIcon;
    this.title.caption = 'Kronkers: models and deployments';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Kronkers: models and deployments');
    this.toolbar.node.setAttribute('aria-label', 'Kronkers panel toolbar');
    this.toolbar.addItem('refresh', refreshButton(overview));
    this.content.addClass('kr-Scroll');
    this.addWidget(new OverviewBody(overview));
  }

  protected override onAfterShow(): void {
    this.shown.emit();
  }
}

function refreshButton(overview: Overview): ToolbarButton {
  return new ToolbarButton({
    icon: refreshIcon,
    label: 'Refresh',
    tooltip: 'Look again for models and deployments',
    onClick: () => void overview.refresh()
  });
}

class OverviewBody extends ReactWidget {
  constructor(private readonly overview: Overview) {
    super();
    this.addClass('kr-Body');
    overview.changed.connect(this.update, this);
  }

  protected override render(): React.JSX.Element {
    return <OverviewView seen={this.overview.seen} />;
  }
}

export function OverviewView({ seen }: { seen: Seen }): React.JSX.Element {
  return (
    <div aria-busy={seen.refreshing}>
      <p className="kr-Live" role="status">
        {seen.phase === 'loading' ? 'Looking for models and deployments…' : ''}
      </p>
      {seen.problem && <ProblemNotice problem={seen.problem} />}
      {seen.phase !== 'loading' && <Lists seen={seen} />}
    </div>
  );
}

function Lists({ seen }: { seen: Seen }): React.JSX.Element | null {
  // Nothing was ever seen: "No models yet" would be a guess.
  if (seen.phase === 'failed' && seen.models.length + seen.deployments.length === 0) {
    return null;
  }
  return (
    <>
      <ModelList models={seen.models} />
      <DeploymentList deployments={seen.deployments} />
    </>
  );
}
