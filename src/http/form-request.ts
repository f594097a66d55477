/**
 * What must be true of a token request before its body is read: one form, uncompressed, in UTF-8, within the
 * limit. Anything else is refused by its headers, never parsed as a form all the same (S-TOK-02).
 */
import type { Context } from 'koa';
import { Refusal } from '../lib/refusal.ts';
import { TokenRefusal } from '../tokens/token-refusal.ts';

const FORM = /^application\/x-www-form-urlencoded\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

export function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && FORM.test(contentType);
}

/** Throws `TokenRefusal`, or `Refusal` `body_too_large`: a reader that counts for itself still has to. */
export function requireForm(ctx: Context, limitBytes: number): void {
  if ((ctx.request.length ?? 0) > limitBytes) throw new Refusal('body_too_large');
  if (!isForm(ctx.get('content-type')) || ctx.get('content-encoding') !== '') {
    const description = 'send the parameters as application/x-www-form-urlencoded, uncompressed and in UTF-8';
    throw new TokenRefusal('invalid_request', description);
  }
}
