/**
 * What the panel knows, without a DOM.
 *
 *   loading ──▶ ready ◀──▶ failed          `refreshing` is true in any of them while an answer is awaited
 *
 * A failed look keeps what was last seen in `models` and `deployments`.
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { listDeployments } from '../api/deployments';
import { listModels } from '../api/models';
import { type Request, RequestFailed } from '../api/request';
import type { Deployment, Model } from '../api/types';

export interface Problem {
  message: string;
  remedy: string;
}

export interface Seen {
  phase: 'loading' | 'ready' | 'failed';
  refreshing: boolean;
  models: readonly Model[];
  deployments: readonly Deployment[];
  problem: Problem | null;
}

export class Overview {
  private _seen: Seen = {
    phase: 'loading',
    refreshing: false,
    models: [],
    deployments: [],
    problem: null
  };
  private _changed = new Signal<this, Seen>(this);
  private _latest = 0;

  constructor(private readonly request: Request) {}

  get seen(): Seen {
    return this._seen;
  }

  get changed(): ISignal<this, Seen> {
    return this._changed;
  }

  /** Looks again. Never rejects; of several looks under way only the last one asked for counts. */
  async refresh(): Promise<void> {
    this._latest += 1;
    const mine = this._latest;
    this.become({ refreshing: true });
    const found = await this.look();
    if (mine === this._latest) {
      this.become({ ...found, refreshing: false });
    }
  }

  private async look(): Promise<Partial<Seen>> {
    try {
      const [models, deployments] = await Promise.all([
        listModels(this.request),
        listDeployments(this.request)
      ]);
      return { phase: 'ready', models, deployments, problem: null };
    } catch (reason) {
      return { phase: 'failed', problem: asProblem(reason) };
    }
  }

  private become(change: Partial<Seen>): void {
    this._seen = { ...this._seen, ...change };
    this._changed.emit(this._seen);
  }
}

function asProblem(reason: unknown): Problem {
  if (reason instanceof RequestFailed) {
    return { message: reason.message, remedy: reason.remedy };
  }
  return { message: String(reason), remedy: 'Press Refresh to try again.' };
}
