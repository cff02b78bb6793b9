import { describe, expect, it } from 'vitest';

import type { Alias, Deployment } from '../src/api/types';
import { firstWish, isAnswering, type Known, planOf, turnedTo } from '../src/state/wish';
import { deployment } from './samples';

const alias = (name: string, number: number): Alias => ({
  model: 'bike-demand',
  alias: name,
  number,
  revision: 7,
  moved_at: '',
  moved_by: ''
});
const served = (change: Partial<Deployment> = {}) =>
  deployment({
    live: 3,
    replicas: 2,
    spares: 1,
    canary: null,
    wanted: 'serving',
    revision: 5,
    ...change
  });
const known = (change: Partial<Known> = {}): Known => ({
  model: 'bike-demand',
  version: 4,
  aliases: [alias('champion', 3)],
  deployments: [],
  ...change
});

describe('what is proposed', () => {
  it('is a new deployment of the model’s name that follows the champion', () => {
    const wish = firstWish(known());
    expect(wish).toMatchObject({
      deployment: '',
      name: 'bike-demand',
      follow: 'alias',
      sets: true
    });
    expect(wish.alias).toBe('champion');
  });

  it('is to move the deployment that is there, as it is', () => {
    const wish = firstWish(known({ deployments: [served()] }));
    expect(wish).toMatchObject({ deployment: 'rides', follow: 'alias', replicas: 2, spares: 1 });
  });

  it('stays pinned where the deployment is', () => {
    const pinned = served({ alias: null, version: 3 });
    expect(firstWish(known({ deployments: [pinned] })).follow).toBe('version');
  });

  it('has a name that is free', () => {
    const others = [
      served({ name: 'bike-demand', model: 'other' }),
      served({ name: 'bike-demand-2', model: 'other' })
    ];
    expect(firstWish(known({ deployments: others })).name).toBe('bike-demand-3');
  });
});

describe('a plan', () => {
  it('for a new one sets the alias and creates', () => {
    const plan = planOf(firstWish(known()), known());
    expect(plan.alias).toEqual({ name: 'champion', revision: 7 });
    expect(plan.create).toMatchObject({
      name: 'bike-demand',
      model: 'bike-demand',
      alias: 'champion'
    });
    expect(plan.words.join(' ')).toContain('champion moves from version 3 to version 4');
  });

  it('for one that follows the alias only moves the alias', () => {
    const there = known({ deployments: [served()] });
    const plan = planOf(firstWish(there), there);
    expect(plan.alias?.name).toBe('champion');
    expect(plan.change).toBeNull();
    expect(plan.words.join(' ')).toContain('rides goes over from version 3 to version 4');
  });

  it('names the others that follow the alias too', () => {
    const there = known({ deployments: [served(), served({ name: 'app' })] });
    expect(planOf(firstWish(there), there).words).toContain('app follows it too.');
  });

  it('for a part asks for a canary and leaves the alias alone', () => {
    const there = known({ deployments: [served()] });
    const plan = planOf({ ...firstWish(there), share: 'part', percent: 5 }, there);
    expect(plan.alias).toBeNull();
    expect(plan.change).toEqual({ canary: 4, percent: 5 });
    expect(plan.words[0]).toBe(
      '5 % of the requests to rides go to version 4, the others to version 3.'
    );
  });

  it('for a pinned one changes the version, wakes it and ends its canary', () => {
    const pinned = served({ alias: null, version: 3, wanted: 'stopped', canary: 4 });
    const there = known({ deployments: [pinned] });
    expect(planOf(firstWish(there), there).change).toEqual({
      version: 4,
      canary: null,
      wanted: 'serving'
    });
  });

  it('sends only what differs', () => {
    const there = known({ deployments: [served()], aliases: [alias('champion', 4)] });
    const wish = { ...firstWish(there), replicas: 3 };
    expect(planOf(wish, there).change).toEqual({ replicas: 3 });
  });

  it('says what is in the way', () => {
    const there = known({ deployments: [served({ model: 'other' })], aliases: [] });
    const wish = { ...firstWish(there), name: 'rides', sets: false, replicas: 0, spares: 9 };
    const { faults } = planOf(wish, there);
    expect(faults.name).toContain('rides is there already; it serves other');
    expect(faults.sets).toContain('names no version yet');
    expect(faults.replicas).toBe('1 to 64.');
    expect(faults.spares).toBe('0 to 8.');
  });
});

it('another deployment brings its own size and what it follows', () => {
  const app = served({ name: 'app', alias: 'challenger', replicas: 4, spares: 0 });
  const there = known({ deployments: [served(), app] });
  expect(turnedTo('app', firstWish(there), there)).toMatchObject({
    deployment: 'app',
    alias: 'challenger',
    replicas: 4
  });
});

it('answers as wished once the version, or its part, is there', () => {
  const there = known({ deployments: [served()] });
  const wish = firstWish(there);
  expect(isAnswering(served(), wish, there)).toBe(false);
  expect(isAnswering(served({ live: 4, state: 'swapping' }), wish, there)).toBe(false);
  expect(isAnswering(served({ live: 4 }), wish, there)).toBe(true);
  const part = { ...wish, share: 'part' as const };
  const canary_state = { number: 4, percent: 10, answered: 0, failed: 0 };
  expect(isAnswering(served({ canary_state }), part, there)).toBe(true);
});
