/** Keys that a client has fetched (`jwks_uri`): the cases of assertions and of calls that others make us make, by id. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { setClientState } from '../../src/registration/administer.ts';
import {
  ASSERTION_TYPE,
  assertionOf,
  type ClientKey,
  newClientKey,
  tokenByAssertion,
} from '../support/assertion.ts';
import { type Answer, claimsOf, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { newCertificate } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { endless, truncated } from '../support/hostile-answers.ts';
import { assertRefusal, shapeOf } from '../support/refusal.ts';
import { refuses } from '../support/unwritten.ts';
import {
  json,
  type Answer as Scripted,
  type ScriptedUpstream,
  startCanary,
  startScriptedUpstream,
} from '../support/upstream-scripted.ts';
import { type CaseBridge, EVERY_PORTAL, startBridge } from './support/bridge.ts';
import { DIALECTS } from './support/dialects.ts';
import { accepted, refusedEverywhere } from './support/metadata.ts';

const FETCH_MS = 2000;
/** What a token request may take beyond its fetch, on a busy machine. */
const SLACK_MS = 2000;

let bridge: CaseBridge;
let scripted: ScriptedUpstream;
let canary: Awaited<ReturnType<typeof startCanary>>;
let key: ClientKey;
before(async () => {
  [scripted, canary, key] = await Promise.all([startScriptedUpstream(), startCanary(), newClientKey()]);
  const methods = ['client_secret_basic', 'private_key_jwt', 'self_signed_tls_client_auth'];
  bridge = await startBridge({
    env: { ALLOW_INSECURE_CLIENT_JWKS: 'true', TRUSTED_PROXIES: '127.0.0.0/8' },
    portals: {
      '*': { ...EVERY_PORTAL, jwks_uri_hosts: ['127.0.0.1'], token_endpoint_auth_methods: methods },
    },
  });
});
after(async () => {
  await bridge?.service.stop();
  await scripted.close();
  canary.close();
});

const uriOf = (path: string) => `${scripted.issuer}${path}`;
const fetches = (path: string) => scripted.to('GET', path).length;
const serve = (path: string, ...keys: readonly ClientKey[]) =>
  scripted.on('GET', path, json(200, { keys: keys.map(({ jwk }) => jwk) }));

/** A client whose keys are at this path, where `answer` is what comes, if there is one. */
async function register(path: string, answer?: Scripted) {
  if (answer !== undefined) scripted.on('GET', path, answer);
  const { service } = bridge;
  const { status, body, text } = await portal(service).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: uriOf(path),
  });
  assert.equal(status, 201, text);
  assert.equal(body.jwks_uri, uriOf(path));
  return { client_id: String(body.client_id), issuer: service.issuer };
}

type Client = Awaited<ReturnType<typeof register>>;

async function ask(client: Client, by = key): Promise<Answer & { readonly tookMs: number }> {
  const assertion = await assertionOf(by, client);
  const startedAt = performance.now();
  const answer = await tokenByAssertion(bridge.service, assertion);
  return { ...answer, tookMs: performance.now() - startedAt };
}

const FAILED = {
  status: 401,
  error: 'invalid_client',
  says: /^client authentication failed$/,
  headers: { pragma: 'no-cache', 'www-authenticate': undefined },
} as const;

async function getsToken(client: Client, by = key): Promise<void> {
  const answer = await ask(client, by);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(claimsOf(answer.body.access_token).client_id, client.client_id);
}

async function getsNone(client: Client, by = key): Promise<void> {
  assertRefusal(await ask(client, by), FAILED);
}

for (const dialect of DIALECTS) {
  test(`S-DCR-19, S-SSRF-09 a jwks_uri is taken without a call, in the place of jwks and never beside it (${dialect.name})`, async () => {
    const { service } = bridge;
    const method = { token_endpoint_auth_method: 'private_key_jwt' };
    const jwks_uri = uriOf('/registered');
    const before = scripted.received.length;
    const { metadata } = await accepted(service, dialect, { ...method, jwks_uri });
    assert.deepEqual([metadata.jwks_uri, metadata.jwks], [jwks_uri, undefined]);
    const refused = (body: object, path = 'jwks_uri') =>
      refusedEverywhere(service, dialect, { ...method, ...body }, path);
    const jwks = { keys: [key.jwk] };
    await refused({ jwks, jwks_uri });
    await refused({ jwks, jwks_uri }, 'jwks');
    await refused({ jwks_uri: 'https://elsewhere.example/jwks' });
    await refused({ jwks_uri: 'https://169.254.169.254/latest/' });
    await refused({ jwks_uri: 'https://10.0.0.1/jwks' });
    await refused({ jwks_uri: `${jwks_uri}#first` });
    await refused({ jwks_uri: jwks_uri.replace('//', '//user@') });
    await refused({ jwks_uri, token_endpoint_auth_method: 'client_secret_basic' });
    assert.equal(scripted.received.length, before, 'nothing was fetched');
  });
}

