/** Set alias, and put it back: what will change is said before, and who was faster is never overwritten. */

import { Dialog, Notification, ReactWidget, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';

import { listAliases, moveAlias, unsetAlias } from '../../api/aliases';
import { listDeployments } from '../../api/deployments';
import { type Request, RequestFailed } from '../../api/request';
import type { Alias, AliasMove, Deployment, Version } from '../../api/types';
import { listVersions } from '../../api/versions';
import { effectsOf } from '../../state/effects';
import { asProblem, type Problem } from '../../state/watched';
import { ProblemNotice } from '../notice';

/** `version` null: the alias is taken away. */
export interface AliasWish {
  alias: string;
  version: number | null;
  why: string;
}

export interface AliasFacts {
  aliases: readonly Alias[];
  deployments: readonly Deployment[];
  /** Those that an alias may name, newest first. */
  versions: readonly Version[];
}

/** Asks for alias, version and why, and moves it. Resolves when it is moved or the person gave up. */
export function setAlias(request: Request, model: string, wish: AliasWish): Promise<void> {
  return moved(request, model, wish, {
    title: `Set an alias of ${model}`,
    press: 'Set alias',
    choosing: true,
    said: ''
  });
}

/** Asks, then moves the alias to where it was before `move`. */
export function putBack(request: Request, move: AliasMove): Promise<void> {
  const { model, alias, before, after } = move;
  const there = before === null ? 'no version' : `version ${before}`;
  return moved(
    request,
    model,
    { alias, version: before, why: '' },
    {
      title: `Put ${alias} back to ${there}`,
      press: 'Put it back',
      choosing: false,
      said: `Before ${move.by} ${after === null ? 'took it away' : `pointed it at version ${after}`}, ${alias} named ${there}.`
    }
  );
}

interface Asking {
  title: string;
  press: string;
  /** Whether alias and version may be chosen. */
  choosing: boolean;
  said: string;
}

async function moved(
  request: Request,
  model: string,
  first: AliasWish,
  asking: Asking
): Promise<void> {
  let wish = first;
  let problem: Problem | null = null;
  for (;;) {
    const facts = await found(request, model);
    wish = asking.choosing ? possible(wish, model, facts) : wish;
    const body = new AliasForm(facts, wish, asking, problem);
    const { button, value } = await showDialog({
      title: asking.title,
      body,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: asking.press })],
      focusNodeSelector: asking.choosing ? '#kr-alias-name' : '#kr-alias-why'
    });
    if (!button.accept || !value) {
      return;
    }
    wish = value;
    try {
      await move(request, model, wish, facts.aliases);
      Notification.success(doneInWords(model, wish), { autoClose: 4000 });
      return;
    } catch (reason) {
      problem = refusedInWords(reason, wish.alias);
    }
  }
}

/** A wish that names a version which may have an alias: the one asked for, else the newest. */
function possible(wish: AliasWish, model: string, { versions }: AliasFacts): AliasWish {
  const version = versions.find(({ number }) => number === wish.version) ?? versions[0];
  if (!version) {
    throw new RequestFailed(
      `${model} has no version that an alias may name.`,
      'Register one that passes its proof.',
      0
    );
  }
  return { ...wish, version: version.number };
}

async function found(request: Request, model: string): Promise<AliasFacts> {
  const [aliases, deployments, versions] = await Promise.all([
    listAliases(request, model),
    listDeployments(request),
    listVersions(request, model)
  ]);
  return {
    aliases,
    deployments: deployments.filter(deployment => deployment.model === model),
    versions: versions.filter(({ state }) => state !== 'rejected')
  };
}

async function move(
  request: Request,
  model: string,
  { alias, version, why }: AliasWish,
  seen: readonly Alias[]
): Promise<void> {
  const revision = seen.find(one => one.alias === alias)?.revision ?? 0;
  if (version === null) {
    await unsetAlias(request, model, alias, why, revision);
  } else {
    await moveAlias(request, model, alias, version, why, revision);
  }
}

function doneInWords(model: string, { alias, version }: AliasWish): string {
  return version === null
    ? `${alias} of ${model} names no version any more.`
    : `${alias} of ${model} is version ${version} now.`;
}

