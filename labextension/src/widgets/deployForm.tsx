/** The form of *Deploy*: what answers under which name, and what that changes. */

import * as React from 'react';

import type { Deploying } from '../state/deploying';
import { CHAMPION, type Known, namedBy, otherVersion, type Plan, type Wish } from '../state/wish';
import { servedInWords, wordingOf } from '../state/words';
import type { DeployActions } from './deploying';
import { ProblemNotice } from './notice';
import { Choice, Press, TextField } from './sheet';

interface FormParts {
  deploying: Deploying;
  wish: Wish;
  known: Known;
}

export function DeployForm({
  deploying,
  wish,
  known,
  actions
}: FormParts & { actions: DeployActions }): React.JSX.Element {
  const { problem, version } = deploying.seen;
  const form = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => {
    form.current?.querySelector<HTMLElement>('input')?.focus();
  }, []);
  const plan = deploying.plan;
  if (!plan) {
    return <p role="status">…</p>;
  }
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    void deploying.deploy();
  };
  const rejected = version?.state === 'rejected';
  const unwell = Object.keys(plan.faults).length > 0 || rejected;
  return (
    <form className="kr-Form" ref={form} onSubmit={submit} noValidate>
      {problem && <ProblemNotice problem={problem} />}
      {rejected && (
        <ProblemNotice
          problem={{
            message: `Version ${known.version} was rejected: ${version.reason}`,
            remedy: 'Only proven versions can be served. Register it again, then deploy that one.'
          }}
        />
      )}
      <Place deploying={deploying} wish={wish} known={known} fault={plan.faults.name} />
      {/* With a part of the requests, what it serves stays as it is. */}
      {(wish.share === 'all' || wish.deployment === '') && (
        <Follow deploying={deploying} wish={wish} known={known} plan={plan} />
      )}
      <Share deploying={deploying} wish={wish} known={known} fault={plan.faults.percent} />
      <Size deploying={deploying} wish={wish} plan={plan} />
      <TextField
        label="Why"
        help="Kept in the history, for those who ask later. May stay empty."
        value={wish.why}
        put={why => deploying.choose({ why })}
      />
      <section className="kr-Signature" aria-label="What will happen" aria-live="polite">
        {unwell ? (
          <p className="kr-Quiet">Nothing yet: something above has to be put right first.</p>
        ) : (
          plan.words.map(words => <p key={words}>{words}</p>)
        )}
      </section>
      <div className="kr-Foot">
        <Press onClick={actions.close}>Cancel</Press>
        <button type="submit" className="kr-Button kr-primary" disabled={unwell}>
          {wish.share === 'part' ? `Send ${wish.percent} % to version ${known.version}` : 'Deploy'}
        </button>
      </div>
    </form>
  );
}

function Place({
  deploying,
  wish,
  known,
  fault
}: FormParts & { fault: string | undefined }): React.JSX.Element {
  const own = known.deployments.filter(({ model }) => model === known.model);
  const isNew = wish.deployment === '';
  return (
    <fieldset className="kr-Choices">
      <legend>{own.length > 0 ? 'Deployment' : 'A new deployment'}</legend>
      {own.map(found => (
        <Choice
          key={found.name}
          group="deployment"
          checked={wish.deployment === found.name}
          onChange={() => deploying.choose({ deployment: found.name })}
        >
          <span className="kr-ChoiceName kr-Told">{found.name}</span>
          <span className="kr-Line">
            <span className={`kr-Dot kr-${wordingOf(found).tone}`} aria-hidden="true" />
            {wordingOf(found).words}
            {found.live === null ? '' : `, version ${found.live}`}
          </span>
          <span className="kr-Quiet kr-ChoiceFacts">serves {servedInWords(found)}</span>
        </Choice>
      ))}
      {own.length > 0 && (
        <Choice
          group="deployment"
          checked={isNew}
          onChange={() => deploying.choose({ deployment: '' })}
        >
          <span>A new one</span>
        </Choice>
      )}
      {isNew && (
        <TextField
          label="Name"
          fault={fault}
          help="The name that applications call. It stays when the version changes."
          value={wish.name}
          put={name => deploying.choose({ name })}
        />
      )}
    </fieldset>
  );
}

