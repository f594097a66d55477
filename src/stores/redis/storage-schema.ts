/**
 * Everything that is kept in Redis: each key, its type, its lifetime, who writes it.
 *
 * | key (after the prefix) | type | lifetime | written by | holds |
 * |---|---|---|---|---|
 * | `client:<client_id>` | string | until deleted | createClient, replaceClient, deleteClient | version, head, `ClientRecord` (`stored-client.ts`) |
 * | `client-index:<portal>:<provider>` | zset | while not empty | createClient, replaceClient, deleteClient | for each facet of each client (`facets.ts`): facet, line break, `created_at` in 11 digits, client id; all scores 0, so that a facet's clients are one range in the order of a page |
 * | `portal-client-count:<portal>` | string | for ever | createClient, deleteClient | how many clients the portal has: what its quota is compared with |
 * | `client-changes` | stream | for ever, the newest 10,000 | replaceClient, deleteClient | which clients were changed: entries `1-0`, `2-0`, … without a gap, each a client id and Redis's time |
 * | `store-epoch` | string | for ever | lookAround | a random name of this store: an emptied one has it no more |
 * | `client-count` | string | for ever | createClient, deleteClient | how many clients are stored: what the service's cap is compared with |
 * | `secret-uses:<client_id>` | hash | until the client is deleted | addSecretUses, replaceClient, deleteClient | secret id → first use, last use, count; only of secrets that the client has |
 * | `tombstone:<client_id>` | string | `TOMBSTONE_SECONDS` | deleteClient | `Tombstone` |
 * | `tombstone-left` | string | `TOMBSTONE_SECONDS` after the last delete | deleteClient | `1`: a tombstone may still be there |
 * | `answer:<answer id>` | string | `answer_seconds` | createClient, replaceClient | `request_hash` and `sealed_answer` |
 * | `answer-secret:<answer id>` | string | `secret_seconds` | createClient, replaceClient | `sealed_secret` |
 * | `intents` | hash | while not empty | beginIntent, advanceIntent, finishIntent, createClient, replaceClient, deleteClient | operation id → version, head, `Intent` (`stored-intent.ts`) |
 * | `intents-due` | zset | while not empty | as `intents` | operation id, scored by `next_attempt_at`; not of those that have none |
 * | `intents-by-state` | zset | while not empty | as `intents` | state, line break, `started_at` in 11 digits, operation id; all scores 0 |
 * | `intent-of` | hash | while not empty | as `intents` | `client <client_id>` and `answer <answer id>` → operation id of the open intent |
 * | `open-creates` | hash | for ever | as `intents` | portal → how many of its creates are open: places of its quota |
 * | `lease:<name>` | string | the lease's seconds | holdLease, releaseLease | who has it |
 * | `portals` | hash | for ever | createPortal, replacePortal | name → version, `PortalRecord` |
 * | `portal-keys` | hash | for ever | createPortal, replacePortal | key hash → portal name |
 * | `initial-access-token:<hash>` | hash | until `expires_at`, or its last use | addInitialAccessToken, createClient | `portal`, `uses_left`, `expires_at` |
 * | `replay:<claim id>` | string | `replay_seconds` | claimReplay | `1`: what may be used once was used |
 * | `replay-memory` | string | for ever | claimReplay, beginReplayMemory | run id of the server that remembers the claims, and since when (epoch seconds) |
 * | `ring` | string | for ever | writeRing | version, sealed ring document |
 * | `revocations` | zset | while not empty | revokeToken | revoked tokens (`revocations.ts`), scored in their order by `revocation-count` |
 * | `revocation-ends` | zset | while not empty | revokeToken | the same, scored by their expiry |
 * | `revocation-count` | string | for ever | revokeToken | how many tokens were ever revoked |
 * | `jwks-readers` | hash | for ever | addSightings | who fetched the JWKS → version of the ring, epoch seconds |
 * | `calls:<points>:<window>:<subject>` | string | the window | rate-limiter-flexible | points used in this window |
 *
 * "version, X" is the version in decimal, one blank, then X (`versioned.ts`): a script compares versions
 * without parsing JSON. No script writes JSON of its own: cjson turns empty arrays into objects.
 *
 * Every key carries the same hash tag, `{dcr}`: one commit is one script over several keys, and Redis
 * Cluster runs such a script only when all of them are in one slot. So the whole store lives on one shard
 * of a cluster; a cluster brings failover here and no more room.
 *
 * Values hold no credential in clear: secrets, API keys and private keys are hashed or sealed before they
 * come here (S-KEY-06).
 */
export const DEFAULT_KEY_PREFIX = '{dcr}:';

export interface StorageKeys {
  readonly client: (clientId: string) => string;
  readonly tombstone: (clientId: string) => string;
  readonly tombstoneLeft: string;
  readonly clientIndex: (portal: string, provider: string) => string;
  readonly portalClientCount: (portal: string) => string;
  readonly clientChanges: string;
  readonly storeEpoch: string;
  readonly clientCount: string;
  readonly secretUses: (clientId: string) => string;
  readonly answer: (answerId: string) => string;
  readonly answerSecret: (answerId: string) => string;
  readonly intents: string;
  readonly intentsDue: string;
  readonly intentsByState: string;
  readonly intentOf: string;
  readonly openCreates: string;
  readonly lease: (name: string) => string;
  readonly portals: string;
  readonly portalKeys: string;
  readonly initialAccessToken: (hash: string) => string;
  readonly replay: (claimId: string) => string;
  readonly replayMemory: string;
  readonly ring: string;
  readonly jwksReaders: string;
  readonly revocations: string;
  readonly revocationEnds: string;
  readonly revocationCount: string;
  /** Of the subjects that have this limit. */
  readonly callCounts: (points: number, windowSeconds: number) => string;
}

export function storageKeys(prefix: string): StorageKeys {
  if (!/\{[^{}]+\}/.test(prefix)) throw new TypeError('a key prefix must hold a hash tag, like "{dcr}:"');
  return {
    client: (clientId) => `${prefix}client:${clientId}`,
    tombstone: (clientId) => `${prefix}tombstone:${clientId}`,
    tombstoneLeft: `${prefix}tombstone-left`,
    clientIndex: (portal, provider) => `${prefix}client-index:${portal}:${provider}`,
    portalClientCount: (portal) => `${prefix}portal-client-count:${portal}`,
    clientChanges: `${prefix}client-changes`,
    storeEpoch: `${prefix}store-epoch`,
    clientCount: `${prefix}client-count`,
    secretUses: (clientId) => `${prefix}secret-uses:${clientId}`,
    answer: (answerId) => `${prefix}answer:${answerId}`,
    answerSecret: (answerId) => `${prefix}answer-secret:${answerId}`,
    intents: `${prefix}intents`,
    intentsDue: `${prefix}intents-due`,
    intentsByState: `${prefix}intents-by-state`,
    intentOf: `${prefix}intent-of`,
    openCreates: `${prefix}open-creates`,
    lease: (name) => `${prefix}lease:${name}`,
    portals: `${prefix}portals`,
    portalKeys: `${prefix}portal-keys`,
    initialAccessToken: (hash) => `${prefix}initial-access-token:${hash}`,
    replay: (claimId) => `${prefix}replay:${claimId}`,
    replayMemory: `${prefix}replay-memory`,
    ring: `${prefix}ring`,
    jwksReaders: `${prefix}jwks-readers`,
    revocations: `${prefix}revocations`,
    revocationEnds: `${prefix}revocation-ends`,
    revocationCount: `${prefix}revocation-count`,
    callCounts: (points, windowSeconds) => `${prefix}calls:${points}:${windowSeconds}`,
  };
}
