/**
 * F-16 with real processes whose machines' clocks are wrong, on one Redis whose clock is right: two minutes to
 * either side, less than the skew that is allowed for, and set while they run.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { run } from '../commands/support.ts';
import { assertionOf, type ClientKey, epoch, newClientKey, tokenByAssertion } from '../support/assertion.ts';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { DOMAIN } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { type ShiftedClock, shiftedClock } from '../support/shifted-clock.ts';
import { tempDir } from '../support/temp.ts';

const LEAD_SECONDS = 6;
const SKEW_SECONDS = 60;
const SOON_MS = 10_000;
/** A request is handled within so many seconds of the clock's being read. */
const NEARLY_SECONDS = 3;

const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
const settings = (redis: RedisServer) => ({
  STORE_URL: redis.url,
  KEY_ENCRYPTION_KEY,
  RING_REFRESH_MS: '200',
  CLOCK_SKEW_SECONDS: String(SKEW_SECONDS),
  KEY_PUBLISH_LEAD_SECONDS: String(LEAD_SECONDS),
  KEY_ROTATION_DAYS: '0',
  KEY_RETIRE_AFTER_SECONDS: '1700',
});

interface ClockedNode {
  readonly clock: ShiftedClock;
  readonly service: TestService;
}

async function startNode(
  redis: RedisServer,
  seconds: number,
  issuer?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ClockedNode> {
  const clock = shiftedClock(seconds);
  const service = await startService({
    config: { ...DOMAIN, portals: { '*': { ...DOMAIN.portals['*'], secret_overlap_seconds: 3600 } } },
    env: { ...settings(redis), ...clock.env, ...(issuer === undefined ? {} : { ISSUER: issuer }), ...env },
  });
  return { clock, service };
}

/** The operator's command line, on a machine with that clock. */
async function operate(redis: RedisServer, clock: ShiftedClock, ...words: readonly string[]): Promise<void> {
  const cwd = tempDir('operator');
  const { code, stderr } = await run(['keys', ...words], {
    cwd,
    env: { ...settings(redis), ...clock.env, KEYS_DIR: `${cwd}/keys` },
  });
  assert.equal(code, 0, stderr);
}

const jwksOf = async ({ service }: ClockedNode) =>
  (await send(`${service.publicUrl}/.well-known/jwks.json`)).body as { keys: { kid: string }[] };
const lines = ({ service }: ClockedNode, part: string) =>
  service.output.filter((line) => line.includes(part)).map((line) => JSON.parse(line));

/** A token that is dated by the node's clock, and good for a verifier whose clock is right but for `leeway`. */
async function saneToken(node: ClockedNode, client: Credentials, leeway: number): Promise<string> {
  const { status, body, text } = await fetchToken(node.service, client);
  assert.equal(status, 200, text);
  const claims = decodeJwt(body.access_token);
  assert.ok(Math.abs((claims.iat ?? 0) - node.clock.now()) <= NEARLY_SECONDS, `iat ${claims.iat}`);
  assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), body.expires_in);
  assert.equal(claims.nbf, undefined);
  const keys = createLocalJWKSet((await jwksOf(node)) as never);
  await jwtVerify(body.access_token, keys, { clockTolerance: leeway, maxTokenAge: body.expires_in });
  return decodeProtectedHeader(body.access_token).kid ?? '';
}

async function keyClient({ service }: ClockedNode, key: ClientKey) {
  const { body, text } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  assert.ok(body.client_id, text);
  return { client_id: body.client_id as string, issuer: service.issuer };
}

