/** What the tests of registration share: a real store, two portals with different policies, one clock. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientStore } from '../../src/clients/client-store.ts';
import { type Credentials, createCredentials } from '../../src/keys/credentials.ts';
import { Refusal, type RefusalReason } from '../../src/lib/refusal.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { Act, ProviderRules, RegistrationContext } from '../../src/registration/context.ts';
import type { ClientAnswer } from '../../src/registration/idempotency.ts';
import { newOperationId } from '../../src/registration/intent.ts';
import type { CursorContext } from '../../src/registration/list-clients.ts';
import type { RegistrationPolicy } from '../../src/registration/policy.ts';
import type { UpstreamContext } from '../../src/registration/upstream/context.ts';
import { createUnfinished } from '../../src/registration/upstream/unfinished.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { tempDir } from '../support/temp.ts';

export const NOW = 1_800_000_000;
const API = 'https://api.example.com';
export const ACME = 'acme' as PortalName;
export const OTHER = 'other' as PortalName;

export const POLICY: RegistrationPolicy = {
  providers: ['local', 'upstream'],
  grant_types: ['client_credentials'],
  scopes: ['read', 'write'],
  token_endpoint_auth_methods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  jwks_uri_rules: { hosts: [], allowLoopback: false, isAllowedAddress: () => false },
  default_scopes: [],
  redirect_uri_rule: 'inert',
  redirect_uri_hosts: ['*'],
  resources: [API],
  max_clients: 10_000,
  max_secrets: 2,
  secret_overlap_seconds: 0,
  secret_storage: 'hashed',
};

export function act(changes: Partial<Act> = {}): Act {
  return { portal: ACME, provider: 'local', nowSeconds: NOW, ...changes };
}

export interface World extends RegistrationContext, CursorContext {
  /** By portal; may be changed while a test runs, as an operator would. */
  readonly policies: Map<PortalName, RegistrationPolicy>;
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * `around` puts faults between the domain and the store; `upstream` is laid over an upstream context without
 * any provider.
 */
export async function world(
  around: (clients: ClientStore) => ClientStore = (clients) => clients,
  upstream: (store: Store) => Partial<UpstreamContext> = () => ({}),
): Promise<World> {
  const store = await openSqliteStore({ file: join(tempDir('registration'), 'store.db') });
  const policies = new Map([ACME, OTHER].map((portal) => [portal, POLICY]));
  const credentials = createCredentials(randomBytes(32), randomBytes);
  const context = contextOver({ ...store, clients: around(store.clients) }, credentials, (portal) =>
    policies.get(portal),
  );
  return {
    ...context,
    store,
    signCursor: credentials.signCursor,
    upstream: { ...context.upstream, ...upstream(store) },
    policies,
    close: () => store.close(),
  };
}

/** A portal without a policy may use no provider. */
export function contextOver(
  store: Pick<Store, 'clients' | 'secretUsage' | 'intents'>,
  credentials: Credentials,
  policyOf: (portal: PortalName) => RegistrationPolicy | undefined,
): RegistrationContext {
  const { hashSecret, secretSealer, idempotencyHash, idempotencySealer } = credentials;
  const on_event = { initial_resources: 'all', resources: {} } as const;
  return {
    clients: store.clients,
    forget: () => {},
    random: randomBytes,
    secretUsage: store.secretUsage,
    hashSecret,
    sealSecret: secretSealer.seal,
    idempotency: {
      hash: idempotencyHash,
      seal: idempotencySealer.seal,
      open: idempotencySealer.open,
      answerSeconds: 24 * 60 * 60,
      secretSeconds: 10 * 60,
    },
    policyOf: (portal) => policyOf(portal) ?? { ...POLICY, providers: [] },
    providers: new Map<string, ProviderRules>([
      ['local', { type: 'local', on_event }],
      ['upstream', { type: 'oidc', on_event }],
    ]),
    maxClientsInAll: 1_000_000,
    upstream: {
      ...{ providers: new Map(), intents: store.intents, seal: credentials.upstreamSealer.seal },
      open: credentials.upstreamSealer.open,
      newOperation: () => newOperationId(randomBytes),
      nowSeconds: () => NOW,
      pause: (milliseconds) => sleep(milliseconds),
      background: (work) => void work.catch(() => {}),
      report: () => {},
      unfinished: createUnfinished(),
    },
  };
}

/** The secret that an answer shows; an act that shows none fails here. */
export function shown({ clientSecret }: ClientAnswer): string {
  return clientSecret ?? assert.fail('no secret was shown');
}

/** Asserts that it is refused for that reason; the refusal. */
export async function refused(reason: RefusalReason, what: Promise<unknown>): Promise<Refusal> {
  const outcome = await what.then(
    () => assert.fail(`not refused: ${reason}`),
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof Refusal, String(outcome));
  assert.equal(outcome.reason, reason);
  return outcome;
}
