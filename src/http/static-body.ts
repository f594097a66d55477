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
}

/**
 * Serves `current()` for GET and HEAD, whatever the store does. Five minutes of caching is far below the
 * time that a key is published before it signs, so no cache makes a verifier miss one (S-META-06).
 */
export function serveStatic(current: (ctx: Context) => StaticBody | undefined): RouterMiddleware {
  return async function sendStaticBody(ctx) {
    const found = current(ctx);
    if (found === undefined) return;
    ctx.set('Cache-Control', 'public, max-age=300, stale-while-revalidate=300, stale-if-error=86400');
    ctx.set('ETag', found.etag);
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    ctx.type = found.contentType;
    ctx.body = found.body;
  };
}

/** The body with a strong validator made from its bytes. */
export function staticBody(content: string, contentType: string): StaticBody {
  const body = Buffer.from(content);
  return { body, contentType, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
