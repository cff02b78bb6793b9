/** How a deployment stands, what it serves, and what to do next. */

import type { Deployment } from '../api/types';
import type { Tab } from './deployment';
import { counted } from './times';

/** A button: it turns to a tab of the page, or runs a command. */
export interface Next {
  title: string;
  tab?: Tab;
  command?: string;
}

interface Steps {
  words: string;
  buttons: readonly Next[];
}

const LOG: Next = { title: 'Look at the log', tab: 'log' };
const BACK: Next = { title: 'Roll back…', command: 'kronkers:roll-back' };

const STEPS: Record<string, (deployment: Deployment) => Steps> = {
  starting: ({ follows }) => ({
    words: `A process loads version ${follows ?? '?'} and tries it first. That takes some seconds; this page shows when it answers.`,
    buttons: [LOG]
  }),
  swapping: ({ follows, live }) => ({
    words: `Version ${follows ?? '?'} is loaded and tried, while version ${live ?? '?'} answers. No request fails.`,
    buttons: []
  }),
  degraded: () => ({ words: '', buttons: [LOG, BACK] }),
  idle: ({ limits }) => ({
    words: `Nobody asked it${limits?.idle_s ? ` for ${counted(Math.round(limits.idle_s), 'second')}` : ''}, so it uses no memory now. The next request wakes it and waits until it is loaded.`,
    buttons: [{ title: 'Try it, and wake it', tab: 'try' }]
  }),
  failed: () => ({ words: '', buttons: [LOG, BACK] }),
  stopped: ({ wanted }) => ({
    words:
      wanted === 'stopped' ? 'Whoever asks it is refused. Press Start to let it answer again.' : '',
    buttons: []
  })
};

export function nextSteps(deployment: Deployment): Steps {
  return STEPS[deployment.state]?.(deployment) ?? { words: '', buttons: [] };
}

/** "follows the champion, which is version 4". */
export function servesInWords({ alias, version, follows, live }: Deployment): string {
  if (alias === null) {
    return `stays with version ${version}`;
  }
  if (follows === null) {
    return `follows ${alias}, which names no version`;
  }
  return follows === live
    ? `follows the alias ${alias}`
    : `follows the alias ${alias}, which is version ${follows}`;
}
