/**
 * Our client store as oidc-provider sees it: reading clients, and nothing else. The engine's own
 * registration is not mounted (L-01, L-08…L-12, L-24), so a write through here is a mistake and throws.
 *
 * A store error is thrown, never turned into "not found" (L-11). A client that is unknown or disabled is
 * answered with a decoy that no secret opens: the road to the refusal, and its time, is then the same for
 * an unknown id and for a wrong secret (S-TOK-11). So is a client without a secret: it proves a key, on our own
 * road (`tokens/key-road.ts`), and the engine's ideas of that are no second way in.
 */
import type { Adapter, AdapterPayload, ClientAuthMethod } from 'oidc-provider';
import { usesSecret } from '../clients/auth-method.ts';
import { isClientId } from '../clients/client-id.ts';
import { getsTokensHere } from '../clients/client-record.ts';
import type { TokenClient } from '../clients/token-client.ts';
import type { ShortRoadContext } from '../tokens/short-road.ts';

/** The engine keeps members of this name on its `Client` as they are. */
export const RECORD_MEMBER = 'record';

/** Present because the engine's schema wants one. `compareClientSecret` never reads it. */
const NOT_THE_SECRET = 'kept as keyed hashes elsewhere';

function engineClient(record: TokenClient): AdapterPayload {
  return {
    client_id: record.client_id,
    client_secret: NOT_THE_SECRET,
    token_endpoint_auth_method: record.metadata.token_endpoint_auth_method as ClientAuthMethod,
    grant_types: [...record.metadata.grant_types],
    redirect_uris: [],
    response_types: [],
    [RECORD_MEMBER]: record,
  };
}

const DECOY: AdapterPayload = {
  client_id: 'unknown',
  client_secret: NOT_THE_SECRET,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
};

export function clientAdapter(
  clients: Pick<ShortRoadContext['clients'], 'read'>,
): (model: string) => Adapter {
  return (model) => ({
    find: async (id) => {
      if (model !== 'Client') return undefined;
      const record = isClientId(id) ? await clients.read(id) : undefined;
      const isOurs = record !== undefined && getsTokensHere(record) && usesSecret(record.metadata);
      return isOurs ? engineClient(record) : DECOY;
    },
    upsert: () => refuse(model, 'upsert'),
    consume: () => refuse(model, 'consume'),
    destroy: () => refuse(model, 'destroy'),
    revokeByGrantId: () => refuse(model, 'revokeByGrantId'),
    findByUid: () => refuse(model, 'findByUid'),
    findByUserCode: () => refuse(model, 'findByUserCode'),
  });
}

async function refuse(model: string, operation: string): Promise<never> {
  throw new Error(`the authorization-server engine tried ${operation} on ${model}; nothing of its is stored`);
}
