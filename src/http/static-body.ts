/**
 * Answers from memory: JWKS, metadata, PEM keys. No store, no disk and no upstream is on this path
 * (promise R-01), so it answers the same whatever else is down.
 */
import { createHash } from 'node:crypto';
import type { RouterMiddleware } from '@koa/router';
import type { Context } from 'koa';

/** A body that is computed once and served from memory, with a validator (RFC 9110 section 8.8.3). */
export interface StaticBody {
  readonly body: Buffer;
  readonly etag: string;
  readonly contentType: string;
  /** Default: `CACHE_CONTROL`. */
  readonly cacheControl?: string;
}

/**
 * Five minutes of caching is far below the time that a key is published before it signs, so no cache makes a
 * verifier miss one (S-META-06).
 */
export const CACHE_SECONDS = 300;
export const CACHE_CONTROL = cacheControlFor(CACHE_SECONDS);

export function cacheControlFor(seconds: number): string {
  return `public, max-age=${seconds}, stale-while-revalidate=${seconds}, stale-if-error=86400`;
}

/** Serves `current()` for GET and HEAD, whatever the store does. */
export function serveStatic(current: (ctx: Context) => StaticBody | undefined): RouterMiddleware {
  return async function sendStaticBody(ctx) {
    const found = current(ctx);
    if (found === undefined) return;
    sendStatic(ctx, found, found.cacheControl ?? CACHE_CONTROL);
  };
}

/** Answers with the body, or with 304 to who has it already. */
export function sendStatic(
  ctx: Context,
  { body, etag, contentType }: StaticBody,
  cacheControl: string,
): void {
  ctx.set('Cache-Control', cacheControl);
  ctx.set('ETag', etag);
  if (isHeld(ctx.get('if-none-match'), etag)) {
    ctx.status = 304;
    return;
  }
  ctx.status = 200;
  ctx.type = contentType;
  ctx.body = body;
}

/** RFC 9110 section 13.1.2. Not `ctx.fresh`, which a `Cache-Control: no-cache` in the request switches off. */
function isHeld(ifNoneMatch: string, etag: string): boolean {
  const held = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return held.includes(etag) || held.includes('*');
}

/** The body with a strong validator made from its bytes. */
export function staticBody(content: string | Buffer, contentType: string): StaticBody {
  const body = typeof content === 'string' ? Buffer.from(content) : content;
  return { body, contentType, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
