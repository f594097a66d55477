/**
 * A refusal as a caller must see it: status, code, description, correlation id, headers. That the store did not
 * see it is in `unwritten.ts`.
 */
import assert from 'node:assert/strict';
import type { Answer } from './bridge.ts';
import { eventually } from './eventually.ts';
import type { TestService } from './service.ts';

export interface Expected {
  readonly status: number;
  readonly error: string;
  /** What the description must say. */
  readonly says?: RegExp;
  /** Headers by lower-case name; `undefined` must be absent. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function assertRefusal(answer: Answer, { status, error, says, headers = {} }: Expected): void {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.body.error, error, answer.text);
  assert.deepEqual(Object.keys(answer.body), ['error', 'error_description', 'error_id']);
  assert.match(answer.body.error_id, UUID);
  assert.ok(answer.body.error_description.length > 10, 'says what to do');
  if (says !== undefined) assert.match(answer.body.error_description, says);
  assertPlainHeaders(answer);
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('content-length'), String(Buffer.byteLength(answer.text)));
  if (status === 405) assert.notEqual(answer.headers.get('allow'), null);
  if (status === 503) assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
  for (const [name, value] of Object.entries(headers)) {
    const actual = answer.headers.get(name) ?? undefined;
    if (value instanceof RegExp) assert.match(actual ?? '', value, name);
    else assert.equal(actual, value, name);
  }
}

const NEVER = [
  // S-META-09, S-META-11, S-TOK-19.
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'vary',
  'x-powered-by',
  'server',
  'set-cookie',
  'location',
];

/** The headers that every answer carries, and those that none does (C-15). */
export function assertPlainHeaders({ headers }: Answer): void {
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  for (const name of NEVER) assert.equal(headers.get(name), null, name);
}

/** Body and headers, without what differs between any two answers. */
export function shapeOf(answer: Answer): unknown {
  const { error_id: _, ...body } = answer.body;
  const headers = [...answer.headers].filter(([name]) => name !== 'date');
  return { status: answer.status, body, headers };
}

/** The correlation id is in the log, on the line of that request. */
export async function assertLogged(service: TestService, answer: Answer): Promise<void> {
  await eventually(async () => {
    const lines = service.output
      .filter((line) => line.includes(answer.body.error_id))
      .map((line) => JSON.parse(line));
    const request = lines.find(({ msg }) => msg === 'request');
    assert.ok(request !== undefined, `not in the log: ${answer.text}`);
    assert.equal(request.status, answer.status);
    assert.equal(request.request_id, answer.body.error_id);
  }, 2000);
}
