/** What the start page shows; loaded when the page is opened first. */

import * as React from 'react';

import type { Language } from '../api/types';
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
          <Few
            names={models.filter(model => model.latest_state === 'ready').map(({ name }) => name)}
            verb="Deploy"
            press={model => run('kronkers:deploy', { model })}
            none="Register a model first; then it can be deployed from here."
            run={run}
          />
        </Step>
        <Step
          title="Watch and roll back"
          done=""
          words="See requests, waiting times and errors as they happen, try it with an example, copy a call for your program. If a version disappoints, one press puts the one before it back."
        >
          <Few
            names={deployments.map(({ name }) => name)}
            verb="Open"
            press={deployment => run('kronkers:open-deployment', { deployment })}
            none="Deploy a model first; then its page can be opened from here."
            run={run}
          />
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

interface FewProps {
  names: readonly string[];
  /** What the button says before the name. */
  verb: string;
  press: (name: string) => void;
  /** Told while there is none. */
  none: string;
  run: Run;
}

/** The first few by name, each with a button; the panel has the others. */
function Few({ names, verb, press, none, run }: FewProps): React.JSX.Element {
  if (names.length === 0) {
    return <p className="kr-Quiet">{none}</p>;
  }
  return (
    <div className="kr-Actions">
      {names.slice(0, FEW).map(name => (
        <button key={name} type="button" className="kr-Button" onClick={() => press(name)}>
          {verb} <span className="kr-Told">{name}</span>
        </button>
      ))}
      {names.length > FEW && <MoreInPanel run={run} />}
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
