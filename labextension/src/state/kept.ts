/** A small value that is there again after a reload, where JupyterLab keeps such things. */

import type { IStateDB } from '@jupyterlab/statedb';
import { type ISignal, Signal } from '@lumino/signaling';

export class Kept<T extends object> {
  private _value: T;
  private _changed = new Signal<this, T>(this);
  private _touched = false;

  constructor(
    first: T,
    private readonly id: string,
    private readonly store: Pick<IStateDB, 'fetch' | 'save'> | null
  ) {
    this._value = first;
  }

  get value(): T {
    return this._value;
  }

  get changed(): ISignal<this, T> {
    return this._changed;
  }

  /** What was kept; a change that the person made meanwhile counts more. */
  async restore(): Promise<void> {
    const found = await this.store?.fetch(this.id);
    if (found && typeof found === 'object' && !this._touched) {
      this.become(found as Partial<T>);
    }
  }

  change(change: Partial<T>): void {
    this._touched = true;
    this.become(change);
    void this.store?.save(this.id, { ...this._value } as Parameters<IStateDB['save']>[1]);
  }

  private become(change: Partial<T>): void {
    this._value = { ...this._value, ...change };
    this._changed.emit(this._value);
  }
}
