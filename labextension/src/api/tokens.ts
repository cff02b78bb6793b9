import { type Request, sending } from './request';
import type { CreatedToken, NewToken } from './types';

/** The only answer that holds the secret. */
export function createToken(request: Request, wish: NewToken): Promise<CreatedToken> {
  return request('tokens', sending('POST', wish));
}
