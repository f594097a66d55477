/** Registers many clients straight in a store, as the service would: registering is not what is measured. */
import { randomBytes } from 'node:crypto';
import { newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import { clientMetadata } from '../../src/clients/metadata.ts';
import { newSecret } from '../../src/clients/secret.ts';
import { createCredentials } from '../../src/keys/credentials.ts';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import { openStore } from '../../src/stores/open-store.ts';
import type { Credentials } from '../support/bridge.ts';

/** The store groups what comes at once; with more, those at the end would wait beyond its time-out. */
const AT_ONCE = 200;
const MOST_UNANSWERED = 1000;
const UNLIMITED = { maxClients: 100_000_000, maxClientsInAll: 100_000_000 };

export interface Filling {
  readonly storeUrl: string;
  readonly keyEncryptionKey: string;
  readonly resources: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export async function fillStore(filling: Filling, count: number): Promise<readonly Credentials[]> {
  const { hashSecret } = createCredentials(parseKeyEncryptionKey(filling.keyEncryptionKey), randomBytes);
  const store = await openStore(filling.storeUrl);
  const made: Credentials[] = [];
  let unanswered = 0;
  try {
    while (made.length < count) {
      const batch = Array.from({ length: Math.min(AT_ONCE, count - made.length) }, async () => {
        const { record, client_secret } = aClient(filling, hashSecret);
        const outcome = await store.clients.create(record, UNLIMITED).catch((error: unknown) => {
          // On a busy machine one of a million comes too late. It is passed over, be it stored or not.
          unanswered += 1;
          if (unanswered > MOST_UNANSWERED) throw error;
        });
        if (outcome === undefined) return [];
        if (outcome !== 'created') throw new Error(`a client could not be stored: ${String(outcome)}`);
        return [{ client_id: record.client_id, client_secret }];
      });
      made.push(...(await Promise.all(batch)).flat());
    }
    return made;
  } finally {
    await store.close();
  }
}

function aClient({ resources, labels }: Filling, hash: (text: string) => Uint8Array) {
  const now = Math.floor(Date.now() / 1000);
  const { secret, value } = newSecret(randomBytes, hash, now);
  const record: ClientRecord = {
    client_id: newClientId(randomBytes),
    portal: 'test' as ClientRecord['portal'],
    provider: 'local',
    version: 1,
    state: 'active',
    created_at: now,
    updated_at: now,
    metadata: clientMetadata.parse({ client_name: 'bench', scope: 'read write', labels }),
    granted_resources: [...resources],
    secrets: [secret],
  };
  return { record, client_secret: value };
}
