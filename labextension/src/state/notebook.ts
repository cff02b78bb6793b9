/** A notebook whose kernel is looked into: what it must be, and what is in the way. */

import type { ISignal } from '@lumino/signaling';

import type { Problem } from './watched';
import { languageInWords } from './words';

export interface Kernel {
  id: string;
  /** As its kernelspec says: python, R, julia, … */
  language: string;
  /** Jupyter's word: idle, busy, starting, restarting, dead, unknown, … */
  status: string;
}

/** An open notebook, as far as registering is concerned. */
export interface Notebook {
  readonly path: string;
  readonly kernel: Kernel | null;
  /** Emitted when the kernel is another, or in another state. */
  readonly changed: ISignal<unknown, unknown>;
  /** The code cells that ran, by the number beside them. */
  readonly cells: { number: number; text: string }[];
  /** Writes what was typed into it to the disk. Never rejects. */
  save(): Promise<void>;
}

const SPOKEN = ['python', 'r', 'julia'];
const NOT_YET = ['starting', 'restarting', 'autorestarting'];

/** What can be done about being stuck, as the person's next press. */
export type Next = 'kernel' | 'restart' | 'run';

export interface Obstacle {
  problem: Problem;
  next: Next;
}

/** Python answers while a cell runs; the others between two cells. */
export function canBeAsked({ language, status }: Kernel): boolean {
  const waits = language.toLowerCase() === 'python' ? NOT_YET : [...NOT_YET, 'busy'];
  return !waits.includes(status);
}

/** Why a kernel cannot be asked at all, and what to do; null if it can. */
export function obstacleOf(kernel: Kernel | null): Obstacle | null {
  if (!kernel) {
    const message = 'This notebook has no kernel, so there is no model to register.';
    return { problem: { message, remedy: 'Start one and run the notebook.' }, next: 'kernel' };
  }
  if (!SPOKEN.includes(kernel.language.toLowerCase())) {
    const message = `This notebook's kernel speaks ${languageInWords(kernel.language)}.`;
    const remedy =
      'Models can be registered from Python, R and Julia. Choose a kernel of one of these.';
    return { problem: { message, remedy }, next: 'kernel' };
  }
  if (kernel.status === 'dead') {
    const message = 'The kernel has died, and the model with it.';
    return {
      problem: { message, remedy: 'Restart it and run the notebook again.' },
      next: 'restart'
    };
  }
  return null;
}

const HOW: Record<string, string> = {
  python: 'Any object with a predict method counts; of scikit-learn, only fitted ones.',
  r: 'Any object with a predict method counts.',
  julia:
    'A struct of yours counts, or a closure; a function predict(model, data) says how it answers.'
};

export function nothingHeld(language: string): Problem {
  const remedy = `Run the cells that fit it, so that a name of the notebook holds it. ${HOW[language] ?? ''}`;
  return { message: 'The kernel holds no fitted model.', remedy: remedy.trim() };
}
