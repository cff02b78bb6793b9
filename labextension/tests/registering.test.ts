import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { RequestFailed } from '../src/api/request';
import type { Candidates, NewCapture } from '../src/api/types';
import type { Change } from '../src/state/changes';
import type { Kernel, Notebook } from '../src/state/notebook';
import { Registering } from '../src/state/registering';
import { model, version } from './samples';

const FOUND: Candidates = {
  language: 'python',
  models: [
    { name: 'forest', class: 'RandomForestRegressor', features: ['hr'], defined: 'cell 3' },
    { name: 'line', class: 'LinearRegression', features: ['hr'] }
  ],
  data: [
    { name: 'train', class: 'DataFrame', rows: 9, columns: ['hr', 'cnt'], types: ['long', 'long'] }
  ],
  metrics: { rmse: 1.5 },
  likely: { model: 'forest', data: 'train', target: 'cnt' },
  busy: false
};

type Answer = (path: string, init?: RequestInit) => unknown;

class Paper implements Notebook {
  path = 'bikes.ipynb';
  kernel: Kernel | null = { id: 'k1', language: 'python', status: 'idle' };
  cells = [{ number: 4, text: 'line = fit()' }];
  saved = 0;
  readonly changed = new Signal<Paper, void>(this);

  async save(): Promise<void> {
    this.saved += 1;
  }

  becomes(status: string): void {
    this.kernel = this.kernel && { ...this.kernel, status };
    this.changed.emit();
  }
}

/** A dialog over a kernel that holds FOUND; `answers` come before. */
function opened(answers: Record<string, Answer> = {}) {
  const asked: { path: string; body: unknown }[] = [];
  const served: Record<string, Answer> = {
    'kernels/k1/candidates': () => FOUND,
    'kernels/k1/preview': () => ({ inputs: [], outputs: [], notes: [] }),
    'kernels/k1/captures': () => version({ model: 'bikes-forest', number: 1 }),
    models: () => ({ items: [], cursor: null }),
    deployments: () => ({ items: [] }),
    ...answers
  };
  const request = async <T>(path: string, init?: RequestInit): Promise<T> => {
    asked.push({ path, body: init?.body ? JSON.parse(String(init.body)) : null });
    const answer = served[path.split('?')[0] ?? ''];
    if (!answer) {
      throw new RequestFailed(`nothing at ${path}`, '', 404, 'not_found');
    }
    return (await answer(path, init)) as T;
  };
  const paper = new Paper();
  const events = new Signal<object, Change>({});
  const registering = new Registering(request, events, paper);
  return { registering, paper, events, asked };
}

const settled = () => vi.advanceTimersByTimeAsync(500);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('looking', () => {
  it('proposes the likely pair, a name and the metrics', async () => {
    const { registering } = opened();
    await registering.look();
    const { variable, data, target, name, metrics } = registering.seen.choice;
    expect({ variable, data, target, name }).toEqual({
      variable: 'forest',
      data: 'train',
      target: 'cnt',
      name: 'bikes-forest'
    });
    expect(metrics).toMatchObject([{ name: 'rmse', value: '1.5', taken: true }]);
  });

  it('says where each model was made: what the kernel says, else the cell of this notebook', async () => {
    const { registering } = opened();
    await registering.look();
    expect(FOUND.models.map(found => registering.whereDefined(found))).toEqual([
      'cell 3',
      'cell 4'
    ]);
  });

  it.each([
    [null, 'has no kernel', 'kernel'],
    [{ id: 'k', language: 'rust', status: 'idle' }, 'speaks rust', 'kernel'],
    [{ id: 'k', language: 'python', status: 'dead' }, 'has died', 'restart']
  ])('is stuck with %o and says what to do', async (kernel, words, next) => {
    const { registering, paper } = opened();
    paper.kernel = kernel;
    await registering.look();
    expect(registering.seen.phase).toBe('stuck');
    expect(registering.seen.problem?.message).toContain(words);
    expect(registering.seen.next).toBe(next);
  });

  it('says how a model is made where the kernel holds none', async () => {
    const { registering } = opened({ 'kernels/k1/candidates': () => ({ ...FOUND, models: [] }) });
    await registering.look();
    expect(registering.seen.problem?.remedy).toContain('predict method');
    expect(registering.seen.next).toBe('run');
  });

  it('waits while R runs a cell, and goes on by itself', async () => {
    const { registering, paper, asked } = opened();
    paper.kernel = { id: 'k1', language: 'R', status: 'busy' };
    const looked = registering.look();
    await settled();
    expect(registering.seen.phase).toBe('waiting');
    expect(asked.some(({ path }) => path.includes('candidates'))).toBe(false);
    paper.becomes('idle');
    await looked;
    expect(registering.seen.phase).toBe('choosing');
  });

  it('waits again where the server found it busy after all', async () => {
    const busy = new RequestFailed('busy', '', 409, 'kernel_busy');
    const answers = [() => Promise.reject(busy), () => FOUND];
    const { registering, paper } = opened({ 'kernels/k1/candidates': () => answers.shift()?.() });
    const looked = registering.look();
    await settled();
    expect(registering.seen.phase).toBe('waiting');
    paper.becomes('idle');
    await looked;
    expect(registering.seen.phase).toBe('choosing');
  });

  it('stops to wait when told so', async () => {
    const { registering, paper } = opened();
    paper.kernel = { id: 'k1', language: 'julia', status: 'busy' };
    const looked = registering.look();
    await settled();
    registering.cancel();
    await looked;
    paper.becomes('idle');
    await settled();
    expect(registering.seen.phase).toBe('stuck');
  });

  it('keeps what was typed when it looks again', async () => {
    const { registering } = opened();
    await registering.look();
    registering.choose({
      name: 'mine',
      note: 'why',
      metrics: [{ name: 'auc', value: '1', taken: true }]
    });
    await registering.look();
    expect(registering.seen.choice).toMatchObject({ name: 'mine', note: 'why' });
    expect(registering.seen.choice.metrics.map(({ name }) => name)).toEqual(['rmse', 'auc']);
  });
});

