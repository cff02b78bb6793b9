import type { Request } from './request';
import type { Deployment, Page } from './types';

/** All deployments, stopped ones included. */
export async function listDeployments(request: Request): Promise<Deployment[]> {
  return (await request<Page<Deployment>>('deployments?limit=200')).items;
}
