/**
 * An intent: what we are about to do at an upstream provider, written down before the call. Whoever finds it
 * after a crash knows what may have happened there, and by which marker to look for it. It is gone as soon
 * as both sides agree, in the commit that makes them agree; one that stays is never forgotten by itself.
 */
import type { ClientId } from '../clients/client-id.ts';
import type { UpstreamBinding } from '../clients/client-record.ts';
import type { ClientMetadata } from '../clients/metadata.ts';
import { toBase62 } from '../lib/base62.ts';
import type { RandomBytes } from '../lib/random.ts';
import type { PortalName } from '../portals/portal-name.ts';

/**
 * `started`: under way, or still to be done. `unknown`: a call was made and its answer was lost: the provider
 * is asked, or, where it can't be, a person has to look. `unmanageable`: the provider refuses the credential
 * that manages the client, or gave none.
 */
export const INTENT_STATES = ['started', 'unknown', 'unmanageable'] as const;
export type IntentState = (typeof INTENT_STATES)[number];

/** Says which intent, and as of which write of it. */
export interface IntentReference {
  readonly op_id: string;
  /** Counts the writes of this intent, from 1. */
  readonly version: number;
}

export interface Intent extends IntentReference {
  /** Names the operation here, and the client there: it is the marker that is sent upstream. */
  readonly op_id: string;
  /** A create whose client is not wanted any more becomes a delete. */
  readonly kind: 'create' | 'update' | 'delete';
  readonly portal: PortalName;
  readonly provider: string;
  readonly state: IntentState;
  /** Epoch seconds. */
  readonly started_at: number;
  /** Of the acts upstream that may have been carried out. */
  readonly attempts: number;
  /** A call was about to be made, and what came of it was not recorded or is not known. */
  readonly answer_lost?: boolean | undefined;
  /** Epoch seconds from which recovery may take it on; absent: not until somebody settles it. */
  readonly next_attempt_at?: number | undefined;
  /** For the operator. */
  readonly client_name?: string | undefined;
  /** Ours; absent while a create does not know it. At most one intent for a client is open. */
  readonly client_id?: ClientId | undefined;
  /** Of the idempotency key and of the body (`IdempotentAnswer`); at most one intent for a key is open. */
  readonly answer_id?: string | undefined;
  readonly request_hash?: string | undefined;
  /** What an update asks for, to tell afterwards whether more was granted. */
  readonly asked?: ClientMetadata | undefined;
  /** Of a delete: what manages the client there; no record of ours holds it any more. */
  readonly upstream?: UpstreamBinding | undefined;
  /** Of a create whose answer could not be taken: the provider's id of the client that it left there. */
  readonly left_there?: string | undefined;
  /** Of a create that was tried again and succeeded: the provider's id of the client that is no spare. */
  readonly registered_as?: string | undefined;
}

const PREFIX = 'op_';
const ENTROPY_BYTES = 16;

export function newOperationId(random: RandomBytes): string {
  return PREFIX + toBase62(random(ENTROPY_BYTES));
}
