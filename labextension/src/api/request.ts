/** The one way to the server: a path below `…/kronkers/api/v1` in, a decoded answer or a `RequestFailed` out. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { FaultFound } from './types';

/** What went wrong, for a person: `message` says what, `remedy` says what to do ("" if nothing is known). */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly remedy: string,
    /** HTTP status; 0 if there was no answer at all. */
    readonly status: number,
    /** The stable word that programs go by, such as `not_found`; "" if it is no refusal of ours. */
    readonly code = '',
    /** What is wrong with which field of what was sent. */
    readonly faults: readonly FaultFound[] = []
  ) {
    super(message);
    this.name = 'RequestFailed';
  }
}

/** Asks the server for `path` and gives its answer. Rejects with RequestFailed only. */
export type Request = <T>(path: string, init?: RequestInit) => Promise<T>;

/** What to send: a body as JSON, and the revision of what the person saw, which must still be the present one. */
export function sending(method: string, body: unknown, revision?: number): RequestInit {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (revision !== undefined) {
    headers['If-Match'] = `"${revision}"`;
  }
  return { method, headers, body: JSON.stringify(body) };
}

export function connect(settings: ServerConnection.ISettings): Request {
  const root = URLExt.join(settings.baseUrl, 'kronkers', 'api', 'v1');
  return async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const response = await ask(`${root}/${path}`, init, settings);
    const body = await decode(response);
    if (!response.ok) {
      throw refusal(response.status, body);
    }
    return body as T;
  };
}

async function ask(
  url: string,
  init: RequestInit,
  settings: ServerConnection.ISettings
): Promise<Response> {
  try {
    return await ServerConnection.makeRequest(url, init, settings);
  } catch {
    throw new RequestFailed(
      'The Jupyter server does not answer.',
      'Check that it is still running, then press Refresh.',
      0
    );
  }
}

/** The body as JSON; null where there is none or where it is something else, such as a proxy's page. */
async function decode(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** An error body of the server (RFC 9457 with Jupyter's `message`) as a RequestFailed. */
function refusal(status: number, body: unknown): RequestFailed {
  const said = (body ?? {}) as {
    title?: string;
    detail?: string;
    message?: string;
    remedy?: string;
    code?: string;
    faults?: FaultFound[];
  };
  if (status === 404 && said.detail === undefined) {
    return new RequestFailed(
      'The Kronkers server extension is not running.',
      'Run “jupyter server extension enable jupyter_kronkers”, then restart JupyterLab.',
      status
    );
  }
  const message = said.detail ?? said.message ?? said.title ?? `The server answered ${status}.`;
  return new RequestFailed(message, said.remedy ?? '', status, said.code, said.faults);
}
