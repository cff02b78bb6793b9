/** Which of all models and deployments a person wants to see, and in which order. */

import type { Deployment, Model } from '../api/types';

export type Order = 'name' | 'trained' | 'health';

export interface Choice {
  /** Words that must all occur. */
  search: string;
  /** "" for all. */
  language: string;
  owner: string;
  order: Order;
}

export const EVERYTHING: Choice = { search: '', language: '', owner: '', order: 'name' };

const LOUDEST_FIRST = ['bad', 'busy', 'good', 'quiet'];

type Comparison = (a: Model, b: Model) => number;

const byName: Comparison = (a, b) => (a.name < b.name ? -1 : 1);

const ORDERS: Record<Order, Comparison> = {
  name: byName,
  trained: (a, b) => (b.trained_at ?? '').localeCompare(a.trained_at ?? '') || byName(a, b),
  health: (a, b) =>
    LOUDEST_FIRST.indexOf(a.health) - LOUDEST_FIRST.indexOf(b.health) || byName(a, b)
};

export function chosenModels(models: readonly Model[], choice: Choice): Model[] {
  const { language, owner } = choice;
  return models
    .filter(
      model => (!language || model.language === language) && (!owner || model.owner === owner)
    )
    .filter(searcher(choice.search, textOfModel))
    .sort(ORDERS[choice.order]);
}

export function chosenDeployments(
  deployments: readonly Deployment[],
  search: string
): Deployment[] {
  return deployments.filter(searcher(search, textOfDeployment));
}

/** Whether it shows less than everything. */
export function isNarrow({ search, language, owner }: Choice): boolean {
  return search.trim() !== '' || language !== '' || owner !== '';
}

/** Whether the first models by name are the first that it shows. */
export function startsWithFirst(choice: Choice): boolean {
  return choice.order === 'name' && !isNarrow(choice);
}

export function languagesOf(models: readonly Model[]): string[] {
  return distinct(models.map(model => model.language));
}

export function ownersOf(models: readonly Model[]): string[] {
  return distinct(models.map(model => model.owner));
}

function distinct(values: (string | null)[]): string[] {
  return [...new Set(values.filter(value => value !== null && value !== ''))].sort() as string[];
}

function searcher<T>(search: string, textOf: (item: T) => string): (item: T) => boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return item => {
    const text = words.length > 0 ? textOf(item).toLowerCase() : '';
    return words.every(word => text.includes(word));
  };
}

function textOfModel({ name, title, description, aliases, language, owner }: Model): string {
  return [name, title, description, language, owner, ...Object.keys(aliases)].join('\n');
}

function textOfDeployment({ name, model, alias, state, note }: Deployment): string {
  return [name, model, alias, state, note].join('\n');
}
