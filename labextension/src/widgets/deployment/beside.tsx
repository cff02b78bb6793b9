/** Versions beside the one that is live: a canary gets some of the requests, a shadow copies of all of them. */

import * as React from 'react';

import { changeDeployment } from '../../api/deployments';
import { showModel } from '../../api/models';
import type { DeploymentChange, ShadowState } from '../../api/types';
import { listVersions } from '../../api/versions';
import { countInWords, numberInWords } from '../../state/times';
import { msInWords } from '../../state/traffic';
import { asProblem, type Problem } from '../../state/watched';
import { ProblemNotice } from '../notice';
import type { PartProps } from './page';
import { useDecision } from './useDecision';

export function Beside(props: PartProps): React.JSX.Element {
  return (
    <div className="kr-Cards kr-Apart">
      <Canary {...props} />
      <Shadow {...props} />
    </div>
  );
}

/** Changes the deployment that the person sees. */
function useChange({ view, deployment }: PartProps) {
  const deciding = useDecision(view);
  const change = (wish: DeploymentChange) =>
    deciding.decide(() => changeDeployment(view.request, view.name, wish, deployment.revision));
  return { ...deciding, change };
}

function Canary(props: PartProps): React.JSX.Element {
  const { deployment, run } = props;
  const { busy, problem, change } = useChange(props);
  const { canary, canary_state, percent } = deployment;
  return (
    <section className="kr-Card" aria-label="Canary">
      <h3>Canary {canary !== null && <span className="kr-Badge">{called(canary)}</span>}</h3>
      {problem && <ProblemNotice problem={problem} />}
      {canary === null ? (
        <>
          <p className="kr-Quiet">
            Give another version a part of the requests, watch it beside the live one, then promote
            or end it.
          </p>
          <ChooseVersion
            {...props}
            title="Start a canary"
            busy={busy}
            start={(which, share) => change({ canary: which, percent: share })}
            share={10}
          />
        </>
      ) : (
        <>
          <p role="status">
            {canary_state
              ? `Version ${canary_state.number} answers ${canary_state.percent} % of the requests. Compare it with the live one above, then promote or end it.`
              : 'It is being loaded and tried; until then the live version answers everything.'}
          </p>
          <Share
            key={percent}
            present={percent}
            busy={busy}
            send={share => change({ percent: share })}
          />
          <div className="kr-Actions kr-Below">
            <button
              type="button"
              className="kr-Button"
              disabled={busy}
              onClick={() => run('kronkers:promote-canary', { deployment: deployment.name })}
            >
              Promote…
            </button>
            <button
              type="button"
              className="kr-Button"
              disabled={busy}
              onClick={() => void change({ canary: null })}
            >
              End canary
            </button>
          </div>
        </>
      )}
    </section>
  );
}

interface ShareProps {
  present: number;
  busy: boolean;
  send: (percent: number) => Promise<boolean>;
}

/** A share that is moved by a slider or typed, and sent by a button that says what it does. */
function Share({ present, busy, send }: ShareProps): React.JSX.Element {
  const [percent, setPercent] = React.useState(present);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    void send(percent);
  };
  return (
    <form className="kr-Share" onSubmit={submit}>
      <Percent percent={percent} choose={setPercent} />
      <button type="submit" className="kr-Button kr-small" disabled={busy || percent === present}>
        {percent === present ? `It gets ${present} %` : `Give it ${percent} %`}
      </button>
    </form>
  );
}

interface PercentProps {
  percent: number;
  choose: (percent: number) => void;
}

function Percent({ percent, choose }: PercentProps): React.JSX.Element {
  const take = (text: string) => choose(Math.min(100, Math.max(0, Number(text) || 0)));
  return (
    <div className="kr-Percent">
      <input
        type="range"
        min={0}
        max={100}
        step={1}
        value={percent}
        aria-label="Percent of the requests"
        aria-valuetext={`${percent} percent of the requests`}
        onChange={({ target }) => take(target.value)}
      />
      <label className="kr-Field">
        <span className="kr-Heard">Percent</span>
        <input
          type="number"
          min={0}
          max={100}
          step="any"
          value={percent}
          onChange={({ target }) => take(target.value)}
        />
      </label>
      <span aria-hidden="true">%</span>
    </div>
  );
}

function Shadow(props: PartProps): React.JSX.Element {
  const { deployment } = props;
  const { busy, problem, change } = useChange(props);
  const { shadow, shadow_state } = deployment;
  return (
    <section className="kr-Card" aria-label="Shadow">
      <h3>Shadow {shadow !== null && <span className="kr-Badge">{called(shadow)}</span>}</h3>
      {problem && <ProblemNotice problem={problem} />}
      {shadow === null ? (
        <>
          <p className="kr-Quiet">
            Let another version get a copy of every request. Its answers reach nobody; they are
            compared with those of the live one.
          </p>
          <ChooseVersion
            {...props}
            title="Start a shadow"
            busy={busy}
            start={which => change({ shadow: which })}
          />
        </>
      ) : (
        <>
          {shadow_state ? (
            <Found state={shadow_state} />
          ) : (
            <p role="status">It is being loaded and tried.</p>
          )}
          <div className="kr-Actions kr-Below">
            <button
              type="button"
              className="kr-Button"
              disabled={busy}
              onClick={() => void change({ shadow: null })}
            >
              End shadow
            </button>
          </div>
        </>
      )}
    </section>
  );
}

