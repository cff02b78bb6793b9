import * as React from 'react';

import { describe, expect, it } from 'vitest';

import { type Request, RequestFailed } from '../src/api/request';
import type { Version } from '../src/api/types';
import { ModelView } from '../src/state/model';
import { ModelPageView } from '../src/widgets/model/view';
import { drawn } from './drawing';
import { deployment, model, version } from './samples';

const whole = version({
  id: 'v2',
  number: 2,
  class: 'LinearRegression',
  metrics: { rmse: 41.25 },
  params: {},
  packages: [],
  definitions: [],
  warnings: [],
  signature: { inputs: [], outputs: [] },
  target: [],
  note: '',
  reason: '',
  runtime: { version: '1.10', executable: '', platform: '' },
  proof: { rows: 20, max_difference: 0, elapsed_s: 1.5, batch_safe: true },
  data: null,
  git: null,
  notebook: null,
  kernel: null,
  size_bytes: 1000,
  digest: '',
  created_at: '2026-03-03T12:00:00Z',
  created_by: 'anna'
});

const server = (versions: Version[]) =>
  (async (path: string) => {
    if (path === 'models/bike-demand') {
      return model({ aliases: { champion: 2 }, owner: 'anna' });
    }
    const lists: Record<string, unknown[]> = { deployments: [deployment({})], versions };
    return {
      items: lists[path.replace(/^models\/bike-demand\//, '').split('?')[0] as string] ?? []
    };
  }) as Request;

async function pageOf(request: Request, looks = 1): Promise<string> {
  const view = new ModelView(request, 'bike-demand');
  for (let look = 0; look < looks; look++) {
    await view.facts.refresh();
  }
  const doors = { request, run: () => {}, putBack: () => {} };
  return drawn(<ModelPageView view={view} doors={doors} />).innerHTML;
}

describe('ModelPageView', () => {
  it('says that it is looking before the first answer', async () => {
    expect(await pageOf(server([]), 0)).toContain('Looking for bike-demand…');
  });

  it('shows owner, aliases, who serves it, and the version that is champion', async () => {
    const html = await pageOf(server([whole]));
    for (const words of ['anna', 'champion', 'rides', 'LinearRegression', '41.25', '✓ ', 'ready']) {
      expect(html).toContain(words);
    }
  });

  it('says how to register where there is no version', async () => {
    const html = await pageOf(server([]));
    expect(html).toContain('kronkers.register(model');
    expect(html).not.toContain('role="tablist"');
  });

  it('says why a version was rejected, and offers no deployment of it', async () => {
    const rejected = { ...whole, state: 'rejected', reason: 'needs <b>splines', remedy: 'Add it.' };
    const html = await pageOf(server([rejected]));
    expect(html).toContain('needs &lt;b&gt;splines');
    expect(html).toContain('Add it.');
    expect(html).not.toContain('>Deploy</button></div><dl');
  });

  it('keeps what it saw when a later look fails, and says so', async () => {
    let fails = false;
    const good = server([whole]);
    const request = ((path: string) =>
      fails
        ? Promise.reject(new RequestFailed('It is gone.', 'Ask.', 404))
        : good(path)) as Request;
    const view = new ModelView(request, 'bike-demand');
    await view.facts.refresh();
    fails = true;
    await view.facts.refresh();
    const doors = { request, run: () => {}, putBack: () => {} };
    const html = drawn(<ModelPageView view={view} doors={doors} />).innerHTML;
    expect(html).toContain('It is gone.');
    expect(html).toContain('Below is what was seen last.');
    expect(html).toContain('LinearRegression');
  });
});
