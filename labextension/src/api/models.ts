import type { Request } from './request';
import type { Model, Page } from './types';

/** The models that are not archived, newest answer of the server. */
export async function listModels(request: Request): Promise<Model[]> {
  return (await request<Page<Model>>('models?limit=200')).items;
}
