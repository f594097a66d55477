/**
 * What a fetcher of the JWKS calls itself: `?reader=name`, the header `X-JWKS-Reader`, or else the product of its
 * `User-Agent`. It changes nothing of the answer: the same bytes for everybody.
 */
import type { IncomingMessage } from 'node:http';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const IN_QUERY = /[?&]reader=([A-Za-z0-9._-]{1,64})(?:&|$)/;
const PRODUCT = /^([A-Za-z0-9._-]{1,60})/;

/** `undefined`: it has no name, or none that we keep. */
export function jwksReader({ url = '', headers }: IncomingMessage): string | undefined {
  const asked = url.includes('reader=') ? IN_QUERY.exec(url)?.[1] : undefined;
  if (asked !== undefined) return asked;
  const stated = headers['x-jwks-reader'];
  if (typeof stated === 'string') return NAME.test(stated) ? stated : undefined;
  const product = PRODUCT.exec(headers['user-agent'] ?? '')?.[1];
  return product === undefined ? undefined : `ua:${product}`;
}
