import { type Request, sending } from './request';
import type { Candidates, NewCapture, NewPreview, Preview, Version } from './types';

/** Fitted models and data that a running kernel holds. */
export function listCandidates(request: Request, kernel: string): Promise<Candidates> {
  return request(`kernels/${kernel}/candidates`);
}

/** The signature that a version would have. The model is not asked. */
export function preview(request: Request, kernel: string, wish: NewPreview): Promise<Preview> {
  return request(`kernels/${kernel}/preview`, sending('POST', wish));
}

/** Capture a model in the running kernel and register it as the next version. Takes seconds. */
export function capture(request: Request, kernel: string, wish: NewCapture): Promise<Version> {
  return request(`kernels/${kernel}/captures`, sending('POST', wish));
}