describe('two minutes ahead, and two behind', () => {
  let redis: RedisServer;
  let ahead: ClockedNode;
  let behind: ClockedNode;
  before(async () => {
    redis = await startRedis();
    ahead = await startNode(redis, 120);
    behind = await startNode(redis, -120, ahead.service.issuer);
  });
  after(async () => {
    for (const { service } of [ahead, behind]) assert.equal(await service.stop(), 0);
    await redis.stop();
  });

  test('S-JWT-13, F-16: each says so once, with what to do, shows it, and stays ready', async () => {
    for (const node of [ahead, behind]) {
      const by = node.clock.now() - epoch();
      await eventually(async () => assert.equal(lines(node, 'clocks of this node').length, 1), SOON_MS);
      const [line] = lines(node, 'clocks of this node');
      assert.equal(line.level, 'warn');
      assert.ok(Math.abs(line.ahead_of_store_seconds - by) < 2, JSON.stringify(line));
      assert.match(line.msg, /chronyc tracking.*NTP/);
      const ready = await send(`${node.service.opsUrl}/readyz`);
      assert.deepEqual([ready.status, ready.body.clock.in_step], [200, false], ready.text);
      const { text } = await send(`${node.service.opsUrl}/metrics`);
      const [, value] = /^dcr_bridge_clock_ahead_of_store_seconds (\S+)$/m.exec(text) ?? [];
      assert.ok(Math.abs(Number(value) - by) < 2, value);
    }
    await sleep(2500);
    for (const node of [ahead, behind]) assert.equal(lines(node, 'clocks of this node').length, 1);
  });

  test('S-JWT-13, F-16: tokens are dated by their node; a verifier with that leeway takes them; secrets overlap as announced', async () => {
    const { body: client } = await portal(ahead.service).create({ scope: 'read' });
    const { body: rotated } = await portal(behind.service).rotate(client.client_id);
    for (const node of [ahead, behind]) {
      for (const credentials of [client, rotated] as Credentials[]) {
        await eventually(() => saneToken(node, credentials, 120 + NEARLY_SECONDS), SOON_MS);
      }
    }
  });

  test('F-16: an assertion is judged by the clock of the node that it comes to, and is used once', async () => {
    const key = await newClientKey();
    const client = await keyClient(ahead, key);
    const dated = (now: number) => assertionOf(key, client, { iat: now, exp: now + 60 });
    for (const [node, other] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      const assertion = await dated(node.clock.now());
      assert.equal((await tokenByAssertion(other.service, assertion)).status, 401);
      assert.equal((await tokenByAssertion(node.service, assertion)).status, 200);
      for (const each of [ahead, behind]) {
        assert.equal((await tokenByAssertion(each.service, assertion)).status, 401);
        assert.equal((await tokenByAssertion(each.service, await dated(epoch()))).status, 401);
      }
    }
  });

  test('F-16: a key that is announced by a slow clock and switched by a fast one signs on no node before the lead', async () => {
    const { body: client } = await portal(ahead.service).create({ scope: 'read' });
    const before = await saneToken(ahead, client, 120 + NEARLY_SECONDS);
    const announcedAtMs = performance.now();
    await operate(redis, behind.clock, 'announce', 'RS256');
    // By its own clock the fast node has been past the time since the announcement.
    await eventually(async () => assert.ok(lines(ahead, '"act":"activate"').length > 0), SOON_MS);
    assert.ok(performance.now() - announcedAtMs < (LEAD_SECONDS - 1) * 1000, 'too slow a machine to tell');
    const next = lines(ahead, '"act":"activate"').at(-1).steps[0].kid;
    const signedBy = new Map<ClockedNode, string>();
    while (signedBy.get(ahead) !== next) {
      const asked = performance.now() - announcedAtMs;
      assert.ok(asked < 20_000, 'the fast one follows when it has published the key for the lead');
      for (const node of [ahead, behind]) {
        const published = (await jwksOf(node)).keys.map(({ kid }) => kid);
        assert.ok(published.includes(before), 'the key of tokens in life');
        signedBy.set(node, await saneToken(node, client, 120 + NEARLY_SECONDS));
        const answered = performance.now() - announcedAtMs;
        if (answered < LEAD_SECONDS * 1000) assert.equal(signedBy.get(node), before, `${answered} ms`);
      }
      await sleep(100);
    }
    // By its clock it is not time yet, the skew allowed for.
    assert.equal(signedBy.get(behind), before);
  });
});

