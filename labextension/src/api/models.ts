import { type Request, sending } from './request';
import type { Model, ModelChange, PageOfModel } from './types';

/** All models that are not archived, by name; `latest` is left out, because it is long. */
export async function listModels(request: Request): Promise<Model[]> {
  const models: Model[] = [];
  let from = '';
  for (;;) {
    const page = await request<PageOfModel>(`models?brief=true&limit=1000${from}`);
    models.push(...page.items);
    if (!page.cursor) {
      return models;
    }
    from = `&cursor=${encodeURIComponent(page.cursor)}`;
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
