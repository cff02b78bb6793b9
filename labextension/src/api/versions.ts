import type { Request } from './request';
import type { Diff, PageOfVersion, Version } from './types';

/** All versions of a model, newest first. */
export async function listVersions(request: Request, model: string): Promise<Version[]> {
  const versions: Version[] = [];
  let from = '';
  for (;;) {
    const page = await request<PageOfVersion>(`models/${model}/versions?limit=200${from}`);
    versions.push(...page.items);
    if (!page.cursor) {
      return versions;
    }
    from = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}

export function showVersion(request: Request, model: string, version: number): Promise<Version> {
  return request(`models/${model}/versions/${version}`);
}

/** What differs between two versions, from `before` to `after`. */
export function showDiff(
  request: Request,
  model: string,
  before: number,
  after: number
): Promise<Diff> {
  return request(`models/${model}/versions/${before}/diff/${after}`);
}
