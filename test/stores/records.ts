/** Records as the domain would store them, with ids that no other test has. */
import { randomBytes } from 'node:crypto';
import { type ClientId, newClientId } from '../../src/clients/client-id.ts';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import type { CreateConditions } from '../../src/clients/client-store.ts';
import type { IdempotentAnswer } from '../../src/clients/idempotent-answer.ts';
import { clientMetadata } from '../../src/clients/metadata.ts';
import type { ClientSecretUse, SecretUse } from '../../src/clients/secret-usage.ts';
import type { InitialAccessToken } from '../../src/portals/initial-access-token.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { PortalRecord } from '../../src/portals/portal-record.ts';
import { type Intent, newOperationId } from '../../src/registration/intent.ts';
import type { Claim } from '../../src/tokens/replay-store.ts';
import type { Revocation } from '../../src/tokens/revocation-store.ts';

/** Epoch seconds. */
export const NOW = 1_790_000_000;

export function aClient(changes: Partial<ClientRecord> = {}): ClientRecord {
  return {
    client_id: newClientId(randomBytes),
    portal: 'dev' as PortalName,
    provider: 'local',
    version: 1,
    state: 'active',
    created_at: NOW,
    updated_at: NOW,
    // Empty arrays and objects, and text beyond ASCII: what a careless store changes on the way.
    metadata: clientMetadata.parse({
      client_name: 'Zoë 🦉',
      extension: { list: [], nothing: null, deep: {} },
    }),
    granted_resources: [],
    secrets: [
      { secret_id: 'sec_1', hash: randomBytes(32).toString('base64url'), created_at: NOW, expires_at: 0 },
    ],
    ...changes,
  };
}

/** The conditions of a create that none of them stops. */
export const FREELY = { maxClients: 1_000_000_000, maxClientsInAll: 1_000_000_000 };

export function aLabelledClient(
  labels: Readonly<Record<string, string>>,
  changes: Partial<ClientRecord> = {},
): ClientRecord {
  const client = aClient(changes);
  return { ...client, metadata: { ...client.metadata, labels: { ...labels } } };
}

export function anAnswer(changes: Partial<IdempotentAnswer> = {}): IdempotentAnswer {
  const random = () => randomBytes(24).toString('base64url');
  return {
    id: random(),
    request_hash: random(),
    sealed_answer: random(),
    sealed_secret: random(),
    answer_seconds: 3600,
    secret_seconds: 600,
    ...changes,
  };
}

/** Members that are `undefined` are left out, as a store returns it. */
export function anIntent(changes: Partial<Intent> = {}): Intent {
  const intent: Intent = {
    op_id: newOperationId(randomBytes),
    version: 1,
    kind: 'create',
    portal: 'dev' as PortalName,
    provider: 'upstream',
    state: 'started',
    started_at: NOW,
    attempts: 0,
    ...changes,
  };
  return JSON.parse(JSON.stringify(intent));
}

/** A create that writes everything that a create can write. */
export interface Creation {
  readonly record: ClientRecord;
  readonly conditions: CreateConditions & { readonly answer: IdempotentAnswer };
}

export function aCreation(initialAccessToken: string): Creation {
  return {
    record: aLabelledClient({ team: 'a' }),
    conditions: { ...FREELY, answer: anAnswer(), initialAccessToken },
  };
}

/** What a replay of `answer` returns. */
export function storedOf({ request_hash, sealed_answer, sealed_secret }: IdempotentAnswer) {
  return { request_hash, sealed_answer, sealed_secret };
}

export function aUse(client_id: ClientId, changes: Partial<SecretUse> = {}): ClientSecretUse {
  return { client_id, secret_id: 'sec_1', first_used_at: NOW, last_used_at: NOW, use_count: 1, ...changes };
}

/** Every portal of its own counts from zero. */
export function aPortalName(): PortalName {
  return `portal-${randomBytes(6).toString('hex')}` as PortalName;
}

export function next(record: ClientRecord, changes: Partial<ClientRecord> = {}): ClientRecord {
  return { ...record, version: record.version + 1, updated_at: record.updated_at + 1, ...changes };
}

export function aTombstone(record: ClientRecord, deleted_at = NOW) {
  return { portal: record.portal, provider: record.provider, deleted_at };
}

export function aKeyHash(): string {
  return randomBytes(32).toString('base64url');
}

export function aToken(changes: Partial<InitialAccessToken> = {}): InitialAccessToken {
  return {
    hash: aKeyHash(),
    portal: aClient().portal,
    uses_left: 2,
    // By the store's clock, which is real.
    expires_at: Math.floor(Date.now() / 1000) + 600,
    ...changes,
  };
}

export function aPortal(name: string, hashes: readonly string[] = [aKeyHash()]): PortalRecord {
  return {
    name: name as PortalName,
    state: 'active',
    version: 1,
    created_at: NOW,
    keys: hashes.map((hash, index) => ({ key_id: `key_${index}`, hash, created_at: NOW, expires_at: 0 })),
  };
}

export function aRevocation(changes: Partial<Revocation> = {}): Revocation {
  return {
    jti: randomBytes(16).toString('base64url'),
    // By the store's clock, which is real.
    expires_at: Math.floor(Date.now() / 1000) + 600,
    ...changes,
  };
}

export function aClaim(changes: Partial<Claim> = {}): Claim {
  // Of a client whose clock is ahead, so that a store which has only begun to remember takes it.
  return { id: `1-${aKeyHash()}`, ageSeconds: -5, ttlSeconds: 330, ...changes };
}
