/** What every store keeps of the uses of secrets. */
import assert from 'node:assert/strict';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import type { ClientSecretUse, SecretUse } from '../../../src/clients/secret-usage.ts';
import type { Implementation } from '../implementations.ts';
import { aClient, aTombstone, aUse, FREELY, NOW, next } from '../records.ts';
import { nothingChanges } from './nothing-changes.ts';
import { withStore } from './with-store.ts';

function used(secret_id: string, changes: Partial<SecretUse> = {}): SecretUse {
  const { client_id: _, ...use } = aUse(aClient().client_id, { secret_id, ...changes });
  return use;
}

function of({ client_id }: ClientRecord, ...uses: readonly SecretUse[]): readonly ClientSecretUse[] {
  return uses.map((use) => ({ client_id, ...use }));
}

export function secretUsageContract(implementation: Implementation): void {
  const story = withStore.bind(undefined, implementation);
  const [secret] = aClient().secrets;
  assert.ok(secret);

  story('uses add up: the earliest first, the latest last, the sum of counts', async (store) => {
    const client = aClient({ secrets: [secret, { ...secret, secret_id: 'sec_2' }] });
    await store.clients.create(client, FREELY);
    assert.deepEqual(await store.secretUsage.readUses(client.client_id), new Map());

    const early = used('sec_1', { first_used_at: NOW - 9, last_used_at: NOW - 3, use_count: 5 });
    const late = used('sec_1', {
      first_used_at: NOW - 5,
      last_used_at: NOW + 7,
      use_count: 1_000_000_000_000,
    });
    const other = used('sec_2');
    await store.secretUsage.addUses(of(client, late, other));
    await store.secretUsage.addUses(of(client, early));
    await store.secretUsage.addUses([]);
    const sum = { first_used_at: NOW - 9, last_used_at: NOW + 7, use_count: 1_000_000_000_005 };
    const expected = new Map([
      ['sec_1', used('sec_1', sum)],
      ['sec_2', other],
    ]);
    assert.deepEqual(await store.secretUsage.readUses(client.client_id), expected);
    assert.deepEqual(await store.clients.read(client.client_id), client);
  });

  story('one batch may hold many clients, and the same secret twice', async ({ clients, secretUsage }) => {
    const records = Array.from({ length: 450 }, () => aClient());
    for (const record of records) await clients.create(record, FREELY);
    await secretUsage.addUses(records.flatMap((record) => of(record, used('sec_1'), used('sec_1'))));
    for (const { client_id } of records) {
      assert.equal((await secretUsage.readUses(client_id)).get('sec_1')?.use_count, 2);
    }
  });

  story('uses of a client that is gone, or never was, are dropped', async (store, place) => {
    const { clients, secretUsage } = store;
    const client = aClient();
    await clients.create(client, FREELY);
    await secretUsage.addUses(of(client, used('sec_1')));
    await clients.delete(client.client_id, aTombstone(client));
    assert.deepEqual(await secretUsage.readUses(client.client_id), new Map());
    await nothingChanges(place, () =>
      secretUsage.addUses([...of(client, used('sec_1')), ...of(aClient(), used('sec_1'))]),
    );
    assert.deepEqual(await secretUsage.readUses(client.client_id), new Map());
  });

  story('uses go with their secret, and a late batch does not bring them back', async (store) => {
    const { clients, secretUsage } = store;
    const client = aClient();
    await clients.create(client, FREELY);
    await secretUsage.addUses(of(client, used('sec_1')));
    const both = next(client, { secrets: [{ ...secret, secret_id: 'sec_new' }, ...client.secrets] });
    await clients.replace(both, 1);
    await secretUsage.addUses(of(client, used('sec_1'), used('sec_new')));
    assert.equal((await secretUsage.readUses(client.client_id)).get('sec_1')?.use_count, 2);

    await clients.replace(next(both, { secrets: both.secrets.slice(0, 1) }), 2);
    await secretUsage.addUses(of(client, used('sec_1')));
    assert.deepEqual([...(await secretUsage.readUses(client.client_id)).keys()], ['sec_new']);
  });
}
