import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { connect, type RequestFailed } from '../src/api/request';

/** A connection to a server that gives this answer to anything; `asked` collects the addresses. */
function answering(answer: () => Promise<Response>, asked: string[] = []) {
  const fetch = (url: Request | string) => {
    asked.push(typeof url === 'string' ? url : url.url);
    return answer();
  };
  return connect(
    ServerConnection.makeSettings({
      baseUrl: 'http://lab/user/ann/',
      fetch: fetch as typeof globalThis.fetch
    })
  );
}

const json = (status: number, body: unknown) => async () =>
  new Response(JSON.stringify(body), { status });

async function refusalOf(answer: () => Promise<Response>): Promise<RequestFailed> {
  return answering(answer)('models').then(
    () => expect.unreachable(),
    reason => reason
  );
}

describe('request', () => {
  it('asks below the base address of the server', async () => {
    const asked: string[] = [];
    await answering(json(200, {}), asked)('models?limit=200');
    expect(asked[0]).toContain('http://lab/user/ann/kronkers/api/v1/models?limit=200');
  });

  it('gives the decoded body', async () => {
    expect(await answering(json(200, { items: [1] }))('models')).toEqual({ items: [1] });
  });

  it('turns an error body into its words and its remedy', async () => {
    const failed = await refusalOf(
      json(403, {
        title: 'Denied',
        detail: 'You lack read.',
        message: 'x',
        remedy: 'Ask an admin.'
      })
    );
    expect(failed).toMatchObject({
      message: 'You lack read.',
      remedy: 'Ask an admin.',
      status: 403
    });
  });

  it('tells which field has which fault', async () => {
    const faults = [{ field: 'columns.hr', problem: 'is missing' }];
    const failed = await refusalOf(json(422, { detail: 'm', code: 'invalid', faults }));
    expect(failed).toMatchObject({ code: 'invalid', faults });
  });

  it('says how to enable the extension when the server does not know it', async () => {
    const failed = await refusalOf(json(404, { message: 'Not Found' }));
    expect(failed.remedy).toContain('jupyter server extension enable jupyter_kronkers');
  });

  it('survives a page that is no JSON', async () => {
    const failed = await refusalOf(async () => new Response('<html>Bad Gateway', { status: 502 }));
    expect(failed).toMatchObject({ message: 'The server answered 502.', status: 502 });
  });

  it('says that the server is gone when nothing answers', async () => {
    const failed = await refusalOf(() => Promise.reject(new TypeError('fetch failed')));
    expect(failed).toMatchObject({ message: 'The Jupyter server does not answer.', status: 0 });
  });
});
