/** What was decided about a deployment, and what a decision would change, in words. */

import type { AliasMove, Deployment, DeploymentMove } from '../api/types';

/** One line of the history. */
export interface Decision {
  at: string;
  by: string;
  words: string;
  why: string;
}

/** What is said before something is decided. */
export interface Plan {
  title: string;
  /** What will change, a sentence each. */
  words: readonly string[];
  /** What the button says; "" if nothing can be done. */
  button: string;
  /** Whether the server keeps a reason with it. */
  asksWhy: boolean;
  /** Of the deployment that these words are about. */
  revision: number;
}

/** What a plan is made of. */
export interface Around {
  deployment: Deployment;
  /** Newest first. */
  decisions: readonly DeploymentMove[];
  /** Of the model's aliases, newest first. */
  moves: readonly AliasMove[];
  /** All of them. */
  deployments: readonly Deployment[];
}

/** The version that a roll back brings: where its alias pointed before, or what it pinned before. null: none. */
export function versionBefore({ deployment, decisions, moves }: Around): number | null {
  if (deployment.alias !== null) {
    return moves.find(({ alias }) => alias === deployment.alias)?.before ?? null;
  }
  for (const { action, before } of decisions) {
    if (typeof before.version === 'number' && before.version !== deployment.version) {
      return before.version;
    }
    if (action === 'created') {
      break;
    }
  }
  return null;
}

export function rollBackPlan(around: Around): Plan {
  const { deployment } = around;
  const { name, model, alias, revision } = deployment;
  const to = versionBefore(around);
  const title = `Roll back ${name}`;
  if (to === null) {
    const words = [
      `${name} has served no other version before, so there is nothing to go back to.`
    ];
    return { title, words, button: '', asksWhy: false, revision };
  }
  const from = deployment.follows ?? deployment.live;
  return {
    title,
    words: [
      `${name} goes from version ${from ?? '?'} of ${model} back to version ${to}.`,
      alias === null
        ? `It serves version ${to} from then on, until somebody chooses another.`
        : `The alias ${alias} moves back to version ${to}, and stays there until somebody moves it.`,
      handOver(deployment, to),
      ...(alias === null ? [] : followers(around, alias, to))
    ],
    button: `Roll back to version ${to}`,
    asksWhy: true,
    revision
  };
}

export function promotePlan(around: Around): Plan {
  const { deployment } = around;
  const { name, model, alias, revision, canary_state } = deployment;
  const to = canary_state?.number ?? numberOf(deployment.canary);
  const title = `Promote the canary of ${name}`;
  if (deployment.canary === null) {
    return {
      title,
      words: [`${name} has no canary any more.`],
      button: '',
      asksWhy: false,
      revision
    };
  }
  const called = to === null ? `the ${deployment.canary}` : `version ${to}`;
  const [answered, failed] = [canary_state?.answered ?? 0, canary_state?.failed ?? 0];
  return {
    title,
    words: [
      `${name} goes from version ${deployment.live ?? '?'} of ${model} to ${called} for all requests, and has no canary then.`,
      `As a canary it has had ${answered} requests, ${failed} of which failed.`,
      alias === null
        ? `The deployment serves ${called} from then on.`
        : `The alias ${alias} moves to ${called}.`,
      handOver(deployment, to),
      ...(alias === null || to === null ? [] : followers(around, alias, to))
    ],
    button: `Promote ${called}`,
    asksWhy: true,
    revision
  };
}

export function stopPlan({ deployment }: Around): Plan {
  const { name, revision } = deployment;
  return {
    title: `Stop ${name}`,
    words: [
      'Its processes end, and whoever asks it is refused until it is started again.',
      'What was decided about it stays, and Start brings it back as it is now.'
    ],
    button: `Stop ${name}`,
    asksWhy: false,
    revision
  };
}

function handOver({ wanted, live }: Deployment, to: number | null): string {
  if (wanted === 'stopped') {
    return 'It is stopped now, so nothing answers until it is started.';
  }
  if (live === null) {
    return 'Nothing answers now; requests are answered as soon as that version is loaded.';
  }
  const next = to === null ? 'the other version' : `version ${to}`;
  return `No request fails: ${next} is loaded and tried first, then takes over, and version ${live} finishes what it has begun.`;
}

