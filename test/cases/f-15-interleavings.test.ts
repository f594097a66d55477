/**
 * F-15: creates under a quota, updates, rotations, deletes, lists and token requests of several callers at two
 * nodes on one Redis, in every order that their commands and the answers can come in. A scheduler picks each next
 * step, so orders are met that no clock would bring about, and a failure comes back by its seed.
 *
 *   RACES=100000        so many interleavings instead of 1,500 (`npm run test:races`)
 *   RACES_SEED=…        others than those of the fixed seed; a failure tells its seed
 *   RACES_PATH=…        and its path: that one alone
 *
 * Redis keeps nothing on disk here: what survives is told by F-07 and F-09. Nor is any command lost here, or late.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { aRedis } from '../stores/ending.ts';
import { endWithProcess } from '../support/end-with-process.ts';

const RUNS = Number(process.env.RACES ?? 1500);
const SEED = Number(process.env.RACES_SEED ?? 15);
/** Each is busy on a core; one is enough for a failure that is known. */
const PROCESSES = process.env.RACES_PATH === undefined ? 2 : 1;
const INTERLEAVINGS = new URL('support/interleaved/interleavings.ts', import.meta.url).pathname;

test(`F-15: ${RUNS} interleavings, seed ${SEED}: never resurrected, never mixed, never above the quota, never by a secret that has ended`, async (t) => {
  const redis = await aRedis(t, { appendfsync: 'none' });
  const made = Array.from({ length: PROCESSES }, (_, index) =>
    // Seeds that the other one does not come to.
    interleave(t, `${redis.url}/${index}`, SEED + index * 1_000_000, Math.ceil(RUNS / PROCESSES)),
  );
  for (const told of await Promise.all(made)) t.diagnostic(told);
});

async function interleave(t: TestContext, url: string, seed: number, runs: number): Promise<string> {
  const env = { ...process.env, STORE_URL: url, SEED: `${seed}`, RUNS: `${runs}` };
  const child = spawn(process.execPath, [INTERLEAVINGS], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithProcess(child);
  t.after(() => child.kill('SIGKILL'));
  const [out, problem, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  assert.equal(code, 0, problem);
  return out.trim();
}
