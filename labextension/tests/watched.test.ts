import { describe, expect, it } from 'vitest';

import { RequestFailed } from '../src/api/request';
import { type Seen, Watched } from '../src/state/watched';

/** Answers that arrive when a test lets them: `answers[0]('x')` is the first look's. */
function late() {
  const answers: ((value: string) => void)[] = [];
  const watched = new Watched<string>(() => new Promise(resolve => answers.push(resolve)));
  return { watched, answers };
}

describe('Watched', () => {
  it('is loading before the first look', () => {
    expect(new Watched(async () => 1).seen).toMatchObject({ phase: 'loading', value: null });
  });

  it('holds what was seen', async () => {
    const watched = new Watched(async () => 1);
    await watched.refresh();
    expect(watched.seen).toMatchObject({ phase: 'ready', value: 1, refreshing: false });
  });

  it('tells its listeners when a look starts and when it ends', async () => {
    const watched = new Watched(async () => 1);
    const refreshing: boolean[] = [];
    watched.changed.connect((_, seen) => refreshing.push(seen.refreshing));
    await watched.refresh();
    expect(refreshing).toEqual([true, false]);
  });

  it('keeps what it saw when a later look fails, and says what to do', async () => {
    const answers = [
      async () => 1,
      () => Promise.reject(new RequestFailed('Gone.', 'Start it.', 0))
    ];
    const watched = new Watched<number>(() => (answers.shift() as () => Promise<number>)());
    await watched.refresh();
    await watched.refresh();
    const problem = { message: 'Gone.', remedy: 'Start it.' };
    expect(watched.seen).toMatchObject({ phase: 'failed', value: 1, problem });
  });

  it('forgets the problem once the server answers again', async () => {
    const answers = [() => Promise.reject(new Error('x')), async () => 1];
    const watched = new Watched<number>(() => (answers.shift() as () => Promise<number>)());
    await watched.refresh();
    await watched.refresh();
    expect(watched.seen).toMatchObject({ phase: 'ready', problem: null });
  });

  it('ignores an answer that comes after that of a later look', async () => {
    const { watched, answers } = late();
    const first = watched.refresh();
    const second = watched.refresh();
    answers[1]?.('new');
    await second;
    answers[0]?.('old');
    await first;
    expect(watched.seen).toMatchObject({ value: 'new', refreshing: false });
  });

  it('shows each answer of many looks at once, and is refreshing until the last one', async () => {
    const { watched, answers } = late();
    const first = watched.refresh();
    void watched.refresh();
    answers[0]?.('old');
    await first;
    expect(watched.seen).toMatchObject({ value: 'old', refreshing: true });
  });

  it('shows the first part of a long answer until the whole is there, and only the first time', async () => {
    const watched = new Watched<string>(async part => {
      part('beginning');
      return 'whole';
    });
    const values: Seen<string>['value'][] = [];
    watched.changed.connect((_, { value }) => values.push(value));
    await watched.refresh();
    await watched.refresh();
    expect(values).toEqual([null, 'beginning', 'whole', 'whole', 'whole']);
  });
});