describe('choosing', () => {
  it('another model proposes its pair and name, but not over a name that was typed', async () => {
    const { registering } = opened();
    await registering.look();
    registering.choose({ variable: 'line' });
    expect(registering.seen.choice.name).toBe('bikes-line');
    registering.choose({ name: 'mine' });
    registering.choose({ variable: 'forest' });
    expect(registering.seen.choice.name).toBe('mine');
  });

  it('reads the signature of the last choice only', async () => {
    const { registering, asked } = opened();
    await registering.look();
    registering.choose({ target: '' });
    registering.choose({ target: 'cnt' });
    registering.choose({ target: '' });
    await settled();
    const previews = asked.filter(({ path }) => path.endsWith('preview'));
    expect(previews.map(({ body }) => body)).toEqual([
      { variable: 'forest', data: 'train', target: null, predict: null }
    ]);
  });

  it('shows what a capture would refuse', async () => {
    const refusal = new RequestFailed('data has no rows.', '', 422, 'invalid');
    const { registering } = opened({ 'kernels/k1/preview': () => Promise.reject(refusal) });
    await registering.look();
    await settled();
    expect(registering.seen.previewProblem?.message).toBe('data has no rows.');
  });
});

describe('registering', () => {
  it('saves the notebook, sends what was chosen, and ends at the card', async () => {
    const { registering, paper, asked } = opened({
      'models/bikes-forest': () => model({ aliases: { champion: 1 } })
    });
    await registering.look();
    registering.choose({ needs: 'scale_row, helpers', note: ' first ' });
    await registering.register();
    const sent = asked.find(({ path }) => path.endsWith('captures'))?.body as NewCapture;
    expect(sent).toMatchObject({
      model: 'bikes-forest',
      variable: 'forest',
      data: 'train',
      target: 'cnt',
      needs: ['scale_row', 'helpers'],
      metrics: { rmse: 1.5 },
      note: 'first'
    });
    expect(sent.capture).toMatch(/^[a-z0-9-]{1,64}$/);
    expect(paper.saved).toBe(1);
    expect(registering.seen).toMatchObject({ phase: 'done', champion: 1 });
  });

  it('shows the steps of its own capture as they begin, and of no other', async () => {
    let end: (value: unknown) => void = () => {};
    const { registering, events, asked } = opened({
      'kernels/k1/captures': () => new Promise(resolve => (end = resolve))
    });
    await registering.look();
    const registered = registering.register();
    await settled();
    const sent = asked.find(({ path }) => path.endsWith('captures'))?.body as
      | NewCapture
      | undefined;
    const tell = (id: string, step: 'upload' | 'proof') =>
      events.emit({ kind: 'capture_progressed', capture: id, step });
    tell('another', 'proof');
    expect(registering.seen.step).toBe('capture');
    tell(sent?.capture ?? '', 'upload');
    tell(sent?.capture ?? '', 'proof');
    expect(registering.seen.step).toBe('proof');
    expect(Object.keys(registering.seen.began)).toEqual(['capture', 'upload', 'proof']);
    end(version({ model: 'bikes-forest', number: 1 }));
    await registered;
    expect(registering.seen.phase).toBe('done');
  });

  it('is not begun with a name that is wrong', async () => {
    const { registering, asked } = opened();
    await registering.look();
    registering.choose({ name: 'Bad Name' });
    await registering.register();
    expect(asked.some(({ path }) => path.endsWith('captures'))).toBe(false);
    expect(registering.faults.name).toContain('“B”');
  });

  it('comes back to the form with what was typed when it is refused', async () => {
    const refusal = new RequestFailed('The data folder is busy.', 'Try again.', 503, 'unavailable');
    const { registering } = opened({ 'kernels/k1/captures': () => Promise.reject(refusal) });
    await registering.look();
    registering.choose({ description: 'how many bikes' });
    await registering.register();
    expect(registering.seen).toMatchObject({
      phase: 'choosing',
      problem: { remedy: 'Try again.' }
    });
    expect(registering.seen.choice.description).toBe('how many bikes');
  });

  it('says that the kernel died, and offers to restart it', async () => {
    const dead = new RequestFailed('The kernel is not running.', 'Start it.', 409, 'kernel_dead');
    const { registering } = opened({ 'kernels/k1/captures': () => Promise.reject(dead) });
    await registering.look();
    await registering.register();
    expect(registering.seen).toMatchObject({ phase: 'choosing', next: 'restart' });
  });
});
