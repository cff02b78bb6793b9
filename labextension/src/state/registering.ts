/**
 * From a notebook's kernel to a registered version, without a DOM.
 *
 *   looking ──▶ choosing ──▶ sending ──▶ done
 *    │  ▲          ▲            │
 *    ▼  │          └──refused───┘        what was typed stays
 *   waiting        R and Julia answer between cells only
 *   stuck          no kernel, a dead one, nothing to register: words, and what to do next
 */

import { type ISignal, Signal } from '@lumino/signaling';

import { listDeployments } from '../api/deployments';
import { capture, listCandidates, preview } from '../api/kernels';
import { listModels, showModel } from '../api/models';
import { type Request, RequestFailed } from '../api/request';
import type { Candidates, Model, ModelFound, Preview, Version } from '../api/types';
import type { Change } from './changes';
import {
  canBeAsked,
  type Kernel,
  type Next,
  type Notebook,
  nothingHeld,
  obstacleOf
} from './notebook';
import { cellOf, measuresOf, pairOf, proposedName } from './proposing';
import { type Choice, captureOf, EMPTY, type Faults, faultsIn } from './registration';
import { asProblem, type Problem } from './watched';

export type Step = 'capture' | 'upload' | 'proof';

export interface Seen {
  phase: 'looking' | 'waiting' | 'stuck' | 'choosing' | 'sending' | 'done';
  problem: Problem | null;
  next: Next | null;
  candidates: Candidates | null;
  models: readonly Model[];
  choice: Choice;
  /** Under way, and for which choice the present one is. */
  previewing: boolean;
  preview: Preview | null;
  previewProblem: Problem | null;
  step: Step;
  /** When each step began, in the browser's milliseconds. */
  began: Partial<Record<Step, number>>;
  version: Version | null;
  champion: number | null;
  /** A deployment that answers with this version. */
  deployment: string | null;
}

const PREVIEW_AFTER_MS = 150;

export class Registering {
  private _seen: Seen = {
    phase: 'looking',
    problem: null,
    next: null,
    candidates: null,
    models: [],
    choice: EMPTY,
    previewing: false,
    preview: null,
    previewProblem: null,
    step: 'capture',
    began: {},
    version: null,
    champion: null,
    deployment: null
  };
  private _changed = new Signal<this, Seen>(this);
  /** Which look and which preview counts: the last one asked for. */
  private _look = 0;
  private _glance = 0;
  private _capture = '';
  private _named = false;
  private _cells: Notebook['cells'] = [];

  constructor(
    private readonly request: Request,
    private readonly happened: ISignal<unknown, Change>,
    readonly notebook: Notebook,
    /** The name that a model of this notebook was registered under before. */
    private readonly remembered: string | undefined = undefined
  ) {
    happened.connect(this.hear, this);
  }

  get seen(): Seen {
    return this._seen;
  }

  get changed(): ISignal<this, Seen> {
    return this._changed;
  }

  dispose(): void {
    this._look += 1;
    this._glance += 1;
    this.happened.disconnect(this.hear, this);
    Signal.clearData(this);
  }

  /** Asks the kernel what it holds. Never rejects. What was typed before stays. */
  async look(): Promise<void> {
    this._look += 1;
    const mine = this._look;
    this.become({ phase: 'looking', problem: null, next: null });
    const models = listModels(this.request).catch((): Model[] => []);
    const candidates = await this.asking(mine, kernel => listCandidates(this.request, kernel.id));
    const known = await models;
    if (candidates && mine === this._look) {
      this.found(candidates, known);
    }
  }

  /** Looks again when `work`, which the person began from here, has ended. Never rejects. */
  async lookAfter(work: Promise<unknown>): Promise<void> {
    this._look += 1;
    const mine = this._look;
    this.become({ phase: 'waiting', problem: null, next: null });
    await work.catch(() => {});
    if (mine === this._look) {
      await this.look();
    }
  }

  /** Stops to wait for a kernel. */
  cancel(): void {
    this._look += 1;
    const problem = {
      message: 'The kernel was not asked.',
      remedy: 'Look again when its cell has ended.'
    };
    this.become(
      this._seen.candidates ? { phase: 'choosing' } : { phase: 'stuck', problem, next: null }
    );
  }

