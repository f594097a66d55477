/**
 * The one place that turns an error into bytes. It answers with what the catalogue says and never with
 * anything that an error carries by accident: messages, stacks and causes stay in the log.
 */
import type { Context } from 'koa';
import { type Problem, Refusal } from '../lib/refusal.ts';
import { StoreUnavailable } from '../lib/store-unavailable.ts';
import { UpstreamFailure } from '../registration/upstream.ts';
import { TokenRefusal } from '../tokens/token-refusal.ts';
import {
  ERROR_CATALOGUE,
  INTERNAL_ERROR,
  KEY_CHALLENGE,
  type PublicError,
  STORE_UNAVAILABLE,
  UPSTREAM_CATALOGUE,
} from './error-catalogue.ts';

interface Answer extends PublicError {
  readonly headers: Readonly<Record<string, string>>;
  /** For logs and metrics; one of a fixed set. */
  readonly reason: string;
  /** What the body has beside our own error. */
  readonly beside?: Readonly<Record<string, string>>;
}

/** Writes the response for `error` and returns the reason to log it under. */
export function respondWithError(ctx: Context, error: unknown, errorId: string): string {
  const answer = answerFor(error);
  ctx.status = answer.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.set({ ...answer.headers });
  if (answer.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(answer.retryAfterSeconds));
  ctx.body = {
    error: answer.error,
    error_description: answer.error_description,
    error_id: errorId,
    ...answer.beside,
  };
  return answer.reason;
}

function answerFor(error: unknown): Answer {
  if (error instanceof Refusal) return refusalAnswer(error);
  if (error instanceof TokenRefusal) return tokenAnswer(error);
  if (error instanceof UpstreamFailure) return upstreamAnswer(error);
  if (error instanceof StoreUnavailable) {
    return { ...STORE_UNAVAILABLE, headers: {}, reason: 'store_unavailable' };
  }
  return { ...INTERNAL_ERROR, headers: {}, reason: 'internal_error' };
}

function refusalAnswer(refusal: Refusal): Answer {
  const known = ERROR_CATALOGUE[refusal.reason];
  const challenge = known.status === 401 ? { 'www-authenticate': KEY_CHALLENGE } : {};
  return {
    ...known,
    error_description: refusal.detail ?? describe(known.error_description, refusal.problems),
    headers: { ...challenge, ...refusal.headers },
    reason: refusal.reason,
  };
}

function tokenAnswer({ error, status, message, headers, reason }: TokenRefusal): Answer {
  return {
    status,
    error,
    error_description: message,
    headers,
    reason: reason === undefined ? error : `${error}: ${reason}`,
  };
}

/** The provider's own error was bounded where it entered; nothing else of its answer is passed on (S-UP-09). */
function upstreamAnswer(failure: UpstreamFailure): Answer {
  const { reason, retryAfterSeconds, upstreamError, upstreamErrorDescription } = failure;
  const known = UPSTREAM_CATALOGUE[reason];
  return {
    ...known,
    ...(known.status === 503 && retryAfterSeconds !== undefined ? { retryAfterSeconds } : {}),
    headers: {},
    reason,
    beside: {
      ...(upstreamError === undefined ? {} : { upstream_error: upstreamError }),
      ...(upstreamErrorDescription === undefined
        ? {}
        : { upstream_error_description: upstreamErrorDescription }),
    },
  };
}

const MAX_PROBLEMS = 20;

function describe(sentence: string, problems: readonly Problem[]): string {
  if (problems.length === 0) return sentence;
  const shown = problems.slice(0, MAX_PROBLEMS).map(({ path, message }) => `${path}: ${message}`);
  const rest = problems.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}
