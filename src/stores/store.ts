/** What a store implementation offers as a whole: the domain's ports, and its own health. */
import type { ClientChanges } from '../clients/client-changes.ts';
import type { ClientStore } from '../clients/client-store.ts';
import type { SecretUsageStore } from '../clients/secret-usage.ts';
import type { ReaderStore } from '../keys/reader-store.ts';
import type { RingStore } from '../keys/ring-store.ts';
import type { Leases } from '../lib/lease.ts';
import type { PortalStore } from '../portals/portal-store.ts';
import type { RateLimit, RateLimiter } from '../portals/rate-limiter.ts';
import type { IntentStore } from '../registration/intent-store.ts';
import type { ReplayStore } from '../tokens/replay-store.ts';
import type { RevocationStore } from '../tokens/revocation-store.ts';

export interface Durability {
  /** Whether an acknowledged write is on disk: SQLite `synchronous=FULL`, Redis `appendfsync always`. */
  readonly durable: boolean;
  /** One line each, for the log and `doctor`: what is weak and what to set. Empty when nothing is. */
  readonly warnings: readonly string[];
}

/** What the store's clock shows now, give or take `withinMs`. */
export interface StoreTime {
  readonly epochMs: number;
  readonly withinMs: number;
}

export interface Store {
  /** `sqlite` or `redis`, for logs and `/readyz`. */
  readonly kind: 'sqlite' | 'redis';
  readonly clients: ClientStore;
  readonly clientChanges: ClientChanges;
  readonly portals: PortalStore;
  readonly rings: RingStore;
  readonly readers: ReaderStore;
  readonly secretUsage: SecretUsageStore;
  readonly intents: IntentStore;
  readonly leases: Leases;
  readonly revocations: RevocationStore;
  readonly replays: ReplayStore;
  /** Shared by the nodes where the store is; in memory where there is one process. */
  rateLimiter(limit: RateLimit): RateLimiter;
  /** Resolves when the store answers; throws `StoreUnavailable`. */
  ping(): Promise<void>;
  /** What the store promises as it is set up now; throws `StoreUnavailable` when it can't be asked. */
  durability(): Promise<Durability>;
  /** `undefined` where it has no clock of its own, and while it does not answer. It is told, not asked for. */
  time(): StoreTime | undefined;
  /** Lets go of files and connections. What is asked afterwards throws `StoreUnavailable`. */
  close(): Promise<void>;
}
