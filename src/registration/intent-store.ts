/**
 * Where intents are kept: beside the clients, because an intent ends in the same commit in which its client
 * changes (`ClientStore`). Each method is one atomic step whose cost does not grow with their number, and
 * throws `StoreUnavailable` when the store can't answer.
 */
import type { ClientId } from '../clients/client-id.ts';
import type { CreateConditions, Replayed } from '../clients/client-store.ts';
import type { Intent, IntentReference, IntentState } from './intent.ts';

/**
 * `same_key`: an intent of this idempotency key is open. `busy`: another intent for this client is.
 * Nothing was written then.
 */
export type BeginOutcome =
  | 'begun'
  | 'quota_exceeded'
  | 'store_full'
  | Replayed
  | { readonly same_key: Intent }
  | { readonly busy: Intent };

/** Where an intent stands in a listing: by its start, then by its id. */
export type IntentPosition = Pick<Intent, 'started_at' | 'op_id'>;

export interface IntentPage {
  /** Oldest first. */
  readonly intents: readonly Intent[];
  readonly next: IntentPosition | undefined;
}

export interface IntentCount {
  readonly state: IntentState;
  readonly intents: number;
  /** Epoch seconds; undefined when there is none. */
  readonly oldest_started_at: number | undefined;
}

/** What a create needs; without it there is none. */
export type Room = Pick<CreateConditions, 'maxClients' | 'maxClientsInAll'>;

export interface IntentStore {
  /**
   * Stores a new intent (version 1). Looked at in this order, in one commit: a kept answer, an open intent
   * of the same idempotency key, one for the same client, and with `room` the portal's quota (its clients
   * and its open creates together) and that of all portals. So no client is registered upstream for which
   * there is no room here.
   */
  begin(intent: Intent, room?: Room): Promise<BeginOutcome>;
  read(opId: string): Promise<Intent | undefined>;
  /** The open intent for this client. */
  readOfClient(id: ClientId): Promise<Intent | undefined>;
  /** Replaces the intent if the stored version is one less than `intent.version`. */
  advance(intent: Intent): Promise<'advanced' | 'conflict' | 'gone'>;
  /** Ends the intent if it is still of that version. */
  finish(intent: IntentReference): Promise<'finished' | 'conflict' | 'gone'>;
  list(state: IntentState, after: IntentPosition | undefined, limit: number): Promise<IntentPage>;
  /** Those whose `next_attempt_at` has come, earliest first. */
  due(nowSeconds: number, limit: number): Promise<readonly Intent[]>;
  /** One for each state. */
  counts(): Promise<readonly IntentCount[]>;
}

export const NO_ROOM: Room = { maxClients: 0, maxClientsInAll: 0 };