test('an update moves a client between keys by value and by reference, and what it leaves is not used any more', async () => {
  const [old, other] = await Promise.all([newClientKey(), newClientKey()]);
  serve('/moved/from', old);
  serve('/moved/to', other);
  const client = await register('/moved/from');
  const update = async (body: object) => {
    const { status, text } = await portal(bridge.service).update(client.client_id, body);
    assert.equal(status, 200, text);
  };
  await getsToken(client, old);
  await update({ jwks_uri: uriOf('/moved/to') });
  await getsNone(client, old);
  await getsToken(client, other);
  await update({ jwks: { keys: [key.jwk] } });
  await getsNone(client, other);
  await getsToken(client);
  await update({ jwks_uri: uriOf('/moved/to') });
  await getsNone(client);
  await getsToken(client, other);
  await update({ token_endpoint_auth_method: 'client_secret_basic' });
  await getsNone(client, other);
});

test('only a client that is there and active makes us fetch, and by its own method alone', async () => {
  const { service } = bridge;
  serve('/quiet', key);
  const [deleted, disabled, secretive] = [
    await register('/quiet'),
    await register('/quiet'),
    await register('/quiet'),
  ];
  await portal(service).delete(deleted.client_id);
  await bridge.asOperator((_, { clients }) =>
    setClientState(clients, disabled.client_id, 'disabled', Math.floor(Date.now() / 1000)),
  );
  await portal(service).update(secretive.client_id, { token_endpoint_auth_method: 'client_secret_basic' });
  for (const client of [deleted, disabled, secretive]) await getsNone(client);
  const rsa = await newClientKey('RS256');
  const { client_id } = await register('/quiet');
  await portal(service).update(client_id, { token_endpoint_auth_signing_alg: 'ES256' });
  await getsNone({ client_id, issuer: service.issuer }, rsa);
  assert.equal(fetches('/quiet'), 0);
});

test('a client is fetched for once, however many tokens it gets, and its own alg and kid decide', async () => {
  const rsa = await newClientKey('RS256');
  serve('/many', key, rsa);
  const client = await register('/many');
  for (let count = 0; count < 10; count += 1) await getsToken(client, count % 2 === 0 ? key : rsa);
  assert.equal(fetches('/many'), 1);
});

