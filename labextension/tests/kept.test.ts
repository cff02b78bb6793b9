import { describe, expect, it } from 'vitest';

import { Kept } from '../src/state/kept';

/** Where JupyterLab keeps things, holding `found` under every id. */
function store(found: object | undefined) {
  const saved: unknown[] = [];
  return {
    saved,
    fetch: async () => found as never,
    save: async (_: string, value: unknown) => void saved.push(value)
  };
}

const FIRST = { search: '', order: 'name' };

describe('Kept', () => {
  it('has the first value where nothing was kept', async () => {
    const kept = new Kept(FIRST, 'id', store(undefined));
    await kept.restore();
    expect(kept.value).toEqual(FIRST);
  });

  it('has what was kept, and the first value for what is new since', async () => {
    const kept = new Kept(FIRST, 'id', store({ order: 'health' }));
    await kept.restore();
    expect(kept.value).toEqual({ search: '', order: 'health' });
  });

  it('keeps a change', () => {
    const place = store(undefined);
    new Kept(FIRST, 'id', place).change({ order: 'trained' });
    expect(place.saved).toEqual([{ search: '', order: 'trained' }]);
  });

  it('prefers what the person did meanwhile', async () => {
    const kept = new Kept(FIRST, 'id', store({ order: 'health' }));
    kept.change({ order: 'trained' });
    await kept.restore();
    expect(kept.value.order).toBe('trained');
  });
});
