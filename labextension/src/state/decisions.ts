/** What was decided about a deployment, in words. */

import type { AliasMove, DeploymentMove } from '../api/types';

/** One line of the history. */
export interface Decision {
  at: string;
  by: string;
  words: string;
  why: string;
}

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
