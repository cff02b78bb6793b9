import type { Request } from './request';
import type { Deployment, DeploymentList } from './types';

/** All deployments, stopped ones included. */
export async function listDeployments(request: Request): Promise<Deployment[]> {
  return (await request<DeploymentList>('deployments')).items;
}
