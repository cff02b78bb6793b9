import { expect, it } from 'vitest';

import { listModels } from '../src/api/models';
import type { Request } from '../src/api/request';
import { model } from './samples';

it('lists a few models in one look', async () => {
  const asked: string[] = [];
  const request = (async (path: string) => {
    asked.push(path);
    return { items: [model({})], cursor: null };
  }) as Request;
  expect(await listModels(request)).toHaveLength(1);
  expect(asked).toEqual(['models?brief=true&limit=50']);
});

it('hands over the first of many, and gives all of them', async () => {
  const pages: Record<string, unknown> = {
    'models?brief=true&limit=50': { items: [model({ name: 'a' })], cursor: 'a b' },
    'models?brief=true&limit=1000&cursor=a%20b': { items: [model({ name: 'z' })], cursor: null }
  };
  const parts: string[][] = [];
  const all = await listModels((async (path: string) => pages[path]) as Request, part =>
    parts.push(part.map(({ name }) => name))
  );
  expect(parts).toEqual([['a']]);
  expect(all.map(({ name }) => name)).toEqual(['a', 'z']);
});
