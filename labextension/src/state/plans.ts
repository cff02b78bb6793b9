/** What a decision about a deployment would change, in words, before it is made. */

import { listMoves } from '../api/aliases';
import { listDecisions, listDeployments, showDeployment } from '../api/deployments';
import type { Request } from '../api/request';
import type { AliasMove, Deployment, DeploymentMove } from '../api/types';

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

/** All that a person is told before a decision, as it is now. */
export async function lookAround(request: Request, name: string): Promise<Around> {
  const deployment = await showDeployment(request, name);
  const [decisions, moves, deployments] = await Promise.all([
    listDecisions(request, name),
    listMoves(request, deployment.model),
    listDeployments(request)
  ]);
  return { deployment, decisions, moves, deployments };
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
      `By the last count, at most 20 seconds ago, it had ${answered} requests, ${failed} of which failed.`,
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