function refusedInWords(reason: unknown, alias: string): Problem {
  if (reason instanceof RequestFailed && reason.status === 412) {
    return {
      message: `Somebody moved ${alias} while you were looking. Nothing was changed.`,
      remedy: 'Below is how it stands now. Press again if you still want it.'
    };
  }
  return asProblem(reason);
}

class AliasForm extends ReactWidget implements Dialog.IBodyWidget<AliasWish> {
  constructor(
    private readonly facts: AliasFacts,
    private wish: AliasWish,
    private readonly asking: Asking,
    private readonly problem: Problem | null
  ) {
    super();
    this.addClass('kr-Dialog');
    this.addClass('kr-AliasForm');
  }

  getValue(): AliasWish {
    return { ...this.wish, alias: this.wish.alias.trim() };
  }

  protected override render(): React.JSX.Element {
    return (
      <AliasFields
        facts={this.facts}
        wish={this.wish}
        choosing={this.asking.choosing}
        said={this.asking.said}
        problem={this.problem}
        change={wish => {
          this.wish = wish;
          this.update();
        }}
      />
    );
  }
}

interface FieldsProps {
  facts: AliasFacts;
  wish: AliasWish;
  choosing: boolean;
  said: string;
  problem: Problem | null;
  change: (wish: AliasWish) => void;
}

export function AliasFields(props: FieldsProps): React.JSX.Element {
  const { facts, wish, choosing, said, problem, change } = props;
  const alias = wish.alias.trim();
  return (
    <>
      {problem && <ProblemNotice problem={problem} />}
      {said && <p>{said}</p>}
      {choosing && <Choices {...props} />}
      <Now facts={facts} alias={alias} />
      <div className="kr-Effects" role="status">
        <b>What will change</b>
        <ul>
          {changesInWords(facts, alias, wish.version).map(effect => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
      </div>
      <label className="kr-Field">
        <span>Why</span>
        <input
          id="kr-alias-why"
          type="text"
          maxLength={2000}
          value={wish.why}
          placeholder="for those who read the history later"
          onChange={({ target }) => change({ ...wish, why: target.value })}
        />
      </label>
    </>
  );
}

function Choices({ facts, wish, change }: FieldsProps): React.JSX.Element {
  const known = [
    ...new Set(['champion', 'challenger', ...facts.aliases.map(({ alias }) => alias)])
  ];
  return (
    <div className="kr-AliasChoices">
      <label className="kr-Field">
        <span>Alias</span>
        <input
          id="kr-alias-name"
          type="text"
          list="kr-alias-names"
          maxLength={63}
          value={wish.alias}
          onChange={({ target }) => change({ ...wish, alias: target.value })}
        />
        <datalist id="kr-alias-names">
          {known.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <small>champion, challenger, or a name of your own</small>
      </label>
      <label className="kr-Field">
        <span>Version</span>
        <select
          value={wish.version ?? ''}
          onChange={({ target }) => change({ ...wish, version: Number(target.value) })}
        >
          {facts.versions.map(({ number, note }) => (
            <option key={number} value={number}>
              {number}
              {note && ` – ${note.slice(0, 60)}`}
            </option>
          ))}
        </select>
        <small>rejected versions cannot get one</small>
      </label>
    </div>
  );
}

function Now({ facts, alias }: { facts: AliasFacts; alias: string }): React.JSX.Element {
  const here = facts.aliases.find(one => one.alias === alias);
  return (
    <p className="kr-Quiet">
      {here
        ? `${alias} names version ${here.number} now; ${here.moved_by} moved it there.`
        : `${alias || 'This alias'} names no version yet.`}
    </p>
  );
}

function changesInWords(facts: AliasFacts, alias: string, version: number | null): string[] {
  const here = facts.aliases.find(one => one.alias === alias)?.number ?? null;
  if (!alias) {
    return ['Nothing, until the alias has a name.'];
  }
  if (here === version) {
    return [`Nothing: ${alias} is there already.`];
  }
  return effectsOf(alias, version, facts.deployments);
}
