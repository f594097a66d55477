/** A client as the store keeps it: what was registered, what was granted, and its secrets as hashes. */
import type { PortalName } from '../portals/portal-name.ts';
import type { ClientId } from './client-id.ts';
import type { ClientMetadata } from './metadata.ts';
import type { Secret } from './secret.ts';

export interface ClientRecord {
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
  /** Newest first; at most two are valid at a time. */
  readonly secrets: readonly Secret[];
}
