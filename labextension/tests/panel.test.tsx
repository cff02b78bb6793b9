import * as React from 'react';
import { describe, expect, it } from 'vitest';

import type { Deployment, Model } from '../src/api/types';
import { type Choice, EVERYTHING } from '../src/state/choice';
import type { Seen } from '../src/state/watched';
import { DeploymentList } from '../src/widgets/deployments';
import { ModelList } from '../src/widgets/models';
import { drawn } from './drawing';
import { deployment, model } from './samples';

function seen<T>(value: T, change: Partial<Seen<T>> = {}): Seen<T> {
  return { phase: 'ready', refreshing: false, value, problem: null, ...change };
}

const nothing = () => {};

function models(
  value: Model[] | null,
  change: Partial<Seen<Model[]>> = {},
  choice: Partial<Choice> = {}
) {
  return drawn(
    <ModelList
      seen={seen(value, change) as Seen<Model[]>}
      choice={{ ...EVERYTHING, ...choice }}
      onChoose={nothing}
      onRetry={nothing}
      run={nothing}
    />
  ).innerHTML;
}

function deployments(value: Deployment[]) {
  return drawn(
    <DeploymentList
      seen={seen(value)}
      search=""
      onShowAll={nothing}
      onRetry={nothing}
      run={nothing}
    />
  ).innerHTML;
}

describe('ModelList', () => {
  it('says that it is looking before the first answer', () => {
    expect(models(null, { phase: 'loading' })).toContain('Looking for models');
  });

  it('says how to register the first model', () => {
    expect(models([])).toContain('kronkers.register(model');
  });

  it('shows the remedy of a problem, and no empty list that nobody has seen', () => {
    const html = models(null, {
      phase: 'failed',
      problem: { message: 'Gone.', remedy: 'Start it.' }
    });
    expect(html).toContain('Start it.');
    expect(html).not.toContain('No models yet');
  });

  it('keeps what was seen beside a problem', () => {
    const problem = { message: 'Gone.', remedy: 'Start it.' };
    expect(models([model({ name: 'bike' })], { phase: 'failed', problem })).toContain('bike');
  });

  it('shows language, version, owner and aliases of a model, champion first', () => {
    const html = models([model({ aliases: { challenger: 4, champion: 2 } })]);
    expect(html).toContain('Julia · version 4');
    expect(html).toContain('anna');
    expect(html.indexOf('champion 2')).toBeLessThan(html.indexOf('challenger 4'));
  });

  it('says the trouble of a model in words', () => {
    const html = models([model({ health: 'bad', health_words: 'rides does not answer.' })]);
    expect(html).toContain('rides does not answer.');
  });

  it('says so when the search finds nothing, and how to see all', () => {
    const html = models([model({}), model({ name: 'other' })], {}, { search: 'zebra' });
    expect(html).toContain('No model is like that.');
    expect(html).toContain('Show all 2');
  });

  it('draws a few dozen of a thousand models, and tells how many there are', () => {
    const many = Array.from({ length: 1_000 }, (_, n) => model({ name: `m-${n}` }));
    const html = models(many);
    expect(html.match(/<li/g)?.length).toBeLessThan(60);
    expect(html).toContain('aria-setsize="1000"');
  });

  it('offers only filters that have something to choose from', () => {
    const html = models([model({ owner: 'anna' }), model({ name: 'other', owner: 'ben' })]);
    expect(html).toContain('All owners');
    expect(html).not.toContain('All languages');
  });

  it('shows names and titles as text', () => {
    const html = models([model({ name: '<img src=x>', title: '<img src=x onerror=alert(1)>' })]);
    expect(html).toContain('&lt;img src=x&gt;');
    expect(document.querySelector('img')).toBeNull();
  });
});

describe('DeploymentList', () => {
  it('says the state of a deployment in words, and why', () => {
    const html = deployments([
      deployment({ live: null, state: 'failed', reason: 'needs package splines' })
    ]);
    expect(html).toContain('does not answer');
    expect(html).toContain('needs package splines');
  });

  it('tells the share of a canary', () => {
    const canary_state = { number: 5, percent: 10, answered: 0, failed: 0 };
    expect(deployments([deployment({ percent: 10, canary_state })])).toContain('10 % to version 5');
  });
});
