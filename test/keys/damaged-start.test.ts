/**
 * F-20 with real processes: a keys directory and a store that are not what the service left there. Each refused
 * start ends with code 1 and one line that names the file and the way out, and changes nothing.
 */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, test } from 'node:test';
import { send } from '../support/bridge.ts';
import { newKeyEncryptionKey, refusesToStart, startService } from '../support/service.ts';
import { storeRows } from '../support/store-rows.ts';
import { tempDir } from '../support/temp.ts';

const KEY_ENCRYPTION_KEY = newKeyEncryptionKey();
const GIVEN = { KEY_ENCRYPTION_KEY };
/** The key-encryption key is the one that is kept in the keys directory. */
const KEPT = { KEY_ENCRYPTION_KEY: undefined };
type Env = typeof GIVEN | typeof KEPT;

/** As a service that was in use left them. */
const left = new Map<Env, { readonly directory: string; readonly jwks: string }>();
/** With the same key-encryption key. */
let otherInstallation: string;

before(async () => {
  const [given, kept] = await Promise.all([installation(GIVEN), installation(KEPT)]);
  left.set(GIVEN, given).set(KEPT, kept);
  otherInstallation = (await installation(GIVEN)).directory;
});

async function installation(env: Env) {
  const directory = tempDir('left');
  const service = await startService({ directory, env });
  const { text } = await send(`${service.publicUrl}/.well-known/jwks.json`);
  assert.equal(await service.stop(), 0);
  return { directory, jwks: text };
}

function copyOf(env: Env): string {
  const directory = tempDir('damaged');
  cpSync(left.get(env)?.directory ?? '', directory, { recursive: true, preserveTimestamps: true });
  return directory;
}

/** Every file's name, content, mode and time. */
function filesOf(directory: string) {
  const keys = join(directory, 'keys');
  return readdirSync(keys).map((name) => {
    const { mode, mtimeMs } = statSync(join(keys, name));
    return { name, mode, mtimeMs, content: readFileSync(join(keys, name), 'utf8') };
  });
}

async function assertRefused(directory: string, env: Env, ...says: readonly RegExp[]): Promise<void> {
  const before = { files: filesOf(directory), rows: storeRows({ directory }) };
  const { code, output } = await refusesToStart({ directory, env });
  assert.equal(code, 1, output);
  for (const pattern of [/^dcr-bridge can't start: /m, ...says]) assert.match(output, pattern);
  assert.doesNotMatch(output, /^\s+at /m, 'no stack');
  assert.deepEqual({ files: filesOf(directory), rows: storeRows({ directory }) }, before);
}

const RING = join('keys', 'ring.json');
const KEK = join('keys', 'development-kek');
const REMEDY = /move this file away and start again|restore the file from a backup or another node's/;

/** Where to find a region of `ring.json`: the last character of what matches is the one that is flipped. */
const REGIONS: Readonly<Record<string, RegExp>> = {
  'the format': /"format":1/,
  'the id of the key-encryption key': /"kek_id":"[\w-]{3}/,
  'the authenticator': /"mac":"[\w-]{20}/,
  "the ring's id": /"ring_id":"ring_\w{3}/,
  'its version': /"version":1/,
  "a key's id": /"kid":"[\w-]{9}/,
  'a state': /"state":"a/,
  'a time': /"activates_at":\d{10}/,
  'a public key': /"n":"[\w-]{99}/,
  'the head of a private key': /"sealed_private_key":"[\w-]{30}/,
  'its ciphertext': /"sealed_private_key":"[\w-]+\.\.[\w-]+\.[\w-]{99}/,
  'its tag': /"sealed_private_key":"[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]{9}/,
  'the end': /\}\}$/,
};

for (const [name, region] of Object.entries(REGIONS)) {
  test(`F-20: ring.json with a bit flipped in ${name} is refused, and says how to go on`, async () => {
    const directory = copyOf(GIVEN);
    const file = join(directory, RING);
    const bytes = readFileSync(file);
    const [match = '', at = { index: 0 }] = [
      region.exec(bytes.toString())?.[0],
      region.exec(bytes.toString()),
    ];
    assert.ok(match !== '', 'the region is there');
    const place = (at?.index ?? 0) + match.length - 1;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const says = /The key ring in \S+ring\.json (?:was altered|is truncated or not JSON|is not a key ring)/;
    await assertRefused(directory, GIVEN, says, REMEDY);
  });
}

