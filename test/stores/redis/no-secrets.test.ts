/** L-26, S-LOG-02: what was being stored, and the password, are in no error, however it is looked at. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { ClientRecord } from '../../../src/clients/client-record.ts';
import { clientMetadata } from '../../../src/clients/metadata.ts';
import { StoreUnavailable } from '../../../src/lib/store-unavailable.ts';
import type { RedisOptions, RedisServer } from '../../support/redis.ts';
import { walk } from '../contract/walk.ts';
import { aRedis, aRedisStore } from '../ending.ts';
import { aClient, anAnswer, aToken, FREELY } from '../records.ts';

const CANARY = 'CANARY';

function secretive(): ClientRecord {
  const secret = { secret_id: `sec_${CANARY}`, hash: CANARY, created_at: 0, expires_at: 0 };
  return aClient({ metadata: clientMetadata.parse({ client_name: CANARY }), secrets: [secret] });
}

/** Everything that a logger, a debugger or a careless template could show of an error. */
function everythingOf(error: unknown): string {
  const shown = [inspect(error, { depth: null, showHidden: true }), String(error), JSON.stringify(error)];
  for (let link = error; link instanceof Error; link = link.cause) {
    const own = Object.getOwnPropertyNames(link).map((name) => [name, Reflect.get(link as Error, name)]);
    shown.push(inspect(own, { depth: null, showHidden: true }), JSON.stringify(own));
  }
  return shown.join('\n');
}

interface Trouble {
  readonly name: string;
  readonly redis?: RedisOptions;
  readonly url?: (redis: RedisServer) => string;
  readonly cause?: (redis: RedisServer) => unknown;
}

const TROUBLES: readonly Trouble[] = [
  { name: 'it hangs', cause: (redis) => redis.pause() },
  { name: 'it is gone', cause: (redis) => redis.kill() },
  { name: 'its memory is full', cause: (redis) => redis.command('CONFIG', 'SET', 'maxmemory', '1') },
  { name: 'it is a replica', cause: (redis) => redis.command('REPLICAOF', '127.0.0.1', '1') },
  // Redis answers an unknown command by quoting its arguments.
  {
    name: 'it has no scripts',
    redis: { args: ['--rename-command', 'EVALSHA', '', '--rename-command', 'EVAL', ''] },
  },
  {
    name: 'the password is wrong',
    redis: { password: 'right' },
    url: (redis) => redis.url.replace('right', CANARY),
  },
];

for (const { name, redis: options, url, cause } of TROUBLES) {
  test(`L-26 no secret is in the error or the log when ${name}`, async (t) => {
    const redis = await aRedis(t, options);
    const logged: unknown[] = [];
    const log = {
      info: (...line: readonly unknown[]) => void logged.push(line),
      warn: (...line: readonly unknown[]) => void logged.push(line),
    };
    const store = await aRedisStore(t, { url: url?.(redis) ?? redis.url, log });
    await cause?.(redis);
    const record = secretive();
    const answer = anAnswer({
      id: CANARY,
      request_hash: CANARY,
      sealed_answer: CANARY,
      sealed_secret: CANARY,
    });
    let failures = 0;
    for (const attempt of [
      () => store.clients.create(record, { ...FREELY, answer, initialAccessToken: CANARY }),
      () => store.clients.replace({ ...record, version: 2 }, 1, { answer }),
      () => store.clients.readAnswer(CANARY),
      () => walk(store.clients, record.portal, { labels: [['label', CANARY]] }),
      () => store.portals.addInitialAccessToken(aToken({ hash: CANARY })),
      () => store.rings.writeRing({ version: 1, document: CANARY }, 0),
      () => store.portals.findByKeyHash(CANARY),
    ]) {
      try {
        // A replica and a full server still answer what changes nothing.
        await attempt();
      } catch (error) {
        failures += 1;
        assert.ok(error instanceof StoreUnavailable, everythingOf(error));
        assert.doesNotMatch(everythingOf(error), new RegExp(CANARY));
      }
    }
    assert.ok(failures > 0, 'nothing failed');
    assert.doesNotMatch(inspect(logged, { depth: null }), new RegExp(CANARY));
  });
}
