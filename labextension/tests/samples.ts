/** Answers of the server, as short as a test can say them. */

import type { Deployment, Model, Version } from '../src/api/types';
import { type Change, Changes } from '../src/state/changes';

export function model(change: Partial<Model>): Model {
  return {
    name: 'bike-demand',
    title: '',
    description: '',
    created_at: '2026-03-03T12:00:00Z',
    created_by: 'anna',
    archived_at: null,
    revision: 1,
    version_count: 4,
    aliases: {},
    language: 'julia',
    owner: 'anna',
    trained_at: '2026-03-03T12:00:00Z',
    latest_number: 4,
    latest_state: 'ready',
    health: 'quiet',
    health_words: 'is not served',
    latest: version({}),
    ...change
  };
}

/** Only what a list shows of a version. */
export function version(change: Partial<Version>): Version {
  const shown = { model: 'bike-demand', number: 4, state: 'ready', language: 'julia' };
  return { ...shown, ...change } as Version;
}

export function deployment(change: Partial<Deployment>): Deployment {
  const shown = { name: 'rides', model: 'bike-demand', alias: 'champion', version: null };
  const seen = { follows: 2, live: 2, state: 'ready', reason: '', remedy: '' };
  return { ...shown, ...seen, ...change } as Deployment;
}

/** A line of events that a test holds in its hands: `tell` a change, `cut` it off, let it be `back`. */
export function eventLine() {
  const sockets: { onopen?: () => void; onclose?: () => void; onmessage?: (e: unknown) => void }[] =
    [];
  class Socket {
    constructor() {
      sockets.push(this);
    }
  }
  const last = () => sockets[sockets.length - 1];
  const changes = new Changes({
    wsUrl: 'ws://lab/',
    token: '',
    appendToken: false,
    WebSocket: Socket as unknown as typeof WebSocket
  });
  return {
    changes,
    lines: () => sockets.length,
    back: () => last()?.onopen?.(),
    cut: () => last()?.onclose?.(),
    tell: (change: Change) => {
      const schema_id = 'https://events.jupyter.org/jupyter_kronkers/changes/v1';
      last()?.onmessage?.({ data: JSON.stringify({ schema_id, ...change }) });
    }
  };
}
