import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRedisUrl, type RedisTarget } from '../../../src/stores/redis/redis-url.ts';
import { StoreMisconfigured } from '../../../src/stores/store-misconfigured.ts';

const ALONE = { mode: 'standalone', tls: false, db: 0 } as const;

const UNDERSTOOD: readonly (readonly [url: string, target: RedisTarget])[] = [
  ['redis://localhost', { ...ALONE, nodes: [{ host: 'localhost', port: 6379 }] }],
  ['redis://localhost/', { ...ALONE, nodes: [{ host: 'localhost', port: 6379 }] }],
  ['redis://10.0.0.1:6400/3', { ...ALONE, nodes: [{ host: '10.0.0.1', port: 6400 }], db: 3 }],
  ['redis://[::1]:6400', { ...ALONE, nodes: [{ host: '::1', port: 6400 }] }],
  ['redis://:pass@redis', { ...ALONE, nodes: [{ host: 'redis', port: 6379 }], password: 'pass' }],
  [
    'rediss://user:p%40ss%2F%3A%25:x@redis.example:6380/0',
    {
      ...ALONE,
      tls: true,
      nodes: [{ host: 'redis.example', port: 6380 }],
      username: 'user',
      password: 'p@ss/:%:x',
    },
  ],
  [
    'redis+sentinel://user:pass@s1:1001,[::2],s3/my-primary.1/7',
    {
      mode: 'sentinel',
      tls: false,
      nodes: [
        { host: 's1', port: 1001 },
        { host: '::2', port: 26379 },
        { host: 's3', port: 26379 },
      ],
      username: 'user',
      password: 'pass',
      primaryName: 'my-primary.1',
      db: 7,
    },
  ],
  [
    'redis+sentinel://s1/main',
    { mode: 'sentinel', tls: false, nodes: [{ host: 's1', port: 26379 }], primaryName: 'main', db: 0 },
  ],
  [
    'rediss+cluster://:pass@c1:7000,c2:7001',
    {
      mode: 'cluster',
      tls: true,
      nodes: [
        { host: 'c1', port: 7000 },
        { host: 'c2', port: 7001 },
      ],
      password: 'pass',
      db: 0,
    },
  ],
];

const REFUSED: readonly (readonly [why: string, url: string])[] = [
  ['another scheme', 'http://:SECRET@localhost'],
  ['no scheme', ':SECRET@localhost:6379'],
  ['no host', 'redis://:SECRET@'],
  ['an empty host among others', 'redis+cluster://:SECRET@a,,b'],
  ['a port beyond the range', 'redis://:SECRET@localhost:70000'],
  ['port 0', 'redis://:SECRET@localhost:0'],
  ['a port that is no number', 'redis://:SECRET@localhost:SECRET'],
  ['a word in the place of user and password', 'redis://SECRET@localhost'],
  ['a user without a password', 'redis://SECRET:@localhost'],
  ['a password with a raw "@"', 'redis://:SEC@RET@localhost'],
  ['a password with a raw "/"', 'redis://:SEC/RET@localhost'],
  ['a password with a raw "#"', 'redis://:SEC#RET@localhost'],
  ['a password with a stray "%"', 'redis://:SECRET%@localhost'],
  ['a database that is no number', 'redis://:SECRET@localhost/main'],
  ['a query', 'redis://:SECRET@localhost/0?db=1'],
  ['two hosts without a way to choose', 'redis://:SECRET@a,b'],
  ["sentinels without the primary's name", 'redis+sentinel://:SECRET@a,b'],
  ['a primary name of other characters', 'redis+sentinel://:SECRET@a/na%20me'],
  ['too long a path', 'redis+sentinel://:SECRET@a/main/0/1'],
  ['a cluster with a database', 'redis+cluster://:SECRET@a/1'],
];

describe('the URL of Redis', () => {
  for (const [url, target] of UNDERSTOOD) {
    test(`is understood: ${url}`, () => assert.deepEqual(parseRedisUrl(url), target));
  }

  for (const [why, url] of REFUSED) {
    test(`is refused with an example and without its password: ${why}`, () => {
      assert.throws(
        () => parseRedisUrl(url),
        (error) => {
          assert.ok(error instanceof StoreMisconfigured);
          assert.match(error.message, /for example redis/);
          assert.doesNotMatch(error.message, /SEC|RET/);
          return true;
        },
      );
    });
  }

  test('is refused with the example of its own form', () => {
    assert.throws(
      () => parseRedisUrl('redis+sentinel://a,b'),
      /for example redis\+sentinel:\/\/.*primary-name/,
    );
    assert.throws(() => parseRedisUrl('redis+cluster://a/1'), /for example redis\+cluster:\/\//);
  });
});
