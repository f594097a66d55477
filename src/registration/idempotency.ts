/**
 * Idempotency keys (`Idempotency-Key`): the same key with the same body gives the same answer, secret
 * included, for as long as it is kept; with another body it is refused.
 *
 * There is no "in flight": the answer is computed first and committed together with the act, so of fifty
 * requests at once one commits and the others are given what it kept. A crash leaves both or neither.
 */
import type { ClientRecord } from '../clients/client-record.ts';
import type { IdempotentAnswer, StoredAnswer } from '../clients/idempotent-answer.ts';
import { Refusal } from '../lib/refusal.ts';
import type { PortalName } from '../portals/portal-name.ts';

/** One request that carries a key. */
export interface IdempotentRequest {
  readonly key: string;
  /** The route's template with the client's id, so that one key may serve several routes. */
  readonly route: string;
  /**
   * Hash of the initial access token, when it is one that registers: its bearers share a portal, and must
   * not be given each other's clients by guessing a key.
   */
  readonly initialAccessToken?: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface IdempotencyContext {
  /** HMAC under a key of this purpose alone. */
  readonly hash: (text: string) => Uint8Array;
  readonly seal: (text: string, context: string) => string;
  readonly open: (sealed: string, context: string) => string;
  readonly answerSeconds: number;
  readonly secretSeconds: number;
}

/** What an act answers, and what a replay of it answers: the secret is missing when its time is over. */
export interface ClientAnswer {
  readonly client: ClientRecord;
  readonly clientSecret: string | undefined;
}

/** Visible ASCII (draft-ietf-httpapi-idempotency-key-header section 2.1, bounded by our contract). */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Throws `Refusal` `idempotency_key_invalid`. */
export function requireIdempotencyKey(key: string): string {
  if (!KEY.test(key)) throw new Refusal('idempotency_key_invalid');
  return key;
}

/** What is to be committed with the act. */
export function keepAnswer(
  context: IdempotencyContext,
  portal: PortalName,
  request: IdempotentRequest,
  answer: ClientAnswer,
): IdempotentAnswer {
  const id = answerId(context, portal, request);
  return {
    id,
    request_hash: requestHash(context, request),
    sealed_answer: context.seal(JSON.stringify(answer.client), `${id} answer`),
    // Empty for a client that has none.
    sealed_secret: context.seal(answer.clientSecret ?? '', `${id} secret`),
    answer_seconds: context.answerSeconds,
    secret_seconds: context.secretSeconds,
  };
}

/** What was answered before. Throws `Refusal` `idempotency_key_reused` when the body differs. */
export function replayAnswer(
  context: IdempotencyContext,
  portal: PortalName,
  request: IdempotentRequest,
  stored: StoredAnswer,
): ClientAnswer {
  if (stored.request_hash !== requestHash(context, request)) throw new Refusal('idempotency_key_reused');
  const id = answerId(context, portal, request);
  const { sealed_answer, sealed_secret } = stored;
  const secret = sealed_secret === undefined ? '' : context.open(sealed_secret, `${id} secret`);
  return {
    client: JSON.parse(context.open(sealed_answer, `${id} answer`)),
    clientSecret: secret === '' ? undefined : secret,
  };
}

/** A separator that no part can hold keeps two different requests from looking the same (L-07). */
export function answerId(
  { hash }: IdempotencyContext,
  portal: PortalName,
  { key, route, initialAccessToken = '' }: IdempotentRequest,
): string {
  return Buffer.from(hash(['id', portal, initialAccessToken, route, key].join('\n'))).toString('base64url');
}

export function requestHash({ hash }: IdempotencyContext, { body }: IdempotentRequest): string {
  return Buffer.from(hash(`body\n${JSON.stringify(body)}`)).toString('base64url');
}
