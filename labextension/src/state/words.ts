/** States in the words of a person, and how loud each is. */

import type { Deployment } from '../api/types';

export type Tone = 'good' | 'busy' | 'bad' | 'quiet';

interface Wording {
  words: string;
  tone: Tone;
}

const WORDINGS: Record<string, Wording> = {
  starting: { words: 'is starting', tone: 'busy' },
  ready: { words: 'answers', tone: 'good' },
  swapping: { words: 'is changing its version', tone: 'busy' },
  degraded: { words: 'answers, with trouble', tone: 'busy' },
  idle: { words: 'sleeps until it is asked', tone: 'good' },
  failed: { words: 'does not answer', tone: 'bad' },
  stopped: { words: 'is stopped', tone: 'quiet' }
};

export function wordingOf(deployment: Deployment): Wording {
  return WORDINGS[deployment.state] ?? { words: deployment.state, tone: 'quiet' };
}

/** What it serves: "champion of bike-demand", "bike-demand, version 3". */
export function servedInWords({ model, alias, version }: Deployment): string {
  return alias === null ? `${model}, version ${version}` : `${alias} of ${model}`;
}

const LANGUAGES: Record<string, string> = { python: 'Python', r: 'R', julia: 'Julia' };

export function languageInWords(language: string): string {
  return LANGUAGES[language] ?? language;
}

/** Champion first, then by name. */
export function aliasesInOrder(aliases: Record<string, number>): [string, number][] {
  const rank = (alias: string) => (alias === 'champion' ? `0${alias}` : `1${alias}`);
  return Object.entries(aliases).sort(([a], [b]) => rank(a).localeCompare(rank(b)));
}
