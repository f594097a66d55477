/** What acts on clients are done with: policies, providers, the store, and the keys that seal and hash. */
import { randomBytes } from 'node:crypto';
import type { ClientRecord } from '../clients/client-record.ts';
import { policyOf } from '../config/policy.ts';
import type { ProviderRules, RegistrationContext } from '../registration/context.ts';
import type { CursorContext } from '../registration/list-clients.ts';
import { secretOf } from '../registration/upstream/binding.ts';
import type { UpstreamContext } from '../registration/upstream/context.ts';
import { jwksUriRules } from './jwks-uri-rules.ts';
import type { Parts } from './parts.ts';

export function registrationContext(
  { config, store, clientCache, credentials }: Parts,
  upstream: UpstreamContext,
): RegistrationContext & CursorContext {
  const { hashSecret, secretSealer, signCursor, idempotencyHash, idempotencySealer } = credentials;
  const jwksUriRulesOf = jwksUriRules(config);
  const rules = (provider: (typeof config.providers)[string]): ProviderRules =>
    provider.type === 'local'
      ? { type: 'local', on_event: provider.on_event }
      : { type: 'oidc', on_event: { initial_resources: 'none', resources: {} } };
  return {
    clients: store.clients,
    forget: clientCache.forget,
    secretUsage: store.secretUsage,
    random: randomBytes,
    hashSecret,
    sealSecret: (secret, secretId) => secretSealer.seal(secret, secretId),
    policyOf: (portal) => ({ ...policyOf(config, portal), jwks_uri_rules: jwksUriRulesOf(portal) }),
    providers: new Map(Object.entries(config.providers).map(([name, provider]) => [name, rules(provider)])),
    idempotency: {
      hash: idempotencyHash,
      seal: idempotencySealer.seal,
      open: idempotencySealer.open,
      answerSeconds: config.idempotency_seconds,
      secretSeconds: config.idempotency_secret_seconds,
    },
    maxClientsInAll: config.max_clients,
    signCursor,
    upstream,
  };
}

/** The secret of a client whose portal may read it again; nobody else's. */
export function secretRecovery(
  { config, credentials }: Parts,
  context: UpstreamContext,
): (client: ClientRecord) => string | undefined {
  return ({ portal, provider, upstream, secrets: [newest] }) => {
    if (policyOf(config, portal).secret_storage !== 'recoverable') return undefined;
    if (upstream !== undefined) return secretOf(context, provider, upstream);
    if (newest?.sealed === undefined) return undefined;
    return credentials.secretSealer.open(newest.sealed, newest.secret_id);
  };
}