/** What a shadow found: how often it answered otherwise, and by how much. */
function Found({ state }: { state: ShadowState }): React.JSX.Element {
  const { number, asked, answered, different, largest, failed, dropped, seconds } = state;
  return (
    <>
      <p role="status">
        {answered === 0
          ? `Version ${number} has had no request to compare yet.`
          : different === 0
            ? `Version ${number} gave the same answer to all ${countInWords(answered)} requests.`
            : `Version ${number} answered ${countInWords(different)} of ${countInWords(answered)} requests otherwise${largest > 0 ? `, by ${numberInWords(largest * 100)} % at most` : ''}.`}
      </p>
      <dl className="kr-Facts">
        <div className="kr-Fact">
          <dt>Copies</dt>
          <dd>
            {countInWords(asked)}
            {dropped > 0 && `, and ${countInWords(dropped)} left out because it was behind`}
          </dd>
        </div>
        <div className="kr-Fact">
          <dt>Failed</dt>
          <dd>{failed === 0 ? 'none' : countInWords(failed)}</dd>
        </div>
        {answered > 0 && (
          <div className="kr-Fact">
            <dt>Took</dt>
            <dd>{msInWords((seconds / answered) * 1_000)} on average, waiting included</dd>
          </div>
        )}
      </dl>
    </>
  );
}

type Which = number | string;

interface ChooseVersionProps extends PartProps {
  title: string;
  busy: boolean;
  /** What is offered as its share; without it there is none. */
  share?: number;
  start: (which: Which, share: number) => Promise<boolean>;
}

/** Closed it is one line; opened it asks for versions and aliases, of which one is chosen. */
function ChooseVersion(props: ChooseVersionProps): React.JSX.Element {
  const [open, setOpen] = React.useState(false);
  return (
    <details className="kr-Starter" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{props.title}</summary>
      {open && <VersionForm {...props} />}
    </details>
  );
}

interface Choice {
  which: Which;
  words: string;
}

function VersionForm({ view, deployment, title, busy, share, start }: ChooseVersionProps) {
  const [choices, problem] = useChoices(view.request, deployment.model, deployment.live);
  const [at, setAt] = React.useState(0);
  const [percent, setPercent] = React.useState(share ?? 0);
  const chosen = choices?.[at];
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (chosen) {
      void start(chosen.which, percent);
    }
  };
  if (problem) {
    return <ProblemNotice problem={problem} />;
  }
  if (!choices) {
    return <p className="kr-Quiet">Looking for versions…</p>;
  }
  if (!chosen) {
    return (
      <p className="kr-Quiet">
        {deployment.model} has no other version that can be served. Register one first.
      </p>
    );
  }
  return (
    <form className="kr-Share" onSubmit={submit}>
      <label className="kr-Field">
        <span>Version or alias</span>
        <select value={at} onChange={({ target }) => setAt(Number(target.value))}>
          {choices.map((choice, index) => (
            <option key={choice.words} value={index}>
              {choice.words}
            </option>
          ))}
        </select>
      </label>
      {share !== undefined && <Percent percent={percent} choose={setPercent} />}
      <button type="submit" className="kr-Button kr-primary" disabled={busy}>
        {busy
          ? 'Starting…'
          : share === undefined
            ? title
            : `Give ${called(chosen.which)} ${percent} %`}
      </button>
    </form>
  );
}

/** Aliases and ready versions other than the live one. */
function useChoices(
  request: PartProps['view']['request'],
  model: string,
  live: number | null
): [Choice[] | null, Problem | null] {
  const [choices, setChoices] = React.useState<Choice[] | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    const look = async () => {
      try {
        const [{ aliases }, versions] = await Promise.all([
          showModel(request, model),
          listVersions(request, model)
        ]);
        const named = Object.entries(aliases)
          .filter(([, number]) => number !== live)
          .map(([alias, number]) => ({
            which: alias,
            words: `the alias ${alias}, now version ${number}`
          }));
        const numbered = versions
          .filter(({ number, state }) => state === 'ready' && number !== live)
          .map(({ number }) => ({ which: number, words: `version ${number}` }));
        setChoices([...named, ...numbered]);
      } catch (reason) {
        setProblem(asProblem(reason));
      }
    };
    void look();
  }, [request, model, live]);
  return [choices, problem];
}

function called(which: Which): string {
  return typeof which === 'number' ? `version ${which}` : which;
}
