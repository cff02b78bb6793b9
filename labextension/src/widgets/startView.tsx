/** What the start page shows; loaded when the page is opened first. */

import * as React from 'react';

import type { Deployment, Language, Model } from '../api/types';
import type { Starter } from '../state/starters';
import type { Problem, Seen } from '../state/watched';
import { languageInWords } from '../state/words';
import type { Run } from './models';
import { ProblemNotice } from './notice';
import type { Offer, Standing } from './start';

interface StartViewProps {
  standing: Seen<Standing>;
  offer: Seen<Offer>;
  begin: (starter: Starter) => Promise<void>;
  run: Run;
}

export function StartView({ standing, offer, begin, run }: StartViewProps): React.JSX.Element {
  const models = standing.value?.models ?? [];
  const deployments = standing.value?.deployments ?? [];
  return (
    <>
      <h1>From a notebook to an endpoint</h1>
      <p className="kr-Quiet">Three steps, and you never leave Jupyter.</p>
      {standing.problem && <ProblemNotice problem={standing.problem} />}
      <ol className="kr-Path">
        <Step
          title="Train and register"
          done={toldCount(models.length, 'model', 'registered')}
          words="Fit a model in a notebook, then press “Register model” in its toolbar. It becomes a numbered version that holds the model, the types of its data, its packages and the notebook, and it is proven in a fresh process."
        >
          <Begin offer={offer} begin={begin} />
        </Step>
        <Step
          title="Deploy"
          done={toldCount(deployments.length, 'deployment', 'made')}
          words="A deployment answers predictions over HTTP, in the model's own language. It follows an alias such as champion: move the alias, and the next request meets the new version. No request fails meanwhile."
        >
          <Deploy models={models} run={run} />
        </Step>
        <Step
          title="Watch and roll back"
          done=""
          words="See requests, waiting times and errors as they happen, try it with an example, copy a call for your program. If a version disappoints, one press puts the one before it back."
        >
          <Watch deployments={deployments} run={run} />
        </Step>
      </ol>
      <Missing languages={offer.value?.languages ?? []} />
    </>
  );
}

interface StepProps {
  title: string;
  /** How far one has come; "" for not yet. */
  done: string;
  words: string;
  children: React.ReactNode;
}

function Step({ title, done, words, children }: StepProps): React.JSX.Element {
  return (
    <li className={`kr-Card kr-Stage${done ? ' kr-done' : ''}`}>
      <div className="kr-StageHead">
        <h2>{title}</h2>
        <span className="kr-StageDone" role="status">
          {done && `✓ ${done}`}
        </span>
      </div>
      <p>{words}</p>
      {children}
    </li>
  );
}

function toldCount(count: number, noun: string, participle: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'} ${participle}`;
}

interface BeginProps {
  offer: Seen<Offer>;
  begin: (starter: Starter) => Promise<void>;
}

function Begin({ offer, begin }: BeginProps): React.JSX.Element {
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const press = (starter: Starter) => {
    setProblem(null);
    begin(starter).catch(reason =>
      setProblem({
        message: `The notebook could not be opened: ${reason instanceof Error ? reason.message : reason}`,
        remedy: 'Check that you may write into this folder, then press again.'
      })
    );
  };
  if (offer.value === null) {
    return <p className="kr-Quiet">Looking for notebooks and languages…</p>;
  }
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      <div className="kr-Actions">
        {offer.value.starters.map((starter, index) => (
          <button
            key={starter.language}
            type="button"
            className={`kr-Button${index === 0 ? ' kr-primary' : ''}`}
            onClick={() => press(starter)}
          >
            {starter.path
              ? `Open ${nameOf(starter.path)}`
              : `New notebook in ${languageInWords(starter.language)}`}
          </button>
        ))}
      </div>
    </>
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const FEW = 3;

function Deploy({ models, run }: { models: readonly Model[]; run: Run }): React.JSX.Element {
  const ready = models.filter(model => model.latest_state === 'ready');
  if (ready.length === 0) {
    return <p className="kr-Quiet">Register a model first; then it can be deployed from here.</p>;
  }
  return (
    <div className="kr-Actions">
      {ready.slice(0, FEW).map(({ name }) => (
        <button
          key={name}
          type="button"
          className="kr-Button"
          onClick={() => run('kronkers:deploy', { model: name })}
        >
          Deploy <span className="kr-Told">{name}</span>
        </button>
      ))}
      {ready.length > FEW && <MoreInPanel run={run} />}
    </div>
  );
}

interface WatchProps {
  deployments: readonly Deployment[];
  run: Run;
}

function Watch({ deployments, run }: WatchProps): React.JSX.Element {
  if (deployments.length === 0) {
    return <p className="kr-Quiet">Deploy a model first; then its page can be opened from here.</p>;
  }
  return (
    <div className="kr-Actions">
      {deployments.slice(0, FEW).map(({ name }) => (
        <button
          key={name}
          type="button"
          className="kr-Button"
          onClick={() => run('kronkers:open-deployment', { deployment: name })}
        >
          Open <span className="kr-Told">{name}</span>
        </button>
      ))}
      {deployments.length > FEW && <MoreInPanel run={run} />}
    </div>
  );
}

function MoreInPanel({ run }: { run: Run }): React.JSX.Element {
  return (
    <button type="button" className="kr-Link" onClick={() => run('kronkers:open')}>
      More in the panel
    </button>
  );
}

/** Languages that are not there, and what would bring them. */
function Missing({ languages }: { languages: readonly Language[] }): React.JSX.Element | null {
  const missing = languages.filter(language => language.missing);
  if (missing.length === 0) {
    return null;
  }
  return (
    <section aria-label="Languages that are missing">
      <h2>More languages</h2>
      {missing.map(({ language, title, missing, remedy }) => (
        <p key={language} className="kr-Quiet">
          <strong>{title}:</strong> {missing} {remedy}
        </p>
      ))}
    </section>
  );
}
