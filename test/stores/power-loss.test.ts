/**
 * F-09: the power fails while clients are created, rotated and deleted. What is on disk of Redis's append-only file
 * is then a beginning of it; another Redis is started from that, and must hold every act that was acknowledged.
 *
 * Where strace may look on, the file is cut at the last byte that an fsync had reached: what a disk that keeps
 * its promise holds at least. Elsewhere it is cut at the length that it had when the last answer came, which shows
 * that Redis writes before it answers and that a torn end is no harm, but not that it waited for the disk. Neither
 * shows what a disk does that lies about an fsync, nor a file system that loses more of a file than its end.
 */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY_ENCRYPTION_KEY, startBridge } from '../cases/support/bridge.ts';
import { NO_STRACE, type Synced, traceFsyncs } from '../support/fsyncs.ts';
import { measuredAgain } from '../support/in-time.ts';
import type { RedisServer } from '../support/redis.ts';
import { tempDir } from '../support/temp.ts';
import { actUntil, lostUntil, type WrittenAct, type WrittenClients } from './acknowledged-acts.ts';
import { aRedis, aRedisStore } from './ending.ts';

const CALLERS = 6;
const ALWAYS_MS = 1500;
/** Some of everysec's seconds. */
const EVERYSEC_MS = 3000;
const CUTS = 6;
const EVERYSEC_LOSES_MS = 2000;
/** The file only grows: a beginning of it is what it was. */
const NO_REWRITE = ['--auto-aof-rewrite-percentage', '0'];

/** The power fails after so many acknowledgements; so much of the file is left. */
interface Cut {
  readonly acked: number;
  readonly bytes: number;
}

test('F-09 always: whenever the power fails, no act that was acknowledged is lost', async (t) => {
  const redis = await aRedis(t, { appendfsync: 'always', args: NO_REWRITE });
  const { clients, seen, synced } = await actsOn(redis, ALWAYS_MS);
  if (synced === undefined) t.diagnostic(NO_STRACE);
  const cuts = spread(seen.length).map((at) => cutAfter(at, seen, synced));
  for (const [index, cut] of cuts.entries()) {
    // With the beginning of what came next: a write that the disk had half done.
    const torn = index % 2 === 0 ? 0 : 1 + Math.floor(Math.random() * 100);
    assert.deepEqual(await lostAfter(t, redis, { ...cut, bytes: cut.bytes + torn }, clients), []);
  }
  const acts = [...clients.values()].flat();
  t.diagnostic(
    `${acts.length} acts, ${synced?.length ?? '?'} fsyncs, ${cuts.length} power cuts, nothing lost`,
  );
  assert.ok(acts.length > CUTS * CALLERS);
});

test('F-09 everysec: when the power fails, what is lost was acknowledged within the last two seconds', async (t) => {
  const lostMs = await measuredAgain(
    () => everysecLoses(t),
    (ms = 0) => (ms < EVERYSEC_LOSES_MS ? undefined : `lost of the last ${ms} ms`),
  );
  if (lostMs === undefined) t.skip(NO_STRACE);
});

/** How old the oldest act was that was lost, in milliseconds; the power fails when it takes most with it. */
async function everysecLoses(t: TestContext): Promise<number | undefined> {
  const redis = await aRedis(t, { appendfsync: 'everysec', args: NO_REWRITE });
  const { clients, synced } = await actsOn(redis, EVERYSEC_MS);
  if (synced === undefined) return undefined;
  const all = [...clients.values()].flat();
  const ages: number[] = [];
  let acts = 0;
  // Just before each fsync ends.
  for (const [index, { atMs }] of synced.slice(1).entries()) {
    const acked = all.filter(({ ackedMs }) => ackedMs < atMs).length;
    const lost = await lostAfter(t, redis, { acked, bytes: synced[index]?.bytes ?? 0 }, clients);
    ages.push(...lost.map(({ ackedMs }) => atMs - ackedMs));
    acts = Math.max(acts, lost.length);
  }
  const oldest = Math.round(Math.max(...ages));
  t.diagnostic(
    `everysec lost up to ${acts} acts, of the last ${oldest} ms, in ${synced.length - 1} power cuts`,
  );
  assert.ok(acts > 0, 'it lost nothing: nothing was shown');
  return oldest;
}

/** The file's length when an answer came. */
interface Seen {
  readonly atMs: number;
  readonly bytes: number;
}

/** What is written by callers at a service for so long, and what was seen of the file meanwhile. */
async function actsOn(redis: RedisServer, forMs: number) {
  const { service } = await startBridge({ env: { STORE_URL: redis.url } });
  try {
    const before = statSync(logOf(redis)).size;
    const trace = await traceFsyncs(redis.pid, '.incr.aof');
    const clients: WrittenClients = new Map();
    const seen: Seen[] = [];
    let isOver = false;
    // The length of its array is how many there are.
    const noteLength = () => seen.push({ bytes: statSync(logOf(redis)).size, atMs: Date.now() });
    const acting = Array.from({ length: CALLERS }, () =>
      actUntil(() => isOver, service, clients, noteLength),
    );
    await Promise.race([sleep(forMs), Promise.all(acting)]);
    isOver = true;
    await Promise.all(acting);
    const traced = await trace?.end();
    const synced = traced?.map(({ atMs, bytes }) => ({ atMs, bytes: before + bytes }));
    return { clients, seen, synced };
  } finally {
    await service.stop();
  }
}

/** Right after the acknowledgement at that place, with what was on disk then at least. */
function cutAfter(at: number, seen: readonly Seen[], synced: readonly Synced[] | undefined): Cut {
  const { atMs, bytes } = seen[at] ?? assert.fail('nothing was acknowledged');
  // Our clock tells whole milliseconds, and strace more: what ended within this one ended before.
  const reached = synced?.findLast((sync) => sync.atMs <= atMs + 1)?.bytes;
  return { acked: at + 1, bytes: reached ?? bytes };
}

/** Places from all over. */
function spread(count: number): readonly number[] {
  const part = count / CUTS;
  return Array.from({ length: CUTS }, (_, index) => Math.floor((index + Math.random()) * part));
}

function logOf({ dir }: RedisServer): string {
  const folder = join(dir, 'appendonlydir');
  const [log, ...more] = readdirSync(folder).filter((name) => name.endsWith('.incr.aof'));
  assert.ok(log !== undefined && more.length === 0);
  return join(folder, log);
}

async function lostAfter(
  t: TestContext,
  redis: RedisServer,
  { acked, bytes }: Cut,
  clients: WrittenClients,
): Promise<readonly WrittenAct[]> {
  const dir = tempDir('power-loss');
  cpSync(redis.dir, dir, { recursive: true });
  const log = logOf({ ...redis, dir });
  truncateSync(log, Math.min(bytes, readFileSync(log).length));
  const restored = await aRedis(t, { dir });
  // Nobody waits for it: it is what it holds that counts, however busy the machine.
  const store = await aRedisStore(t, { url: restored.url, commandTimeoutMs: 5000 });
  return lostUntil(acked, store, clients, KEY_ENCRYPTION_KEY, CALLERS);
}
