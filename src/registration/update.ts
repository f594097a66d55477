/**
 * Changes a client's metadata by merging: a member that is sent replaces the kept one, an absent (or null)
 * one stays. The resulting whole document is judged like a create, so that no update keeps or reaches what
 * a create would be refused (S-MGT-06, S-MGT-08). Owner, provider, secrets and state are out of its reach.
 */
import { usesSecret } from '../clients/auth-method.ts';
import { type ClientRecord, publicIdOf } from '../clients/client-record.ts';
import { knownMembers, mergeMetadata } from '../clients/merge-metadata.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import { findSecret } from '../clients/secret.ts';
import type { Problem } from '../lib/refusal.ts';
import { type Act, changeOwned, type RegistrationContext, requireProvider } from './context.ts';
import type { ClientAnswer } from './idempotency.ts';
import { applyPolicy, type ProviderType } from './policy.ts';
import { updateUpstreamClient } from './upstream/update.ts';

export async function updateClient(
  context: RegistrationContext,
  act: Act,
  id: string,
  body: Readonly<Record<string, unknown>>,
): Promise<ClientAnswer> {
  const policy = context.policyOf(act.portal);
  return changeMetadata(context, act, id, ({ metadata }, type) =>
    applyPolicy(mergeMetadata(metadata, body), policy, type),
  );
}

/**
 * Replaces a client's metadata as a whole (RFC 7592 section 2.2): a member that is left out takes the
 * default of a create, never "unrestricted" (S-MGT-08, L-09). `client_id` and `client_secret` may be sent to
 * say which client is meant, and must then be this client's.
 */
export async function replaceClient(
  context: RegistrationContext,
  act: Act,
  id: string,
  body: Readonly<Record<string, unknown>>,
): Promise<ClientAnswer> {
  const policy = context.policyOf(act.portal);
  return changeMetadata(context, act, id, (client, type) => {
    const { metadata, problems } = mergeMetadata({}, knownMembers(body));
    const all = [...problems, ...identityProblems(context, act, client, body)];
    return applyPolicy({ metadata, problems: all }, policy, type);
  });
}

/**
 * Here alone, or at the client's upstream provider first. `change` throws `Refusal`. The answer has a secret
 * when the provider replaced it: some do with every update, and the portal is the only one to tell.
 */
export async function changeMetadata(
  context: RegistrationContext,
  act: Act,
  id: string,
  change: (client: ClientRecord, type: ProviderType) => ClientMetadata,
): Promise<ClientAnswer> {
  const { type } = requireProvider(context, act);
  if (type === 'oidc') return updateUpstreamClient(context, act, id, (client) => change(client, type));
  const client = await changeOwned(context, act, id, (client) => {
    const metadata = change(client, type);
    // They end with the method that they were for; a client that comes back to it is given a new one.
    return { ...client, metadata, secrets: usesSecret(metadata) ? client.secrets : [] };
  });
  return { client, clientSecret: undefined };
}

function identityProblems(
  { hashSecret }: RegistrationContext,
  { nowSeconds }: Act,
  client: ClientRecord,
  { client_id, client_secret }: Readonly<Record<string, unknown>>,
): Problem[] {
  // An upstream client's secret is not ours to compare; it goes nowhere from here.
  const isOwn = (secret: unknown) =>
    client.upstream !== undefined ||
    (typeof secret === 'string' && findSecret(client.secrets, secret, hashSecret, nowSeconds) !== undefined);
  return [
    ...((client_id ?? publicIdOf(client)) === publicIdOf(client)
      ? []
      : [{ path: 'client_id', message: "must be this client's, or be left out" }]),
    ...((client_secret ?? undefined) === undefined || isOwn(client_secret)
      ? []
      : [{ path: 'client_secret', message: "must be this client's, or be left out" }]),
  ];
}
