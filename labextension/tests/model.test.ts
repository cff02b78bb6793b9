import { describe, expect, it } from 'vitest';

import type { Request } from '../src/api/request';
import type { Version } from '../src/api/types';
import { ModelView, shownPair, shownVersion } from '../src/state/model';
import { deployment, model, version } from './samples';

const NONE = { tab: 'versions', chosen: null, before: null, after: null } as const;

function versions(...numbers: number[]): Version[] {
  return numbers.map(number => version({ number, id: `v${number}` }));
}

/** A server with a model that has these versions; `asked` collects the addresses. */
function serverWith(numbers: () => number[], asked: string[] = []): Request {
  return (async (path: string) => {
    asked.push(path);
    if (path === 'models/bike-demand') {
      return model({ aliases: { champion: 2 } });
    }
    if (path === 'deployments') {
      return { items: [deployment({}), deployment({ name: 'other', model: 'churn' })] };
    }
    if (!path.includes('/versions')) {
      return { items: [] };
    }
    const [, query] = path.split('?');
    const { limit, cursor } = Object.fromEntries(new URLSearchParams(query));
    const left = numbers().filter(number => !cursor || number < Number(cursor));
    const page = left.slice(0, Number(limit));
    const more = left.length > page.length;
    return { items: versions(...page), cursor: more ? String(page.at(-1)) : null };
  }) as Request;
}

const down = (from: number) => Array.from({ length: from }, (_, at) => from - at);

describe('ModelView', () => {
  it('holds the model, all its versions and the deployments that are its own', async () => {
    const view = new ModelView(
      serverWith(() => down(401)),
      'bike-demand'
    );
    await view.facts.refresh();
    const facts = view.facts.seen.value;
    expect(facts?.versions.map(({ number }) => number)).toEqual(down(401));
    expect(facts?.deployments.map(({ name }) => name)).toEqual(['rides']);
  });

  it('reads only the news once it has seen all versions', async () => {
    const asked: string[] = [];
    let newest = 401;
    const view = new ModelView(
      serverWith(() => down(newest), asked),
      'bike-demand'
    );
    await view.facts.refresh();
    asked.length = 0;
    newest = 402;
    await view.facts.refresh();
    expect(asked.filter(path => path.includes('/versions'))).toEqual([
      'models/bike-demand/versions?limit=10'
    ]);
    expect(view.facts.seen.value?.versions.map(({ number }) => number)).toEqual(down(402));
  });

  it('reads all of them again where the numbers are those of other versions', async () => {
    const asked: string[] = [];
    const view = new ModelView(
      serverWith(() => down(30), asked),
      'bike-demand'
    );
    await view.facts.refresh();
    for (const known of view.facts.seen.value?.versions ?? []) {
      known.id = `old-${known.number}`;
    }
    await view.facts.refresh();
    expect(view.facts.seen.value?.versions).toHaveLength(30);
    expect(view.facts.seen.value?.versions.at(-1)?.id).toBe('v1');
  });

  it('asks once for what differs, whoever wants it', async () => {
    const asked: string[] = [];
    const view = new ModelView(
      serverWith(() => [2, 1], asked),
      'bike-demand'
    );
    view.diff(1, 2);
    view.diff(1, 2);
    await Promise.resolve();
    expect(asked).toEqual(['models/bike-demand/versions/1/diff/2']);
  });

  it('looks again at what concerns it, and at nothing else', async () => {
    const view = new ModelView(
      serverWith(() => [1]),
      'bike-demand'
    );
    await view.facts.refresh();
    expect(view.isAbout({ kind: 'alias_moved', model: 'bike-demand' })).toBe(true);
    expect(view.isAbout({ kind: 'deployment_changed', deployment: 'rides' })).toBe(true);
    expect(view.isAbout({ kind: 'version_registered', model: 'churn' })).toBe(false);
    expect(view.isAbout({ kind: 'capture_progressed', step: 'done' })).toBe(false);
  });
});

describe('what a page shows without being told', () => {
  const facts = (aliases: Record<string, number>, ...numbers: number[]) => ({
    model: model({ aliases }),
    versions: versions(...numbers),
    moves: [],
    deployments: []
  });

  it('is the chosen version, else the champion, else the newest', () => {
    expect(shownVersion(facts({ champion: 2 }, 3, 2, 1), 1)?.number).toBe(1);
    expect(shownVersion(facts({ champion: 2 }, 3, 2, 1), null)?.number).toBe(2);
    expect(shownVersion(facts({}, 3, 2, 1), 99)?.number).toBe(3);
    expect(shownVersion(facts({}), null)).toBeNull();
  });

  it('compares the champion with the newest, or the newest two', () => {
    expect(shownPair(facts({ champion: 1 }, 3, 2, 1), NONE)).toEqual([1, 3]);
    expect(shownPair(facts({ champion: 3 }, 3, 2, 1), NONE)).toEqual([2, 3]);
    expect(shownPair(facts({}, 3, 2), NONE)).toEqual([2, 3]);
    expect(shownPair(facts({}, 1), NONE)).toBeNull();
    expect(shownPair(facts({}, 3, 2, 1), { ...NONE, before: 3, after: 1 })).toEqual([3, 1]);
  });
});