/** Who else changes with the alias. */
function followers({ deployment, deployments }: Around, alias: string, to: number): string[] {
  const others = deployments.filter(
    one =>
      one.name !== deployment.name && one.model === deployment.model && one.wanted !== 'stopped'
  );
  const live = others.filter(one => one.alias === alias).map(({ name }) => name);
  const beside = others.filter(one => one.canary === alias || one.shadow === alias);
  return [
    ...(live.length > 0
      ? [
          `${listed(live)} ${live.length === 1 ? 'follows' : 'follow'} ${alias} too, and will serve version ${to}.`
        ]
      : [`No other deployment follows ${alias}.`]),
    ...beside.map(({ name }) => `A canary or shadow of ${name} follows ${alias} too.`)
  ];
}

function listed(names: readonly string[]): string {
  return names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

function numberOf(which: number | string | null): number | null {
  return typeof which === 'number' ? which : null;
}

// What was decided

const ACTIONS: Record<string, string> = {
  created: 'deployed',
  updated: 'changed',
  started: 'started',
  stopped: 'stopped',
  promoted: 'made the canary live',
  rolled_back: 'rolled back',
  withdrawn: 'took a version out of traffic',
  deleted: 'deleted'
};
/** How the server begins the reason of an alias that a deployment's decision moved. */
const PREFIX = /^(rolled back|promoted): [^:]*(: |$)/;
const BY_ALIAS = new Set(['rolled_back', 'promoted']);
const SAME_STEP_MS = 5_000;
const FACTS = [
  'alias',
  'version',
  'replicas',
  'spares',
  'canary',
  'percent',
  'shadow',
  'limits',
  'note'
];

/** The history of a deployment with the moves of the alias it follows, newest first. */
export function decisionsOf(
  name: string,
  alias: string | null,
  decisions: readonly DeploymentMove[],
  moves: readonly AliasMove[]
): Decision[] {
  const created = decisions.findLast(({ action }) => action === 'created')?.at ?? '';
  const of = decisions.map(move => ({
    at: move.at,
    by: move.by,
    words: actionInWords(move) + alongside(move, moves),
    // The server's prefix for the alias' own history: here it would say everything twice.
    why: move.why.replace(PREFIX, '')
  }));
  const elsewhere = moves.filter(
    move => move.alias === alias && move.at > created && !PREFIX.test(move.why)
  );
  const moved = elsewhere.map(move => ({
    at: move.at,
    by: move.by,
    words: aliasInWords(move, name),
    why: move.why
  }));
  const byTime = (a: Decision, b: Decision) => Date.parse(b.at) - Date.parse(a.at);
  return [...of, ...moved].sort(byTime);
}

/** The alias moves in the same step as a roll back or a promotion. */
function alongside({ action, at, why }: DeploymentMove, moves: readonly AliasMove[]): string {
  const moment = Date.parse(at);
  const near = (move: AliasMove) => Math.abs(Date.parse(move.at) - moment) < SAME_STEP_MS;
  const found = BY_ALIAS.has(action) && moves.find(move => move.why === why && near(move));
  return found ? `: version ${found.before} → ${found.after}` : '';
}

function aliasInWords({ alias, before, after }: AliasMove, name: string): string {
  if (after === null) {
    return `took ${alias} away, which ${name} follows`;
  }
  const from = before === null ? '' : ` from version ${before}`;
  return `moved ${alias}${from} to version ${after}`;
}

function actionInWords({ action, before, after }: DeploymentMove): string {
  const said = ACTIONS[action] ?? action;
  if (action === 'created') {
    const what = after.alias === null ? `version ${after.version}` : `the ${after.alias}`;
    return `${said} ${what} of ${after.model}`;
  }
  // That a promoted canary is one no more goes without saying.
  const told = BY_ALIAS.has(action) ? ['version'] : FACTS;
  const changed = told.filter(fact => fact in after && before[fact] !== after[fact]);
  return changed.length > 0
    ? `${said}: ${changed.map(fact => factInWords(fact, before[fact], after[fact])).join(', ')}`
    : said;
}

type Fact = string | number | null | undefined;

function factInWords(fact: string, before: Fact, after: Fact): string {
  if (fact === 'limits') {
    return limitsInWords(String(before ?? '{}'), String(after ?? '{}'));
  }
  if (fact === 'note') {
    return 'the note';
  }
  return `${fact} ${before ?? 'none'} → ${after ?? 'none'}`;
}

function limitsInWords(before: string, after: string): string {
  const [old, now] = [before, after].map(text => JSON.parse(text) as Record<string, unknown>);
  const changed = Object.keys(now ?? {}).filter(key => old?.[key] !== now?.[key]);
  return changed.map(key => `${key} ${old?.[key]} → ${now?.[key]}`).join(', ') || 'limits';
}
