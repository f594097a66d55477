/** The key road over a store with faults: what can't be remembered is not accepted. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { Refusal } from '../../src/lib/refusal.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import { decoyKeys } from '../../src/tokens/decoy-keys.ts';
import { type KeyRoadContext, takeKeyRoad } from '../../src/tokens/key-road.ts';
import type { ClaimOutcome } from '../../src/tokens/replay-store.ts';
import { ASSERTION_TYPE, assertionOf, type ClientKey, epoch, newClientKey } from '../support/assertion.ts';
import { aClient, REGISTERED_KEYS, tokenRefusal } from './support.ts';

const issuer = 'https://auth.example';
let key: ClientKey;
before(async () => {
  key = await newClientKey();
});

async function outcome(claim: () => Promise<ClaimOutcome>, ageSeconds = 0) {
  const client = aClient({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } });
  let issued = 0;
  const context: KeyRoadContext = {
    issuer,
    clients: { lookUps: () => 0, read: async () => client, readAnew: async () => client },
    replays: { claim },
    decoys: decoyKeys(randomBytes),
    keys: REGISTERED_KEYS,
    nonces: undefined,
    issue: async () => {
      issued += 1;
      return { access_token: 'token', token_type: 'Bearer', expires_in: 1 };
    },
    now: epoch,
  };
  const iat = epoch() - ageSeconds;
  const client_assertion = await assertionOf(key, { client_id: client.client_id, issuer }, { iat });
  const form = { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion };
  const answer = await takeKeyRoad(context, { form, certificate: undefined }).catch(
    (error: unknown) => error,
  );
  return { answer, issued };
}

test('S-PKJ-18: a store that can not remember the use is an outage, and no token is issued', async () => {
  const away = new StoreUnavailable('replays.claim', 'unknown');
  const { answer, issued } = await outcome(() => Promise.reject(away));
  assert.equal(answer, away);
  assert.equal(issued, 0);
});

for (const said of ['used', 'forgotten'] as const) {
  test(`an assertion that the store calls ${said} gets no token`, async () => {
    const { answer, issued } = await outcome(async () => said, 10);
    tokenRefusal('invalid_client', () => {
      throw answer;
    });
    assert.equal(issued, 0);
  });
}

test('F-25: one that was made just now, by a store that has only begun to remember, is an outage', async () => {
  const { answer, issued } = await outcome(async () => 'forgotten');
  assert.ok(answer instanceof Refusal);
  assert.equal(answer.reason, 'replay_memory_new');
  assert.equal(issued, 0);
});

test('one that it claims gets one', async () => {
  assert.equal((await outcome(async () => 'claimed')).issued, 1);
});
