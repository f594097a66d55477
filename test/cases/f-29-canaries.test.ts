/**
 * F-29: the story of secrets over each store, with the log at its loudest. Afterwards none of them is anywhere that
 * keeps or shows something, in any form. What a request can bring in a wrong place is `telemetry/canary.test.ts`.
 */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MEMORY_BEGINS_MS } from '../support/assertion.ts';
import { send } from '../support/bridge.ts';
import { canaries } from '../support/canaries.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startBridge } from './support/bridge.ts';
import { ENV, PORTALS, type Told, tellAll, told } from './support/secret-story.ts';

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

async function assertNowhere({ service, secrets, errors }: Told, kept: readonly string[]): Promise<void> {
  const { text: metrics } = await send(`${service.opsUrl}/metrics`);
  const places: [place: string, bytes: Uint8Array | string][] = [
    ['the log', service.output.join('\n')],
    ['the errors', errors.join('\n')],
    ['the metrics', metrics],
    ['the command line', readFileSync(`/proc/${service.pid}/cmdline`)],
    ...kept.map((path): [string, Uint8Array] => [path, readFileSync(path)]),
  ];
  assert.ok(service.output.length > 150 && metrics.includes('dcr_bridge_'));
  for (const [place, bytes] of places) assert.deepEqual(secrets.foundIn(bytes), [], `in ${place}`);
}

test('F-29: over SQLite no secret is in the log, the metrics, an error, the file, its WAL or the keys', async (t) => {
  const bridge = await startBridge({ portals: PORTALS, env: ENV });
  t.after(() => bridge.service.kill());
  const { service } = bridge;
  const story = told(bridge);
  await tellAll(story, [
    async () => {
      const other = new DatabaseSync(join(service.directory, 'store.db'));
      other.exec('BEGIN IMMEDIATE');
      return () => other.close();
    },
  ]);
  const files = filesBelow(service.directory).filter((path) => !path.endsWith('test-config.json'));
  for (const end of ['store.db', 'store.db-wal', 'ring.json']) {
    assert.ok(
      files.some((path) => path.endsWith(end)),
      `no ${end}`,
    );
  }
  await assertNowhere(story, files);
});

test('F-29: over Redis no secret is in the log, the metrics, an error, its snapshot, its append-only file or the keys', async (t) => {
  // Compressed, a secret would not be found.
  const redis: RedisServer = await startRedis({ args: ['--rdbcompression', 'no'] });
  t.after(() => redis.stop());
  const bridge = await startBridge({ portals: PORTALS, env: { ...ENV, STORE_URL: redis.url } });
  t.after(() => bridge.service.kill());
  const { service } = bridge;
  await sleep(MEMORY_BEGINS_MS);
  const story = told(bridge);
  await tellAll(story, [
    async () => {
      await redis.command('CONFIG', 'SET', 'maxmemory', '1');
      return () => redis.command('CONFIG', 'SET', 'maxmemory', '0');
    },
    async () => {
      redis.pause();
      return () => redis.resume();
    },
  ]);
  await redis.command('SAVE');
  const files = [...filesBelow(service.directory), ...filesBelow(redis.dir)];
  for (const end of ['dump.rdb', '.incr.aof', 'ring.json']) {
    assert.ok(
      files.some((path) => path.endsWith(end)),
      `no ${end}`,
    );
  }
  await assertNowhere(story, files);
});

test('F-29: what is looked for would be found, in each of its forms', () => {
  const secret = `dcrs_${randomBytes(24).toString('base64url')}`;
  const key = randomBytes(32);
  const secrets = canaries();
  secrets.add('a secret', secret);
  secrets.add('a key', key.toString('base64url'));
  const token = `${'x'.repeat(20)}.y.${createHmac('sha256', key).update('z').digest('base64url')}`;
  secrets.add('a token', token);
  const percent = (bytes: Uint8Array) => [...bytes].map((byte) => `%${byte.toString(16)}`).join('');
  for (const [leak, found] of [
    [`"client_secret":"${secret}"`, 'a secret, in clear'],
    [`${secret.slice(0, 30)}…`, 'a secret, cut'],
    ...['', 'c', 'cl', 'cl_'].map((id) => [`Basic ${btoa(`${id}:${secret}`)}`, 'a secret, in base64']),
    [Buffer.from(`x${secret}x`).toString('hex'), 'a secret, in hex'],
    [percent(Buffer.from(secret)), 'a secret, percent-encoded'],
    [key.toString('base64url'), 'a key, in clear'],
    [Buffer.concat([Buffer.from('before'), key]), 'a key, as bytes'],
    [key.toString('hex').toUpperCase(), 'a key, in hex'],
    [JSON.stringify({ token }), 'a token, in clear'],
    [btoa(`Bearer ${token}`), 'a token, in base64'],
  ] as const) {
    assert.ok(
      secrets.foundIn(leak).some((one) => one.startsWith(found)),
      `${found}: ${leak}`,
    );
  }
  assert.deepEqual(secrets.foundIn(`${'x'.repeat(20)}.y. ${randomBytes(2000).toString('base64')}`), []);
});
