import type { Request } from './request';
import type { Language, Languages } from './types';

/** What is installed on the server's machine, and what would bring the rest. Takes a second. */
export async function listLanguages(request: Request): Promise<Language[]> {
  return (await request<Languages>('languages')).items;
}
