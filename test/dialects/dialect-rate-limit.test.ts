/** How often a portal may call: counted for its key over every dialect and node, and nobody else's matter. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Answer } from '../support/bridge.ts';
import { fetchToken } from '../support/bridge.ts';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  KONNECT,
  LEAST,
  PUBLIC_REGISTER,
} from '../support/dialects.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { tempDir } from '../support/temp.ts';
import { refuses } from '../support/unwritten.ts';

const CALLS = 5;
const LIMITED = {
  status: 429,
  error: 'too_many_requests',
  headers: { 'retry-after': /^([1-9]|[1-5]\d|60)$/ },
};
const CONFIG = domain({
  portals: { slow: { calls_per_minute: CALLS }, other: { calls_per_minute: CALLS } },
});

let operated: Operated;
before(async () => {
  operated = await startOperated({ config: CONFIG });
});
after(() => operated.service.stop());

test('over its calls a portal is told to wait, nothing is done, and the others go on', async () => {
  const { service } = operated;
  const [slow, other] = (await Promise.all(
    ['slow', 'other'].map(async (name) => asPortal(service, await operated.addPortal(name))),
  )) as [Call, Call];
  const made = await slow('POST', BRIDGE, {});
  await slow('GET', BRIDGE);
  await slow('POST', KONNECT, LEAST);
  await slow('POST', PUBLIC_REGISTER, {});
  assert.equal((await slow('GET', `${BRIDGE}/${made.body.client_id}`)).status, 200);
  for (const act of [
    () => slow('POST', BRIDGE, {}),
    () => slow('GET', BRIDGE),
    () => slow('POST', KONNECT, LEAST),
    () => slow('POST', PUBLIC_REGISTER, {}),
    () => slow('DELETE', `${BRIDGE}/${made.body.client_id}`),
    () => slow('POST', BRIDGE, '{malformed'),
  ]) {
    await refuses(service, LIMITED, act);
  }
  assert.equal((await other('POST', BRIDGE, {})).status, 201);
  assert.equal((await asPortal(service)('POST', BRIDGE, {})).status, 201);
  assert.equal((await fetchToken(service, made.body)).status, 200, 'its clients fetch their tokens');
});

test('S-TEN-07: what a request says of where it comes from buys no calls', async () => {
  const { service } = operated;
  const key = await operated.addPortal('patient');
  const guess = (attempt: number) => {
    const from = { 'x-forwarded-for': `10.1.0.${attempt}`, forwarded: `for=10.2.0.${attempt}` };
    return bearing(service, `dcrk_guess_${attempt}`)('GET', BRIDGE, undefined, from);
  };
  const statuses: number[] = [];
  for (let round = 0; round < 65; round += 1) {
    const guesses = Array.from({ length: 10 }, (_, turn) => guess(round * 10 + turn));
    statuses.push(...(await Promise.all(guesses)).map(({ status }) => status));
  }
  assert.deepEqual(new Set(statuses), new Set([401, 429]), 'S-DCR-01: failures are counted by address');
  assert.ok(statuses.filter((status) => status === 401).length <= 600);
  await refuses(service, LIMITED, () => guess(1));
  assert.equal((await asPortal(service, key)('GET', BRIDGE)).status, 200, 'a good key is not slowed down');
});

test('two processes on one Redis count together, and the limit heals when its time is over', async () => {
  const redis: RedisServer = await startRedis();
  const first = await startOperated({ config: CONFIG, env: { STORE_URL: redis.url } });
  const second = await first.again({
    directory: tempDir('second'),
    env: { ISSUER: first.service.issuer },
  });
  try {
    const key = await first.addPortal('slow');
    const [one, two] = [asPortal(first.service, key), asPortal(second.service, key)];
    const answers: Answer[] = [];
    for (const call of [one, one, two, two, two]) answers.push(await call('GET', BRIDGE));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal((await two('POST', BRIDGE, {})).status, 429);
    // As if the minute had passed, for the node that has not refused yet and so asks Redis.
    const keys = (await redis.command('KEYS', '*calls:*'))
      .split('\r\n')
      .filter((line) => /calls:/.test(line));
    assert.equal(keys.length, 1);
    const [count = ''] = keys;
    const ttl = Number((await redis.command('PTTL', count)).slice(1));
    assert.ok(ttl > 0 && ttl <= 60_000, 'nobody is shut out for ever');
    await redis.command('PEXPIRE', count, '0');
    assert.equal((await one('POST', BRIDGE, {})).status, 201);
  } finally {
    await Promise.all([first.service.stop(), second.service.stop()]);
    await redis.stop();
  }
});
