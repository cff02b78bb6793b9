import { type Request, sending } from './request';
import type { Alias, Aliases, AliasMove, PageOfAliasMove } from './types';

/** Every move of the model's aliases, newest first. */
export async function listMoves(request: Request, model: string): Promise<AliasMove[]> {
  const moves: AliasMove[] = [];
  let from = '';
  for (;;) {
    const page = await request<PageOfAliasMove>(`models/${model}/history?limit=200${from}`);
    moves.push(...page.items);
    if (!page.cursor) {
      return moves;
    }
    from = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}

/** Where each alias points now. */
export async function listAliases(request: Request, model: string): Promise<Alias[]> {
  return (await request<Aliases>(`models/${model}/aliases`)).items;
}

/** Let `alias` name this version from now on. `revision`: of the alias as seen, 0 for none; else 412. */
export function moveAlias(
  request: Request,
  model: string,
  alias: string,
  version: number,
  why = '',
  revision?: number
): Promise<Alias> {
  const path = `models/${model}/aliases/${encodeURIComponent(alias)}`;
  return request(path, sending('PUT', { version, why }, revision));
}

/** Take the alias away; its history stays. */
export function unsetAlias(
  request: Request,
  model: string,
  alias: string,
  why: string,
  revision: number
): Promise<void> {
  const path = `models/${model}/aliases/${encodeURIComponent(alias)}?why=${encodeURIComponent(why)}`;
  return request(path, { method: 'DELETE', headers: { 'If-Match': `"${revision}"` } });
}
