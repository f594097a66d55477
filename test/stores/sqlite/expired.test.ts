/** What is over is not returned; this is about its not staying in the file either. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import type { Store } from '../../../src/stores/store.ts';
import { tempDir } from '../../support/temp.ts';
import { aSqliteStore } from '../ending.ts';
import { aClaim, aClient, anAnswer, aToken, aTombstone, aUse, FREELY, next } from '../records.ts';

const WRITES: Readonly<Record<string, (store: Store, client: ClientRecord) => Promise<unknown>>> = {
  create: ({ clients }) => clients.create(aClient(), FREELY),
  replace: ({ clients }, client) => clients.replace(next(client), 1),
  delete: ({ clients }, client) => clients.delete(client.client_id, aTombstone(client)),
  claim: ({ replays }) => replays.claim(aClaim()),
  addUses: ({ secretUsage }, client) => secretUsage.addUses([aUse(client.client_id)]),
};

for (const [name, write] of Object.entries(WRITES)) {
  test(`what has expired is cleared from the file by the next ${name}`, async (t) => {
    const file = join(tempDir('sqlite'), 'store.db');
    const store = await aSqliteStore(t, file);
    const raw = new DatabaseSync(file);
    t.after(() => raw.close());
    const rows = (table: string) => raw.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
    const client = aClient();
    for (const [record, answer_seconds] of [
      [client, 300],
      [aClient(), 600],
    ] as const) {
      const answer = anAnswer({ answer_seconds, secret_seconds: 300 });
      await store.clients.create(record, { ...FREELY, answer });
    }
    await store.portals.addInitialAccessToken(aToken({ expires_at: Math.floor(Date.now() / 1000) }));
    assert.deepEqual([rows('answers'), rows('answer_secrets'), rows('initial_access_tokens')], [2, 2, 1]);
    // As if the five minutes were over: how long the writes above took must not matter.
    for (const table of ['answers', 'answer_secrets'])
      raw.exec(`UPDATE ${table} SET expires_at_ms = expires_at_ms - 301000`);
    await write(store, client);
    assert.deepEqual([rows('answers'), rows('answer_secrets'), rows('initial_access_tokens')], [1, 0, 0]);
  });
}
