/** The keys are what every gateway hangs on: asked for as fast as they can be, whatever happens behind them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { percentile } from '../bench/statistics.ts';
import { type Credentials, fetchToken, portal } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { domain } from '../support/operated-service.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

const LEAD_SECONDS = 2;
const ROTATION_SECONDS = 3;
const CONNECTIONS = 8;
const OUTAGE_MS = 2000;
const ROTATES_WITHIN_MS = 20_000;

test('F-06: while keys rotate and while Redis is down, every JWKS is whole and has the key that signs', async (t) => {
  const redis = await startRedis();
  const service = await startService({
    config: domain({}),
    env: {
      STORE_URL: redis.url,
      RING_REFRESH_MS: '200',
      CLOCK_SKEW_SECONDS: '0',
      KEY_PUBLISH_LEAD_SECONDS: String(LEAD_SECONDS),
      KEY_ROTATION_DAYS: (ROTATION_SECONDS / 86_400).toFixed(9),
    },
  });
  const client: Credentials = (await portal(service).create()).body;
  const signedBy: string[] = [];
  const tookMs: number[] = [];
  let going = true;

  const signing = (async () => {
    for (; going; await sleep(50)) {
      const { status, body, text } = await fetchToken(service, client);
      assert.equal(status, 200, text);
      const { kid = '' } = decodeProtectedHeader(body.access_token);
      if (signedBy.at(-1) !== kid) signedBy.push(kid);
    }
  })();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const asking = Array.from({ length: CONNECTIONS }, async () => {
    while (going) {
      // Whoever has a token asks for its key after it was signed.
      const signs = signedBy.at(-1);
      const began = performance.now();
      const [response] = (await once(
        get(`${service.publicUrl}/.well-known/jwks.json`, { agent }),
        'response',
      )) as [IncomingMessage];
      const text = Buffer.concat(await response.toArray()).toString();
      tookMs.push(performance.now() - began);
      assert.equal(response.statusCode, 200);
      const kids = JSON.parse(text).keys.map(({ kid }: { kid: string }) => kid);
      assert.ok(signs === undefined || kids.includes(signs), 'the key that signs is not published');
    }
  });

  const all = Promise.all([signing, ...asking]);
  const rotates = (times: number) =>
    Promise.race([eventually(async () => assert.ok(signedBy.length >= times), ROTATES_WITHIN_MS), all]);
  try {
    await rotates(3);
    await redis.kill();
    await Promise.race([sleep(OUTAGE_MS), all]);
    await redis.restart();
    await rotates(signedBy.length + 2);
  } finally {
    going = false;
    await all.finally(() => Promise.all([service.stop(), redis.stop()]));
    agent.destroy();
  }
  assert.equal(new Set(signedBy).size, signedBy.length, 'a key came back');
  t.diagnostic(
    `${tookMs.length} answers, ${signedBy.length} keys, p99 ${percentile(tookMs, 0.99).toFixed(1)} ms`,
  );
});
