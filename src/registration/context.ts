/** What every act on a client needs: who asks, under which policy, and the outside world as parameters. */
import { type ClientId, isClientId, upstreamClientId } from '../clients/client-id.ts';
import type { ClientRecord } from '../clients/client-record.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { HashCredential } from '../clients/secret.ts';
import type { SecretUsageStore } from '../clients/secret-usage.ts';
import type { RandomBytes } from '../lib/random.ts';
import { Refusal } from '../lib/refusal.ts';
import type { PortalName } from '../portals/portal-name.ts';
import type { EventRules } from './event-rules.ts';
import {
  answerId,
  type ClientAnswer,
  type IdempotencyContext,
  type IdempotentRequest,
  keepAnswer,
  replayAnswer,
} from './idempotency.ts';
import type { ProviderType, RegistrationPolicy } from './policy.ts';
import type { UpstreamContext } from './upstream/context.ts';

export interface RegistrationContext {
  readonly clients: ClientStore;
  /**
   * Whoever answers for what another node has done must not go on by what it has of the client in memory: an
   * answer says that it is so here, at once.
   */
  readonly forget: (id: ClientId) => void;
  readonly secretUsage: Pick<SecretUsageStore, 'readUses'>;
  readonly random: RandomBytes;
  readonly hashSecret: HashCredential;
  /** Seals a secret for a portal whose policy wants secrets back; the context is the secret's id. */
  readonly sealSecret: (secret: string, secretId: string) => string;
  /** The policy in force for a portal. */
  readonly policyOf: (portal: PortalName) => RegistrationPolicy;
  /** The configured providers by name. */
  readonly providers: ReadonlyMap<string, ProviderRules>;
  readonly idempotency: IdempotencyContext;
  /** How many clients all portals together may have. */
  readonly maxClientsInAll: number;
  readonly upstream: UpstreamContext;
}

export interface ProviderRules {
  readonly type: ProviderType;
  readonly on_event: EventRules;
}

/** Who acts, where and when: established by the dialect and the clock, never by the request's body. */
export interface Act {
  readonly portal: PortalName;
  readonly provider: string;
  /** Epoch seconds. */
  readonly nowSeconds: number;
  /** Set when the request carried an idempotency key and the act makes a secret. */
  readonly idempotent?: IdempotentRequest | undefined;
  /** Hash of the initial access token that lets this caller register, when it was one. */
  readonly initialAccessToken?: string | undefined;
  /** That token has no use left. */
  readonly initialAccessTokenSpent?: boolean | undefined;
}

/** Refuses a provider that does not exist, or that the portal's policy does not name. */
export function requireProvider(context: RegistrationContext, { portal, provider }: Act): ProviderRules {
  const rules = context.providers.get(provider);
  if (rules === undefined) throw new Refusal('provider_unknown');
  if (!context.policyOf(portal).providers.includes(provider)) throw new Refusal('provider_not_allowed');
  return rules;
}

/**
 * The client `id` if it is this portal's and lives at this provider. Another portal's client is as unknown
 * as one that never was: same refusal, same one look-up (S-TEN-01, S-TEN-10, S-MGT-23).
 */
export async function readOwned(context: RegistrationContext, act: Act, id: string): Promise<ClientRecord> {
  const recordId = recordIdOf(context, act, id);
  const client = recordId && (await context.clients.read(recordId));
  if (client === undefined || !isOwnedBy(client, act)) throw new Refusal('client_unknown');
  return client;
}

/** Our id of the client that the portal names `id`; undefined for what can be no client's. */
export function recordIdOf(
  { providers }: Pick<RegistrationContext, 'providers'>,
  { provider }: Pick<Act, 'provider'>,
  id: string,
): ClientId | undefined {
  if (providers.get(provider)?.type === 'oidc') return upstreamClientId(provider, id);
  return isClientId(id) ? id : undefined;
}

export function isOwnedBy(
  owned: Pick<ClientRecord, 'portal' | 'provider'>,
  { portal, provider }: Act,
): boolean {
  return owned.portal === portal && owned.provider === provider;
}

/** How often a change is computed anew when another writer was faster, before the caller is told. */
const ATTEMPTS = 10;

/**
 * Reads, changes and writes back with a version compare; a lost race is computed again on what won it.
 * Throws `Refusal` `client_unknown` when the client is or becomes deleted, `client_conflict` after
 * `ATTEMPTS` lost races.
 */
export async function changeOwned(
  context: RegistrationContext,
  act: Act,
  id: string,
  change: (client: ClientRecord) => ClientRecord,
): Promise<ClientRecord> {
  const { client } = await changeWithSecret(context, { ...act, idempotent: undefined }, id, '', change);
  return client;
}

/** The same for a change that makes a secret: its answer is kept for the idempotency key, if there is one. */
export async function changeWithSecret(
  context: RegistrationContext,
  act: Act,
  id: string,
  clientSecret: string,
  change: (client: ClientRecord) => ClientRecord,
): Promise<ClientAnswer> {
  // Before the change is judged again: what was allowed once may be refused now, because it was done.
  const before = await keptReplay(context, act);
  if (before !== undefined) return before;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const current = await readOwned(context, act, id);
    let changed: ClientRecord;
    try {
      changed = change(current);
    } catch (refusal) {
      // The same request, sent twice, may have been done between our two reads and stand in its own way.
      const meanwhile = await keptReplay(context, act);
      if (meanwhile !== undefined) return meanwhile;
      throw refusal;
    }
    const client = { ...changed, version: current.version + 1, updated_at: act.nowSeconds };
    const answer = { client, clientSecret };
    const outcome = await context.clients.replace(client, current.version, {
      answer: keptAnswer(context, act, answer),
    });
    if (outcome === 'replaced') return answer;
    if (outcome === 'gone') throw new Refusal('client_unknown');
    if (typeof outcome === 'object') return replayed(context, act, outcome.replayed);
  }
  throw new Refusal('client_conflict');
}

/**
 * What a retry gets whose initial access token was spent by the act that it repeats: the kept answer.
 * Answers are kept apart by token, so nobody else's can be had; whatever was not answered before is
 * refused as with a token that never was.
 */
export async function replayOfSpent(context: RegistrationContext, act: Act): Promise<ClientAnswer> {
  const kept = await keptReplay(context, act);
  if (kept === undefined) throw new Refusal('key_unknown');
  return kept;
}

async function keptReplay(context: RegistrationContext, act: Act): Promise<ClientAnswer | undefined> {
  if (act.idempotent === undefined) return undefined;
  const kept = await context.clients.readAnswer(answerId(context.idempotency, act.portal, act.idempotent));
  return kept && replayed(context, act, kept);
}

export function keptAnswer(
  { idempotency }: RegistrationContext,
  { idempotent, portal }: Act,
  answer: ClientAnswer,
) {
  return idempotent && keepAnswer(idempotency, portal, idempotent, answer);
}

export function replayed(
  { idempotency, forget }: RegistrationContext,
  { idempotent, portal }: Act,
  stored: Parameters<typeof replayAnswer>[3],
): ClientAnswer {
  if (idempotent === undefined) throw new Error('the store replayed an answer that was not asked for');
  const answer = replayAnswer(idempotency, portal, idempotent, stored);
  forget(answer.client.client_id);
  return answer;
}
