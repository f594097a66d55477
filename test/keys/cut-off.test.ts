/**
 * S-KEY-09 with real processes: of two nodes on one Redis one is cut off, and the other goes on to the next key.
 * `rotations.test.ts` has the same story with the times of the field. Here the last bound of all, that nothing is
 * signed without the store, is six seconds, which is as short as the shortest token allows.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { run } from '../commands/support.ts';
import { fetchToken, portal, send } from '../support/bridge.ts';
import { DOMAIN } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { tempDir } from '../support/temp.ts';

const LEAD_SECONDS = 2;
const TOKEN_SECONDS = 60;
const MAX_STALE_SECONDS = 5;
/** The least that is allowed with these: an outage, a token, a refresh. */
const RETIRE_AFTER_SECONDS = MAX_STALE_SECONDS + TOKEN_SECONDS + 1;
const SIGNS_ALONE_MS = (RETIRE_AFTER_SECONDS - TOKEN_SECONDS) * 1000;
const SOON_MS = 10_000;

const settings = (storeUrl: string, KEY_ENCRYPTION_KEY: string) => ({
  STORE_URL: storeUrl,
  KEY_ENCRYPTION_KEY,
  RING_REFRESH_MS: '200',
  CLOCK_SKEW_SECONDS: '0',
  KEY_PUBLISH_LEAD_SECONDS: String(LEAD_SECONDS),
  KEY_RETIRE_AFTER_SECONDS: String(RETIRE_AFTER_SECONDS),
  MAX_STALE_SECONDS: String(MAX_STALE_SECONDS),
  KEY_ROTATION_DAYS: '0',
});

const [[API, resource]] = Object.entries(DOMAIN.resources) as [[string, object]];
const config = {
  ...DOMAIN,
  resources: { [API]: { ...resource, token_lifetime_seconds: TOKEN_SECONDS } },
  portals: { '*': DOMAIN.portals['*'] },
};

const jwks = async ({ publicUrl }: TestService) => (await send(`${publicUrl}/.well-known/jwks.json`)).body;
const isStale = async ({ opsUrl }: TestService) =>
  (await send(`${opsUrl}/metrics`)).text.includes('dcr_bridge_key_ring_trouble{trouble="stale"} 1\n');

test('S-KEY-09: a node that is cut off signs no token that outlives its key, stops and alarms, and does not jump when it is back', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const proxy = await startTcpProxy(Number(new URL(redis.url).port));
  t.after(() => proxy.close());
  const throughProxy = new URL(redis.url);
  throughProxy.port = String(proxy.port);
  const kek = newKeyEncryptionKey();
  const here = await startService({ config, env: settings(redis.url, kek) });
  t.after(() => here.stop());
  const away = await startService({
    config,
    env: { ...settings(throughProxy.href, kek), ISSUER: here.issuer },
  });
  t.after(() => away.stop());
  const { body: client } = await portal(here).create({ scope: 'read' });
  const issued: string[] = [];
  /** The key that it signed with. */
  const signed = async (node: TestService): Promise<string> => {
    const { status, body, text } = await fetchToken(node, client);
    assert.equal(status, 200, text);
    if (node === away) issued.push(body.access_token);
    return decodeProtectedHeader(body.access_token).kid ?? '';
  };
  const old = await signed(away);
  assert.equal(await signed(here), old);

  proxy.swallowReplies();
  proxy.cut();
  const cwd = tempDir('operator');
  writeFileSync(join(cwd, 'bridge.json'), JSON.stringify(config));
  const env = { ...settings(redis.url, kek), CONFIG_FILE: 'bridge.json', KEYS_DIR: join(cwd, 'keys') };
  const isNowStale = eventually(async () => assert.ok(await isStale(away)), SIGNS_ALONE_MS + 3000);
  isNowStale.catch(() => {});
  const operate = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await run(['keys', ...words, '--json'], { cwd, env });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  // So that the old key, which may sign for as long after the switch here, still may when the other node is back.
  await sleep(1500);
  await operate('announce', 'RS256');
  assert.equal(await signed(away), old, 'it goes on with the key that it knows');
  await eventually(async () => assert.notEqual(await signed(here), old), SOON_MS);
  const next = await signed(here);

  await isNowStale;
  const refused = await fetchToken(away, client);
  assert.deepEqual([refused.status, refused.body.access_token], [503, undefined]);
  await eventually(
    async () => assert.ok(away.output.some((line) => line.includes('NO TOKEN IS SIGNED'))),
    SOON_MS,
  );

  proxy.pass();
  proxy.cut();
  // Asked before it was published there, and not after it was seen: this process may have stood still in between.
  let unpublishedAtMs = 0;
  await eventually(async () => {
    const askedAtMs = performance.now();
    const { keys: published } = await jwks(away);
    const isPublished = published.some(({ kid }: { kid: string }) => kid === next);
    if (!isPublished) unpublishedAtMs = askedAtMs;
    assert.ok(isPublished);
  }, SOON_MS);
  const publishedAtMs = performance.now();
  assert.equal(await isStale(away), false);
  let kid = await signed(away);
  while (kid === old) {
    assert.ok(performance.now() - publishedAtMs < SOON_MS);
    await sleep(50);
    kid = await signed(away);
  }
  assert.equal(kid, next);
  const switchedAtMs = performance.now();
  const { keys } = await operate('list');
  const retiresAt = Date.parse(keys.find(({ kid }: { kid: string }) => kid === old).retires_at) / 1000;
  for (const token of issued) assert.ok((decodeJwt(token).exp ?? 0) < retiresAt);
  // Its verifiers heard of the next key only now. On a machine that was slow before, the old one is too near its end.
  const oldSignsUntilMs = (retiresAt - TOKEN_SECONDS) * 1000;
  if (performance.timeOrigin + switchedAtMs < oldSignsUntilMs)
    assert.ok(switchedAtMs - unpublishedAtMs >= LEAD_SECONDS * 1000);
  const set = createLocalJWKSet(await jwks(here));
  for (const token of issued) await jwtVerify(token, set);
});
