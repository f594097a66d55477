/** What `doctor` makes of a Redis server's own account: one row for each thing that can be wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../../src/lib/finding.ts';
import { type ServerState, serverFindings } from '../../../src/stores/redis/server-state.ts';

const SOUND: ServerState = {
  redis_version: '7.0.15',
  used_memory: '1000000',
  maxmemory: '10000000',
  total_system_memory: '64000000',
  connected_slaves: '0',
  aof_last_write_status: 'ok',
  aof_last_bgrewrite_status: 'ok',
  rdb_last_bgsave_status: 'ok',
  'min-replicas-to-write': '0',
};

const ROWS: readonly (readonly [string, ServerState, string, Finding['result'], RegExp])[] = [
  ['nearly full', { used_memory: '8100000' }, 'store memory', 'warning', /raise "maxmemory"/],
  ['full', { used_memory: '10000001' }, 'store memory', 'failed', /raise "maxmemory"/],
  [
    'no limit, machine full',
    { maxmemory: '0', used_memory: '60000000' },
    'store memory',
    'warning',
    /maxmemory/,
  ],
  [
    'a full disk',
    { aof_last_write_status: 'err' },
    'store writes to disk',
    'failed',
    /aof_last_write_status/,
  ],
  [
    'no snapshot',
    { rdb_last_bgsave_status: 'err' },
    'store writes to disk',
    'warning',
    /rdb_last_bgsave_status/,
  ],
  ['no rewrite', { aof_last_bgrewrite_status: 'err' }, 'store writes to disk', 'warning', /rewrite/],
  [
    'a replica alone',
    { connected_slaves: '1' },
    'store replicas',
    'warning',
    /set "min-replicas-to-write 1"/,
  ],
  [
    'too few replicas',
    { 'min-replicas-to-write': '1' },
    'store replicas',
    'failed',
    /every change is refused/,
  ],
  ['old', { redis_version: '5.0.3' }, 'store version', 'warning', /Redis 7 or later/],
];

test('a sound server has nothing to look at', () => {
  assert.deepEqual(new Set(serverFindings(SOUND).map(({ result }) => result)), new Set(['ok']));
  const followed = { ...SOUND, connected_slaves: '1', 'min-replicas-to-write': '1' };
  assert.deepEqual(new Set(serverFindings(followed).map(({ result }) => result)), new Set(['ok']));
});

for (const [name, change, check, result, says] of ROWS) {
  test(`one weakness is one row, with what to do: ${name}`, () => {
    const wrong = serverFindings({ ...SOUND, ...change }).filter((finding) => finding.result !== 'ok');
    assert.deepEqual(
      wrong.map((finding) => [finding.check, finding.result]),
      [[check, result]],
    );
    assert.match(`${wrong[0]?.found} ${wrong[0]?.remedy}`, says);
  });
}

test('a server that tells nothing is not taken for a sound one', () => {
  assert.deepEqual(
    serverFindings({}).map(({ result }) => result),
    ['warning'],
  );
});
