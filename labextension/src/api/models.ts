import { type Request, sending } from './request';
import type { Model, ModelChange, PageOfModel } from './types';

const AT_FIRST = 50;
const AT_ONCE = 1_000;

/**
 * All models that are not archived, by name; `latest` is left out, because it is long. The first few are handed over
 * while the others are on their way.
 */
export async function listModels(
  request: Request,
  part: (models: Model[]) => void = () => {}
): Promise<Model[]> {
  const models: Model[] = [];
  let from = `limit=${AT_FIRST}`;
  for (;;) {
    const page = await request<PageOfModel>(`models?brief=true&${from}`);
    models.push(...page.items);
    if (!page.cursor) {
      return models;
    }
    part([...models]);
    from = `limit=${AT_ONCE}&cursor=${encodeURIComponent(page.cursor)}`;
  }
}

export function showModel(request: Request, name: string): Promise<Model> {
  return request(`models/${name}`);
}

/** `revision`: of the model that the person saw; the server refuses with 412 if it was changed since. */
export function changeModel(
  request: Request,
  name: string,
  change: ModelChange,
  revision: number
): Promise<Model> {
  return request(`models/${name}`, sending('PATCH', change, revision));
}
