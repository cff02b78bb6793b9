/** What changes on the server, as Jupyter's event stream tells it: names and numbers, never contents. */

import type { Event, ServiceManager } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

const SCHEMA = 'https://events.jupyter.org/jupyter_kronkers/changes/v1';

export interface Change {
  kind: 'version_registered' | 'alias_moved' | 'deployment_changed' | 'capture_progressed';
  model?: string;
  number?: number;
  alias?: string;
  before?: number;
  after?: number;
  deployment?: string;
  state?: string;
  /** The id that the browser gave a capture, and how far it has come. */
  capture?: string;
  step?: 'capture' | 'upload' | 'proof' | 'done' | 'failed';
}

/** Who holds a page listens to `happened`, and looks anew at `missed`: events may have been lost meanwhile. */
export class Changes {
  private _happened = new Signal<this, Change>(this);
  private _missed = new Signal<this, void>(this);

  constructor(services: ServiceManager.IManager) {
    services.events.stream.connect((_, event) => this.take(event));
    services.connectionFailure.connect(() => this._missed.emit());
  }

  get happened(): ISignal<this, Change> {
    return this._happened;
  }

  get missed(): ISignal<this, void> {
    return this._missed;
  }

  private take(event: Event.Emission): void {
    if (event.schema_id === SCHEMA) {
      this._happened.emit(event as unknown as Change);
    }
  }
}
