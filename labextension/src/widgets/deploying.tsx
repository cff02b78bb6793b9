/** The dialog *Deploy*: the form, the way of it, and the address that came out. */

import * as React from 'react';

import type { Deploying, Seen } from '../state/deploying';
import type { Known, Wish } from '../state/wish';
import { servedInWords } from '../state/words';
import { DeployForm } from './deployForm';
import { ProblemNotice } from './notice';
import { Press, Steps, useFocusKept, useSeen } from './sheet';

export interface DeployActions {
  run: (command: string, args: Record<string, string>) => void;
  close: () => void;
}

interface Parts {
  deploying: Deploying;
  actions: DeployActions;
}

export function DeployView({ deploying, actions }: Parts): React.JSX.Element {
  const seen = useSeen(deploying);
  const root = useFocusKept(seen.phase);
  return (
    <div
      className="kr-Deploy"
      ref={root}
      aria-busy={seen.phase === 'looking' || seen.phase === 'sending'}
    >
      {partOf(deploying, seen, actions)}
    </div>
  );
}

function partOf(deploying: Deploying, seen: Seen, actions: DeployActions): React.JSX.Element {
  const { wish, known } = seen;
  if (seen.phase === 'stuck' && seen.problem) {
    return <Stuck deploying={deploying} seen={seen} actions={actions} />;
  }
  if (!wish || !known || seen.phase === 'looking') {
    return (
      <p className="kr-Wait" role="status">
        Looking for what is deployed…
      </p>
    );
  }
  if (seen.phase === 'sending') {
    return <Sending seen={seen} wish={wish} known={known} actions={actions} />;
  }
  if (seen.phase === 'done') {
    return <Done seen={seen} wish={wish} known={known} actions={actions} />;
  }
  return <DeployForm deploying={deploying} wish={wish} known={known} actions={actions} />;
}

function Stuck({ deploying, seen, actions }: Parts & { seen: Seen }): React.JSX.Element {
  return (
    <div className="kr-Wait">
      {seen.problem && (
        <ProblemNotice problem={seen.problem} onRetry={() => void deploying.look()} />
      )}
      <div className="kr-Actions">
        <Press onClick={actions.close}>Close</Press>
      </div>
    </div>
  );
}

// ---- on its way, and there

interface WayParts {
  seen: Seen;
  wish: Wish;
  known: Known;
  actions: DeployActions;
}

function Sending({ seen, wish, known, actions }: WayParts): React.JSX.Element {
  const steps = [
    ...(seen.began.alias === undefined
      ? []
      : [['alias', `Set ${wish.alias} to version ${known.version}`] as const]),
    ['decision', 'Write the decision down'] as const,
    [
      'loading',
      `Load version ${known.version}, let it give its recorded answers, then let it answer`
    ] as const
  ];
  return (
    <div className="kr-Wait">
      <Steps steps={steps} at={seen.step} began={seen.began} />
      {seen.problem && <ProblemNotice problem={seen.problem} />}
      <div className="kr-Actions">
        {seen.deployment && (
          <Press
            onClick={() =>
              actions.run('kronkers:open-deployment', { deployment: seen.deployment?.name ?? '' })
            }
          >
            Open its page
          </Press>
        )}
        <Press onClick={actions.close}>Go on in the background</Press>
      </div>
    </div>
  );
}

function Done({ seen, wish, known, actions }: WayParts): React.JSX.Element | null {
  const { deployment } = seen;
  const heading = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => heading.current?.focus(), []);
  if (!deployment) {
    return null;
  }
  const { name, url } = deployment;
  return (
    <div className="kr-Registered">
      <h2 ref={heading} tabIndex={-1}>
        <span className="kr-Verdict kr-good" aria-hidden="true">
          ✓
        </span>
        <span className="kr-Told">{name}</span>{' '}
        {wish.share === 'part'
          ? `answers ${wish.percent} % of the requests with version ${known.version}`
          : `answers with version ${deployment.live}`}
      </h2>
      <dl className="kr-Captured">
        <div className="kr-Fact">
          <dt>Address</dt>
          <dd>
            {url ? (
              <code className="kr-Told">{url}</code>
            ) : (
              'Nothing serves predictions on this machine at present.'
            )}
          </dd>
        </div>
        <div className="kr-Fact">
          <dt>Serves</dt>
          <dd>{servedInWords(deployment)}</dd>
        </div>
        <div className="kr-Fact">
          <dt>Replicas</dt>
          <dd>
            {deployment.replicas}
            {deployment.spares > 0 ? `, and ${deployment.spares} standing by` : ''}
          </dd>
        </div>
      </dl>
      <div className="kr-Foot">
        <Press onClick={actions.close}>Close</Press>
        <Press onClick={() => actions.run('kronkers:copy-call', { deployment: name })}>
          Copy call
        </Press>
        <Press
          primary
          onClick={() => actions.run('kronkers:open-deployment', { deployment: name, tab: 'try' })}
        >
          Try it
        </Press>
      </div>
    </div>
  );
}
