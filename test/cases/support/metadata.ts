/** What a client may say of itself, tried by a create and by an update. */
import assert from 'node:assert/strict';
import type { TestService } from '../../support/service.ts';
import { refuses } from '../../support/unwritten.ts';
import { type Dialect, through } from './dialects.ts';
import { storedClient } from './stored.ts';

type Body = Readonly<Record<string, unknown>>;

/** Refused at a create, and at an update of a client that is in order. */
export async function refusedEverywhere(
  service: TestService,
  dialect: Dialect,
  body: Body,
  path: string,
  error = 'invalid_client_metadata',
) {
  const { create, update } = through(dialect, service);
  const expected = { status: 400, error, says: new RegExp(`(^|; )${path.replace(/[[\]$.]/g, '\\$&')}`) };
  const answer = await refuses(service, expected, () => create({ client_name: 'a client', ...body }));
  const received = Object.values(body).filter((value) => typeof value === 'string' && value.length > 6);
  for (const value of received) assert.ok(!answer.text.includes(String(value)), 'repeats what was sent');
  if (!dialect.hasUpdate) return;
  const { body: kept } = await create({ client_name: 'a client', scope: 'read' });
  await refuses(service, expected, () => update(kept.client_id, body));
}

export async function accepted(service: TestService, dialect: Dialect, body: Body) {
  const made = await through(dialect, service).create({ client_name: 'a client', ...body });
  assert.equal(made.status, 201, made.text);
  return { made, metadata: storedClient(service, made).metadata };
}
