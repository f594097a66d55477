/** An operator changes the signing keys while the service runs: it follows within `ring_refresh_ms`. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { calculateJwkThumbprint, createRemoteJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { ES256_API } from '../support/domain.ts';
import { eventually } from '../support/eventually.ts';
import { domain } from '../support/operated-service.ts';
import { newKeyEncryptionKey, refusesToStart, startService, type TestService } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { type Ran, run } from './support.ts';

const directory = tempDir('keys-command');
const FIRST_KEK = newKeyEncryptionKey();
let env: Record<string, string | undefined> = { KEY_ENCRYPTION_KEY: FIRST_KEK, RING_REFRESH_MS: '100' };
let service: TestService;
let client: Credentials;

const start = () =>
  startService({ directory, env, config: domain({}), ...(service && { publicPort: service.publicPort }) });

before(async () => {
  service = await start();
  client = (await portal(service).create({ client_name: 'a client', scope: 'read es:write' })).body;
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

function keys(words: readonly string[], other: Record<string, string> = {}): Promise<Ran> {
  const places = { STORE_URL: `sqlite:${directory}/store.db`, KEYS_DIR: `${directory}/keys` };
  const given = { ...env, ...places, CONFIG_FILE: `${directory}/test-config.json`, ...other };
  const [first = '', ...rest] = words;
  const command = first.startsWith('--') ? [first, 'keys', ...rest] : ['keys', ...words];
  return run(command, { cwd: directory, env: given as Record<string, string> });
}

interface Listed {
  readonly version: number;
  readonly previous_kek_removable: boolean;
  readonly keys: readonly { kid: string; alg: string; state: string; signs: boolean; activates_at: string }[];
}

async function done(...words: string[]): Promise<Listed> {
  const { code, stdout, stderr } = await keys(['--json', ...words]);
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout);
}

async function refused(says: RegExp, ...words: string[]): Promise<void> {
  const { version } = readRing();
  const { code, stdout, stderr } = await keys(words);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, says);
  assert.equal(readRing().version, version, 'and changed nothing');
}

const published = async (): Promise<{ kid: string; alg: string }[]> =>
  (await send(`${service.publicUrl}/.well-known/jwks.json`)).body.keys;

/** Fetches a token and verifies it as a gateway would that has no JWKS yet. */
async function signedBy(resource?: string): Promise<string> {
  const { status, body, text } = await fetchToken(
    service,
    client,
    resource === undefined ? {} : { resource },
  );
  assert.equal(status, 200, text);
  const jwks = createRemoteJWKSet(new URL(`${service.publicUrl}/.well-known/jwks.json`));
  await jwtVerify(body.access_token, jwks);
  return decodeProtectedHeader(body.access_token).kid ?? '';
}

test('list shows the timeline of each key, for a person and for a program', async () => {
  const { keys: rows } = await done('list');
  assert.deepEqual(
    rows.map(({ alg, state, signs }) => [alg, state, signs]),
    [
      ['RS256', 'active', true],
      ['ES256', 'active', true],
      ['PS256', 'active', true],
      ['EdDSA', 'active', true],
    ],
  );
  const { stdout } = await keys(['list']);
  assert.match(
    stdout,
    /^KID +ALG +STATE +SIGNS +ANNOUNCED_AT +ACTIVATES_AT +RETIRES_AT +ENDED_AT +SEEN_BY +WAITS_FOR\n/,
  );
  assert.match(stdout, /\nring ring_\w+, version 1, sealed under [\w-]{11}\n$/);
});

test('R-10: an announced key is published at once, signs when it may, or at once by force', async () => {
  const before = await signedBy(ES256_API);
  const next = (await done('announce', 'ES256')).keys.at(-1);
  assert.equal(next?.state, 'announced');
  await eventually(async () => assert.ok((await published()).some(({ kid }) => kid === next?.kid)), 3000);
  assert.equal(await signedBy(ES256_API), before);
  await refused(/is announced for ES256 already/, 'announce', 'ES256');
  await refused(/may sign in \d{4} seconds.*With --force/, 'activate', 'ES256');
  await refused(/signs: activate the next key of ES256 first/, 'retire', '--', before);
  await refused(/no key of ES256 is retiring; keys list shows what they are/, 'retire', 'ES256');
  await refused(/no key of PS256 is announced; keys list shows what they are/, 'activate', 'PS256');
  await refused(/there is no such key in use/, 'retire', 'ML-DSA-44');

  await done('activate', 'ES256', '--force');
  await eventually(async () => assert.equal(await signedBy(ES256_API), next?.kid), 3000);
  assert.ok(
    (await published()).some(({ kid }) => kid === before),
    'tokens of the old key still verify',
  );
  await refused(/it retires by itself in \d{5} seconds/, 'retire', 'ES256');
  await done('retire', 'ES256', '--force');
  await eventually(async () => assert.ok(!(await published()).some(({ kid }) => kid === before)), 3000);
});

