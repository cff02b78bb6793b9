import * as React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';

import type { Seen } from '../src/state/overview';
import { OverviewView } from '../src/widgets/panel';
import { deployment, model } from './samples';

const nothing: Seen = {
  phase: 'ready',
  refreshing: false,
  models: [],
  deployments: [],
  problem: null
};

const page = (seen: Partial<Seen>) =>
  renderToStaticMarkup(<OverviewView seen={{ ...nothing, ...seen }} />);

describe('OverviewView', () => {
  it('says that it is looking before the first answer', () => {
    expect(page({ phase: 'loading' })).toContain('Looking for models and deployments');
  });

  it('says how to register the first model', () => {
    expect(page({})).toContain('kronkers.register(model');
  });

  it('shows the remedy of a problem, and no empty lists that nobody has seen', () => {
    const html = page({ phase: 'failed', problem: { message: 'Gone.', remedy: 'Start it.' } });
    expect(html).toContain('Start it.');
    expect(html).not.toContain('No models yet');
  });

  it('shows language, version and aliases of a model', () => {
    const html = page({ models: [model({ name: 'bike', aliases: { champion: 2 } })] });
    expect(html).toContain('Julia · version 4');
    expect(html).toContain('champion 2');
  });

  it('escapes names and reasons', () => {
    const html = page({ models: [model({ name: 'm', title: '<img src=x onerror=alert(1)>' })] });
    expect(html).not.toContain('<img');
  });

  it('says the state of a deployment in words, and why', () => {
    const html = page({
      deployments: [deployment({ live: null, state: 'failed', reason: 'needs package splines' })]
    });
    expect(html).toContain('does not answer');
    expect(html).toContain('needs package splines');
  });
});
