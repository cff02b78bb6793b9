import { describe, expect, it } from 'vitest';

import type { AliasMove, DeploymentMove } from '../src/api/types';
import { decisionsOf } from '../src/state/decisions';
import {
  type Around,
  promotePlan,
  rollBackPlan,
  stopPlan,
  versionBefore
} from '../src/state/plans';
import { deployment } from './samples';

const at = (minute: number) => `2026-11-23T12:0${minute}:00Z`;

function move(change: Partial<AliasMove>): AliasMove {
  const moved = { seq: 1, model: 'bike-demand', alias: 'champion', before: 1, after: 2 };
  return { ...moved, at: at(1), by: 'anna', why: '', origin: 'here', ...change };
}

function decided(action: string, change: Partial<DeploymentMove> = {}): DeploymentMove {
  const facts = { before: {}, after: {} };
  return {
    seq: 1,
    deployment: 'rides',
    action,
    ...facts,
    at: at(0),
    by: 'ben',
    why: '',
    ...change
  };
}

function around(change: Partial<Around>): Around {
  const rides = deployment({ live: 2, follows: 2, wanted: 'serving', revision: 7, canary: null });
  return { deployment: rides, decisions: [], moves: [move({})], deployments: [rides], ...change };
}

const pinned = deployment({ alias: null, version: 3, live: 3, follows: 3, wanted: 'serving' });

describe('the version before', () => {
  it('is where the alias pointed before its last move', () => {
    const other = move({ alias: 'challenger', before: 9 });
    expect(versionBefore(around({ moves: [other, move({ before: 1 })] }))).toBe(1);
    expect(versionBefore(around({ moves: [move({ before: null })] }))).toBeNull();
  });

  it('is the one that was pinned before, since it was created', () => {
    const decisions = [
      decided('updated', { before: { version: 3 }, after: { version: 3 } }),
      decided('updated', { before: { version: 2 }, after: { version: 3 } }),
      decided('created', { after: { version: 2 } }),
      decided('deleted', { before: { version: 8 } })
    ];
    expect(versionBefore(around({ deployment: pinned, decisions }))).toBe(2);
    expect(versionBefore(around({ deployment: pinned, decisions: decisions.slice(2) }))).toBeNull();
  });
});

describe('what a decision would change', () => {
  it('roll back: from which version to which, who follows, and that no request fails', () => {
    const also = deployment({ name: 'rides-eu', wanted: 'serving', canary: null });
    const plan = rollBackPlan(around({ deployments: [also] }));
    const words = plan.words.join(' ');
    expect(words).toContain('from version 2 of bike-demand back to version 1');
    expect(words).toContain('The alias champion moves back to version 1');
    expect(words).toContain('No request fails');
    expect(words).toContain('rides-eu follows champion too');
    expect(plan).toMatchObject({ button: 'Roll back to version 1', revision: 7, asksWhy: true });
  });

  it('roll back: nothing to go back to', () => {
    expect(rollBackPlan(around({ moves: [] })).button).toBe('');
  });

  it('roll back: a stopped one answers nothing', () => {
    const stopped = deployment({ wanted: 'stopped', live: null });
    expect(rollBackPlan(around({ deployment: stopped })).words.join(' ')).toContain(
      'It is stopped'
    );
  });

  it('promote: what the canary has shown', () => {
    const canary_state = { number: 4, percent: 10, answered: 120, failed: 3 };
    const rides = deployment({ canary: 'challenger', canary_state, wanted: 'serving' });
    const plan = promotePlan(around({ deployment: rides }));
    expect(plan.button).toBe('Promote version 4');
    expect(plan.words.join(' ')).toContain('120 requests, 3 of which failed');
    expect(plan.words.join(' ')).toContain('The alias champion moves to version 4');
  });

  it('stop: who asks is refused', () => {
    expect(stopPlan(around({})).words.join(' ')).toContain('refused');
  });
});

describe('the history', () => {
  it('tells each decision with what it changed, newest first', () => {
    const decisions = [
      decided('updated', {
        at: at(2),
        before: { replicas: 1, spares: 0, limits: '{"idle_s":0}' },
        after: { replicas: 2, spares: 0, limits: '{"idle_s":60}' }
      }),
      decided('created', { after: { alias: 'champion', model: 'bike-demand', version: null } })
    ];
    const words = decisionsOf('rides', 'champion', decisions, []).map(one => one.words);
    expect(words).toEqual([
      'changed: replicas 1 → 2, idle_s 0 → 60',
      'deployed the champion of bike-demand'
    ]);
  });

  it('has the moves of the alias it follows, but a roll back once', () => {
    const moves = [
      move({ at: at(3), before: 2, after: 1, why: 'rolled back: rides: worse on Mondays' }),
      move({ at: at(2), before: 1, after: 2 }),
      move({ alias: 'challenger', at: at(2) })
    ];
    const decisions = [
      decided('rolled_back', { at: at(3), why: 'rolled back: rides: worse on Mondays' }),
      decided('created', { after: { alias: null, model: 'm', version: 1 } })
    ];
    const told = decisionsOf('rides', 'champion', decisions, moves);
    expect(told.map(one => one.words)).toEqual([
      'rolled back: version 2 → 1',
      'moved champion from version 1 to version 2',
      'deployed version 1 of m'
    ]);
    expect(told[0]?.why).toBe('worse on Mondays');
  });
});
