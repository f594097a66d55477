import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { clientAdapter, RECORD_MEMBER } from '../../src/oidc/client-adapter.ts';
import { aClient } from '../tokens/support.ts';

const CLIENT = aClient({}, { secrets: [{ secret_id: 's', hash: 'SjrMRZ7', created_at: 0, expires_at: 0 }] });

function adapter(stored: ClientRecord | undefined, model = 'Client') {
  const asked: string[] = [];
  const read = async (id: string) => {
    asked.push(id);
    return stored;
  };
  return { asked, ...clientAdapter({ read })(model) };
}

test('the engine sees an active client as it is registered, and no secret of it', async () => {
  const found = await adapter(CLIENT).find(CLIENT.client_id);
  assert.equal(found?.client_id, CLIENT.client_id);
  assert.deepEqual(found?.grant_types, ['client_credentials']);
  assert.equal(found?.token_endpoint_auth_method, 'client_secret_basic');
  assert.equal(found?.[RECORD_MEMBER], CLIENT);
  assert.deepEqual(found?.redirect_uris, [], 'nothing of the engine may redirect');
  assert.ok(!String(found?.client_secret).includes('SjrMRZ7'));
});

test('S-TOK-11: an unknown, a disabled and an impossible client are the same decoy', async () => {
  const unknown = await adapter(undefined).find(CLIENT.client_id);
  assert.equal(unknown?.[RECORD_MEMBER], undefined);
  assert.deepEqual(await adapter({ ...CLIENT, state: 'disabled' }).find(CLIENT.client_id), unknown);
  const { find, asked } = adapter(CLIENT);
  for (const id of ['', '__proto__', 'unknown', `${CLIENT.client_id}\0`])
    assert.deepEqual(await find(id), unknown);
  assert.deepEqual(asked, [], 'what can be no id is not looked up');
});

test('L-11, L-13: a store error reaches the engine as an error, never as "not found"', async () => {
  const unavailable = new StoreUnavailable('clients.read', 'not_done');
  const { find } = clientAdapter({ read: () => Promise.reject(unavailable) })('Client');
  await assert.rejects(find(CLIENT.client_id), (error) => error === unavailable);
});

test('L-01: the engine can store nothing, and finds nothing but clients', async () => {
  const { find, upsert, consume, destroy, revokeByGrantId, findByUid, findByUserCode } = adapter(CLIENT);
  const attempts = [
    () => upsert('x', {}, 1),
    () => consume('x'),
    () => destroy('x'),
    () => revokeByGrantId('x'),
    () => findByUid('x'),
    () => findByUserCode('x'),
  ];
  for (const attempt of attempts) await assert.rejects(attempt, /nothing of its is stored/);
  for (const model of ['AccessToken', 'ClientCredentials', 'RegistrationAccessToken', 'Session', 'Grant']) {
    assert.equal(await adapter(CLIENT, model).find(CLIENT.client_id), undefined, model);
  }
  assert.ok(find !== undefined);
});
