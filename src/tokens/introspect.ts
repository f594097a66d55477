/**
 * Introspection (RFC 7662): what a token of ours is worth now, told to the resource server that it is for.
 * Who that is says the configuration, by the id of the *authenticated* caller and never by anything in the
 * token (S-REV-03). Anybody else, and anything that is not a good token, hears `{"active":false}` (S-REV-02).
 */
import { isClientId } from '../clients/client-id.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { TokenClient } from '../clients/token-client.ts';
import type { Resource } from './resource.ts';
import type { Revocations } from './revocations.ts';
import { type VerifyContext, verifyAccessToken } from './verify.ts';

export interface IntrospectContext extends VerifyContext {
  readonly clients: Pick<ClientStore, 'read'>;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly revocations: Pick<Revocations, 'isRevoked'>;
}

/** RFC 7662 section 2.2. An active token's claims are told as they are: the caller holds them already. */
export type Introspection =
  | { readonly active: false }
  | { readonly active: true; readonly [claim: string]: unknown };

const INACTIVE: Introspection = { active: false };

/** Throws `StoreUnavailable`: what can't be known is neither active nor inactive. */
export async function introspect(
  context: IntrospectContext,
  caller: TokenClient,
  token: string,
  nowSeconds: number,
): Promise<Introspection> {
  const own = resourcesServedBy(caller, context.resources);
  if (own.length === 0) return INACTIVE;
  const claims = await verifyAccessToken(context, token, nowSeconds);
  const resource = own.find(({ audience }) => audience === claims?.aud);
  if (claims === undefined || resource === undefined) return INACTIVE;
  if (context.revocations.isRevoked(claims.jti, nowSeconds)) return INACTIVE;
  if (!(await mayStillCall(context.clients, claims.client_id, resource))) return INACTIVE;
  return { ...claims, active: true, token_type: claims.cnf?.jkt === undefined ? 'Bearer' : 'DPoP' };
}

function resourcesServedBy(
  caller: TokenClient,
  resources: IntrospectContext['resources'],
): readonly Resource[] {
  return [...resources.values()].filter(({ introspection_clients }) =>
    introspection_clients?.includes(caller.client_id),
  );
}

/** Whether the client is there, enabled, and still granted the resource that the token is for. */
async function mayStillCall(
  clients: IntrospectContext['clients'],
  id: string,
  resource: Resource,
): Promise<boolean> {
  const client = isClientId(id) ? await clients.read(id) : undefined;
  return client?.state === 'active' && client.granted_resources.includes(resource.identifier);
}
