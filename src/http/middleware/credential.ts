/**
 * The credential of a request: `X-API-KEY` (or the headers that portals' policies name), a Bearer token, or the
 * password of Basic; never from a URL or a body (S-MGT-01). Two different ones are refused: it is not ours
 * to choose whom to believe.
 */
import type { Context } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

export interface PresentedCredential {
  readonly value: string;
  /** The portals' own headers that it came in: whose it is must be a portal that names them all. */
  readonly namedHeaders: readonly string[];
}

/** `undefined` when there is none. Throws `Refusal` `request_malformed`. */
export function credentialOf(ctx: Context, namedHeaders: readonly string[]): PresentedCredential | undefined {
  const named = namedHeaders.filter((header) => ctx.get(header) !== '');
  const presented = [
    ctx.get('x-api-key'),
    ofAuthorization(ctx.get('authorization')),
    ...named.map((header) => ctx.get(header)),
  ];
  const [value, ...others] = new Set(presented.filter((text) => text !== undefined && text !== ''));
  if (others.length > 0) throw new Refusal('request_malformed');
  return value === undefined ? undefined : { value, namedHeaders: named };
}

function ofAuthorization(header: string): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(header) ?? [];
  if (value === undefined) return undefined;
  if (scheme?.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}
