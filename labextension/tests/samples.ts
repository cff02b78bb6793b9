/** Answers of the server, as short as a test can say them. */

import type { Deployment, Model, Version } from '../src/api/types';

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
