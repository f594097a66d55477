/**
 * Who the client is that proves a key by an assertion (`private_key_jwt`). It is ours and not the engine's
 * because the engine takes other audiences than the issuer, assertions of any age, and a `jti` twice when two
 * come at once (L-03…L-07).
 *
 * Whatever is wrong with it is told in the same words and costs the same (S-TOK-11).
 */
import { isClientId } from '../clients/client-id.ts';
import type { ClientJwk } from '../clients/client-jwks.ts';
import { getsTokensHere } from '../clients/client-record.ts';
import type { TokenClient } from '../clients/token-client.ts';
import {
  type Assertion,
  type AssertionClaim,
  candidateKeys,
  readAssertion,
  verifyAssertion,
} from './client-assertion.ts';
import type { ClientKeys } from './client-keys.ts';
import type { DecoyKeys } from './decoy-keys.ts';
import { type ClientReads, judgedAnew } from './judged-anew.ts';
import { claimId, type ReplayStore, refuseYoungMemory } from './replay-store.ts';
import type { TokenForm } from './token-form.ts';
import { authenticationFailed } from './token-refusal.ts';

export interface AssertionContext {
  readonly clients: ClientReads;
  readonly issuer: string;
  readonly replays: ReplayStore;
  readonly decoys: DecoyKeys;
  readonly keys: ClientKeys;
  /** Epoch seconds. */
  readonly now: () => number;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Whose assertion it says it is, where that can be the id of a client: for counting failures, not for belief. */
export function namedByAssertion(text: string): string | undefined {
  const { clientId = '' } = readAssertion(text) ?? {};
  return isClientId(clientId) ? clientId : undefined;
}

/** Throws `TokenRefusal` `invalid_client`, `Refusal` `replay_memory_new`, or `StoreUnavailable`. */
export async function authenticateByAssertion(
  context: AssertionContext,
  { client_assertion: text = '', client_assertion_type: type, client_id }: TokenForm,
): Promise<TokenClient> {
  const claim = readAssertion(text);
  if (claim === undefined) throw failed('is no JWT with an algorithm that we take and a subject');
  let reason = 'is signed by a key of nobody';
  const signed = await judgedAnew(context.clients, claim.clientId, (client) =>
    signedBy(context, client, text, claim).catch((error: Error) => {
      reason = error.message;
      return undefined;
    }),
  );
  if (signed === undefined) throw failed(reason);
  if (type !== ASSERTION_TYPE) throw failed('came without its type');
  if (client_id !== undefined && client_id !== claim.clientId)
    throw failed("is another client's than client_id");
  await claimOnce(context.replays, signed.client, signed.assertion);
  return signed.client;
}

/** Throws an error whose message is for the log. Verifies once whoever it is, by a key of nobody if need be. */
async function signedBy(
  context: AssertionContext,
  record: TokenClient | undefined,
  text: string,
  claim: AssertionClaim,
): Promise<{ readonly client: TokenClient; readonly assertion: Assertion } | undefined> {
  const client = record !== undefined && getsTokensHere(record) ? record : undefined;
  const { issuer, decoys, now } = context;
  const own = client === undefined ? [] : await keysOf(context.keys, client, claim);
  const keys = own.length > 0 ? own : [decoys[claim.alg]];
  const expected = { issuer, clientId: claim.clientId, nowSeconds: now() };
  const assertion = await verifyAssertion(text, claim, keys, expected);
  return client === undefined || own.length === 0 ? undefined : { client, assertion };
}

/** Those that its registration lets it use for this: none for a client of another method. */
async function keysOf(
  keys: ClientKeys,
  client: TokenClient,
  claim: AssertionClaim,
): Promise<readonly ClientJwk[]> {
  const { token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg } = client.metadata;
  if (method !== 'private_key_jwt' || (alg ?? claim.alg) !== claim.alg) return [];
  return keys.keysOf(client, (registered) => candidateKeys(registered, claim));
}

/** Only after everything else is right: a forged assertion must not use up the id of a good one (S-PKJ-06). */
async function claimOnce(
  replays: ReplayStore,
  { client_id }: TokenClient,
  { jti, ageSeconds, leftSeconds }: Assertion,
): Promise<void> {
  const id = claimId('assertion', client_id, jti);
  const outcome = await replays.claim({ id, ageSeconds, ttlSeconds: leftSeconds });
  refuseYoungMemory(outcome, { ageSeconds });
  if (outcome === 'used') throw failed('was used before');
  if (outcome === 'forgotten') throw failed('is older than what the store remembers');
}

function failed(reason: string) {
  return authenticationFailed(`the assertion ${reason}`, false);
}