test('F-16: with clocks within the skew an assertion that one node took is not taken by the slower one when the first has forgotten it', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const ahead = await startNode(redis, 25);
  const behind = await startNode(redis, -25, ahead.service.issuer);
  t.after(() => Promise.all([ahead, behind].map(({ service }) => service.stop())));
  const key = await newClientKey();
  const client = await keyClient(ahead, key);
  // It has remembered for long; of what seems older than its memory it would take nothing.
  const [run_id = ''] = /\w{40}/.exec(await redis.command('GET', '{dcr}:replay-memory')) ?? [];
  await redis.command('SET', '{dcr}:replay-memory', `${run_id} ${epoch() - 3600}`);
  const now = epoch();
  const [used, spare] = await Promise.all(
    [1, 2].map(() => assertionOf(key, client, { iat: now, exp: now + 5 })),
  );
  assert.equal((await tokenByAssertion(ahead.service, used ?? '')).status, 200);
  assert.equal((await tokenByAssertion(behind.service, used ?? '')).status, 401);
  // Its end by the fast clock, the client's skew allowed for.
  await sleep((now + 5 + 30 - ahead.clock.now() + 2) * 1000);
  assert.equal((await tokenByAssertion(ahead.service, spare ?? '')).status, 401, 'over');
  assert.equal((await tokenByAssertion(behind.service, used ?? '')).status, 401);
  assert.equal(
    (await tokenByAssertion(behind.service, spare ?? '')).status,
    200,
    'not over yet, by the slow one',
  );
});

test('F-16: a clock that is set while the node runs, forward by hours and back by one, takes no key away and hangs nothing', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const node = await startNode(redis, -7200);
  t.after(() => node.service.stop());
  const { body: client } = await portal(node.service).create({ scope: 'read' });
  const first = await saneToken(node, client, 7200 + NEARLY_SECONDS);
  // Forced, so that the key of the token above is only published from now on, for `KEY_RETIRE_AFTER_SECONDS`.
  await operate(redis, node.clock, 'announce', 'RS256');
  await operate(redis, node.clock, 'activate', 'RS256', '--force');
  let kid = '';
  await eventually(async () => {
    kid = await saneToken(node, client, 7200 + NEARLY_SECONDS);
    assert.notEqual(kid, first);
  }, SOON_MS);
  for (const [turn, seconds] of [0, 3600, 0].entries()) {
    node.clock.set(seconds);
    await eventually(async () => assert.equal(lines(node, 'clock was set').length, turn + 1), SOON_MS);
    // Some refreshes of the ring.
    await sleep(1000);
    const published = (await jwksOf(node)).keys.map((key) => key.kid);
    assert.ok(published.includes(first), 'the key of a token that by what really elapsed is alive');
    assert.equal(await saneToken(node, client, seconds + NEARLY_SECONDS), kid);
    const beganMs = performance.now();
    assert.equal((await portal(node.service).create({ scope: 'read' })).status, 201);
    assert.ok(performance.now() - beganMs < 5000);
  }
});

test('F-16: a node that was started two days behind rotates when its clock is set right, without a restart', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const node = await startNode(redis, -2 * 86_400, undefined, { KEY_ROTATION_DAYS: '1' });
  t.after(() => node.service.stop());
  const { body: client } = await portal(node.service).create({ scope: 'read' });
  const first = await saneToken(node, client, 2 * 86_400 + NEARLY_SECONDS);
  await eventually(async () => assert.equal(lines(node, 'clocks of this node').length, 1), SOON_MS);
  assert.deepEqual(lines(node, '"act":"announce"'), []);
  node.clock.set(0);
  const setAtMs = performance.now();
  await eventually(async () => assert.ok(lines(node, '"act":"announce"').length > 0), SOON_MS);
  assert.equal(await saneToken(node, client, NEARLY_SECONDS), first, 'the next key is only published');
  assert.ok(performance.now() - setAtMs < LEAD_SECONDS * 1000, 'too slow a machine to tell');
  assert.deepEqual(lines(node, 'later than they should'), []);
});
