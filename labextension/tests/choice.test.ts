import { describe, expect, it } from 'vitest';

import {
  chosenDeployments,
  chosenModels,
  EVERYTHING,
  languagesOf,
  ownersOf
} from '../src/state/choice';
import { deployment, model } from './samples';

const bike = model({ name: 'bike', language: 'python', owner: 'anna', health: 'good' });
const churn = model({ name: 'churn', language: 'r', owner: 'ben', health: 'bad' });
const adult = model({ name: 'adult', language: 'r', owner: 'anna', trained_at: null });
const all = [churn, bike, adult];

const names = (choice: Partial<typeof EVERYTHING>) =>
  chosenModels(all, { ...EVERYTHING, ...choice }).map(({ name }) => name);

describe('chosenModels', () => {
  it('are all of them by name, without a wish', () => {
    expect(names({})).toEqual(['adult', 'bike', 'churn']);
  });

  it('have each word of the search somewhere, in any case', () => {
    const titled = [model({ name: 'm', title: 'Bikes in the City', aliases: { champion: 1 } })];
    const found = (search: string) => chosenModels(titled, { ...EVERYTHING, search }).length;
    expect([found('city bikes'), found('CHAMP'), found('city zebra')]).toEqual([1, 1, 0]);
  });

  it('have the language and the owner', () => {
    expect(names({ language: 'r' })).toEqual(['adult', 'churn']);
    expect(names({ language: 'r', owner: 'anna' })).toEqual(['adult']);
  });

  it('come with trouble first', () => {
    expect(names({ order: 'health' })).toEqual(['churn', 'bike', 'adult']);
  });

  it('come with the last trained first, and the never trained last', () => {
    const older = model({ name: 'older', trained_at: '2025-01-01T00:00:00Z' });
    const chosen = chosenModels([adult, older, bike], { ...EVERYTHING, order: 'trained' });
    expect(chosen.map(({ name }) => name)).toEqual(['bike', 'older', 'adult']);
  });
});

describe('chosenDeployments', () => {
  it('are searched by name, model and alias', () => {
    const rides = deployment({ name: 'rides', model: 'bike' });
    expect(chosenDeployments([rides], 'bike champion')).toEqual([rides]);
    expect(chosenDeployments([rides], 'churn')).toEqual([]);
  });
});

it('offers each language and owner once', () => {
  expect(languagesOf(all)).toEqual(['python', 'r']);
  expect(ownersOf(all)).toEqual(['anna', 'ben']);
});
