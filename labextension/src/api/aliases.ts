import { type Request, sending } from './request';
import type { Alias, AliasMove, PageOfAliasMove } from './types';

/** Every move of the model's aliases, newest first. */
export async function listMoves(request: Request, model: string): Promise<AliasMove[]> {
  return (await request<PageOfAliasMove>(`models/${model}/history?limit=200`)).items;
}

/** Let `alias` name this version from now on. */
export function moveAlias(
  request: Request,
  model: string,
  alias: string,
  version: number,
  why = ''
): Promise<Alias> {
  return request(`models/${model}/aliases/${alias}`, sending('PUT', { version, why }));
}