  choose(change: Partial<Choice>): void {
    const before = this._seen.choice;
    let choice = { ...before, ...change };
    this._named ||= change.name !== undefined;
    if (change.variable !== undefined && change.variable !== before.variable) {
      choice = { ...choice, ...this.proposal(change.variable) };
    }
    if (change.data !== undefined && change.target === undefined && change.data !== before.data) {
      choice.target = this.targetOf(choice);
    }
    this.become({ choice });
    const asks = ['variable', 'data', 'target', 'predict'] as const;
    if (asks.some(field => choice[field] !== before[field])) {
      void this.glance();
    }
  }

  /** What is in the way of registering, by field. */
  get faults(): Faults {
    return faultsIn(this._seen.choice);
  }

  /** The model that the name stands for already. */
  get existing(): Model | null {
    return this._seen.models.find(({ name }) => name === this._seen.choice.name) ?? null;
  }

  get chosen(): ModelFound | null {
    const { candidates, choice } = this._seen;
    return candidates?.models.find(({ name }) => name === choice.variable) ?? null;
  }

  /** Where a model was made, in words: the kernel's, else the cell that this notebook shows. */
  whereDefined({ name, defined }: ModelFound): string {
    const cell = defined?.startsWith('cell ') ? null : cellOf(name, this._cells);
    return [cell === null ? '' : `cell ${cell}`, defined ?? ''].filter(Boolean).join(': ');
  }

  /** One press. Never rejects. */
  async register(): Promise<void> {
    if (Object.keys(this.faults).length > 0) {
      return;
    }
    this._look += 1;
    const mine = this._look;
    const id = crypto.randomUUID();
    this._capture = id;
    this.sending('capture', {});
    await this.notebook.save();
    try {
      const version = await this.asking(mine, kernel => this.send(kernel, id));
      if (version && mine === this._look) {
        this.become({ phase: 'done', version });
        await this.placeIt(version);
      }
    } finally {
      this._capture = '';
    }
  }

  /** Back from the card to the form, as it was. */
  again(): void {
    this.become({ phase: 'choosing', problem: null, version: null });
    void listModels(this.request).then(
      models => this.become({ models }),
      () => {}
    );
  }

  // ---- the kernel

  /**
   * What `ask` gives as soon as the kernel can be asked; null if that came to nothing, which is then in `seen`. Python
   * answers while a cell runs; the others are asked between two cells, again and again if need be.
   */
  private async asking<T>(mine: number, ask: (kernel: Kernel) => Promise<T>): Promise<T | null> {
    const before = this._seen.phase;
    for (;;) {
      const kernel = await this.free(mine, before);
      if (!kernel) {
        return null;
      }
      try {
        return await ask(kernel);
      } catch (reason) {
        if (mine !== this._look) {
          return null;
        }
        if (!(reason instanceof RequestFailed && reason.code === 'kernel_busy')) {
          this.refused(reason, before);
          return null;
        }
        this.become({ phase: 'waiting' });
        await this.stirs(mine);
      }
    }
  }

  /** The kernel once it can be asked; null if it cannot, or nobody waits any more. */
  private async free(mine: number, before: Seen['phase']): Promise<Kernel | null> {
    for (;;) {
      const kernel = this.notebook.kernel;
      if (mine !== this._look) {
        return null;
      }
      const obstacle = obstacleOf(kernel);
      if (!kernel || obstacle) {
        this.become({ phase: before === 'sending' ? 'choosing' : 'stuck', ...obstacle });
        return null;
      }
      if (canBeAsked(kernel)) {
        if (this._seen.phase === 'waiting') {
          this.become({ phase: before });
        }
        return kernel;
      }
      this.become({ phase: 'waiting' });
      await this.stirs(mine);
    }
  }

  /** Until the kernel's state changes, or nobody waits any more. */
  private async stirs(mine: number): Promise<void> {
    await new Promise<void>(resolve => {
      const done = () => {
        this.notebook.changed.disconnect(done);
        this._changed.disconnect(left);
        resolve();
      };
      const left = () => {
        if (mine !== this._look) {
          done();
        }
      };
      this.notebook.changed.connect(done);
      this._changed.connect(left);
    });
  }

  private refused(reason: unknown, before: Seen['phase']): void {
    const problem = asProblem(reason);
    const code = reason instanceof RequestFailed ? reason.code : '';
    const gone = code === 'kernel_dead' || code === 'not_found';
    if (before === 'sending') {
      this.become({ phase: 'choosing', problem, next: gone ? 'restart' : null });
    } else {
      this.become({ phase: 'stuck', problem, next: gone ? 'restart' : null });
    }
  }

