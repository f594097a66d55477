/**
 * What an answer means: a document, or which failure, and whether the provider may have done it all the
 * same. A 4xx is the provider's own "no"; anything else that is not the document asked for leaves it open.
 *
 * Of an error only `error` and `error_description` are taken, when they have the form of RFC 6749 section
 * 5.2, are short, and hold nothing that we sent as a secret (S-UP-09).
 */
import {
  UpstreamFailure,
  type UpstreamFailureReason,
  type UpstreamOutcome,
} from '../registration/upstream.ts';
import { OutboundError } from './outbound/evidence.ts';
import type { OutboundAnswer, OutboundRequest } from './outbound/exchange.ts';
import { retryAfterSeconds } from './outbound/retry-after.ts';

export interface AnsweredCall {
  readonly request: OutboundRequest;
  readonly answer: OutboundAnswer;
  /** Nothing that holds one of these is passed on. */
  readonly secrets: readonly string[];
  readonly nowMs: number;
}

/** The document of a 2xx answer. Throws `UpstreamFailure` for every other answer. */
export function documentOf(call: AnsweredCall): unknown {
  const { status } = call.answer;
  if (status < 200 || status > 299) throw refusalOf(call);
  const document = jsonOf(call.answer);
  if (document === undefined) throw malformed(call, 'NO_JSON');
  return document;
}

/** It came, and can't be read: what it says was done may have been done. */
export function malformed(
  { request, answer }: Pick<AnsweredCall, 'request' | 'answer'>,
  code: string,
  clientId?: string,
) {
  return new UpstreamFailure('upstream_malformed', 'unknown', {
    status: answer.status,
    clientId,
    cause: new OutboundError(request, code, answer.status),
  });
}

export function refusalOf(call: AnsweredCall): UpstreamFailure {
  const { request, answer, secrets, nowMs } = call;
  const { status } = answer;
  const { error, error_description } = errorMembers(jsonOf(answer));
  const upstreamError = publicText(error, MAX_ERROR, secrets);
  const [reason, outcome] = classify(status, upstreamError);
  return new UpstreamFailure(reason, outcome, {
    status,
    upstreamError,
    upstreamErrorDescription: publicText(error_description, MAX_DESCRIPTION, secrets),
    retryAfterSeconds: retryAfterSeconds(answer.headers['retry-after'], nowMs),
    cause: new OutboundError(request, 'REFUSED', status),
  });
}

function classify(status: number, error: string | undefined): [UpstreamFailureReason, UpstreamOutcome] {
  if (status === 429) return ['upstream_busy', 'not_done'];
  if (status === 503) return ['upstream_busy', 'unknown'];
  if (status === 401 || status === 403) return ['upstream_credential_refused', 'not_done'];
  if (status >= 400 && status < 500) return ['upstream_refused', 'not_done'];
  // Redirects too: some servers answer a POST that they carried out with one.
  return [status >= 500 && error !== undefined ? 'upstream_refused' : 'upstream_malformed', 'unknown'];
}

const MAX_ERROR = 64;
const MAX_DESCRIPTION = 300;
/** RFC 6749 section 5.2. */
const CHARACTERS = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

function publicText(value: unknown, maxLength: number, secrets: readonly string[]): string | undefined {
  if (typeof value !== 'string' || value.length > maxLength || !CHARACTERS.test(value)) return undefined;
  return secrets.some((secret) => value.includes(secret)) ? undefined : value;
}

function errorMembers(document: unknown): { readonly error?: unknown; readonly error_description?: unknown } {
  return typeof document === 'object' && document !== null ? document : {};
}

function jsonOf({ text }: OutboundAnswer): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
