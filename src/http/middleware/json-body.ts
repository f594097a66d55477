/**
 * Reads a bounded JSON object. A body that is too large, too slow, compressed, not UTF-8, nested too deep
 * or anything but one JSON object is refused before a byte of it is interpreted further. So is what JSON can
 * say and we could not say again: a number beyond a double, half a surrogate pair (RFC 7493 section 2).
 */
import type { Context } from 'koa';
import { Refusal } from '../../lib/refusal.ts';

export interface BodyLimits {
  readonly bytes: number;
  readonly timeoutMs: number;
}

/** Deeper than any metadata needs, shallower than what overflows a stack when it is written out again. */
const MAX_DEPTH = 16;

/** Throws `Refusal`: `media_type_unsupported`, `body_too_large`, `body_timeout`, `body_malformed`. */
export async function readJsonObject(
  ctx: Context,
  limits: BodyLimits,
  presence: 'required' | 'optional',
): Promise<Record<string, unknown>> {
  const bytes = await readBytes(ctx, limits);
  if (bytes.length === 0 && presence === 'optional') return {};
  // An empty body with the right type is malformed JSON; without one, the type is what is missing.
  if (ctx.request.is('json', '+json') === false || ctx.request.is('json', '+json') === null) {
    if (bytes.length > 0 || ctx.get('content-type') !== '') throw new Refusal('media_type_unsupported');
  }
  if (ctx.get('content-encoding') !== '') throw new Refusal('media_type_unsupported');
  return parseObject(bytes);
}

/** Throws `Refusal`: `body_too_large`, `body_timeout`, `body_malformed`. */
export function readBytes(ctx: Context, { bytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  const { req } = ctx;
  if ((ctx.request.length ?? 0) > bytes) return Promise.reject(new Refusal('body_too_large'));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    // RFC 9110 section 15.5.9: what is still to come of this body must not be taken for the next request.
    const tooSlow = new Refusal('body_timeout', { headers: { connection: 'close' } });
    const timer = setTimeout(() => finish(tooSlow), timeoutMs);
    const finish = (error?: Error) => {
      clearTimeout(timer);
      req.off('data', take).off('end', finish).off('error', abort).off('close', abort);
      if (error === undefined) resolve(Buffer.concat(chunks));
      else reject(error);
    };
    const abort = () => finish(new Refusal('body_malformed'));
    const take = (chunk: Buffer) => {
      received += chunk.length;
      if (received > bytes) finish(new Refusal('body_too_large'));
      else chunks.push(chunk);
    };
    req.on('data', take).on('end', finish).on('error', abort).on('close', abort);
  });
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    // `ignoreBOM` keeps a byte-order mark in the text, where it is no JSON (RFC 8259 section 8.1).
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refusal('body_malformed');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !isRepeatable(value)) {
    throw new Refusal('body_malformed');
  }
  return value as Record<string, unknown>;
}

/** Level by level, so that a hostile depth costs no stack. */
function isRepeatable(root: object): boolean {
  let level: readonly unknown[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH || !level.every(isExact)) return false;
    level = level.flatMap(namesAndValues);
  }
  return true;
}

function isExact(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return typeof value !== 'number' || Number.isFinite(value);
}

function namesAndValues(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Array.isArray(value) ? value : Object.entries(value).flat(1);
}
