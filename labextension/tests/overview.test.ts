import { describe, expect, it } from 'vitest';

import { type Request, RequestFailed } from '../src/api/request';
import { Overview } from '../src/state/overview';
import { deployment, model } from './samples';

const bike = model({});
const rides = deployment({});

/** A server that answers every list with what `answers` holds for its noun. */
function serverWith(answers: Record<string, unknown[]>): Request {
  return async <T>(path: string) =>
    ({ items: answers[path.split('?')[0] as string], cursor: null }) as T;
}

describe('Overview', () => {
  it('is loading before the first look', () => {
    expect(new Overview(serverWith({})).seen.phase).toBe('loading');
  });

  it('holds the models and deployments the server listed', async () => {
    const overview = new Overview(serverWith({ models: [bike], deployments: [rides] }));
    await overview.refresh();
    expect(overview.seen).toMatchObject({ phase: 'ready', models: [bike], deployments: [rides] });
  });

  it('reads a long list to its end', async () => {
    const pages: Record<string, unknown> = {
      'models?limit=200': { items: [bike], cursor: 'a b' },
      'models?limit=200&cursor=a%20b': { items: [model({ name: 'last' })], cursor: null },
      deployments: { items: [] }
    };
    const overview = new Overview((async (path: string) => pages[path]) as Request);
    await overview.refresh();
    expect(overview.seen.models.map(({ name }) => name)).toEqual(['bike-demand', 'last']);
  });

  it('tells its listeners when a look starts and when it ends', async () => {
    const overview = new Overview(serverWith({ models: [], deployments: [] }));
    const refreshing: boolean[] = [];
    overview.changed.connect((_, seen) => refreshing.push(seen.refreshing));
    await overview.refresh();
    expect(refreshing).toEqual([true, false]);
  });

  it('keeps what it saw when a later look fails, and says what to do', async () => {
    let answer = serverWith({ models: [bike], deployments: [] });
    const overview = new Overview(((path: string) => answer(path)) as Request);
    await overview.refresh();
    answer = () => Promise.reject(new RequestFailed('No answer.', 'Start it.', 0));
    await overview.refresh();
    expect(overview.seen).toMatchObject({
      phase: 'failed',
      models: [bike],
      problem: { message: 'No answer.', remedy: 'Start it.' }
    });
  });

  it('forgets the problem once the server answers again', async () => {
    let answer: Request = () => Promise.reject(new RequestFailed('No answer.', '', 0));
    const overview = new Overview(((path: string) => answer(path)) as Request);
    await overview.refresh();
    answer = serverWith({ models: [], deployments: [] });
    await overview.refresh();
    expect(overview.seen).toMatchObject({ phase: 'ready', problem: null });
  });

  it('ignores the late answer of a look that was overtaken', async () => {
    let late = (_: unknown): void => {};
    const slow = new Promise<unknown>(resolve => {
      late = resolve;
    });
    let answer = (() => slow) as Request;
    const overview = new Overview(((path: string) => answer(path)) as Request);
    const first = overview.refresh();
    answer = serverWith({ models: [bike], deployments: [] });
    await overview.refresh();
    late({ items: [], cursor: null });
    await first;
    expect(overview.seen.models).toEqual([bike]);
  });
});