describe('S-PKJ-16, F-26: a jwks_uri that is down, slow or wrong', () => {
  const raw =
    (type: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Scripted =>
    (response) => {
      response.writeHead(200, { 'content-type': type, ...headers });
      response.end(body);
    };
  const redirect = (status: number): Scripted =>
    json(status, {}, { location: `http://127.0.0.1:${canary.port}/latest/meta-data/` });
  const set = () => JSON.stringify({ keys: [key.jwk] });
  const wrong: Readonly<Record<string, () => Scripted>> = {
    'no answer': () => () => {},
    'a reset': () => (response) => response.destroy(),
    'a 500': () => json(500, { keys: [key.jwk] }),
    'a page': () => raw('text/html', '<html></html>'),
    'another type': () => raw('text/plain', set()),
    'an empty set': () => json(200, { keys: [] }),
    'no set': () => json(200, []),
    'half a set': () => truncated(200, '{"keys":['),
    'more than 64 KiB': () => raw('application/json', set() + ' '.repeat(64 * 1024)),
    gzip: () => raw('application/json', gzipSync(set()), { 'content-encoding': 'gzip' }),
    'a gigabyte': () => endless(200, { 'content-length': String(1024 ** 3) }),
    'S-SSRF-03: a redirect': () => redirect(302),
    'a redirect that keeps the method': () => redirect(307),
    'a private key in it': () => json(200, { keys: [key.jwk, { kty: 'oct', k: 'AAAA' }] }),
    'a key that is too short': () => json(200, { keys: [{ kty: 'RSA', e: 'AQAB', n: 'AQAB' }] }),
  };

  test('is refused like an unknown client, in time, whatever is wrong with it; others get their tokens meanwhile (S-SSRF-09)', async () => {
    const { service } = bridge;
    const rssBefore = rssOf(service.pid);
    serve('/sound', key);
    const [sound, other] = [await register('/sound'), (await portal(service).create()).body];
    await getsToken(sound);
    const clients = await Promise.all(
      Object.entries(wrong).map(([name, answer]) => register(`/wrong/${encodeURIComponent(name)}`, answer())),
    );
    const unknown = await ask({ client_id: 'cl_0000000000000000000000', issuer: service.issuer });
    assertRefusal(unknown, FAILED);
    let done = false;
    const refused = Promise.all(clients.map((client) => ask(client))).finally(() => {
      done = true;
    });
    let tokens = 0;
    for (; !done; tokens += 1) {
      const startedAt = performance.now();
      await getsToken(sound);
      assert.equal((await fetchToken(service, other)).status, 200);
      assert.ok(performance.now() - startedAt < FETCH_MS / 2, 'nobody else waits');
    }
    assert.ok(tokens > 5, String(tokens));
    for (const [index, answer] of (await refused).entries()) {
      const name = Object.keys(wrong)[index];
      assert.deepEqual(shapeOf(answer), shapeOf(unknown), name);
      // As long as the slowest: what is behind the URI is not told by the time that it takes (S-SSRF-09).
      assert.ok(
        answer.tookMs > FETCH_MS - 20 && answer.tookMs < FETCH_MS + SLACK_MS,
        `${name} ${answer.tookMs}`,
      );
    }
    const again = await Promise.all(clients.map((client) => ask(client)));
    for (const answer of again) {
      assertRefusal(answer, FAILED);
      assert.ok(answer.tookMs < FETCH_MS, 'and is left alone then');
    }
    for (const name of Object.keys(wrong))
      assert.equal(fetches(`/wrong/${encodeURIComponent(name)}`), 1, name);
    assert.equal(canary.reached(), 0);
    assert.ok(rssOf(service.pid) - rssBefore < 150 * 1024, 'KiB of memory');
  });

  test('is in the metrics and in the log, without the path and the query of the URI', async () => {
    const client = await register('/secret-path', json(500, {}));
    await getsNone(client);
    const { text } = await send(`${bridge.service.opsUrl}/metrics`);
    assert.match(text, /^dcr_bridge_client_jwks_fetches_total\{outcome="failed"\} [1-9]/m);
    assert.match(text, /^dcr_bridge_client_jwks_fetches_total\{outcome="ok"\} [1-9]/m);
    await eventually(async () => {
      const lines = bridge.service.output.filter((line) => line.includes('could not be fetched'));
      const { host } = new URL(scripted.issuer);
      const told = lines.map((line) => JSON.parse(line)).find(({ code }) => code === 'NOT_200');
      assert.deepEqual([told?.portal, told?.host, told?.level], ['test', host, 'warn']);
    }, 2000);
    for (const line of bridge.service.output) assert.ok(!/secret-path|wrong\/|meta-data/.test(line), line);
  });
});

test('S-PKJ-16: what was fetched before goes on while the URI fails, and is all that goes on', async () => {
  serve('/failing', key);
  const client = await register('/failing');
  await getsToken(client);
  scripted.on('GET', '/failing', json(500, {}));
  await getsNone(client, await newClientKey());
  await getsToken(client);
});

test('S-PKJ-17, F-26: a key that is rotated a moment after our fetch works within a minute, and the old one ends', async () => {
  const next = await newClientKey();
  scripted.on('GET', '/rotating', json(200, { keys: [key.jwk] }, { 'cache-control': 'max-age=86400' }));
  const client = await register('/rotating');
  await getsToken(client);
  serve('/rotating', next);
  await getsNone(client, next);
  const tookMs = await eventually(async () => {
    // As a client would; whoever tries without pause is told to slow down.
    await sleep(1000);
    await getsToken(client, next);
  }, 60_000);
  assert.ok(tookMs > 20_000, `the host was left alone for ${tookMs} ms`);
  assert.equal(fetches('/rotating'), 2);
  await getsNone(client);
});

test('S-SSRF-10: four hundred assertions with unknown kids, 200 at once, are one fetch', async () => {
  const { service } = bridge;
  serve('/stormed', key);
  const client = await register('/stormed');
  const stranger = await newClientKey();
  const ask = async (index: number) => {
    const client_assertion = await assertionOf(stranger, client, {}, { kid: `unknown-${index}` });
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion,
    };
    return postToken(service, form, { 'x-forwarded-for': `192.0.2.${index % 250}` });
  };
  const statuses = new Set<number>();
  for (let round = 0; round < 2; round += 1) {
    const storm = Array.from({ length: 200 }, (_, index) => ask(round * 200 + index));
    for (const { status } of await Promise.all(storm)) statuses.add(status);
  }
  // Beyond so many failures for one client it is told to slow down.
  assert.deepEqual([...statuses].sort(), [401, 429]);
  assert.equal(fetches('/stormed'), 1);
  await getsToken(client);
  assert.equal(fetches('/stormed'), 1);
});

test('a certificate of its own is looked up in the fetched keys too (RFC 8705 section 2.2)', async () => {
  const { service } = bridge;
  const [mine, another] = [
    newCertificate({ subject: '/CN=mine' }),
    newCertificate({ subject: '/CN=another' }),
  ];
  const jwkOf = ({ cert }: { cert: string }) => {
    const certificate = new X509Certificate(cert);
    return { ...certificate.publicKey.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] };
  };
  scripted.on('GET', '/certificates', json(200, { keys: [jwkOf(mine)] }));
  const { body } = await portal(service).create({
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks_uri: uriOf('/certificates'),
  });
  const show = ({ cert }: { cert: string }) => {
    const der = new X509Certificate(cert).raw.toString('base64');
    const form = { grant_type: 'client_credentials', client_id: String(body.client_id) };
    return postToken(service, form, { 'client-cert': `:${der}:` });
  };
  const answer = await show(mine);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(claimsOf(answer.body.access_token).client_id, body.client_id);
  await refuses(service, FAILED, () => show(another));
  assert.equal(fetches('/certificates'), 1);
});

/** KiB. */
function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
