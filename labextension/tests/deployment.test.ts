import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { type Request, RequestFailed } from '../src/api/request';
import { DeploymentView, GONE } from '../src/state/deployment';
import { nextSteps, servesInWords } from '../src/state/standing';
import { deployment, eventLine } from './samples';

/** A server that knows these paths below `deployments/rides`, and remembers what it was asked. */
function serverWith(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const request = (async (path: string) => {
    const place = path.replace(/^deployments\/rides\/?/, '').split('?')[0] as string;
    asked.push(place);
    const answer = answers[place];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  }) as Request;
  return { request, asked, answers };
}

const quiet = { at: null, step_s: 2, points: [], totals: [] };
const rides = deployment({ live: 2, wanted: 'serving' });

function open(answers: Record<string, unknown> = {}) {
  const server = serverWith({
    '': rides,
    replicas: { items: [] },
    traffic: quiet,
    log: { lines: ['a'] },
    example: { columns: [], rows: [], fields: [], version: 2 },
    ...answers
  });
  const line = eventLine();
  const view = new DeploymentView(server.request, line.changes, 'rides');
  return {
    ...server,
    line,
    view,
    count: (path: string) => server.asked.filter(one => one === path).length
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('DeploymentView', () => {
  it('asks nothing before somebody can see it', async () => {
    const { asked } = open();
    await pass(60_000);
    expect(asked).toEqual([]);
  });

  it('asks for traffic every two seconds while its tab can be seen, and then no more', async () => {
    const { view, count } = open();
    view.see(true);
    await pass(8_100);
    expect(count('traffic')).toBe(5);
    view.turn('history');
    await pass(10_000);
    expect(count('traffic')).toBe(5);
    view.turn('overview');
    view.see(false);
    const before = count('traffic');
    await pass(10_000);
    expect(count('traffic')).toBe(before);
  });

  it('looks again when a change concerns it', async () => {
    const { view, line, count } = open();
    view.see(true);
    await pass(1_000);
    const before = count('');
    line.tell({ kind: 'deployment_changed', deployment: 'other' });
    line.tell({ kind: 'alias_moved', model: 'other' });
    await pass(500);
    expect(count('')).toBe(before);
    line.tell({ kind: 'alias_moved', model: 'bike-demand' });
    await pass(500);
    expect(count('')).toBe(before + 1);
  });

  it('knows one that was deleted from a server that fails', async () => {
    const { view, answers } = open({ '': new RequestFailed('m', '', 404, 'not_found') });
    view.see(true);
    await pass(10);
    expect(view.deployment.seen.value).toBe(GONE);
    answers[''] = new RequestFailed('Not running.', 'Start it.', 404);
    await view.deployment.refresh();
    expect(view.deployment.seen.problem?.message).toBe('Not running.');
  });

  it('asks for the example anew when another version answers', async () => {
    const { view, answers, count } = open();
    view.see(true);
    view.turn('try');
    await pass(100);
    expect(count('example')).toBe(1);
    await view.deployment.refresh();
    expect(count('example')).toBe(1);
    answers[''] = { ...rides, live: 3 };
    await view.deployment.refresh();
    expect(count('example')).toBe(2);
  });

  it('reads the whole log once, and then its end', async () => {
    const { view, asked } = open();
    view.see(true);
    view.turn('log');
    await pass(100);
    const first = view.log.seen.value;
    await pass(2_000);
    expect(view.log.seen.value).toBe(first);
    expect(asked.filter(path => path === 'log')).toHaveLength(2);
  });

  it('tells who was late in words, and shows the newest', async () => {
    const { view, count } = open();
    view.see(true);
    await pass(10);
    const before = count('');
    const stale = new RequestFailed('m', '', 412, 'stale');
    const problem = await view.decide(() => Promise.reject(stale));
    expect(problem?.message).toContain('changed by someone else meanwhile');
    expect(count('')).toBe(before + 1);
    expect(await view.decide(async () => 1)).toBeNull();
  });
});

describe('what to do next', () => {
  it('is said for each state that is not good', () => {
    for (const state of ['starting', 'swapping', 'idle']) {
      expect(nextSteps({ ...rides, state }).words).not.toBe('');
    }
    for (const state of ['degraded', 'failed']) {
      expect(nextSteps({ ...rides, state }).buttons.length).toBeGreaterThan(0);
    }
    expect(nextSteps({ ...rides, state: 'stopped', wanted: 'stopped' }).words).toContain('Start');
    expect(nextSteps(rides)).toEqual({ words: '', buttons: [] });
  });

  it('is told beside what it follows', () => {
    expect(servesInWords(rides)).toBe('follows the alias champion');
    expect(servesInWords({ ...rides, follows: 3 })).toContain('which is version 3');
    expect(servesInWords({ ...rides, follows: null })).toContain('names no version');
    expect(servesInWords({ ...rides, alias: null, version: 2 })).toBe('stays with version 2');
  });
});
