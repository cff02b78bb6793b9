/** What the page of a deployment shows: its head, and a tab for each thing that is watched or done there. */

import * as React from 'react';

import { type DeploymentView, GONE, TABS, type Tab } from '../../state/deployment';
import { ProblemNotice } from '../notice';
import { useSeen } from '../seen';
import { Tabs } from '../tabs';
import { Calls } from './calls';
import { Head } from './head';
import { History } from './history';
import { HostLog } from './log';
import { Overview } from './overview';
import type { PartProps, Run } from './page';
import { TryIt } from './trying';

const TITLES: Record<Tab, string> = {
  overview: 'Overview',
  try: 'Try it',
  call: 'Copy call',
  log: 'Log',
  history: 'History'
};

export function DeploymentBody({
  view,
  run
}: {
  view: DeploymentView;
  run: Run;
}): React.JSX.Element {
  const { phase, value, problem } = useSeen(view.deployment);
  if (value === GONE) {
    return <Gone view={view} run={run} />;
  }
  return (
    <>
      {problem && (
        <ProblemNotice problem={problem} onRetry={() => void view.deployment.refresh()} />
      )}
      {phase === 'loading' && (
        <p className="kr-Quiet" role="status">
          Looking at {view.name}…
        </p>
      )}
      {value && <Parts view={view} deployment={value} run={run} />}
    </>
  );
}

function Parts(props: PartProps): React.JSX.Element {
  const { view } = props;
  const tab = useTab(view);
  return (
    <>
      <Head {...props} />
      <Tabs
        label={view.name}
        tabs={TABS.map(id => ({ id, title: TITLES[id] }))}
        chosen={tab}
        onChoose={id => view.turn(id as Tab)}
      >
        {tab === 'overview' && <Overview {...props} />}
        {tab === 'try' && <TryIt {...props} />}
        {tab === 'call' && <Calls {...props} />}
        {tab === 'log' && <HostLog {...props} />}
        {tab === 'history' && <History view={view} />}
      </Tabs>
    </>
  );
}

function useTab(view: DeploymentView): Tab {
  const subscribe = React.useCallback(
    (heed: () => void) => {
      const slot = () => heed();
      view.tabChanged.connect(slot);
      return () => void view.tabChanged.disconnect(slot);
    },
    [view]
  );
  return React.useSyncExternalStore(subscribe, () => view.tab);
}

/** It was deleted; what was decided about it is kept. */
function Gone({ view, run }: { view: DeploymentView; run: Run }): React.JSX.Element {
  React.useEffect(() => {
    view.turn('history');
    void view.decisions.refresh();
  }, [view]);
  // Where the page never saw it alive, its history tells the model.
  useSeen(view.decisions);
  const model = view.lastModel;
  return (
    <>
      <h1>{view.name}</h1>
      <div className="kr-Problem" role="alert">
        <p>There is no deployment {view.name} any more: nothing answers at its address.</p>
        <p>Its name is free. Deploy a model under it, or close this page.</p>
      </div>
      <div className="kr-Actions kr-Apart">
        {model && (
          <button
            type="button"
            className="kr-Button kr-primary"
            onClick={() => run('kronkers:deploy', { model })}
          >
            Deploy {model} again
          </button>
        )}
        <button type="button" className="kr-Button" onClick={() => run('kronkers:open', {})}>
          Show all deployments
        </button>
      </div>
      <h2>What was decided about it</h2>
      <History view={view} />
    </>
  );
}
