/** What the tests of registration share: a real store, two portals with different policies, one clock. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ClientStore } from '../../src/clients/client-store.ts';
import { keyedHash } from '../../src/keys/derive.ts';
import { Refusal, type RefusalReason } from '../../src/lib/refusal.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { Act, RegistrationContext } from '../../src/registration/context.ts';
import type { RegistrationPolicy } from '../../src/registration/policy.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { tempDir } from '../support/temp.ts';

export const NOW = 1_800_000_000;
const API = 'https://api.example.com';
export const ACME = 'acme' as PortalName;
export const OTHER = 'other' as PortalName;

export const POLICY: RegistrationPolicy = {
  providers: ['local', 'upstream'],
  grant_types: ['client_credentials'],
  scopes: ['read', 'write'],
  default_scopes: [],
  resources: [API],
  secret_overlap_seconds: 0,
};

export function act(changes: Partial<Act> = {}): Act {
  return { portal: ACME, provider: 'local', nowSeconds: NOW, ...changes };
}

export interface World extends RegistrationContext {
  /** By portal; may be changed while a test runs, as an operator would. */
  readonly policies: Map<PortalName, RegistrationPolicy>;
  close(): Promise<void>;
}

/** `around` puts faults between the domain and the store. */
export async function world(
  around: (clients: ClientStore) => ClientStore = (clients) => clients,
): Promise<World> {
  const store = await openSqliteStore({ file: join(tempDir('registration'), 'store.db') });
  const policies = new Map([ACME, OTHER].map((portal) => [portal, POLICY]));
  return {
    clients: around(store.clients),
    random: randomBytes,
    hashSecret: keyedHash(randomBytes(32), 'client-secret-pepper'),
    policyOf: (portal) => policies.get(portal) ?? { ...POLICY, providers: [] },
    providers: new Map([
      ['local', 'local'],
      ['upstream', 'oidc'],
    ]),
    policies,
    close: () => store.close(),
  };
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
