import type { Request } from './request';
import type { Diff, PageOfVersion, Version, VersionNotebook } from './types';

const PAGE = 200;
/** Fewer at first, so that a page stands soon. */
const FIRST = 50;
const NEWS = 10;

/**
 * All versions of a model, newest first. Versions never change, so reading ends at the first page that ends in one of
 * those `known` (newest first too). `part` gets what is there so far.
 */
export async function listVersions(
  request: Request,
  model: string,
  known: readonly Version[] = [],
  part: (versions: Version[]) => void = () => {}
): Promise<Version[]> {
  const versions: Version[] = [];
  let from = `limit=${known.length > 0 ? NEWS : FIRST}`;
  for (;;) {
    const page = await request<PageOfVersion>(`models/${model}/versions?${from}`);
    versions.push(...page.items);
    part([...versions]);
    const last = page.items.at(-1);
    const met = known.findIndex(({ id }) => id === last?.id);
    if (met >= 0) {
      return [...versions, ...known.slice(met + 1)];
    }
    if (!page.cursor) {
      return versions;
    }
    from = `limit=${PAGE}&cursor=${encodeURIComponent(page.cursor)}`;
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

/** The notebook that the version was registered from, as it was then. */
export function showNotebook(
  request: Request,
  model: string,
  version: number
): Promise<VersionNotebook> {
  return request(`models/${model}/versions/${version}/notebook`);
}
