/** A client as the store keeps it: what was registered, what was granted, and its secrets as hashes. */
import type { PortalName } from '../portals/portal-name.ts';
import type { ClientId } from './client-id.ts';
import type { ClientMetadata } from './metadata.ts';
import type { Secret } from './secret.ts';

/**
 * What the operator's last look at the provider found: not there, its token refused (it may be gone, or the
 * token is not good any more), or there with other metadata than ours.
 */
export type Drift = 'absent' | 'refused' | 'differs';

/** What ties a client to its registration at an upstream provider. */
export interface UpstreamBinding {
  /** The provider's id of it: the only one that its portal sees. */
  readonly client_id: string;
  /** Of the provider that answered; a provider that is configured as another one later can't have it. */
  readonly issuer: string;
  /** What we sent to find it again: the id of the operation that registered it. */
  readonly marker: string;
  /** Epoch seconds; 0 = never. */
  readonly client_secret_expires_at: number;
  /** Absent where the provider has no RFC 7592. */
  readonly registration_client_uri?: string | undefined;
  /** Sealed for this client: registration access tokens, and its secret if the policy says `recoverable`. */
  readonly sealed: string;
  /** Until the provider's next good answer, or a look that finds none. */
  readonly drift?: Drift | undefined;
}

export interface ClientRecord {
  /** Ours. Of an upstream client it is derived from the provider's id (`upstreamClientId`). */
  readonly client_id: ClientId;
  /** The one portal that sees and changes this client. */
  readonly portal: PortalName;
  /** Entry of the configuration's `providers` where the client lives. */
  readonly provider: string;
  /** Counts the writes of this record, from 1; what every mutation compares. */
  readonly version: number;
  /** `disabled` is the operator's: no portal can lift it. */
  readonly state: 'active' | 'disabled';
  /** Epoch seconds. */
  readonly created_at: number;
  readonly updated_at: number;
  readonly metadata: ClientMetadata;
  /** What tokens may be asked for: resource identifiers of the configuration. */
  readonly granted_resources: readonly string[];
  /** Newest first; at most two are valid at a time. None of an upstream client: its secret is not ours. */
  readonly secrets: readonly Secret[];
  /** Exactly when the client lives at an upstream provider: it gets no token from us, whatever else it has. */
  readonly upstream?: UpstreamBinding | undefined;
}

/** The id by which the client's portal, and the client itself, know it. */
export function publicIdOf({ client_id, upstream }: ClientRecord): string {
  return upstream?.client_id ?? client_id;
}

/** Whether our token service may issue to it at all: enabled, and ours. */
export function getsTokensHere({ state, upstream }: Pick<ClientRecord, 'state' | 'upstream'>): boolean {
  return state === 'active' && upstream === undefined;
}
