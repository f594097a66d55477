/** Registers many clients straight in a store, as the service would: registering is not what is measured. */
import { randomBytes } from 'node:crypto';
import { newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import type { ClientStore } from '../../src/clients/client-store.ts';
import { clientMetadata } from '../../src/clients/metadata.ts';
import { newSecret } from '../../src/clients/secret.ts';
import { createCredentials } from '../../src/keys/credentials.ts';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import type { Credentials } from '../support/bridge.ts';

/** The store groups what comes at once; more would only wait. */
const AT_ONCE = 200;
const UNLIMITED = { maxClients: 100_000_000, maxClientsInAll: 100_000_000 };

export interface Filling {
  readonly keyEncryptionKey: string;
  readonly resources: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export async function fillStore(
  store: Pick<ClientStore, 'create'>,
  filling: Filling,
  count: number,
): Promise<readonly Credentials[]> {
  const { hashSecret } = createCredentials(parseKeyEncryptionKey(filling.keyEncryptionKey), randomBytes);
  const made: Credentials[] = [];
  while (made.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - made.length) }, async () => {
      const { record, client_secret } = aClient(filling, hashSecret);
      const outcome = await store.create(record, UNLIMITED);
      if (outcome !== 'created') throw new Error(`a client could not be stored: ${String(outcome)}`);
      return { client_id: record.client_id, client_secret };
    });
    made.push(...(await Promise.all(batch)));
  }
  return made;
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
