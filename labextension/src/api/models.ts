import type { Request } from './request';
import type { Model, PageOfModel } from './types';

/** All models that are not archived, by name. */
export async function listModels(request: Request): Promise<Model[]> {
  const models: Model[] = [];
  let from = '';
  for (;;) {
    const page = await request<PageOfModel>(`models?limit=200${from}`);
    models.push(...page.items);
    if (!page.cursor) {
      return models;
    }
    from = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}
