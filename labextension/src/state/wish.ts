/** What is wished for a version of a model: where it answers, and how much; and what that will do, in words. */

import type { Alias, Deployment, DeploymentChange, NewDeployment } from '../api/types';
import { asName, faultInName } from './proposing';

export interface Wish {
  /** The deployment that is to go over to the version; "" for a new one, which gets `name`. */
  deployment: string;
  name: string;
  follow: 'alias' | 'version';
  alias: string;
  /** The alias is to name this version from now on. */
  sets: boolean;
  share: 'all' | 'part';
  percent: number;
  replicas: number;
  spares: number;
  why: string;
}

export interface Known {
  model: string;
  version: number;
  aliases: readonly Alias[];
  /** All there are, of other models too. */
  deployments: readonly Deployment[];
}

export interface Plan {
  /** The alias that is moved, with the revision it was seen at. */
  alias: { name: string; revision: number } | null;
  create: NewDeployment | null;
  change: DeploymentChange | null;
  /** What will happen, sentence by sentence. */
  words: string[];
  faults: Partial<Record<keyof Wish, string>>;
}

export const CHAMPION = 'champion';
const MOST_REPLICAS = 64;
const MOST_SPARES = 8;

export function baseOf({ deployment }: Wish, { deployments }: Known): Deployment | null {
  return deployments.find(({ name }) => name === deployment) ?? null;
}

export function namedBy(alias: string, { aliases }: Known): number | null {
  return aliases.find(found => found.alias === alias)?.number ?? null;
}

/** The version that goes on with the rest while this one gets a part; null if there is none. */
export function otherVersion(wish: Wish, known: Known): number | null {
  const base = baseOf(wish, known);
  const other = base ? base.live : wish.follow === 'alias' ? namedBy(wish.alias, known) : null;
  return other === known.version ? null : other;
}

/** What the person most likely wants: the deployment that is there goes over; else a new one follows the champion. */
export function firstWish(known: Known, alias?: string): Wish {
  const own = known.deployments.filter(({ model }) => model === known.model);
  const base = own.find(found => found.alias === (alias ?? CHAMPION)) ?? own[0] ?? null;
  return {
    deployment: base?.name ?? '',
    name: freeName(known),
    ...followOf(base, alias),
    sets: true,
    share: 'all',
    percent: 10,
    replicas: base?.replicas ?? 1,
    spares: base?.spares ?? 0,
    why: ''
  };
}

function followOf(base: Deployment | null, alias?: string): Pick<Wish, 'follow' | 'alias'> {
  const pinned = base !== null && base.alias === null && alias === undefined;
  return { follow: pinned ? 'version' : 'alias', alias: alias ?? base?.alias ?? CHAMPION };
}

/** The model's name; with a number behind it if that is taken. */
function freeName({ model, deployments }: Known): string {
  const taken = new Set(deployments.map(({ name }) => name));
  let name = model;
  for (let k = 2; taken.has(name); k += 1) {
    name = asName(`${model.slice(0, 58)}-${k}`);
  }
  return name;
}

/** What changing the deployment changes with it. */
export function turnedTo(deployment: string, wish: Wish, known: Known): Wish {
  const base = baseOf({ ...wish, deployment }, known);
  if (!base) {
    return { ...wish, deployment, share: 'all', replicas: 1, spares: 0 };
  }
  const { replicas, spares } = base;
  return { ...wish, deployment, ...followOf(base), share: 'all', replicas, spares };
}

export function planOf(wish: Wish, known: Known): Plan {
  const base = baseOf(wish, known);
  const faults = faultsIn(wish, known);
  const alias = movedAlias(wish, known);
  return {
    alias,
    create: base ? null : newDeployment(wish, known),
    change: base ? changeOf(wish, base, known) : null,
    words: [...aliasInWords(alias, wish, known), ...deploymentInWords(wish, base, known)],
    faults
  };
}

function faultsIn(wish: Wish, known: Known): Plan['faults'] {
  const faults: Plan['faults'] = {};
  const taken = known.deployments.find(({ name }) => name === wish.name);
  const unnamed = wish.deployment === '' ? faultInName(wish.name) : '';
  if (unnamed) {
    faults.name = unnamed;
  } else if (wish.deployment === '' && taken) {
    faults.name = `${wish.name} is there already; it serves ${taken.model}.`;
  }
  const unfit = wish.follow === 'alias' ? faultInName(wish.alias) : '';
  const stands = namedBy(wish.alias, known);
  if (unfit) {
    faults.alias = unfit;
  } else if (wish.follow === 'alias' && wish.share === 'all' && !wish.sets) {
    if (stands === null) {
      faults.sets = `${wish.alias} names no version yet, so there would be nothing to serve.`;
    } else if (wish.deployment !== '' && stands !== known.version) {
      faults.sets = `Without this, version ${stands} goes on answering.`;
    }
  }
  if (wish.share === 'part' && !(wish.percent > 0 && wish.percent < 100)) {
    faults.percent = 'More than 0 and less than 100.';
  }
  if (!isWithin(wish.replicas, 1, MOST_REPLICAS)) {
    faults.replicas = `1 to ${MOST_REPLICAS}.`;
  }
  if (!isWithin(wish.spares, 0, MOST_SPARES)) {
    faults.spares = `0 to ${MOST_SPARES}.`;
  }
  return faults;
}

