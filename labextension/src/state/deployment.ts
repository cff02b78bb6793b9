/**
 * What the page of one deployment knows, without a DOM: each thing is looked at while its tab can be seen.
 *
 *   always      the deployment itself      by events, and slowly
 *   overview    replicas, traffic          traffic every two seconds
 *   try, call   the example, the calls     when the version that answers is another
 *   log         lines                      every two seconds, if it is followed
 *   history     decisions                  by events, and slowly
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { listMoves } from '../api/aliases';
import {
  listCalls,
  listDecisions,
  listReplicas,
  readLog,
  showDeployment,
  showExample,
  showTraffic
} from '../api/deployments';
import { type Request, RequestFailed } from '../api/request';
import type { CallSnippets, Deployment, DeploymentExample, Replica, Traffic } from '../api/types';
import type { Change, Changes } from './changes';
import { type Decision, decisionsOf } from './decisions';
import { Following } from './following';
import { MOST_LINES, unchanged } from './loglines';
import { joined } from './traffic';
import { asProblem, type Problem, Watched } from './watched';

export const TABS = ['overview', 'try', 'call', 'log', 'history'] as const;
export type Tab = (typeof TABS)[number];

/** What stands where a deployment was: its name is free again. */
export const GONE = 'gone';

const OFTEN_MS = 2_000;
const SLOWLY_MS = 5_000;
const END = 200;

export class DeploymentView {
  readonly deployment: Watched<Deployment | typeof GONE>;
  readonly replicas: Watched<readonly Replica[]>;
  readonly traffic: Watched<Traffic>;
  readonly example: Watched<DeploymentExample>;
  readonly calls: Watched<CallSnippets>;
  readonly log: Watched<readonly string[]>;
  readonly decisions: Watched<readonly Decision[]>;
  private _tab: Tab = 'overview';
  private _tabChanged = new Signal<this, Tab>(this);
  private _visible = false;
  private _followings: Record<Tab, readonly Following[]>;
  private _always: Following;
  private _answering: string | null = null;
  private _lastModel = '';

  constructor(
    readonly request: Request,
    readonly changes: Changes,
    readonly name: string
  ) {
    this.deployment = new Watched(() => this.lookAtIt());
    this.replicas = new Watched(() => listReplicas(request, name));
    this.traffic = new Watched(() => this.lookAtTraffic());
    this.example = new Watched(() => showExample(request, name));
    this.calls = new Watched(() => listCalls(request, name));
    this.log = new Watched(() => this.lookAtLog());
    this.decisions = new Watched(() => this.lookBack());
    const follow = (watched: Watched<unknown>, slowlyMs: number) =>
      new Following(watched, changes, change => this.isAbout(change), slowlyMs);
    this._always = follow(this.deployment, SLOWLY_MS);
    this._followings = {
      overview: [follow(this.replicas, SLOWLY_MS), follow(this.traffic, OFTEN_MS)],
      try: [],
      call: [],
      log: [follow(this.log, OFTEN_MS)],
      history: [follow(this.decisions, SLOWLY_MS)]
    };
    this.deployment.changed.connect(this.askAnew, this);
  }

  get tab(): Tab {
    return this._tab;
  }

  get tabChanged(): ISignal<this, Tab> {
    return this._tabChanged;
  }

  /** The model it served when it was seen last; "" if it never was. */
  get lastModel(): string {
    return this._lastModel;
  }

  turn(tab: Tab): void {
    if (tab !== this._tab) {
      this.unfollow();
      this._tab = tab;
      this.follow();
      this._tabChanged.emit(tab);
    }
  }

  /** Whether somebody can see the page. */
  see(visible: boolean): void {
    if (visible !== this._visible) {
      this._visible = visible;
      if (visible) {
        this._always.start();
        this.follow();
      } else {
        this._always.stop();
        this.unfollow();
      }
    }
  }

  /** A log that is not followed stands still, so that it can be read. */
  followLog(wanted: boolean): void {
    for (const following of this._followings.log) {
      if (wanted && this._visible && this._tab === 'log') {
        following.start();
      } else {
        following.stop();
      }
    }
  }

  /** Decide something, and look at what became of it. null, or why it was not done. */
  async decide(doing: () => Promise<unknown>): Promise<Problem | null> {
    let problem: Problem | null = null;
    try {
      await doing();
    } catch (reason) {
      problem = isStale(reason)
        ? {
            message: `${this.name} was changed by someone else meanwhile, so nothing was done.`,
            remedy: 'You see it as it is now. Look at it, then decide again.'
          }
        : asProblem(reason);
    }
    await this.deployment.refresh();
    return problem;
  }

  dispose(): void {
    this.see(false);
    Signal.clearData(this);
  }

  private follow(): void {
    if (this._visible) {
      for (const following of this._followings[this._tab]) {
        following.start();
      }
      this.askAnew();
    }
  }

  private unfollow(): void {
    for (const following of this._followings[this._tab]) {
      following.stop();
    }
  }

  private isAbout(change: Change): boolean {
    if (change.kind === 'deployment_changed') {
      return change.deployment === this.name;
    }
    const deployment = this.deployment.seen.value;
    const model = deployment && deployment !== GONE ? deployment.model : null;
    return change.kind === 'alias_moved' && change.model === model;
  }

  /** Example and calls are those of the version that answers. */
  private askAnew(): void {
    const deployment = this.deployment.seen.value;
    if (!deployment || deployment === GONE || (this._tab !== 'try' && this._tab !== 'call')) {
      return;
    }
    const answering = `${this._tab} ${deployment.model} ${deployment.live ?? deployment.follows} ${deployment.url}`;
    if (answering !== this._answering) {
      this._answering = answering;
      void (this._tab === 'try' ? this.example : this.calls).refresh();
    }
  }

  private async lookAtIt(): Promise<Deployment | typeof GONE> {
    try {
      const found = await showDeployment(this.request, this.name);
      this._lastModel = found.model;
      return found;
    } catch (reason) {
      if (reason instanceof RequestFailed && reason.code === 'not_found') {
        return GONE;
      }
      throw reason;
    }
  }

  private async lookAtTraffic(): Promise<Traffic> {
    const known = this.traffic.seen.value;
    return joined(known, await showTraffic(this.request, this.name, known?.at ?? null));
  }

  private async lookAtLog(): Promise<readonly string[]> {
    const known = this.log.seen.value;
    if (known && unchanged(known, await readLog(this.request, this.name, END), END)) {
      return known;
    }
    return readLog(this.request, this.name, MOST_LINES);
  }

  private async lookBack(): Promise<readonly Decision[]> {
    const decisions = await listDecisions(this.request, this.name);
    const last = decisions[0];
    const facts = last?.action === 'deleted' ? last.before : last?.after;
    this._lastModel ||= String(facts?.model ?? '');
    const alias = typeof facts?.alias === 'string' ? facts.alias : null;
    const moves = alias === null ? [] : await listMoves(this.request, String(facts?.model));
    return decisionsOf(this.name, alias, decisions, moves);
  }
}

/** Someone else was faster: what the person saw is not so any more. */
export function isStale(reason: unknown): boolean {
  return reason instanceof RequestFailed && reason.status === 412;
}
