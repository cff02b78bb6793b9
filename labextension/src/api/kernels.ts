import { type Request, sending } from './request';
import type { Candidates, NewCapture, Version } from './types';

/** Fitted models and data that a running kernel holds. */
export function listCandidates(request: Request, kernel: string): Promise<Candidates> {
  return request(`kernels/${kernel}/candidates`);
}

/** Capture a model in the running kernel and register it as the next version. Takes seconds. */
export function capture(request: Request, kernel: string, wish: NewCapture): Promise<Version> {
  return request(`kernels/${kernel}/captures`, sending('POST', wish));
}
