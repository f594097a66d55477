/** Which secrets are looked at, and what counts as a use of one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TokenClient } from '../../src/clients/token-client.ts';
import { authenticateBySecret } from '../../src/tokens/authenticate-client.ts';
import { TokenRefusal } from '../../src/tokens/token-refusal.ts';
import { aClient } from './support.ts';

const client = aClient({ token_endpoint_auth_method: 'client_secret_basic' });

/** The clients that a right secret was compared for; `undefined` where none may be opened by it. */
function looking(inMemory: TokenClient | undefined, stored: TokenClient | undefined) {
  const compared: (TokenClient | undefined)[] = [];
  const context = {
    clients: { lookUps: () => 0, read: async () => inMemory, readAnew: async () => stored },
    matchesSecret: (of: TokenClient | undefined) => {
      compared.push(of);
      return of !== undefined && of === stored;
    },
  };
  const by = (method: 'client_secret_basic' | 'client_secret_post') =>
    authenticateBySecret(context, { clientId: client.client_id, clientSecret: 'right', method });
  return { compared, by };
}

test('L-14: by the wrong method the right secret is not even looked at, so it is no use of it', async () => {
  const { compared, by } = looking(client, client);
  await assert.rejects(by('client_secret_post'), TokenRefusal);
  assert.deepEqual(compared, [undefined]);
});

test('R-09: what is not right from memory is compared with what the store has now', async () => {
  const rotated = { ...client, version: client.version + 1 };
  assert.equal(await looking(client, rotated).by('client_secret_basic'), rotated);
});

test('an unknown client is compared once, with nothing', async () => {
  const { compared, by } = looking(undefined, undefined);
  await assert.rejects(by('client_secret_basic'), TokenRefusal);
  assert.deepEqual(compared, [undefined]);
});
