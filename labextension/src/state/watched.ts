/**
 * One thing on the server that is looked at again and again, without a DOM.
 *
 *   loading ──▶ ready ◀──▶ failed          `refreshing` is true in any of them while an answer is awaited
 *
 * A failed look keeps what was seen last in `value`.
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { RequestFailed } from '../api/request';

export interface Problem {
  message: string;
  remedy: string;
}

export interface Seen<T> {
  phase: 'loading' | 'ready' | 'failed';
  refreshing: boolean;
  /** null until the first look that succeeded. */
  value: T | null;
  problem: Problem | null;
}

export class Watched<T> {
  private _seen: Seen<T> = { phase: 'loading', refreshing: false, value: null, problem: null };
  private _changed = new Signal<this, Seen<T>>(this);
  private _latest = 0;

  constructor(private readonly look: () => Promise<T>) {}

  get seen(): Seen<T> {
    return this._seen;
  }

  get changed(): ISignal<this, Seen<T>> {
    return this._changed;
  }

  /** Looks again. Never rejects; of several looks under way only the last one asked for counts. */
  async refresh(): Promise<void> {
    this._latest += 1;
    const mine = this._latest;
    this.become({ refreshing: true });
    const found = await this.attempt();
    if (mine === this._latest) {
      this.become({ ...found, refreshing: false });
    }
  }

  private async attempt(): Promise<Partial<Seen<T>>> {
    try {
      return { phase: 'ready', value: await this.look(), problem: null };
    } catch (reason) {
      return { phase: 'failed', problem: asProblem(reason) };
    }
  }

  private become(change: Partial<Seen<T>>): void {
    this._seen = { ...this._seen, ...change };
    this._changed.emit(this._seen);
  }
}

export function asProblem(reason: unknown): Problem {
  if (reason instanceof RequestFailed) {
    return { message: reason.message, remedy: reason.remedy };
  }
  return { message: String(reason), remedy: 'Press Refresh to try again.' };
}