const isWithin = (count: number, least: number, most: number) =>
  Number.isInteger(count) && count >= least && count <= most;

function movedAlias(wish: Wish, known: Known): Plan['alias'] {
  const moves =
    wish.follow === 'alias' &&
    wish.share === 'all' &&
    wish.sets &&
    namedBy(wish.alias, known) !== known.version;
  if (!moves) {
    return null;
  }
  const seen = known.aliases.find(({ alias }) => alias === wish.alias);
  return { name: wish.alias, revision: seen?.revision ?? 0 };
}

function newDeployment(wish: Wish, { model, version }: Known): NewDeployment {
  const { name, follow, alias, share, percent, replicas, spares, why } = wish;
  const served = follow === 'alias' ? { alias } : { version };
  const part = share === 'part' ? { canary: version, percent } : {};
  return { name, model, ...served, ...part, replicas, spares, note: why.trim() };
}

/** Only what differs from what is there; null if nothing does. */
function changeOf(wish: Wish, base: Deployment, { version }: Known): DeploymentChange | null {
  const change: DeploymentChange = {};
  if (wish.share === 'part') {
    Object.assign(change, { canary: version, percent: wish.percent });
  } else {
    if (wish.follow === 'alias' && base.alias !== wish.alias) {
      change.alias = wish.alias;
    }
    if (wish.follow === 'version' && base.version !== version) {
      change.version = version;
    }
    if (base.canary !== null) {
      change.canary = null;
    }
  }
  if (wish.replicas !== base.replicas) {
    change.replicas = wish.replicas;
  }
  if (wish.spares !== base.spares) {
    change.spares = wish.spares;
  }
  if (base.wanted === 'stopped') {
    change.wanted = 'serving';
  }
  if (Object.keys(change).length === 0) {
    return null;
  }
  return wish.why.trim() ? { ...change, note: wish.why.trim() } : change;
}

function aliasInWords(alias: Plan['alias'], wish: Wish, known: Known): string[] {
  if (!alias) {
    return [];
  }
  const before = namedBy(alias.name, known);
  const others = known.deployments
    .filter(found => found.model === known.model && found.alias === alias.name)
    .map(({ name }) => name)
    .filter(name => name !== wish.deployment);
  const words = [
    before === null
      ? `${alias.name} will be version ${known.version} of ${known.model}.`
      : `${alias.name} moves from version ${before} to version ${known.version} of ${known.model}.`
  ];
  if (others.length > 0) {
    words.push(`${others.join(', ')} ${others.length === 1 ? 'follows' : 'follow'} it too.`);
  }
  return words;
}

function deploymentInWords(wish: Wish, base: Deployment | null, known: Known): string[] {
  const { version } = known;
  const name = base?.name ?? wish.name;
  const other = otherVersion(wish, known);
  if (wish.share === 'part') {
    return [
      `${wish.percent} % of the requests to ${name} go to version ${version}, the others to version ${other}.`
    ];
  }
  if (base) {
    return base.live === null || other === null
      ? [`${name} answers with version ${version} as soon as it is loaded.`]
      : [
          `${name} goes over from version ${other} to version ${version}: that is loaded beside it, must give its recorded answers again, and then takes over. No request fails.`
        ];
  }
  const stands = wish.follow === 'alias' && !wish.sets ? namedBy(wish.alias, known) : version;
  return [
    `${name} starts with version ${stands ?? version} in ${wish.replicas === 1 ? 'one process' : `${wish.replicas} processes`}.`
  ];
}

const AWAKE = ['ready', 'idle', 'degraded'];

export function isAnswering(deployment: Deployment, wish: Wish, known: Known): boolean {
  if (wish.share === 'part') {
    return deployment.canary_state?.number === known.version;
  }
  const expected =
    wish.follow === 'alias' && !wish.sets ? namedBy(wish.alias, known) : known.version;
  return deployment.live === expected && AWAKE.includes(deployment.state);
}
