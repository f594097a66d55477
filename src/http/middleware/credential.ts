/**
 * The credential of a request: `X-API-KEY` (or the headers that the operator named), a Bearer token, or the
 * password of Basic; never from a URL or a body (S-MGT-01). Two different ones are refused: it is not ours
 * to choose whom to believe.
 */
import type { Context } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

/** `undefined` when there is none. Throws `Refusal` `request_malformed`. */
export function credentialOf(ctx: Context, keyHeaders: readonly string[]): string | undefined {
  const presented = [
    ...keyHeaders.map((header) => ctx.get(header)),
    ofAuthorization(ctx.get('authorization')),
  ];
  const credentials = new Set(presented.filter(Boolean));
  if (credentials.size > 1) throw new Refusal('request_malformed');
  return [...credentials][0];
}

function ofAuthorization(header: string): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(header) ?? [];
  if (value === undefined) return undefined;
  if (scheme?.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}
