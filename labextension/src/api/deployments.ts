import { type Request, sending } from './request';
import type {
  CallSnippets,
  Deployment,
  DeploymentChange,
  DeploymentExample,
  DeploymentHistory,
  DeploymentList,
  DeploymentMove,
  Log,
  NewDeployment,
  Replica,
  ReplicaList,
  Traffic,
  Tried
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

/** A row to try it with, of the version that answers now. */
export function showExample(request: Request, name: string): Promise<DeploymentExample> {
  return request(`deployments/${name}/example`);
}

/** `body`: JSON, as text, because numbers travel as they were typed. */
export function predict(request: Request, name: string, body: string): Promise<Tried> {
  const headers = { 'Content-Type': 'application/json' };
  return request(`deployments/${name}/predictions`, { method: 'POST', headers, body });
}

/** How to call it from programs, with an example row. */
export function listCalls(request: Request, name: string, language = ''): Promise<CallSnippets> {
  return request(`deployments/${name}/calls${language ? `?language=${language}` : ''}`);
}

/** The last ten minutes; `since`: only what is new since the `at` of an earlier look. */
export function showTraffic(
  request: Request,
  name: string,
  since: string | null = null
): Promise<Traffic> {
  const from = since === null ? '' : `?since=${encodeURIComponent(since)}`;
  return request(`deployments/${name}/traffic${from}`);
}
