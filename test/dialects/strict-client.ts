/**
 * Clients as strict as the strictest that is known: a time that is a string, a scope that is an array, an
 * answer with a member that the portal's document does not have, a secret that a cache may keep, and they
 * give up.
 */
import assert from 'node:assert/strict';
import type { Answer } from '../support/bridge.ts';

const string = (value: unknown) => typeof value === 'string' && value !== '';
const time = (value: unknown) => Number.isInteger(value) && Number(value) >= 0;
const strings = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string');
const optional = (check: Check) => (value: unknown) => value === undefined || check(value);

type Check = (value: unknown) => boolean;

function assertMembers(body: Record<string, unknown>, checks: Readonly<Record<string, Check>>): void {
  for (const [member, check] of Object.entries(checks)) {
    assert.ok(check(body[member]), `${member}: ${JSON.stringify(body[member])}`);
  }
}

/** RFC 7591 section 3.2.1 with what Gravitee, API7 and MCP clients insist on. */
export function assertClientDocument(answer: Answer): void {
  assertJson(answer);
  assertMembers(answer.body, {
    client_id: string,
    client_id_issued_at: time,
    client_secret_expires_at: time,
    redirect_uris: strings,
    grant_types: strings,
    response_types: strings,
    token_endpoint_auth_method: string,
    scope: (value) => typeof value === 'string',
    client_name: optional(string),
    client_secret: optional(string),
  });
  // RFC 7591 section 2.2 members are absent or right: no null in an answer.
  assert.deepEqual(
    Object.entries(answer.body).filter(([, value]) => value === null),
    [],
  );
}

export function assertRegistration(answer: Answer): void {
  assertClientDocument(answer);
  assertMembers(answer.body, { registration_client_uri: string, registration_access_token: string });
  assertNotKept(answer);
}

/** RFC 7591 section 3.2.1, RFC 6749 section 5.1. */
export function assertNotKept({ headers }: Answer): void {
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.equal(headers.get('pragma'), 'no-cache');
  assert.equal(headers.get('location'), null);
  assert.equal(headers.get('etag'), null);
}

export function assertJson({ headers, body }: Answer): void {
  assert.match(headers.get('content-type') ?? '', /^application\/json(;|$)/);
  assert.equal(typeof body, 'object');
}
