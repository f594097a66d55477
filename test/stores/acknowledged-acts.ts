/** Callers that create, rotate and delete through a service, and what a store must hold of what they were told. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { findSecret } from '../../src/clients/secret.ts';
import { createCredentials } from '../../src/keys/credentials.ts';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { Store } from '../../src/stores/store.ts';
import { type Answer, portal } from '../support/bridge.ts';
import type { TestService } from '../support/service.ts';
import { walk } from './contract/walk.ts';

/** On one client: its first is the create, its last may be the delete. */
export interface WrittenAct {
  readonly kind: 'create' | 'rotate' | 'delete';
  /** Which acknowledgement it was, of all callers, from 1. */
  readonly acked: number;
  /** Epoch milliseconds. */
  readonly ackedMs: number;
  /** What the client authenticates with from then on. */
  readonly secret: string | undefined;
}

export type WrittenClients = Map<ClientId, WrittenAct[]>;

const ROTATIONS = 3;

/** One act after the other until `isOver`; `acked` numbers each when it was acknowledged, before anything else. */
export async function actUntil(
  isOver: () => boolean,
  service: TestService,
  clients: WrittenClients,
  acked: () => number,
): Promise<void> {
  const caller = portal(service);
  async function act(
    kind: WrittenAct['kind'],
    send: () => Promise<Answer>,
    id?: ClientId,
  ): Promise<ClientId> {
    const { status, body, text } = await send();
    if (status >= 300) throw new NotDone(text);
    const made = { kind, acked: acked(), ackedMs: Date.now(), secret: body.client_secret };
    const client: ClientId = id ?? body.client_id;
    clients.set(client, [...(clients.get(client) ?? []), made]);
    return client;
  }
  while (!isOver()) {
    try {
      const id = await act('create', () => caller.create());
      for (let time = 0; time < ROTATIONS; time += 1) await act('rotate', () => caller.rotate(id), id);
      await act('delete', () => caller.delete(id), id);
    } catch (error) {
      // Told that it is unavailable, on a machine that stood still: it goes on with another client.
      if (!(error instanceof NotDone)) throw error;
    }
  }
}

class NotDone extends Error {}

/**
 * What of the first `acked` acknowledgements is not in the store. What is there must be whole: the client as
 * one of its acts left it, found in the listing, and counted.
 */
export async function lostUntil(
  acked: number,
  { clients }: Store,
  written: WrittenClients,
  keyEncryptionKey: string,
  mostUnderWay: number,
): Promise<readonly WrittenAct[]> {
  const { hashSecret } = createCredentials(parseKeyEncryptionKey(keyEncryptionKey), randomBytes);
  const owner = 'test' as PortalName;
  const listed = new Map((await walk(clients, owner)).map((record) => [record.client_id, record]));
  assert.equal(await clients.count(owner), listed.size);
  assert.equal(await clients.countAll(), listed.size);
  const unknown = [...listed.keys()].filter((id) => !written.has(id));
  assert.ok(unknown.length <= mostUnderWay, `${unknown.length} clients that nobody was told of`);

  const lost: WrittenAct[] = [];
  for (const [id, acts] of written) {
    const record = await clients.read(id);
    assert.deepEqual(listed.get(id), record);
    const isDeleted = (await clients.readTombstone(id, Math.floor(Date.now() / 1000))) !== undefined;
    assert.ok(record === undefined || !isDeleted, 'deleted, and there');
    const done = isDeleted ? acts.length : (record?.version ?? 0);
    const last = acts[done - 1];
    if (isDeleted) assert.equal(last?.kind, 'delete');
    if (record !== undefined && last !== undefined) assertWhole(record, last);
    lost.push(...acts.slice(done).filter((act) => act.acked <= acked));
  }
  return lost;

  function assertWhole({ secrets, updated_at }: ClientRecord, { secret = '' }: WrittenAct): void {
    assert.equal(secrets.length, 1);
    assert.notEqual(
      findSecret(secrets, secret, hashSecret, updated_at),
      undefined,
      'the secret it was given',
    );
  }
}