test('S-KEY-10, C-21: a tainted key is out of the JWKS at once, the next one signs at once, and the runbook is printed', async () => {
  const before = await signedBy();
  const { code, stdout } = await keys(['taint', 'RS256']);
  assert.equal(code, 0);
  for (const says of [/APISIX/, /Envoy/, /HAProxy/, /within 1 s/, /24 h/]) assert.match(stdout, says);
  await eventually(async () => {
    assert.ok(!(await published()).some(({ kid }) => kid === before));
    assert.notEqual(await signedBy(), before);
  }, 3000);
  assert.equal((await send(`${service.publicUrl}/.well-known/keys/${before}.pem`)).status, 404);
  const kept = readFileSync(join(directory, 'keys', 'ring.json'), 'utf8');
  const { keys: all } = JSON.parse(kept).ring;
  const tainted = all.find(({ kid }: { kid: string }) => kid === before);
  assert.equal(tainted.state, 'tainted');
  assert.ok(!('sealed_private_key' in tainted), 'its private half is destroyed');
});

test('S-JWT-10: a key is imported, announced like any other, and never twice', async () => {
  const place = tempDir('import');
  const file = (name: string, content: string, mode = 0o600): string => {
    const path = join(place, name);
    writeFileSync(path, content);
    chmodSync(path, mode);
    return path;
  };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const pem = rsa.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' });
  const sealed = file('sealed.pem', pem.toString());
  await refused(/can be reached by other users.*chmod 600/, 'import', file('open.pem', 'x', 0o644));
  await refused(/the file holds no private key/, 'import', sealed, 'PS256');
  await refused(/can't be read \(ENOENT\)/, 'import', join(place, 'absent.pem'));

  const given = ['import', sealed, 'PS256', file('phrase', 'open sesame\n')];
  const added = (await done(...given)).keys.at(-1);
  assert.deepEqual([added?.alg, added?.state], ['PS256', 'announced']);
  assert.equal(added?.kid, await calculateJwkThumbprint(rsa.export({ format: 'jwk' }) as JWK));
  await refused(/a key is used once/, ...given);
});

test('an exported ring is sealed, private, and goes back only over an older one', async () => {
  const place = tempDir('export');
  const file = join(place, 'ring-export.json');
  await done('export', file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!/"(?:d|priv|p|q)":/.test(readFileSync(file, 'utf8')));
  await refused(/exists already/, 'export', file);
  await done('import', file);
  await done('announce', 'RS256');
  await refused(/the store holds version \d+, the file \d+: nothing was changed/, 'import', file);
});

test('S-KEY-07: the key-encryption key is replaced while the service runs; secrets stay valid, the old key can go', async () => {
  const second = newKeyEncryptionKey();
  const before = await done('list');
  const signer = await signedBy();
  assert.equal(await service.stop(), 0);
  const without = await refusesToStart({
    directory,
    config: domain({}),
    env: { ...env, KEY_ENCRYPTION_KEY: second },
  });
  assert.equal(without.code, 1);
  assert.match(without.output, /KEY_ENCRYPTION_KEY_PREVIOUS/);

  env = { ...env, KEY_ENCRYPTION_KEY: second, KEY_ENCRYPTION_KEY_PREVIOUS: FIRST_KEK };
  service = await start();
  assert.match(service.output.join('\n'), /run dcr-bridge keys rewrap/);
  assert.equal((await done('list')).previous_kek_removable, false);
  const after = await done('rewrap');
  assert.deepEqual([after.version, after.previous_kek_removable], [before.version + 1, true]);
  await refused(/sealed under KEY_ENCRYPTION_KEY already/, 'rewrap');
  assert.match((await keys(['list'])).stdout, /KEY_ENCRYPTION_KEY_PREVIOUS can be removed/);
  await eventually(async () => assert.equal(readRing().version, after.version), 3000);
  assert.equal(await signedBy(), signer);

  assert.equal(await service.stop(), 0);
  const { KEY_ENCRYPTION_KEY_PREVIOUS: _gone, ...left } = env;
  env = left;
  service = await start();
  assert.equal(await signedBy(), signer, 'the same keys, and the secret from before is still one');
  assert.equal((await portal(service).create({})).status, 201, 'and so is the API key');

  assert.equal(await service.stop(), 0);
  const old = await refusesToStart({
    directory,
    config: domain({}),
    env: { ...env, KEY_ENCRYPTION_KEY: FIRST_KEK },
  });
  assert.match(old.output, /is sealed under the key-encryption key with the id/);
  service = await start();
});

test('S-KEY-11: an old keys directory that comes back from a backup is not used: the newer ring of the store is', async () => {
  const replica = join(directory, 'keys', 'ring.json');
  const backup = join(tempDir('backup'), 'ring.json');
  copyFileSync(replica, backup);
  const before = await signedBy(ES256_API);
  const { version } = await done('taint', 'ES256');
  await eventually(async () => assert.notEqual(await signedBy(ES256_API), before), 3000);
  const signer = await signedBy(ES256_API);
  assert.equal(await service.stop(), 0);
  copyFileSync(backup, replica);
  service = await start();
  assert.match(service.output.join('\n'), /OLDER COPY OF THE KEY RING/);
  assert.equal(await signedBy(ES256_API), signer);
  assert.equal(readRing().version, version);
});

function readRing(): { readonly version: number } {
  return JSON.parse(readFileSync(join(directory, 'keys', 'ring.json'), 'utf8')).ring;
}
