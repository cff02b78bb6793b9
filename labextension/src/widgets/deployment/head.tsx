/** The head of the page: what it is, how it is and what to do next. */

import * as React from 'react';

import { changeDeployment } from '../../api/deployments';
import type { Deployment } from '../../api/types';
import { type Next, nextSteps, servesInWords } from '../../state/standing';
import { wordingOf } from '../../state/words';
import { CopyButton } from '../copy';
import { ProblemNotice } from '../notice';
import type { PartProps, Run } from './page';
import { useDecision } from './useDecision';

export function Head({ view, deployment, run }: PartProps): React.JSX.Element {
  const { busy, problem, decide } = useDecision(view);
  const start = () =>
    decide(() =>
      changeDeployment(view.request, view.name, { wanted: 'serving' }, deployment.revision)
    );
  return (
    <header>
      <div className="kr-Head">
        <div className="kr-Titles">
          <h1>{deployment.name}</h1>
          <Standing deployment={deployment} run={run} />
        </div>
        <div className="kr-Actions">
          <button
            type="button"
            className="kr-Button"
            onClick={() => run('kronkers:open-model', { model: deployment.model })}
          >
            Open model
          </button>
          <button
            type="button"
            className="kr-Button"
            onClick={() => run('kronkers:roll-back', { deployment: deployment.name })}
          >
            Roll back…
          </button>
          {deployment.wanted === 'stopped' ? (
            <button
              type="button"
              className="kr-Button kr-primary"
              disabled={busy}
              onClick={() => void start()}
            >
              {busy ? 'Starting…' : 'Start'}
            </button>
          ) : (
            <button
              type="button"
              className="kr-Button"
              onClick={() => run('kronkers:stop-deployment', { deployment: deployment.name })}
            >
              Stop…
            </button>
          )}
        </div>
      </div>
      {problem && <ProblemNotice problem={problem} />}
      <WhatNext deployment={deployment} steps={view} run={run} />
      <Address deployment={deployment} />
    </header>
  );
}

function Standing({ deployment, run }: { deployment: Deployment; run: Run }): React.JSX.Element {
  const { words, tone } = wordingOf(deployment);
  const { model, live } = deployment;
  return (
    <p className="kr-Line kr-Standing">
      <span className={`kr-Dot kr-${tone}`} aria-hidden="true" />
      <strong role="status">{words}</strong>{' '}
      {live !== null && (
        <span>
          with{' '}
          <button
            type="button"
            className="kr-Link"
            onClick={() => run('kronkers:open-model', { model, version: live })}
          >
            version {live} of {model}
          </button>
          .{' '}
        </span>
      )}
      <span>It {servesInWords(deployment)}.</span>
    </p>
  );
}

interface WhatNextProps {
  deployment: Deployment;
  steps: PartProps['view'];
  run: Run;
}

/** Reason and remedy of the server, then what this page can do about it. */
function WhatNext({ deployment, steps, run }: WhatNextProps): React.JSX.Element | null {
  const { words, buttons } = nextSteps(deployment);
  const { reason, remedy, state, name } = deployment;
  if (!words && !reason && !remedy) {
    return null;
  }
  const press = ({ tab, command }: Next) =>
    tab ? steps.turn(tab) : run(command ?? '', { deployment: name });
  return (
    <div className={`kr-Notice kr-${state}`}>
      {reason && <p className="kr-Told">{reason}</p>}
      {remedy && <p className="kr-Told">{remedy}</p>}
      {words && <p className="kr-Quiet">{words}</p>}
      {buttons.length > 0 && (
        <div className="kr-Actions">
          {buttons.map(next => (
            <button
              key={next.title}
              type="button"
              className="kr-Button kr-small"
              onClick={() => press(next)}
            >
              {next.title}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Address({ deployment }: { deployment: Deployment }): React.JSX.Element {
  const { url } = deployment;
  if (!url) {
    return <p className="kr-Quiet kr-Address">It has an address as soon as something serves it.</p>;
  }
  return (
    <div className="kr-Address">
      <code>{url}</code>
      <CopyButton text={url} what="address" small />
    </div>
  );
}
