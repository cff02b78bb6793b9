/** What a moved alias changes, in words, before it is moved. */

import type { Deployment } from '../api/types';

/** One sentence for each deployment that follows `alias`; `to` null: the alias is taken away. */
export function effectsOf(
  alias: string,
  to: number | null,
  deployments: readonly Deployment[]
): string[] {
  const said = deployments.flatMap(deployment => [
    ...(deployment.alias === alias ? [liveIn(deployment, alias, to)] : []),
    ...besideIn(deployment, alias, to)
  ]);
  return said.length > 0
    ? said
    : [`No deployment follows ${alias}, so nothing that answers changes.`];
}

function liveIn({ name, live, wanted }: Deployment, alias: string, to: number | null): string {
  if (to === null) {
    return `${name} follows ${alias} and stops answering until ${alias} names a version again.`;
  }
  if (wanted === 'stopped') {
    return `${name} follows ${alias}. It is stopped, and will serve version ${to} once it is started.`;
  }
  if (live === to) {
    return `${name} follows ${alias} and answers with version ${to} already.`;
  }
  const from = live === null ? '' : ` from version ${live}`;
  return `${name} follows ${alias} and changes over${from} to version ${to} without losing a request.`;
}

function besideIn(deployment: Deployment, alias: string, to: number | null): string[] {
  const then = to === null ? 'ends' : `becomes version ${to}`;
  const uses = { canary: deployment.canary, shadow: deployment.shadow };
  return Object.entries(uses)
    .filter(([, which]) => which === alias)
    .map(([use]) => `The ${use} of ${deployment.name} follows ${alias} and ${then}.`);
}
