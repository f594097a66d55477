/** What a running service does again and again, and how often. */
import { type Repetition, repeat } from '../lib/repeat.ts';
import { returnMemory } from '../lib/return-memory.ts';
import { whenIdle } from '../lib/when-idle.ts';
import { REVOCATIONS_REFRESH_MS, type Revocations } from '../tokens/revocations.ts';
import { nowSeconds, type Parts } from './parts.ts';
import type { Recorders } from './recorders.ts';
import type { UpstreamRecovery } from './upstream-context.ts';

const FIRST_PORTAL_RETRY_MS = 1000;
const USAGE_FLUSH_MS = 5000;
const READERS_FLUSH_MS = 2000;
const TLS_REFRESH_MS = 2000;
const CLOCK_LOOK_MS = 2000;
/** How often it is looked whether a discovery document is due: one that never came is asked for again. */
const UPSTREAM_REFRESH_MS = 60_000;
/** Quiet for this long is idle; what a busy time left in the heap is then given back. */
const IDLE_MS = 5000;

export interface Repeated extends Recorders {
  readonly revocations: Revocations;
  /** Absent without upstream providers. */
  readonly recovery: UpstreamRecovery | undefined;
  /** Absent without TLS of our own. */
  readonly renewTls: (() => Promise<void>) | undefined;
  /** Absent when the first portal is settled. */
  readonly settle: (() => Promise<void>) | undefined;
}

export function repetitions(
  { config, clock, metrics, ring, upstreams }: Parts,
  { usage, readers, revocations, recovery, renewTls, settle }: Repeated,
): readonly Repetition[] {
  const settleMemory = whenIdle(returnMemory);
  return [
    repeat(IDLE_MS, async () => settleMemory(metrics.requests())),
    repeat(config.ring_refresh_ms, async () => void (await ring.refresh())),
    repeat(CLOCK_LOOK_MS, async () => clock.look()),
    repeat(USAGE_FLUSH_MS, () => usage.flush()),
    repeat(READERS_FLUSH_MS, readers.flush),
    ...(renewTls ? [repeat(TLS_REFRESH_MS, renewTls)] : []),
    repeat(REVOCATIONS_REFRESH_MS, () => revocations.refresh(nowSeconds())),
    ...(recovery
      ? [repeat(config.upstream_recovery_ms, recovery.run), repeat(UPSTREAM_REFRESH_MS, upstreams.refresh)]
      : []),
    ...(settle ? [repeat(FIRST_PORTAL_RETRY_MS, settle)] : []),
  ];
}
