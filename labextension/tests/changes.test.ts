import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Change } from '../src/state/changes';
import { eventLine } from './samples';

const moved: Change = { kind: 'alias_moved', model: 'bike', alias: 'champion', after: 2 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('Changes', () => {
  it('asks for nothing before somebody listens', () => {
    expect(eventLine().lines()).toBe(0);
  });

  it('tells what happened', () => {
    const line = eventLine();
    const told: Change[] = [];
    line.changes.happened.connect((_, change) => told.push(change));
    line.tell(moved);
    expect(told).toMatchObject([moved]);
  });

  it('passes over the events of others', () => {
    const line = eventLine();
    const told: Change[] = [];
    line.changes.happened.connect((_, change) => told.push(change));
    line.tell({ ...moved, schema_id: 'https://events.jupyter.org/contents/v1' } as Change);
    expect(told).toEqual([]);
  });

  it('tries again within a second when it was cut off, and says that something may have been missed', () => {
    const line = eventLine();
    let missed = 0;
    line.changes.missed.connect(() => {
      missed += 1;
    });
    line.back();
    expect(missed).toBe(0);
    line.cut();
    vi.advanceTimersByTime(1_000);
    expect(line.lines()).toBe(2);
    line.back();
    expect(missed).toBe(1);
  });

  it('keeps trying while the server is away', () => {
    const line = eventLine();
    line.changes.missed.connect(() => {});
    line.back();
    for (let second = 0; second < 20; second += 1) {
      line.cut();
      vi.advanceTimersByTime(1_000);
    }
    expect(line.lines()).toBe(21);
  });

  it('is patient with a server that never lets it in', () => {
    const line = eventLine();
    line.changes.missed.connect(() => {});
    for (let minute = 0; minute < 10; minute += 1) {
      line.cut();
      vi.advanceTimersByTime(60_000);
    }
    expect(line.lines()).toBe(11);
    line.cut();
    vi.advanceTimersByTime(59_000);
    expect(line.lines()).toBe(11);
  });
});
