/** A model's page in the main area. What it shows is most of the code, and comes when the first page is opened. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import type { Request } from '../../api/request';
import type { AliasMove } from '../../api/types';
import { type ModelFacts, type ModelView, TABS, type Tab } from '../../state/model';
import { later } from '../later';

/** What the page can do beside looking. */
export interface Doors {
  request: Request;
  run: (command: string, args: ReadonlyPartialJSONObject) => void;
  /** Asks, then moves the alias back to where it was before this move. */
  putBack: (move: AliasMove) => void;
}

export interface ViewProps {
  view: ModelView;
  facts: ModelFacts;
  doors: Doors;
}

const View = later(async () => (await import('./view')).ModelPageView);

interface Followed {
  start: () => void;
  stop: () => void;
}

export class ModelPage extends ReactWidget {
  constructor(
    readonly view: ModelView,
    private readonly doors: Doors,
    private readonly following: Followed
  ) {
    super();
    this.addClass('kr-Page');
    this.addClass('kr-Model');
    view.changed.connect(() => this.update());
  }

  /** Goes to what a command names: a version, or two to compare. */
  turn({ version, before, after, tab }: ReadonlyPartialJSONObject): void {
    if (typeof before === 'number' && typeof after === 'number') {
      this.view.go({ tab: 'differences', before, after });
    }
    if (typeof version === 'number') {
      this.view.go({ tab: 'versions', chosen: version });
    }
    if (typeof tab === 'string' && tab in TABS) {
      this.view.go({ tab: tab as Tab });
    }
  }

  override dispose(): void {
    this.following.stop();
    this.view.dispose();
    super.dispose();
  }

  protected override render(): React.JSX.Element {
    return <View view={this.view} doors={this.doors} />;
  }

  protected override onAfterAttach(message: Parameters<ReactWidget['onAfterAttach']>[0]): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.following.start();
    }
  }

  protected override onAfterShow(): void {
    this.following.start();
  }

  protected override onBeforeHide(): void {
    this.following.stop();
  }
}