  // ---- what it holds

  private found(candidates: Candidates, models: readonly Model[]): void {
    if (candidates.models.length === 0) {
      const problem = nothingHeld(candidates.language);
      this.become({ phase: 'stuck', problem, next: 'run', candidates, models });
      return;
    }
    const { choice } = this._seen;
    const still = candidates.models.some(({ name }) => name === choice.variable);
    const variable = still ? choice.variable : (candidates.likely?.model ?? first(candidates));
    this._cells = this.notebook.cells;
    this.become({ phase: 'choosing', candidates, models });
    const measures = measuresOf(candidates.metrics);
    const typed = choice.metrics.filter(({ name }) => !measures.some(other => other.name === name));
    const kept = still ? {} : this.proposal(variable);
    this.become({ choice: { ...choice, variable, ...kept, metrics: [...measures, ...typed] } });
    void this.glance();
  }

  private proposal(variable: string): Partial<Choice> {
    const { candidates, choice } = this._seen;
    const model = candidates?.models.find(({ name }) => name === variable);
    if (!candidates || !model) {
      return {};
    }
    const name = this._named
      ? choice.name
      : (this.remembered ?? proposedName(this.notebook.path, model, candidates.models));
    return { ...pairOf(model, candidates), name };
  }

  /** The target of before, if the data chosen now has it too. */
  private targetOf({ variable, data, target }: Choice): string {
    const { candidates } = this._seen;
    const table = candidates?.data.find(({ name }) => name === data);
    const model = candidates?.models.find(({ name }) => name === variable);
    if (!candidates || !table || !model) {
      return '';
    }
    if (table.columns.includes(target)) {
      return target;
    }
    return pairOf(model, { ...candidates, data: [table] }).target;
  }

  /** Looks at the signature that the choice would have; of several the last one counts. */
  private async glance(): Promise<void> {
    this._glance += 1;
    const mine = this._glance;
    const { variable, data, target, predict } = this._seen.choice;
    const { kernel } = this.notebook;
    if (!variable || !data || !kernel) {
      this.become({ preview: null, previewing: false, previewProblem: null });
      return;
    }
    this.become({ previewing: true });
    await new Promise(resolve => setTimeout(resolve, PREVIEW_AFTER_MS));
    if (mine !== this._glance) {
      return;
    }
    const wish = { variable, data, target: target || null, predict: predict.trim() || null };
    const found = await preview(this.request, kernel.id, wish).then(
      value => ({ preview: value, previewProblem: null }),
      (reason: unknown) => ({ preview: null, previewProblem: asProblem(reason) })
    );
    if (mine === this._glance) {
      this.become({ ...found, previewing: false });
    }
  }

  // ---- sending

  private send(kernel: Kernel, id: string): Promise<Version> {
    this.sending('capture', {});
    return capture(this.request, kernel.id, { ...captureOf(this._seen.choice), capture: id });
  }

  private hear(_: unknown, change: Change): void {
    const { phase, began, version } = this._seen;
    if (change.kind === 'capture_progressed' && change.capture === this._capture) {
      const { step } = change;
      if (phase === 'sending' && (step === 'capture' || step === 'upload' || step === 'proof')) {
        this.sending(step, began);
      }
    } else if (phase === 'done' && version && change.kind !== 'capture_progressed') {
      void this.placeIt(version);
    }
  }

  private sending(step: Step, began: Seen['began']): void {
    this.become({
      phase: 'sending',
      problem: null,
      next: null,
      step,
      began: { ...began, [step]: began[step] ?? Date.now() }
    });
  }

  /** Where the new version stands among the others: what can be pressed on its card. */
  private async placeIt(version: Version): Promise<void> {
    const [model, deployments] = await Promise.all([
      showModel(this.request, version.model).catch(() => null),
      listDeployments(this.request).catch(() => [])
    ]);
    if (this._seen.version !== version) {
      return;
    }
    const answering = deployments.find(
      found => found.model === version.model && found.live === version.number
    );
    this.become({
      champion: model?.aliases.champion ?? null,
      deployment: answering?.name ?? null
    });
  }

  private become(change: Partial<Seen>): void {
    this._seen = { ...this._seen, ...change };
    this._changed.emit(this._seen);
  }
}

const first = ({ models }: Candidates) => models.at(-1)?.name ?? '';
