/**
 * What changes on the server, as Jupyter's event stream tells it: names and numbers, never contents.
 *
 * The line is our own, opened when somebody listens first. JupyterLab's (`serviceManager.events.stream`) does not say
 * that it was cut off or is back, and may wait half a minute before it tries again.
 */

import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';

const SCHEMA = 'https://events.jupyter.org/jupyter_kronkers/changes/v1';
const PAUSE_MS = 1_000;
/** A server that was away for this many tries is asked less often. */
const MANY = 60;
const LONG_PAUSE_MS = 5_000;
/** One that never let us in may not want to: it is asked less and less often. */
const LONGEST_PAUSE_MS = 60_000;

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

export type Line = Pick<
  ServerConnection.ISettings,
  'wsUrl' | 'token' | 'appendToken' | 'WebSocket'
>;

/** Who shows something listens to `happened`, and looks anew at `missed`: events may have been lost meanwhile. */
export class Changes {
  private _happened = new Signal<this, Change>(this);
  private _missed = new Signal<this, void>(this);
  private _opened = false;
  private _tries = 0;
  private _wasIn = false;

  constructor(private readonly line: Line) {}

  get happened(): ISignal<this, Change> {
    this.open();
    return this._happened;
  }

  /** The line was cut off and is back, or the page was out of sight. */
  get missed(): ISignal<this, void> {
    this.open();
    return this._missed;
  }

  private open(): void {
    if (this._opened) {
      return;
    }
    this._opened = true;
    this.connect();
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) {
        this._missed.emit();
      }
    });
  }

  private connect(): void {
    const socket = new this.line.WebSocket(address(this.line));
    const again = this._tries > 0;
    socket.onopen = () => {
      this._tries = 0;
      this._wasIn = true;
      if (again) {
        this._missed.emit();
      }
    };
    socket.onmessage = message => this.take(message.data);
    socket.onclose = () => {
      this._tries += 1;
      setTimeout(() => this.connect(), this.pauseMs());
    };
  }

  private pauseMs(): number {
    if (this._wasIn) {
      return this._tries < MANY ? PAUSE_MS : LONG_PAUSE_MS;
    }
    return Math.min(PAUSE_MS * 2 ** (this._tries - 1), LONGEST_PAUSE_MS);
  }

  private take(data: string): void {
    const event = data ? (JSON.parse(data) as Change & { schema_id?: string }) : null;
    if (event?.schema_id === SCHEMA) {
      this._happened.emit(event);
    }
  }
}

function address({ wsUrl, token, appendToken }: Line): string {
  const url = URLExt.join(wsUrl, 'api/events/subscribe');
  return appendToken && token ? `${url}?token=${encodeURIComponent(token)}` : url;
}
