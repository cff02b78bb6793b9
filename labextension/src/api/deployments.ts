import { type Request, sending } from './request';
import type {
  Deployment,
  DeploymentChange,
  DeploymentHistory,
  DeploymentList,
  DeploymentMove,
  Log,
  NewDeployment,
  Replica,
  ReplicaList
} from './types';

/** All deployments, stopped ones included. */
export async function listDeployments(request: Request): Promise<Deployment[]> {
  return (await request<DeploymentList>('deployments')).items;
}

export function showDeployment(request: Request, name: string): Promise<Deployment> {
  return request(`deployments/${name}`);
}

export function createDeployment(request: Request, wish: NewDeployment): Promise<Deployment> {
  return request('deployments', sending('POST', wish));
}

/** `revision`: of the deployment that the person saw; the server refuses with 412 if it was changed since. */
export function changeDeployment(
  request: Request,
  name: string,
  change: DeploymentChange,
  revision: number
): Promise<Deployment> {
  return request(`deployments/${name}`, sending('PATCH', change, revision));
}

export function rollBack(
  request: Request,
  name: string,
  why: string,
  revision: number
): Promise<Deployment> {
  return request(`deployments/${name}/rollback`, sending('POST', { why }, revision));
}

export function promote(
  request: Request,
  name: string,
  why: string,
  revision: number
): Promise<Deployment> {
  return request(`deployments/${name}/promote`, sending('POST', { why }, revision));
}

export async function listReplicas(request: Request, name: string): Promise<Replica[]> {
  return (await request<ReplicaList>(`deployments/${name}/replicas`)).items;
}

/** The last lines that its hosts printed, oldest first. */
export async function readLog(request: Request, name: string, tail = 500): Promise<string[]> {
  return (await request<Log>(`deployments/${name}/log?tail=${tail}`)).lines;
}

export async function listDecisions(request: Request, name: string): Promise<DeploymentMove[]> {
  return (await request<DeploymentHistory>(`deployments/${name}/history`)).items;
}
