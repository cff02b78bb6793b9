/** What a model's page shows: its head, then one of five views of it. */

import * as React from 'react';

import { type ModelView, TABS, type Tab } from '../../state/model';
import { ProblemNotice } from '../notice';
import { Tabs } from '../tabs';
import { Differences } from './differences';
import { Head } from './head';
import { History } from './history';
import { LineageView } from './lineage';
import { NotebookView } from './notebook';
import type { Doors, ViewProps } from './page';
import { Versions } from './versions';

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
