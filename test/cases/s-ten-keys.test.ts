/** S-TEN: a portal's key: how it is compared, rolled, guessed and chosen. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { keyedHash } from '../../src/keys/derive.ts';
import { parseKeyEncryptionKey } from '../../src/keys/key-encryption-key.ts';
import { hashForLookup } from '../../src/portals/api-key.ts';
import { authenticatePortal } from '../../src/portals/authenticate.ts';
import { rollPortalKey, setPortalState } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import type { PortalRecord } from '../../src/portals/portal-record.ts';
import { API_KEY, refusesToStart } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';
import { type CaseBridge, domainWith, KEY_ENCRYPTION_KEY, startBridge } from './support/bridge.ts';
import { DIALECTS, KONNECT, through } from './support/dialects.ts';
import { storeText } from './support/stored.ts';
import { startTwoNodes } from './support/two-nodes.ts';

let bridge: CaseBridge;
before(async () => {
  bridge = await startBridge();
});
after(async () => {
  await bridge.service.stop();
});

test('S-TEN-03 a key is looked up and compared by its keyed hash alone: no near miss is nearer', async () => {
  const { service } = bridge;
  assert.ok(!storeText(service).includes(API_KEY), 'stored in clear');
  const hash = keyedHash(parseKeyEncryptionKey(KEY_ENCRYPTION_KEY), 'api-key-pepper');
  assert.ok(storeText(service).includes(hashForLookup(API_KEY, hash)));
  const looks: string[] = [];
  const found: PortalRecord = {
    name: 'test' as PortalName,
    state: 'active',
    version: 1,
    created_at: 0,
    keys: [{ key_id: 'key_1', hash: hashForLookup(API_KEY, hash), created_at: 0, expires_at: 0 }],
  };
  // Finds the portal whatever it is asked: the compare must refuse by itself.
  const careless = {
    findByKeyHash: async (asked: string) => {
      looks.push(asked);
      return found;
    },
    read: () => assert.fail('a second look'),
    readInitialAccessToken: () => assert.fail('a second look'),
  };
  const near = [
    API_KEY.slice(0, -1),
    `${API_KEY}0`,
    API_KEY.toUpperCase(),
    ` ${API_KEY}`,
    'x',
    API_KEY.repeat(100),
    hashForLookup(API_KEY, hash),
    `${API_KEY}\u0000`,
  ];
  for (const key of near) {
    await assert.rejects(authenticatePortal({ store: careless, hash }, key, 1), { reason: 'key_unknown' });
  }
  assert.equal(looks.length, near.length, 'one look each');
  assert.deepEqual(new Set(looks.map((look) => look.length)), new Set([43]), 'all of one length');
  assert.equal((await authenticatePortal({ store: careless, hash }, API_KEY, 1)).portal, 'test');
});

test('S-TEN-06 while a key is rolled both work on every node; one that is taken away works on none', async () => {
  const nodes = await startTwoNodes();
  try {
    const services = [nodes.one.service, nodes.other.service];
    const name = 'rolling' as PortalName;
    const old = await nodes.one.addPortal(name);
    const statuses = async (key: string | undefined) => {
      const answers = services.flatMap((service) =>
        DIALECTS.map((dialect) => through(dialect, service, key ?? '').create()),
      );
      return new Set((await Promise.all(answers)).map(({ status }) => status));
    };
    assert.deepEqual(await statuses(old), new Set([201]));
    const rolled = await nodes.one.asOperator((portals) => rollPortalKey(portals, name, 3600));
    assert.deepEqual(await statuses(old), new Set([201]));
    assert.deepEqual(await statuses(rolled), new Set([201]));
    const last = await nodes.one.asOperator((portals) => rollPortalKey(portals, name, 0));
    assert.deepEqual(await statuses(old), new Set([401]));
    assert.deepEqual(await statuses(rolled), new Set([401]));
    assert.deepEqual(await statuses(last), new Set([201]));
    await nodes.one.asOperator((portals) => setPortalState(portals, name, 'disabled'));
    assert.deepEqual(await statuses(last), new Set([401]));
    await nodes.one.asOperator((portals) => setPortalState(portals, name, 'active'));
    assert.deepEqual(await statuses(last), new Set([201]));
  } finally {
    await nodes.stop();
  }
});

/** From one address; what the service allows before it stops to listen. */
const FAILURES_PER_MINUTE = 600;

test('S-TEN-07 what a caller says of its address is not believed: failures are counted by the socket’s', async () => {
  const guessed = await startBridge();
  try {
    const { service } = guessed;
    const { clients, create } = through(KONNECT, service, 'dcrk_a_guess');
    const forged = (number: number) => ({
      'x-forwarded-for': `203.0.113.${number}, 198.51.100.${number}`,
      'x-real-ip': `203.0.113.${number}`,
      forwarded: `for=203.0.113.${number}`,
      'true-client-ip': `203.0.113.${number}`,
    });
    const attempts = FAILURES_PER_MINUTE / 50;
    for (let batch = 0; batch < attempts; batch += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, number) => create({}, forged(number))),
      );
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
    }
    const limited = { status: 429, error: 'too_many_requests', headers: { 'retry-after': /^[1-9]\d?$/ } };
    await refuses(service, limited, () => create({}, forged(61)));
    assert.equal(await statusFrom('127.0.0.2', clients), 401, 'another address has its own count');
    assert.equal(await statusFrom('127.0.0.1', clients), 429);
    assert.equal((await through(KONNECT, service).create()).status, 201);
  } finally {
    await guessed.service.stop();
  }
});

function statusFrom(localAddress: string, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': 'dcrk_a_guess', 'content-type': 'application/json' };
    request(url, { method: 'POST', localAddress, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end('{}');
  });
}

test('S-TEN-09 with a default, an example or a short key the service does not start', async () => {
  const start = (key: string) =>
    refusesToStart({
      env: { KEY_ENCRYPTION_KEY, ISSUER: 'https://auth.example.com', BOOTSTRAP_PORTAL: `test:${key}` },
      config: domainWith(),
    });
  const keys = [
    '',
    'changeme',
    'changeme-changeme-changeme-changeme',
    'your-secret-api-key-here-0123456789',
    'a'.repeat(40),
    'dcrk_Zk3qLw9XvT2m',
  ];
  const refused = await Promise.all(keys.map(start));
  for (const [index, { code, output }] of refused.entries()) {
    assert.equal(code, 2, `${keys[index]}: ${output}`);
    assert.match(output, /BOOTSTRAP_PORTAL/);
    assert.ok(keys[index] === '' || !output.includes(String(keys[index])), 'repeats the key');
  }
  const issuer = 'https://auth.example.com';
  const strong = await startBridge({ env: { ISSUER: issuer, BOOTSTRAP_PORTAL: `test:${API_KEY}` } });
  assert.equal(strong.service.issuer, issuer);
  await strong.service.stop();
});
