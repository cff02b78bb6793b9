/** The start page: three steps from a notebook to an endpoint, each with what to press and how far one has come. */

import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Deployment, Language, Model } from '../api/types';
import type { Following } from '../state/following';
import type { Starter } from '../state/starters';
import type { Watched } from '../state/watched';
import { later } from './later';
import type { Run } from './models';

const StartView = later(async () => (await import('./startView')).StartView);

/** What the page knows. */
export interface Standing {
  models: readonly Model[];
  deployments: readonly Deployment[];
}

/** What does not change while the page is open. */
export interface Offer {
  starters: readonly Starter[];
  languages: readonly Language[];
}

export interface StartParts {
  standing: Watched<Standing>;
  following: Following;
  offer: Watched<Offer>;
  /** Opens the notebook, making it first if it is new. Rejects with words. */
  begin: (starter: Starter) => Promise<void>;
  run: Run;
}

export class StartPage extends ReactWidget {
  constructor(private readonly parts: StartParts) {
    super();
    this.addClass('kr-Page');
    this.addClass('kr-Start');
    parts.standing.changed.connect(this.update, this);
    parts.offer.changed.connect(this.update, this);
  }

  override dispose(): void {
    this.parts.following.stop();
    super.dispose();
  }

  protected override onAfterShow(): void {
    this.parts.following.start();
    void this.parts.offer.refresh();
  }

  protected override onAfterHide(): void {
    this.parts.following.stop();
  }

  protected override render(): React.JSX.Element {
    const { standing, offer, begin, run } = this.parts;
    return <StartView standing={standing.seen} offer={offer.seen} begin={begin} run={run} />;
  }
}