function Follow({ deploying, wish, known, plan }: FormParts & { plan: Plan }): React.JSX.Element {
  const names = [...new Set([CHAMPION, wish.alias, ...known.aliases.map(({ alias }) => alias)])];
  const stands = namedBy(wish.alias, known);
  const follows = wish.follow === 'alias';
  const sets = follows && wish.share === 'all' && stands !== known.version;
  return (
    <fieldset className="kr-Choices">
      <legend>What it serves</legend>
      <div className="kr-Choice">
        <label>
          <input
            type="radio"
            name="kr-follow"
            checked={follows}
            onChange={() => deploying.choose({ follow: 'alias' })}
          />
          It follows an alias
        </label>
        <select
          aria-label="Alias"
          value={wish.alias}
          disabled={!follows}
          onChange={event => deploying.choose({ alias: event.target.value })}
        >
          {names.map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span className="kr-Quiet kr-ChoiceFacts">
          {stands === null ? 'names no version yet' : `is version ${stands} now`}
        </span>
      </div>
      {sets && (
        <label className="kr-Choice kr-Inner">
          <input
            type="checkbox"
            checked={wish.sets}
            onChange={event => deploying.choose({ sets: event.target.checked })}
          />
          <span>
            Set {wish.alias} to version {known.version}
          </span>
        </label>
      )}
      {plan.faults.sets && (
        <p className="kr-Fault" role="alert">
          {plan.faults.sets}
        </p>
      )}
      <Choice
        group="follow"
        checked={!follows}
        onChange={() => deploying.choose({ follow: 'version' })}
      >
        <span>Always version {known.version}</span>
        <span className="kr-Quiet kr-ChoiceFacts">until someone changes the deployment</span>
      </Choice>
    </fieldset>
  );
}

function Share({
  deploying,
  wish,
  known,
  fault
}: FormParts & { fault: string | undefined }): React.JSX.Element | null {
  const other = otherVersion(wish, known);
  if (other === null) {
    return null;
  }
  const part = wish.share === 'part';
  return (
    <fieldset className="kr-Choices">
      <legend>How much of it</legend>
      <Choice group="share" checked={!part} onChange={() => deploying.choose({ share: 'all' })}>
        <span>All requests</span>
      </Choice>
      <div className="kr-Choice">
        <label>
          <input
            type="radio"
            name="kr-share"
            checked={part}
            onChange={() => deploying.choose({ share: 'part' })}
          />
          A part first (canary)
        </label>
        <input
          type="number"
          aria-label="Percent of the requests"
          aria-invalid={fault !== undefined}
          min={1}
          max={99}
          value={wish.percent}
          disabled={!part}
          onChange={event => deploying.choose({ percent: event.target.valueAsNumber || 0 })}
        />
        <span>%</span>
        <span className="kr-Quiet kr-ChoiceFacts">version {other} answers the others</span>
      </div>
      {fault && (
        <p className="kr-Fault" role="alert">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

function Size({
  deploying,
  wish,
  plan
}: Omit<FormParts, 'known'> & { plan: Plan }): React.JSX.Element {
  return (
    <div className="kr-Pair">
      <TextField
        label="Replicas"
        fault={plan.faults.replicas}
        help="Processes that answer side by side."
        range={[1, 64]}
        value={wish.replicas || ''}
        put={text => deploying.choose({ replicas: Number(text) })}
      />
      <TextField
        label="Spares"
        fault={plan.faults.spares}
        help="Loaded processes that stand by, in case one dies."
        range={[0, 8]}
        value={Number.isNaN(wish.spares) ? '' : wish.spares}
        put={text => deploying.choose({ spares: text === '' ? Number.NaN : Number(text) })}
      />
    </div>
  );
}
