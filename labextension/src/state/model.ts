/**
 * What a model's page knows, and where on the page a person is, without a DOM.
 *
 * Versions never change once they are registered: only those that were not seen yet are asked for, and what differs
 * between two of them, or how a notebook was, is asked for once.
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { listMoves } from '../api/aliases';
import { listDeployments } from '../api/deployments';
import { showModel } from '../api/models';
import type { Request } from '../api/request';
import type { AliasMove, Deployment, Diff, Model, Version, VersionNotebook } from '../api/types';
import { listVersions, showDiff, showNotebook } from '../api/versions';
import type { Change } from './changes';
import { Watched } from './watched';

export interface ModelFacts {
  model: Model;
  /** Newest first. */
  versions: readonly Version[];
  /** Newest first. */
  moves: readonly AliasMove[];
  /** Those of this model. */
  deployments: readonly Deployment[];
}

export const TABS = {
  versions: 'Versions',
  differences: 'Differences',
  lineage: 'Lineage',
  history: 'History of aliases',
  notebook: 'Notebook'
};

export type Tab = keyof typeof TABS;

export interface Place {
  tab: Tab;
  /** The version that was chosen; null: the page chooses. */
  chosen: number | null;
  before: number | null;
  after: number | null;
}

export class ModelView {
  readonly facts: Watched<ModelFacts>;
  private _place: Place = { tab: 'versions', chosen: null, before: null, after: null };
  private _changed = new Signal<this, void>(this);
  private _moved = new Signal<this, void>(this);
  private _diffs = new Map<string, Watched<Diff>>();
  private _notebooks = new Map<number, Watched<VersionNotebook>>();

  constructor(
    private readonly request: Request,
    readonly name: string
  ) {
    this.facts = new Watched(part => this.look(part));
    this.facts.changed.connect(() => this._changed.emit());
  }

  /** Something that the page shows is another by now. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A person went elsewhere on the page. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  get place(): Place {
    return this._place;
  }

  go(place: Partial<Place>): void {
    this._place = { ...this._place, ...place };
    this._changed.emit();
    this._moved.emit();
  }

  /** What differs from `before` to `after`; asked for when it is first wanted. */
  diff(before: number, after: number): Watched<Diff> {
    return this.once(this._diffs, `${before}…${after}`, () =>
      showDiff(this.request, this.name, before, after)
    );
  }

  /** The notebook that a version was registered from; asked for when it is first wanted. */
  notebook(number: number): Watched<VersionNotebook> {
    return this.once(this._notebooks, number, () => showNotebook(this.request, this.name, number));
  }

  /** Whether the page may look different after this. */
  isAbout(change: Change): boolean {
    if (change.kind === 'deployment_changed') {
      const known = this.facts.seen.value?.deployments.some(
        ({ name }) => name === change.deployment
      );
      return known === true || change.model === undefined || change.model === this.name;
    }
    return change.kind !== 'capture_progressed' && change.model === this.name;
  }

  dispose(): void {
    Signal.clearData(this);
  }

  private once<K, T>(held: Map<K, Watched<T>>, key: K, look: () => Promise<T>): Watched<T> {
    let watched = held.get(key);
    if (!watched) {
      watched = new Watched(look);
      watched.changed.connect(() => this._changed.emit());
      held.set(key, watched);
      // Not within the render that asked.
      void Promise.resolve(watched).then(asked => asked.refresh());
    }
    return watched;
  }

  private async look(part: (facts: ModelFacts) => void): Promise<ModelFacts> {
    const known = this.facts.seen.value?.versions;
    const around = this.around();
    const versions = listVersions(this.request, this.name, known, soFar => {
      around.then(rest => part({ ...rest, versions: soFar })).catch(() => {});
    });
    const [rest, all] = await Promise.all([around, versions]);
    return { ...rest, versions: all };
  }

  private async around(): Promise<Omit<ModelFacts, 'versions'>> {
    const [model, moves, deployments] = await Promise.all([
      showModel(this.request, this.name),
      listMoves(this.request, this.name),
      listDeployments(this.request)
    ]);
    const ours = deployments.filter(deployment => deployment.model === this.name);
    return { model, moves, deployments: ours };
  }
}

/** The version that a page shows: the chosen one, else the champion, else the newest; null without any. */
export function shownVersion(facts: ModelFacts, chosen: number | null): Version | null {
  const numbers = [chosen, facts.model.aliases.champion];
  for (const number of numbers) {
    const found = facts.versions.find(version => version.number === number);
    if (found) {
      return found;
    }
  }
  return facts.versions[0] ?? null;
}

/** The version that is meant by a button that names none: the one shown, or the newest that may be served. */
export function meantVersion(facts: ModelFacts, chosen: number | null): Version | null {
  const shown = shownVersion(facts, chosen);
  const fit = shown?.state === 'rejected' ? facts.versions.find(isServable) : shown;
  return fit ?? null;
}

export function isServable(version: Version): boolean {
  return version.state !== 'rejected';
}

/** Two versions to compare: those chosen, else the champion and the newest, else the newest and the one before. */
export function shownPair(facts: ModelFacts, place: Place): [before: number, after: number] | null {
  const [newest, second] = facts.versions;
  if (!newest || !second) {
    return null;
  }
  const there = (number: number | null | undefined) =>
    facts.versions.some(version => version.number === number) ? (number as number) : null;
  const after = there(place.after) ?? newest.number;
  const champion = there(facts.model.aliases.champion);
  const other = champion !== null && champion !== after ? champion : null;
  return [
    there(place.before) ?? other ?? (after === second.number ? newest : second).number,
    after
  ];
}

/** The aliases of the model, those that everybody knows first. */
export function aliasNames(model: Model): string[] {
  const rank = (alias: string) => ['champion', 'challenger'].indexOf(alias) + 1 || 3;
  return Object.keys(model.aliases).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

export function aliasesOf(model: Model, number: number): string[] {
  return aliasNames(model).filter(alias => model.aliases[alias] === number);
}
