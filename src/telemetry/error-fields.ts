/**
 * What may be logged of an error is an allowlist: type, message, stack, code and cause. Anything else that a library
 * hangs on an error (ioredis keeps the command's arguments there, L-26) stays out. A failure that is expected, like a
 * store that is away, is one short line, its causes after colons: where in our code it was met helps nobody. A stack
 * is for what nobody expected.
 */
import { Refusal } from '../lib/refusal.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import { UpstreamFailure } from '../registration/upstream.ts';
import { TokenRefusal } from '../tokens/token-refusal.ts';

const EXPECTED = [StoreUnavailable, UpstreamFailure, Refusal, TokenRefusal];
const MAX_CAUSES = 5;

export function errorFields(error: unknown): unknown {
  return EXPECTED.some((kind) => error instanceof kind) ? inShort(error as Error) : inFull(error);
}

/** Of what nobody caught, expected or not: the stack says who should have. */
export function inFull(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...codeOf(error),
    ...(error.cause !== undefined && depth < MAX_CAUSES ? { cause: inFull(error.cause, depth + 1) } : {}),
  };
}

function inShort(error: Error): unknown {
  const chain: Error[] = [];
  let next: unknown = error;
  while (next instanceof Error && chain.length <= MAX_CAUSES) {
    chain.push(next);
    next = next.cause;
  }
  const [first, ...causes] = chain;
  // Of a cause the kind as well when it says more than that: a `TypeError` is a fault of ours all the same.
  const told = causes.map(({ name, message }) => (name === 'Error' ? message : `${name}: ${message}`));
  return {
    type: first?.name,
    message: [first?.message, ...told].join(': '),
    ...chain.map(codeOf).findLast(({ code }) => code !== undefined),
  };
}

function codeOf(error: Error): { readonly code?: string | number } {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? { code } : {};
}
