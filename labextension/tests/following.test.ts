import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Following } from '../src/state/following';
import { Watched } from '../src/state/watched';
import { eventLine } from './samples';

/** Something that is followed, and how often it was looked at. */
function followed(look: () => Promise<unknown> = async () => 1) {
  const line = eventLine();
  const counted = vi.fn(look);
  const concerns = ({ model }: { model?: string }) => model === 'bike';
  const following = new Following(new Watched(counted), line.changes, concerns);
  return { line, following, looks: () => counted.mock.calls.length };
}

const passing = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Following', () => {
  it('looks when it comes into view', () => {
    const { following, looks } = followed();
    following.start();
    expect(looks()).toBe(1);
  });

  it('looks slowly for what no event tells', async () => {
    const { following, looks } = followed();
    following.start();
    await passing(10_000);
    expect(looks()).toBe(2);
  });

  it('looks at once for a change that concerns it, and for no other', async () => {
    const { line, following, looks } = followed();
    following.start();
    await passing(1_000);
    line.tell({ kind: 'alias_moved', model: 'other' });
    await passing(1_000);
    expect(looks()).toBe(1);
    line.tell({ kind: 'alias_moved', model: 'bike' });
    await passing(0);
    expect(looks()).toBe(2);
  });

  it('looks a few times for a hundred changes, and after the last of them', async () => {
    const { line, following, looks } = followed();
    following.start();
    for (let n = 0; n < 100; n += 1) {
      line.tell({ kind: 'version_registered', model: 'bike', number: n });
      await passing(10);
    }
    await passing(400);
    expect(looks()).toBeGreaterThan(2);
    expect(looks()).toBeLessThan(6);
  });

  it('looks again soon after a failure', async () => {
    const { following, looks } = followed(() => Promise.reject(new Error('away')));
    following.start();
    await passing(1_500);
    expect(looks()).toBe(2);
  });

  it('looks again though an answer never came', async () => {
    const { following, looks } = followed(() => new Promise(() => {}));
    following.start();
    await passing(10_000);
    expect(looks()).toBe(2);
  });

  it('looks as soon as the line is back', async () => {
    const { line, following, looks } = followed();
    following.start();
    line.cut();
    await passing(1_000);
    line.back();
    expect(looks()).toBe(2);
  });

  it('does not look while it is out of view', async () => {
    const { line, following, looks } = followed();
    following.start();
    following.stop();
    line.tell({ kind: 'alias_moved', model: 'bike' });
    await passing(60_000);
    expect(looks()).toBe(1);
  });
});
