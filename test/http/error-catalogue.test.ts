import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  ERROR_CATALOGUE,
  INTERNAL_ERROR,
  KEY_CHALLENGE,
  STORE_UNAVAILABLE,
  UPSTREAM_CATALOGUE,
} from '../../src/http/error-catalogue.ts';
import { respondWithError } from '../../src/http/error-response.ts';
import { Refusal, type RefusalReason } from '../../src/lib/refusal.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { UpstreamFailure, type UpstreamFailureReason } from '../../src/registration/upstream.ts';
import { authenticationFailed, TokenRefusal } from '../../src/tokens/token-refusal.ts';

const REASONS = Object.keys(ERROR_CATALOGUE) as RefusalReason[];

/** What would go to the caller, and the reason for the log. */
function answer(error: unknown) {
  const headers: Record<string, string> = {};
  const ctx = {
    status: 0,
    body: undefined as Record<string, unknown> | undefined,
    set(name: string | Record<string, string>, value?: string) {
      for (const [each, text] of typeof name === 'string' ? [[name, value ?? '']] : Object.entries(name)) {
        headers[String(each).toLowerCase()] = String(text);
      }
    },
  };
  const reason = respondWithError(ctx as never, error, 'the-id');
  return { status: ctx.status, body: ctx.body, headers, reason };
}

test('every reason to refuse has its answer: what the contract names, by status and code', () => {
  const told = Object.fromEntries(
    REASONS.map((reason) => [reason, `${ERROR_CATALOGUE[reason].status} ${ERROR_CATALOGUE[reason].error}`]),
  );
  assert.deepEqual(told, {
    body_malformed: '400 invalid_request',
    body_too_large: '413 request_too_large',
    body_timeout: '408 request_timeout',
    media_type_unsupported: '415 unsupported_media_type',
    request_malformed: '400 invalid_request',
    host_unknown: '421 misdirected_request',
    transport_insecure: '403 forbidden',
    route_unknown: '404 not_found',
    method_unsupported: '405 method_not_allowed',
    key_missing: '401 unauthorized',
    key_unknown: '401 unauthorized',
    portal_disabled: '401 unauthorized',
    provider_unknown: '404 not_found',
    provider_not_allowed: '403 access_denied',
    client_unknown: '404 not_found',
    client_conflict: '409 conflict',
    metadata_invalid: '400 invalid_client_metadata',
    redirect_uri_invalid: '400 invalid_redirect_uri',
    rotation_unsupported: '409 rotation_not_supported',
    secret_unknown: '404 not_found',
    secret_last: '409 conflict',
    secret_limit: '409 conflict',
    secret_unused: '409 conflict',
    quota_exceeded: '403 quota_exceeded',
    rate_limited: '429 too_many_requests',
    overloaded: '503 temporarily_unavailable',
    cursor_invalid: '400 invalid_request',
    query_invalid: '400 invalid_request',
    idempotency_key_invalid: '400 invalid_request',
    idempotency_key_reused: '422 idempotency_key_reused',
    idempotency_key_in_flight: '409 conflict',
    idempotency_key_unsettled: '409 conflict',
    client_busy: '409 conflict',
    client_unmanageable: '409 conflict',
    upstream_not_acceptable: '502 upstream_not_acceptable',
    registration_token_invalid: '401 invalid_token',
    replay_memory_new: '503 temporarily_unavailable',
    ring_unavailable: '503 temporarily_unavailable',
  });
});

test('no reason is in the type that the catalogue lacks, nor the other way round', () => {
  const source = readFileSync(new URL('../../src/lib/refusal.ts', import.meta.url), 'utf8');
  const [, union = ''] = /export type RefusalReason =([^;]+);/.exec(source) ?? [];
  assert.deepEqual([...union.matchAll(/'(\w+)'/g)].map(([, reason]) => reason).sort(), [...REASONS].sort());
});

/** What is under way elsewhere is over shortly. */
const PASSING: readonly RefusalReason[] = ['idempotency_key_in_flight', 'client_busy'];

