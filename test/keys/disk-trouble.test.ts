/**
 * F-18 with a real process that rotates its keys all the time, and a real disk that takes nothing any more: the
 * ring stays as it is, whole, and signs; it is said and shown; and it goes on by itself when the disk is back.
 * Only an input/output error is a double's: no disk fails when it is told to.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { type Credentials, fetchToken, portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { mountSmallDisk, NO_MOUNT } from '../support/small-disk.ts';
import { tempDir } from '../support/temp.ts';

const LEAD_SECONDS = 1;
const RING_REFRESH_MS = 100;
/** Within it at least one step would be due. */
const TROUBLE_MS = 4000;
const SOON_MS = 10_000;
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

const directory = tempDir('disk');
const keys = join(directory, 'keys');
mkdirSync(keys, { mode: 0o700 });
const disk = mountSmallDisk(keys, '512k');
const needsDisk = disk === undefined ? NO_MOUNT : false;

let redis: RedisServer;
let service: TestService;
let client: Credentials;
before(async () => {
  redis = await startRedis();
  service = await startService({
    directory,
    env: {
      NODE_OPTIONS: `--require ${resolve(import.meta.dirname, '../support/failing-disk.cjs')}`,
      FAILING_DISK: broken,
      STORE_URL: redis.url,
      KEY_ENCRYPTION_KEY: newKeyEncryptionKey(),
      RING_REFRESH_MS: String(RING_REFRESH_MS),
      CLOCK_SKEW_SECONDS: '0',
      KEY_PUBLISH_LEAD_SECONDS: String(LEAD_SECONDS),
      KEY_ROTATION_DAYS: ((LEAD_SECONDS + 1) / 86_400).toFixed(9),
    },
  });
  client = (await portal(service).create({ scope: 'read' })).body;
});
after(async () => {
  const code = await service?.stop();
  await redis?.stop();
  disk?.unmount();
  assert.equal(code, 0);
});

/** While it is there. */
const broken = join(directory, 'broken');

/** What the service was just writing gives its room back when it fails: that is taken too, until nothing is left. */
async function fill(): Promise<void> {
  while (disk !== undefined && disk.fill() > 0) await sleep(3 * RING_REFRESH_MS);
}

/** While the service has a file open for writing, the file system says that it is busy. */
const makeReadOnly = () =>
  eventually(async () => execFileSync('mount', ['-o', 'remount,ro', keys], { stdio: 'pipe' }), SOON_MS);

const limitFileSize = (bytes: string) =>
  execFileSync('prlimit', ['--pid', String(service.pid), `--fsize=${bytes}:unlimited`]);

/** How the disk fails, how it is mended, what the log says of it, and why that can't be tried here. */
const TROUBLES: readonly (readonly [string, () => unknown, () => void, RegExp, string | false])[] = [
  ['the disk is full', fill, () => disk?.makeRoom(), /ENOSPC/, needsDisk],
  [
    'the disk is read-only',
    makeReadOnly,
    () => execFileSync('mount', ['-o', 'remount,rw', keys]),
    /EROFS/,
    needsDisk,
  ],
  [
    'the disk says EIO when what was written is to last',
    () => writeFileSync(broken, ''),
    () => rmSync(broken),
    /EIO/,
    false,
  ],
  [
    'a write stops half-way, at the most that a file may be',
    () => limitFileSize('1000'),
    () => limitFileSize('unlimited'),
    /EFBIG/,
    false,
  ],
  [
    'the directory is closed to the service',
    () => (isRoot ? chownSync(keys, NOBODY, NOBODY) : chmodSync(keys, 0o500)),
    () => (isRoot ? chownSync(keys, 0, 0) : chmodSync(keys, 0o700)),
    isRoot ? /keys belongs to/ : /EACCES/,
    false,
  ],
];

const files = () =>
  readdirSync(keys)
    .filter((name) => !name.startsWith('.'))
    .map((name) => [name, readFileSync(join(keys, name), 'utf8')]);
const jwks = async () => (await send(`${service.publicUrl}/.well-known/jwks.json`)).text;
const replicaVersion = () => JSON.parse(readFileSync(join(keys, 'ring.json'), 'utf8')).ring.version as number;

async function troubles(): Promise<readonly string[]> {
  const { text } = await send(`${service.opsUrl}/metrics`);
  return [...text.matchAll(/^dcr_bridge_key_ring_trouble\{trouble="(\w+)"\} 1$/gm)].map(
    ([, name = '']) => name,
  );
}

async function signerIsPublished(): Promise<void> {
  const { status, body, text } = await fetchToken(service, client);
  assert.equal(status, 200, text);
  assert.ok((await jwks()).includes(decodeProtectedHeader(body.access_token).kid ?? ''));
}

for (const [name, begin, mend, says, skip] of TROUBLES) {
  test(`F-18: when ${name} the keys stay as they are, it is said and shown, and the rotation goes on afterwards`, {
    skip,
  }, async () => {
    const saidBefore = service.output.length;
    const saidOf = (part: string) => service.output.slice(saidBefore).filter((line) => line.includes(part));
    const said = () => saidOf('is due and could not be made');
    let lasting: { files: ReturnType<typeof files>; jwks: string; said: readonly string[] };
    try {
      // Twice: what was written in the moment when it began may have been done, or have given its room back.
      for (const _ of [1, 2]) {
        await begin();
        await eventually(async () => {
          assert.ok((await troubles()).includes('overdue'));
          assert.equal(
            said().length - saidOf('is as it should be again').length,
            1,
            'once, each time it begins',
          );
        }, SOON_MS);
      }
      lasting = { files: files(), jwks: await jwks(), said: said() };
      assert.deepEqual(
        lasting.files.map(([file]) => file).filter((file) => file?.endsWith('.tmp')),
        [],
      );
      for (const until = performance.now() + TROUBLE_MS; performance.now() < until; await sleep(200)) {
        await signerIsPublished();
      }
      assert.deepEqual({ files: files(), jwks: await jwks(), said: said() }, lasting);
      assert.equal((await send(`${service.opsUrl}/readyz`)).status, 200);
      assert.match(lasting.said.at(-1) ?? '', says);
    } finally {
      mend();
    }
    const before = replicaVersion();
    await eventually(async () => {
      assert.ok(replicaVersion() > before);
      assert.notEqual(await jwks(), lasting.jwks);
      assert.deepEqual(await troubles(), []);
    }, SOON_MS);
    await signerIsPublished();
    await eventually(
      async () => assert.equal(saidOf('is as it should be again').length, lasting.said.length),
      SOON_MS,
    );
  });
}
