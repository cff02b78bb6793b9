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
  private _asked = 0;
  private _answered = 0;

  /** `look` may hand over a first part of a long answer; it counts until there was a whole one. */
  constructor(private readonly look: (part: (value: T) => void) => Promise<T>) {}

  get seen(): Seen<T> {
    return this._seen;
  }

  get changed(): ISignal<this, Seen<T>> {
    return this._changed;
  }

  /** Looks again. Never rejects; an answer that arrives after that of a later look does not count. */
  async refresh(): Promise<void> {
    this._asked += 1;
    const mine = this._asked;
    if (!this._seen.refreshing) {
      this.become({ refreshing: true });
    }
    const found = await this.attempt();
    if (mine > this._answered) {
      this._answered = mine;
      this.become({ ...found, refreshing: mine < this._asked });
    }
  }

  private async attempt(): Promise<Partial<Seen<T>>> {
    try {
      const value = await this.look(part => this.takePart(part));
      return { phase: 'ready', value, problem: null };
    } catch (reason) {
      return { phase: 'failed', problem: asProblem(reason) };
    }
  }

  private takePart(value: T): void {
    if (this._seen.value === null) {
      this.become({ phase: 'ready', value, problem: null });
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