for (const reason of REASONS) {
  test(`${reason}: one shape, a sentence that says what to do, and the headers that its status asks for`, () => {
    const { status, body, headers, reason: logged } = answer(new Refusal(reason));
    assert.deepEqual(Object.keys(body ?? {}), ['error', 'error_description', 'error_id']);
    assert.match(String(body?.error_description), /^[A-Z][^"\\]+\.$/);
    assert.equal(body?.error_id, 'the-id');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['www-authenticate'], status === 401 ? KEY_CHALLENGE : undefined);
    const passes = status === 503 || PASSING.includes(reason);
    assert.equal('retry-after' in headers, passes, 'Retry-After exactly where waiting helps');
    assert.ok(status < 500 || status === 503 || status === 502);
    assert.equal(logged, reason);
  });
}

test('a 429 says after how many seconds to come back', () => {
  const { status, headers } = answer(new Refusal('rate_limited', { headers: { 'retry-after': '17' } }));
  assert.deepEqual([status, headers['retry-after']], [429, '17']);
});

test('S-TEN-10: a disabled portal is answered like an unknown key', () => {
  assert.deepEqual(answer(new Refusal('portal_disabled')).body, answer(new Refusal('key_unknown')).body);
});

test('L-13: a store that does not answer is 503 with Retry-After, whatever the outcome was', () => {
  for (const outcome of ['not_done', 'unknown'] as const) {
    const { status, body, headers } = answer(
      new StoreUnavailable('clients.canary', outcome, new Error('canary')),
    );
    assert.equal(status, 503);
    assert.equal(body?.error, STORE_UNAVAILABLE.error);
    assert.match(headers['retry-after'] ?? '', /^[1-9]\d*$/);
    assert.ok(!JSON.stringify(body).includes('canary'));
  }
});

test('a provider that failed is 502, 503 with Retry-After or 504, and what it said stays out', () => {
  const told = Object.fromEntries(
    Object.entries(UPSTREAM_CATALOGUE).map(([reason, { status, error }]) => [reason, `${status} ${error}`]),
  );
  assert.deepEqual(told, {
    upstream_refused: '502 upstream_refused',
    upstream_busy: '503 temporarily_unavailable',
    upstream_credential_refused: '502 upstream_credential_refused',
    upstream_timeout: '504 upstream_timeout',
    upstream_malformed: '502 upstream_malformed',
    upstream_unreachable: '502 upstream_unreachable',
    upstream_unavailable: '503 temporarily_unavailable',
  });
  for (const reason of Object.keys(UPSTREAM_CATALOGUE) as UpstreamFailureReason[]) {
    const failure = new UpstreamFailure(reason, 'unknown', {
      status: 500,
      retryAfterSeconds: 7,
      cause: new Error('canary'),
    });
    const { status, body, headers, reason: logged } = answer(failure);
    assert.deepEqual(Object.keys(body ?? {}), ['error', 'error_description', 'error_id']);
    assert.match(String(body?.error_description), /^[A-Z][^"\\]+\.$/);
    assert.equal(headers['retry-after'], status === 503 ? '7' : undefined);
    assert.equal(logged, reason);
    assert.ok(!JSON.stringify([body, headers]).includes('canary'));
  }
});

test("a provider's own error is beside ours, and ours stays what it is", () => {
  const failure = new UpstreamFailure('upstream_refused', 'not_done', {
    upstreamError: 'invalid_client_metadata',
    upstreamErrorDescription: 'scope is not known',
  });
  assert.deepEqual(answer(failure).body, {
    error: 'upstream_refused',
    error_description: UPSTREAM_CATALOGUE.upstream_refused.error_description,
    error_id: 'the-id',
    upstream_error: 'invalid_client_metadata',
    upstream_error_description: 'scope is not known',
  });
});

test('S-HTTP-14: what nobody expected is 500 with an id, and nothing of the error', () => {
  const canary = Object.assign(new Error('canary'), {
    status: 418,
    statusCode: 418,
    expose: true,
    headers: { a: 'canary' },
  });
  for (const thrown of [canary, new TypeError('canary'), 'canary', { message: 'canary' }, null, undefined]) {
    const { status, body, headers, reason } = answer(thrown);
    assert.deepEqual([status, body?.error, reason], [500, INTERNAL_ERROR.error, 'internal_error']);
    assert.ok(!JSON.stringify([body, headers]).includes('canary'));
  }
});

test('every problem is named by its path, up to twenty; the rest is counted', () => {
  const problems = Array.from({ length: 23 }, (_, index) => ({ path: `p${index}`, message: 'must not' }));
  const { body } = answer(new Refusal('metadata_invalid', { problems }));
  const parts = String(body?.error_description).split('; ');
  assert.equal(parts.length, 21);
  assert.deepEqual([parts[0], parts[19], parts[20]], ['p0: must not', 'p19: must not', 'and 3 more']);
});

test('a cause is for the log, never for the caller', () => {
  const { body, headers } = answer(new Refusal('client_conflict', { cause: new Error('canary') }));
  assert.ok(!JSON.stringify([body, headers]).includes('canary'));
});

test('S-TOK-11: of a failed authentication only the log hears the reason', () => {
  const { status, body, headers, reason } = answer(authenticationFailed('canary', true));
  assert.equal(status, 401);
  assert.match(headers['www-authenticate'] ?? '', /^Basic realm=/);
  assert.ok(!JSON.stringify([body, headers]).includes('canary'));
  assert.equal(reason, 'invalid_client: canary');
  assert.equal(answer(authenticationFailed('canary', false)).headers['www-authenticate'], undefined);
  assert.equal(answer(new TokenRefusal('invalid_scope', 'Not that one.')).status, 400);
});
