/** The side panel: what to do, a search, then models and deployments, each in a part of its own that folds. */

import { ReactWidget, refreshIcon, SidePanel, ToolbarButton } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import type { Deployment, Model } from '../api/types';
import type { Choice } from '../state/choice';
import type { Kept } from '../state/kept';
import type { Seen, Watched } from '../state/watched';
import { DeploymentList } from './deployments';
import { kronkersIcon } from './icons';
import { ModelList, type Run } from './models';

/** What the panel shows, and how it reaches the rest of JupyterLab. */
export interface PanelParts {
  models: Watched<readonly Model[]>;
  deployments: Watched<readonly Deployment[]>;
  choice: Kept<Choice>;
  run: Run;
}

const NAME = 'Kronkers: models and deployments';

export class Panel extends SidePanel {
  /** Emitted each time the panel comes into view or leaves it. */
  readonly turned = new Signal<this, boolean>(this);

  constructor(parts: PanelParts) {
    super();
    this.id = 'jupyter-kronkers-panel';
    this.addClass('kr-Panel');
    this.title.icon = kronkersIcon;
    this.title.caption = NAME;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', NAME);
    this.toolbar.node.setAttribute('aria-label', 'Kronkers');
    this.addActions(parts);
    this.header.addWidget(new Search(parts));
    this.addWidget(new ModelPart(parts));
    this.addWidget(new DeploymentPart(parts));
  }

  private addActions({ models, deployments, run }: PanelParts): void {
    const register = new ToolbarButton({
      label: 'Register model',
      tooltip: 'Register a model of the open notebook',
      onClick: () => run('kronkers:register')
    });
    const start = new ToolbarButton({
      label: 'Start',
      tooltip: 'From a notebook to an endpoint in three steps',
      onClick: () => run('kronkers:start')
    });
    const refresh = new ToolbarButton({
      icon: refreshIcon,
      tooltip: 'Refresh: look again for models and deployments',
      onClick: () => {
        void models.refresh();
        void deployments.refresh();
      }
    });
    this.toolbar.addItem('register', register);
    this.toolbar.addItem('start', start);
    this.toolbar.addItem('refresh', refresh);
  }

  protected override onAfterShow(): void {
    this.turned.emit(true);
  }

  protected override onAfterHide(): void {
    this.turned.emit(false);
  }
}

class Search extends ReactWidget {
  constructor(private readonly parts: PanelParts) {
    super();
    this.addClass('kr-Search');
    parts.choice.changed.connect(this.update, this);
  }

  protected override render(): React.JSX.Element {
    const { choice } = this.parts;
    return (
      <label className="kr-Field">
        <span className="kr-Heard">Search models and deployments</span>
        <input
          type="search"
          placeholder="Search models and deployments"
          value={choice.value.search}
          onChange={event => choice.change({ search: event.target.value })}
        />
      </label>
    );
  }
}

/** One folding part; its title tells how many there are. */
abstract class FoldingPart extends ReactWidget {
  constructor(
    private readonly name: string,
    watched: Watched<readonly unknown[]>,
    parts: PanelParts
  ) {
    super();
    this.addClass('kr-Folding');
    this.title.label = name;
    watched.changed.connect((_, seen) => this.count(seen), this);
    parts.choice.changed.connect(this.update, this);
  }

  /** Not before all are there: the first part of many is no number to tell. */
  private count({ value, refreshing }: Seen<readonly unknown[]>): void {
    if (value && !refreshing) {
      this.title.label = `${this.name} ${value.length.toLocaleString('en')}`;
    }
    this.update();
  }
}

class ModelPart extends FoldingPart {
  constructor(private readonly parts: PanelParts) {
    super('Models', parts.models, parts);
  }

  protected override render(): React.JSX.Element {
    const { models, choice, run } = this.parts;
    return (
      <ModelList
        seen={models.seen}
        choice={choice.value}
        onChoose={change => choice.change(change)}
        onRetry={() => void models.refresh()}
        run={run}
      />
    );
  }
}

class DeploymentPart extends FoldingPart {
  constructor(private readonly parts: PanelParts) {
    super('Deployments', parts.deployments, parts);
  }

  protected override render(): React.JSX.Element {
    const { deployments, choice, run } = this.parts;
    return (
      <DeploymentList
        seen={deployments.seen}
        search={choice.value.search}
        onShowAll={() => choice.change({ search: '' })}
        onRetry={() => void deployments.refresh()}
        run={run}
      />
    );
  }
}
