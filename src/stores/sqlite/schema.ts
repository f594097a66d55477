/**
 * The embedded store's tables. `user_version` counts the migrations that a file has seen; a migration that
 * was released is never edited, the next change is a new entry. Records are JSON text: a column exists only
 * for what a statement compares or sorts by.
 */
import type { DatabaseSync } from 'node:sqlite';
import { StoreMisconfigured } from '../store-misconfigured.ts';

/** "dcrb": tells our file from another application's SQLite database. */
const APPLICATION_ID = 0x64637262;

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    record    TEXT NOT NULL -- ClientRecord
  ) STRICT;

  -- The pages of a portal's clients at a provider: one row for each facet (facets.ts) of each client, in the
  -- order of a page.
  CREATE TABLE client_facets (
    portal     TEXT NOT NULL,
    provider   TEXT NOT NULL,
    facet      TEXT NOT NULL,
    created_at INTEGER NOT NULL, -- epoch seconds
    client_id  TEXT NOT NULL,
    PRIMARY KEY (portal, provider, facet, created_at, client_id)
  ) STRICT, WITHOUT ROWID;

  -- Counting a million rows for each create's quota would be the longest part of it.
  CREATE TABLE client_counts (
    portal  TEXT PRIMARY KEY,
    clients INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- An id is unknown, a client or a tombstone; it is never two of them.
  CREATE TABLE tombstones (
    client_id  TEXT PRIMARY KEY,
    portal     TEXT NOT NULL,
    provider   TEXT NOT NULL,
    deleted_at INTEGER NOT NULL -- epoch seconds
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tombstones_by_age ON tombstones (deleted_at);

  CREATE TABLE secret_uses (
    client_id     TEXT NOT NULL,
    secret_id     TEXT NOT NULL,
    first_used_at INTEGER NOT NULL, -- epoch seconds
    last_used_at  INTEGER NOT NULL, -- epoch seconds
    use_count     INTEGER NOT NULL,
    PRIMARY KEY (client_id, secret_id)
  ) STRICT, WITHOUT ROWID;

  -- Answers to idempotency keys. The secret is apart, because it is forgotten earlier.
  CREATE TABLE answers (
    id            TEXT PRIMARY KEY,
    request_hash  TEXT NOT NULL,
    sealed_answer TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL -- epoch milliseconds
  ) STRICT;
  CREATE INDEX answers_by_expiry ON answers (expires_at_ms);
  CREATE TABLE answer_secrets (
    id            TEXT PRIMARY KEY,
    sealed_secret TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL -- epoch milliseconds
  ) STRICT;
  CREATE INDEX answer_secrets_by_expiry ON answer_secrets (expires_at_ms);

  CREATE TABLE initial_access_tokens (
    hash       TEXT PRIMARY KEY,
    portal     TEXT NOT NULL,
    uses_left  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL -- epoch seconds
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX initial_access_tokens_by_expiry ON initial_access_tokens (expires_at);

  CREATE TABLE portals (
    name    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    record  TEXT NOT NULL -- PortalRecord
  ) STRICT;

  -- The primary key is the rule that a key opens one portal only.
  CREATE TABLE portal_keys (
    hash   TEXT PRIMARY KEY,
    portal TEXT NOT NULL REFERENCES portals (name) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX portal_keys_of_portal ON portal_keys (portal);

  CREATE TABLE ring (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    version  INTEGER NOT NULL,
    document TEXT NOT NULL -- sealed; opaque here
  ) STRICT;
  `,
  `
  -- What is under way at upstream providers. Unique: one open intent for a client, and for an idempotency key.
  CREATE TABLE intents (
    op_id           TEXT PRIMARY KEY,
    version         INTEGER NOT NULL,
    state           TEXT NOT NULL,
    started_at      INTEGER NOT NULL, -- epoch seconds
    next_attempt_at INTEGER,          -- epoch seconds
    client_id       TEXT UNIQUE,
    answer_id       TEXT UNIQUE,
    record          TEXT NOT NULL     -- Intent
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX intents_by_state ON intents (state, started_at, op_id);
  CREATE INDEX intents_by_next_attempt ON intents (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

  -- "started", …: how many intents are in that state. "creates of <portal>": how many places of its quota
  -- are taken by clients that are being created.
  CREATE TABLE intent_counts (
    what    TEXT PRIMARY KEY,
    intents INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE leases (
    name          TEXT PRIMARY KEY,
    holder        TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL -- epoch milliseconds
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Of all portals together, beside client_counts: a create compares it with the service's cap.
  CREATE TABLE client_total (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    clients INTEGER NOT NULL
  ) STRICT;
  INSERT INTO client_total (only, clients) SELECT 1, coalesce(sum(clients), 0) FROM client_counts;
  `,
  `
  -- Tokens that were revoked and would not have expired yet. A number is never used again (AUTOINCREMENT), so
  -- that who has read up to one misses none.
  CREATE TABLE revoked_tokens (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    jti        TEXT NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL, -- epoch seconds
    list       TEXT,             -- where the token is in a Token Status List
    list_index INTEGER
  ) STRICT;
  CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
  `,
  `
  -- What may be used once, and was.
  CREATE TABLE replays (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL -- epoch seconds
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX replays_by_expiry ON replays (expires_at);

  CREATE TABLE replay_memory (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    since    INTEGER NOT NULL -- epoch seconds
  ) STRICT;
  INSERT INTO replay_memory VALUES (1, unixepoch());
  `,
  `
  CREATE TABLE jwks_readers (
    reader  TEXT PRIMARY KEY,
    version INTEGER NOT NULL, -- of the key ring
    seen_at INTEGER NOT NULL  -- epoch seconds
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Brings the file to this version's schema. Two processes may do this at once. */
export function migrate(database: DatabaseSync, file: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    refuseForeign(database, file);
    for (const migration of MIGRATIONS.slice(pragma(database, 'user_version'))) database.exec(migration);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Whether this version would change the tables before it uses them. */
export function isBehind(database: DatabaseSync): boolean {
  return pragma(database, 'user_version') < MIGRATIONS.length;
}

/** Refuses what this version must not write to. Reads only: another application's file stays as it was. */
export function refuseForeign(database: DatabaseSync, file: string): void {
  // In this order: another process may just be creating the tables and the mark, in one commit.
  const tables = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables;
  if (tables !== 0 && pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new StoreMisconfigured(`${file} is another application's database: name another file in STORE_URL`);
  }
  const version = pragma(database, 'user_version');
  if (version > MIGRATIONS.length) {
    throw new StoreMisconfigured(
      `${file} was written by a newer version of this service (schema ${version}, this one knows ` +
        `${MIGRATIONS.length}): run that version, or restore the backup made before it`,
    );
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
