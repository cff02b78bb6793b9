/**
 * From a version to a deployment that answers with it, without a DOM.
 *
 *   looking ──▶ choosing ──▶ sending ──▶ done       `planOf` says what a wish does before it is done
 *      ▼            ▲           │
 *    stuck          └──refused──┘
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { listAliases, moveAlias } from '../api/aliases';
import {
  changeDeployment,
  createDeployment,
  listDeployments,
  showDeployment
} from '../api/deployments';
import { showModel } from '../api/models';
import type { Request } from '../api/request';
import type { Deployment, Version } from '../api/types';
import { showVersion } from '../api/versions';
import type { Change } from './changes';
import { asProblem, type Problem } from './watched';
import {
  baseOf,
  CHAMPION,
  firstWish,
  isAnswering,
  type Known,
  otherVersion,
  type Plan,
  planOf,
  turnedTo,
  type Wish
} from './wish';

export type Step = 'alias' | 'decision' | 'loading';

export interface Seen {
  phase: 'looking' | 'stuck' | 'choosing' | 'sending' | 'done';
  problem: Problem | null;
  known: Known | null;
  version: Version | null;
  wish: Wish | null;
  step: Step;
  began: Partial<Record<Step, number>>;
  deployment: Deployment | null;
}

const LOOK_MS = 700;

export class Deploying {
  private _seen: Seen = {
    phase: 'looking',
    problem: null,
    known: null,
    version: null,
    wish: null,
    step: 'alias',
    began: {},
    deployment: null
  };
  private _changed = new Signal<this, Seen>(this);
  private _ended = false;
  private _stir: () => void = () => {};

  constructor(
    private readonly request: Request,
    private readonly happened: ISignal<unknown, Change>,
    readonly model: string,
    private readonly asked: { version?: number | undefined; alias?: string | undefined }
  ) {
    happened.connect(this.hear, this);
  }

  get seen(): Seen {
    return this._seen;
  }

  get changed(): ISignal<this, Seen> {
    return this._changed;
  }

  dispose(): void {
    this._ended = true;
    this._stir();
    this.happened.disconnect(this.hear, this);
    Signal.clearData(this);
  }

  get plan(): Plan | null {
    const { wish, known } = this._seen;
    return wish && known ? planOf(wish, known) : null;
  }

  /** Reads what is there. Never rejects. */
  async look(): Promise<void> {
    this.become({ phase: 'looking', problem: null });
    try {
      const known = await this.known();
      const version = await showVersion(this.request, this.model, known.version);
      const wish = this._seen.wish ?? firstWish(known, this.asked.alias);
      this.become({ phase: 'choosing', known, version, wish });
    } catch (reason) {
      this.become({ phase: 'stuck', problem: asProblem(reason) });
    }
  }

  choose(change: Partial<Wish>): void {
    const { wish, known } = this._seen;
    if (!wish || !known) {
      return;
    }
    const { deployment } = change;
    const turned = deployment === undefined ? wish : turnedTo(deployment, wish, known);
    const chosen = { ...turned, ...change };
    if (otherVersion(chosen, known) === null) {
      chosen.share = 'all';
    }
    this.become({ wish: chosen });
  }

  /** One press. Never rejects. */
  async deploy(): Promise<void> {
    const { wish, known } = this._seen;
    const plan = this.plan;
    if (!wish || !known || !plan || Object.keys(plan.faults).length > 0) {
      return;
    }
    try {
      if (plan.alias) {
        this.sending('alias');
        const { name, revision } = plan.alias;
        await moveAlias(this.request, this.model, name, known.version, wish.why.trim(), revision);
      }
      this.sending('decision');
      const deployment = await this.decide(plan, wish, known);
      this.sending('loading');
      this.become({ deployment });
      await this.watch(deployment.name, wish, known);
    } catch (reason) {
      const problem = asProblem(reason);
      const now = await this.known().catch(() => known);
      this.become({ phase: 'choosing', problem, known: now, began: {} });
    }
  }

  private decide(plan: Plan, wish: Wish, known: Known): Promise<Deployment> {
    if (plan.create) {
      return createDeployment(this.request, plan.create);
    }
    const revision = baseOf(wish, known)?.revision ?? 0;
    return plan.change
      ? changeDeployment(this.request, wish.deployment, plan.change, revision)
      : showDeployment(this.request, wish.deployment);
  }

  /** Until it answers as wished. What is in the way meanwhile is told as it is. */
  private async watch(name: string, wish: Wish, known: Known): Promise<void> {
    while (!this._ended) {
      const deployment = await showDeployment(this.request, name).catch(() => null);
      if (deployment && !this._ended) {
        const { reason, remedy } = deployment;
        const answers = isAnswering(deployment, wish, known);
        const problem = reason && !answers ? { message: reason, remedy } : null;
        this.become({ deployment, problem, ...(answers ? { phase: 'done' } : {}) });
        if (answers) {
          return;
        }
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, LOOK_MS);
        this._stir = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private async known(): Promise<Known> {
    const [aliases, deployments] = await Promise.all([
      listAliases(this.request, this.model),
      listDeployments(this.request)
    ]);
    const alias = aliases.find(found => found.alias === (this.asked.alias ?? CHAMPION));
    const version = this.asked.version ?? alias?.number ?? (await this.latest());
    return { model: this.model, version, aliases, deployments };
  }

  private async latest(): Promise<number> {
    const { latest_number } = await showModel(this.request, this.model);
    return latest_number ?? 1;
  }

  private hear(_: unknown, change: Change): void {
    if (change.kind === 'deployment_changed') {
      this._stir();
    }
    if (change.kind !== 'capture_progressed' && this._seen.phase === 'choosing') {
      void this.renew();
    }
  }

  /** What is there may change while the person still thinks; what was chosen stays. */
  private async renew(): Promise<void> {
    const known = await this.known().catch(() => null);
    if (known && this._seen.phase === 'choosing') {
      this.become({ known: { ...known, version: this._seen.known?.version ?? known.version } });
    }
  }

  private sending(step: Step): void {
    const { began, phase } = this._seen;
    const before = phase === 'sending' ? began : {};
    const started = { ...before, [step]: Date.now() };
    this.become({ phase: 'sending', problem: null, step, began: started });
  }

  private become(change: Partial<Seen>): void {
    this._seen = { ...this._seen, ...change };
    this._changed.emit(this._seen);
  }
}
