/**
 * Where clients are kept. Each method is one atomic step: a reader sees a record before or after a
 * mutation, never between, and an acknowledged mutation is on disk (promise R-05).
 *
 * Every method throws `StoreUnavailable` when the store can't answer; none ever says "unknown" instead.
 */
import type { PortalName } from '../portals/portal-name.ts';
import type { Intent, IntentReference } from '../registration/intent.ts';
import type { ClientId } from './client-id.ts';
import type { ClientPage, ClientQuery } from './client-query.ts';
import type { ClientRecord } from './client-record.ts';
import type { IdempotentAnswer, StoredAnswer } from './idempotent-answer.ts';

/** A deleted client's trace, kept so that a repeated delete is told apart from an id that never was. */
export interface Tombstone {
  readonly portal: PortalName;
  readonly provider: string;
  /** Epoch seconds. */
  readonly deleted_at: number;
}

export interface CreateConditions {
  /**
   * How many clients the portal may have with this one; counted in the same commit (S-RACE-07), with the
   * creates that are open at upstream providers.
   */
  readonly maxClients: number;
  /**
   * How many clients all portals together may have with this one; counted in the same commit (S-DCR-26). Not
   * asked when an intent is ended: that client is there already, upstream.
   */
  readonly maxClientsInAll: number;
  /** Kept in the same commit; an answer that is there already is returned and nothing else happens. */
  readonly answer?: IdempotentAnswer | undefined;
  /** Hash of an initial access token to take one use of, in the same commit (S-DCR-02). */
  readonly initialAccessToken?: string | undefined;
  /** Ended in the same commit. It holds a place in the quota already, so the quota is not looked at. */
  readonly finishes?: IntentReference | undefined;
  /** Stored in place of the intent that is ended: an earlier attempt of it may have left a spare client. */
  readonly leaves?: Intent | undefined;
}

export interface ReplaceConditions {
  /** Looked for before anything else, and kept in the same commit. */
  readonly answer?: IdempotentAnswer | undefined;
  /** Ended in the same commit. */
  readonly finishes?: IntentReference | undefined;
}

/** A delete that goes on at an upstream provider. */
export interface DeleteConditions {
  /** Stored in the same commit. */
  readonly begins: Intent;
  /** `begins` holds what manages the client as of this version. */
  readonly expectedVersion: number;
  /** The open intent for this client that `begins` takes the place of. */
  readonly supersedes?: string | undefined;
}

/** The mutation was done before, under this idempotency key. */
export interface Replayed {
  readonly replayed: StoredAnswer;
}

/** `intent_lost`: the intent to be ended is gone, or was changed by somebody else. */
export type CreateOutcome =
  | 'created'
  | 'exists'
  | 'quota_exceeded'
  | 'store_full'
  | 'token_spent'
  | 'intent_lost'
  | Replayed;
export type ReplaceOutcome = 'replaced' | 'conflict' | 'gone' | 'intent_lost' | Replayed;
/** `busy`: an intent for the client is open that this delete does not supersede. */
export type DeleteOutcome = 'deleted' | 'gone' | 'conflict' | 'busy';

export interface ClientStore {
  read(id: ClientId): Promise<ClientRecord | undefined>;
  /** One page of a portal's clients, oldest first. Its cost does not grow with the number of clients. */
  list(query: ClientQuery): Promise<ClientPage>;
  /** How many clients the portal has; constant time. */
  count(portal: PortalName): Promise<number>;
  /** How many clients all portals have; constant time. */
  countAll(): Promise<number>;
  /**
   * Stores a new client (version 1). Looked at in this order, in one commit: a kept answer (`Replayed`),
   * the intent, the id (`exists` when it is taken or was deleted within `TOMBSTONE_SECONDS`), the quota,
   * the cap, the token.
   */
  create(record: ClientRecord, conditions: CreateConditions): Promise<CreateOutcome>;
  /**
   * Replaces the record if the stored version is `expectedVersion`; `record.version` is one more.
   * `gone` when the client was deleted meanwhile: a racing update can't bring it back (S-RACE-01).
   * Looked at in this order: a kept answer, the intent, the client, its version.
   */
  replace(
    record: ClientRecord,
    expectedVersion: number,
    conditions?: ReplaceConditions,
  ): Promise<ReplaceOutcome>;
  /** The answer kept under `id` (`IdempotentAnswer.id`), unless its time is over. */
  readAnswer(id: string): Promise<StoredAnswer | undefined>;
  /**
   * Removes the client and leaves a tombstone in the same commit, and an intent where the delete goes on
   * upstream. Without conditions: whatever the client's version.
   */
  delete(id: ClientId, tombstone: Tombstone, conditions?: DeleteConditions): Promise<DeleteOutcome>;
  /** The tombstone of a client deleted at most `TOMBSTONE_SECONDS` before `nowSeconds`. */
  readTombstone(id: ClientId, nowSeconds: number): Promise<Tombstone | undefined>;
}

/** For how long a repeated delete answers 204 (the portals' contract). */
export const TOMBSTONE_SECONDS = 24 * 60 * 60;
