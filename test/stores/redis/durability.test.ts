import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asLine } from '../../../src/lib/finding.ts';
import { exposure, type Settings, weaknesses } from '../../../src/stores/redis/durability.ts';
import { parseRedisUrl } from '../../../src/stores/redis/redis-url.ts';
import { aRedis, aRedisStore } from '../ending.ts';

const SOUND: Settings = {
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'maxmemory-policy': 'noeviction',
  role: 'master',
};

const WEAK: readonly (readonly [name: string, Partial<Settings>, durable: boolean, warning: RegExp])[] = [
  [
    'nothing is kept',
    { appendonly: 'no' },
    false,
    /nothing on disk.*set "appendonly yes" and "appendfsync always"/,
  ],
  ['snapshots only', { appendonly: 'no', save: '3600 1' }, false, /only snapshots.*set "appendonly yes"/],
  ['an fsync a second', { appendfsync: 'everysec' }, false, /last second or two.*set "appendfsync always"/],
  ['fsync left to the system', { appendfsync: 'no' }, false, /half minute.*set "appendfsync always"/],
  ['eviction', { 'maxmemory-policy': 'allkeys-lru' }, true, /allkeys-lru.*set "maxmemory-policy noeviction"/],
  ['a replica', { role: 'slave' }, false, /replica.*name its primary in STORE_URL/],
  [
    'silence on the file',
    { appendonly: undefined, appendfsync: undefined },
    false,
    /could not check.*CONFIG GET/,
  ],
  ['silence on eviction', { 'maxmemory-policy': undefined }, true, /could not check.*noeviction/],
];

describe('what Redis promises', () => {
  test('a sound set-up has no warning', () => {
    assert.deepEqual(weaknesses(SOUND), { durable: true, findings: [] });
  });

  for (const [name, change, durable, warning] of WEAK) {
    test(`one weakness is one warning that says what to set: ${name}`, () => {
      const found = weaknesses({ ...SOUND, ...change });
      assert.equal(found.durable, durable);
      assert.deepEqual(
        found.findings.map(({ result }) => result !== 'ok'),
        [true],
      );
      assert.match(found.findings.map(asLine).join(), warning);
    });
  }

  test('C-12 the network needs a password and TLS, this machine neither', () => {
    const warnings = (url: string) => exposure(parseRedisUrl(url)).length;
    assert.equal(warnings('redis://127.0.0.1'), 0);
    assert.equal(warnings('redis://[::1]:6400'), 0);
    assert.equal(warnings('redis://localhost'), 0);
    assert.equal(warnings('redis://10.0.0.1'), 2);
    assert.equal(warnings('redis://127.0.0.1.evil.example'), 2);
    assert.equal(warnings('redis://:pw@10.0.0.1'), 1);
    assert.equal(warnings('rediss://10.0.0.1'), 1);
    assert.equal(warnings('rediss://:pw@10.0.0.1'), 0);
    assert.equal(warnings('redis+cluster://127.0.0.1,10.0.0.1'), 2);
  });

  test('a real Redis is asked what it is set to', async (t) => {
    const redis = await aRedis(t, { appendfsync: 'none', args: ['--maxmemory-policy', 'allkeys-lru'] });
    const store = await aRedisStore(t, { url: redis.url });
    const { durable, warnings } = await store.durability();
    assert.equal(durable, false);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? '', /nothing on disk/);
    assert.match(warnings[1] ?? '', /allkeys-lru/);
  });

  test('C-16 a user that may not ask gets a warning that it could not be checked', async (t) => {
    const redis = await aRedis(t);
    await redis.command('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '+@all', '-config');
    const store = await aRedisStore(t, { url: redis.url.replace('redis://', 'redis://app:pw@') });
    const { durable, warnings } = await store.durability();
    assert.equal(durable, false);
    assert.equal(warnings.filter((warning) => /could not check/.test(warning)).length, 2);
  });
});
