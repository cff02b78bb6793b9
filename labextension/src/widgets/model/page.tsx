/** A model's page: its head, then one of five views of it. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';

import type { Request } from '../../api/request';
import type { AliasMove } from '../../api/types';
import { type ModelFacts, type ModelView, TABS, type Tab } from '../../state/model';
import { ProblemNotice } from '../notice';
import { Tabs } from '../tabs';
import { Differences } from './differences';
import { Head } from './head';
import { History } from './history';
import { LineageView } from './lineage';
import { NotebookView } from './notebook';
import { Versions } from './versions';

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
    return <ModelPageView view={this.view} doors={this.doors} />;
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

export function ModelPageView({ view, doors }: Omit<ViewProps, 'facts'>): React.JSX.Element {
  const { phase, refreshing, value, problem } = view.facts.seen;
  return (
    <section className="kr-ModelBody" aria-busy={refreshing} aria-label={`Model ${view.name}`}>
      <p className="kr-Heard" role="status">
        {phase === 'loading' ? `Looking for ${view.name}…` : ''}
      </p>
      {phase === 'loading' && !value && <Waiting name={view.name} />}
      {problem && <Trouble view={view} seen={value !== null} />}
      {value && <Standing view={view} facts={value} doors={doors} />}
    </section>
  );
}

function Waiting({ name }: { name: string }): React.JSX.Element {
  return (
    <p className="kr-Quiet" aria-hidden="true">
      Looking for <bdi>{name}</bdi>…
    </p>
  );
}

function Trouble({ view, seen }: { view: ModelView; seen: boolean }): React.JSX.Element {
  const { problem } = view.facts.seen;
  return (
    <div className="kr-ModelTrouble">
      {problem && <ProblemNotice problem={problem} onRetry={() => void view.facts.refresh()} />}
      {seen && <p className="kr-Quiet">Below is what was seen last.</p>}
    </div>
  );
}

const TAB_LIST = Object.entries(TABS).map(([id, title]) => ({ id, title }));

const VIEWS: Record<Tab, (props: ViewProps) => React.JSX.Element | null> = {
  versions: Versions,
  differences: Differences,
  lineage: LineageView,
  history: History,
  notebook: NotebookView
};

function Standing(props: ViewProps): React.JSX.Element {
  const { view, facts } = props;
  const View = VIEWS[view.place.tab];
  return (
    <>
      <Head {...props} />
      {facts.versions.length === 0 ? (
        <NoVersions name={view.name} doors={props.doors} />
      ) : (
        <Tabs
          label={`Views of ${view.name}`}
          tabs={TAB_LIST}
          chosen={view.place.tab}
          onChoose={tab => view.go({ tab: tab as Tab })}
        >
          <View {...props} />
        </Tabs>
      )}
    </>
  );
}

function NoVersions({ name, doors }: { name: string; doors: Doors }): React.JSX.Element {
  return (
    <div className="kr-Empty kr-NoVersions">
      <p>
        This model has no version yet. Open the notebook that fits it and press{' '}
        <i>Register model</i> in its toolbar, or run this in it:
      </p>
      <code>kronkers.register(model, "{name}", data=X)</code>
      <p className="kr-Actions">
        <button
          type="button"
          className="kr-Button"
          onClick={() => doors.run('kronkers:register', {})}
        >
          Register model
        </button>
      </p>
    </div>
  );
}