const DAMAGES: readonly (readonly [string, Env, (directory: string) => void, ...RegExp[]])[] = [
  ['ring.json is half as long', GIVEN, (at) => cut(join(at, RING), 0.5), /is truncated or not JSON/, REMEDY],
  ['ring.json is empty', GIVEN, (at) => cut(join(at, RING), 0), /is truncated or not JSON/, REMEDY],
  [
    'ring.json is the record of what was served',
    GIVEN,
    (at) => cpSync(join(at, `${RING}.served`), join(at, RING)),
    /is not a key ring as this service writes it/,
    REMEDY,
  ],
  [
    'ring.json is of another installation with the same key',
    GIVEN,
    (at) => cpSync(join(otherInstallation, RING), join(at, RING)),
    /another one, ring_\w+\. If STORE_URL and KEYS_DIR are right/,
  ],
  [
    'the store is of another installation with the same key',
    GIVEN,
    (at) => cpSync(join(otherInstallation, 'store.db'), join(at, 'store.db')),
    /The store holds the key ring ring_\w+ and \S+ring\.json another one/,
  ],
  [
    'the whole keys directory is of another installation',
    KEPT,
    (at) => {
      rmSync(join(at, 'keys'), { recursive: true });
      cpSync(join(otherInstallation, 'keys'), join(at, 'keys'), { recursive: true });
    },
    /ring\.json was written under another key-encryption key, and \S+development-kek is not there/,
  ],
  [
    'ring.json and development-kek have changed places',
    KEPT,
    (at) => {
      renameSync(join(at, RING), join(at, 'aside'));
      renameSync(join(at, KEK), join(at, RING));
      renameSync(join(at, 'aside'), join(at, KEK));
    },
    /development-kek does not hold a key-encryption key\. Restore it/,
  ],
  [
    'development-kek has a bit flipped',
    KEPT,
    (at) => {
      const bytes = readFileSync(join(at, KEK));
      bytes[5] = bytes[5] === 0x41 ? 0x42 : 0x41;
      writeFileSync(join(at, KEK), bytes);
    },
    /sealed under the key-encryption key with the id [\w-]{11}; .*restore the file development-kek/,
  ],
  [
    'development-kek is cut off',
    KEPT,
    (at) => cut(join(at, KEK), 0.5),
    /development-kek does not hold a key-encryption key\. Restore it/,
  ],
  ['development-kek is gone', KEPT, (at) => rmSync(join(at, KEK)), /restore \S+development-kek/],
  [
    'everything in the keys directory is gone, the only key-encryption key with it',
    KEPT,
    (at) => empty(join(at, 'keys')),
    /The key ring in the store was written under another .*restore \S+development-kek/,
  ],
  [
    'both the copy and the ring of a store in use are gone',
    GIVEN,
    (at) => {
      empty(join(at, 'keys'));
      loseRing(at);
    },
    /a key ring existed and is gone/,
    /No new ring is made/,
  ],
];

for (const [name, env, damage, ...says] of DAMAGES) {
  test(`F-20: when ${name} the start is refused, precisely, and nothing is changed`, async () => {
    const directory = copyOf(env);
    damage(directory);
    await assertRefused(directory, env, ...says);
  });
}

for (const [name, damage, says] of [
  ['the store has lost its ring', loseRing, /THE STORE HAD LOST ITS KEY RING/],
  ['the store was emptied', (at) => rmSync(join(at, 'store.db')), /THE STORE HAD LOST ITS KEY RING/],
  ['the keys directory was emptied', (at) => empty(join(at, 'keys')), /"listening"/],
  ['what was served is unreadable', (at) => cut(join(at, `${RING}.served`), 0.5), /"listening"/],
] as const satisfies readonly (readonly [string, (directory: string) => void, RegExp])[]) {
  test(`F-20: when ${name} and the other place has the ring, it starts with the same keys`, async () => {
    const directory = copyOf(GIVEN);
    damage(directory);
    const service = await startService({ directory, env: GIVEN });
    const { text } = await send(`${service.publicUrl}/.well-known/jwks.json`);
    assert.equal(await service.stop(), 0);
    assert.equal(text, left.get(GIVEN)?.jwks);
    assert.match(service.output.join('\n'), says);
    assert.equal(
      readFileSync(join(directory, RING), 'utf8'),
      readFileSync(join(left.get(GIVEN)?.directory ?? '', RING), 'utf8'),
    );
  });
}

function cut(file: string, share: number): void {
  const content = readFileSync(file);
  writeFileSync(file, content.subarray(0, Math.floor(content.length * share)));
}

function empty(directory: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
}

function loseRing(directory: string): void {
  const database = new DatabaseSync(join(directory, 'store.db'));
  database.exec('DELETE FROM ring');
  database.close();
}
