/** Places in Token Status Lists, and the lists themselves, as values: no store, no clock. */
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { SigningAlg } from '../../src/keys/signing-alg.ts';
import { StoreUnavailable } from '../../src/lib/store-unavailable.ts';
import {
  STATUS_LIST_OPEN_SECONDS,
  STATUS_LIST_SIZE,
  statusListPlaces,
} from '../../src/tokens/status-list-places.ts';
import { statusLists } from '../../src/tokens/status-lists.ts';
import { NOW } from './support.ts';

const DAY = 24 * 60 * 60;
const hash = (text: string) => createHmac('sha256', 'a key').update(text).digest();
const uriOf = (alg: SigningAlg, id: string) => `https://as.example/lists/${alg}/${id}`;
const idOf = (uri: string) => uri.slice(uri.lastIndexOf('/') + 1);
const places = () => statusListPlaces({ hash, random: randomBytes, uriOf });

/** The lists of a process whose revocations can be set, or taken away. */
function aPublisher() {
  const revoked = { indexes: new Set<number>(), changes: 0 };
  let [away, fails, kid] = [false, false, 'the kid'];
  const signed: string[] = [];
  const lists = statusLists({
    hash,
    uriOf,
    maxTokenLifetimeSeconds: DAY,
    activeKey: (alg) => ({
      kid,
      alg,
      sign: (data) => {
        if (fails) throw new Error('the signer is away');
        signed.push(Buffer.from(data).toString());
        return new Uint8Array(4);
      },
    }),
    revocations: {
      revokedIn: () => {
        if (away) throw new StoreUnavailable('test', 'not_done');
        return revoked;
      },
    },
  });
  return {
    lists,
    signed,
    revoke: (index: number) => {
      revoked.indexes.add(index);
      revoked.changes += 1;
    },
    leave: () => {
      away = true;
    },
    failToSign: (failing: boolean) => {
      fails = failing;
    },
    rotate: () => {
      kid = 'the next kid';
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the payload of a status list, looked into
const payloadOf = (document: { readonly body: Buffer } | undefined): any =>
  decodeJwt(document?.body.toString() ?? assert.fail('there is no list'));
const bitsOf = (document: { readonly body: Buffer } | undefined): Uint8Array =>
  inflateSync(Buffer.from(payloadOf(document).status_list.lst, 'base64url'));

test('no two tokens have the same place, in a full list and in the one after it', () => {
  const { next } = places();
  const first = next('ES256', NOW).status_list;
  const taken = new Uint8Array(STATUS_LIST_SIZE);
  taken[first.idx] = 1;
  for (let token = 1; token < STATUS_LIST_SIZE; token += 1) {
    const { idx, uri } = next('ES256', NOW).status_list;
    if (uri !== first.uri || taken[idx] === 1) assert.fail(`token ${token} has the place of another`);
    taken[idx] = 1;
  }
  assert.notEqual(next('ES256', NOW).status_list.uri, first.uri);
});

test('a list is of one algorithm and one process, and is left when it is old or the clock was set back', () => {
  const { next } = places();
  const uri = (alg: SigningAlg, now: number) => next(alg, now).status_list.uri;
  const first = uri('ES256', NOW);
  assert.equal(uri('ES256', NOW + STATUS_LIST_OPEN_SECONDS - 1), first);
  assert.notEqual(uri('RS256', NOW), first);
  assert.notEqual(places().next('ES256', NOW).status_list.uri, first);
  const second = uri('ES256', NOW + STATUS_LIST_OPEN_SECONDS);
  assert.notEqual(second, first);
  assert.notEqual(uri('ES256', NOW), second);
});

test('a list says of each place one bit, the lowest of a byte first, and nothing of the others', async () => {
  const { lists, revoke } = aPublisher();
  const { uri } = places().next('ES256', NOW).status_list;
  const revoked = [0, 7, 8, 4242, STATUS_LIST_SIZE - 1];
  revoked.forEach(revoke);
  const document = await lists.read('ES256', idOf(uri), NOW);
  assert.deepEqual(decodeProtectedHeader(document?.body.toString() ?? ''), {
    alg: 'ES256',
    typ: 'statuslist+jwt',
    kid: 'the kid',
  });
  const { status_list, ...claims } = payloadOf(document);
  assert.deepEqual(claims, { sub: uri, iat: NOW, exp: NOW + 3600, ttl: 30 });
  assert.equal(status_list.bits, 1);
  const bits = bitsOf(document);
  assert.equal(bits.length * 8, STATUS_LIST_SIZE);
  const set: number[] = [];
  bits.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) if ((byte >> bit) & 1) set.push(at * 8 + bit);
  });
  assert.deepEqual(set, revoked);
});

test('a list is signed once for everybody, again when something changed, and again to stay fresh', async () => {
  const { lists, signed, revoke } = aPublisher();
  const id = idOf(places().next('ES256', NOW).status_list.uri);
  const [one, other] = await Promise.all([lists.read('ES256', id, NOW), lists.read('ES256', id, NOW)]);
  assert.equal(one?.etag, other?.etag);
  await lists.read('ES256', id, NOW + 299);
  assert.equal(signed.length, 1);
  revoke(5);
  const changed = await lists.read('ES256', id, NOW + 299);
  assert.notEqual(changed?.etag, one?.etag);
  assert.equal(signed.length, 2);
  assert.equal(payloadOf(await lists.read('ES256', id, NOW + 599)).iat, NOW + 599);
});

test('a list is signed anew under the key that is active now, and when the clock was set back', async () => {
  const { lists, signed, rotate } = aPublisher();
  const id = idOf(places().next('ES256', NOW).status_list.uri);
  await lists.read('ES256', id, NOW + 200);
  rotate();
  const next = await lists.read('ES256', id, NOW + 200);
  assert.equal(decodeProtectedHeader(next?.body.toString() ?? '').kid, 'the next kid');
  assert.equal(payloadOf(await lists.read('ES256', id, NOW)).iat, NOW, 'nothing is told of a time to come');
  assert.equal(signed.length, 3);
});

test('of very many lists those that were signed last are kept', async () => {
  const { lists, signed } = aPublisher();
  const ids = Array.from({ length: 1001 }, () => idOf(places().next('ES256', NOW).status_list.uri));
  const [first = '', second = '', ...others] = ids;
  const later = NOW + 200;
  await lists.read('ES256', first, NOW - 100);
  await lists.read('ES256', second, NOW);
  for (const id of others.slice(0, -1)) await lists.read('ES256', id, NOW);
  await lists.read('ES256', first, later);
  await lists.read('ES256', others.at(-1) ?? '', later);
  const before = signed.length;
  await lists.read('ES256', first, later);
  assert.equal(signed.length, before, 'it was signed again, and is none of the oldest');
  await lists.read('ES256', second, later);
  assert.equal(signed.length, before + 1);
});

test('a list that could not be signed is signed for the next who asks', async () => {
  const { lists, failToSign } = aPublisher();
  const id = idOf(places().next('ES256', NOW).status_list.uri);
  failToSign(true);
  await assert.rejects(lists.read('ES256', id, NOW), /signer is away/);
  failToSign(false);
  assert.ok(await lists.read('ES256', id, NOW));
});

test('what we did not open is no list: guessed, altered, of another algorithm, or over', async () => {
  const { lists, signed } = aPublisher();
  const id = idOf(places().next('ES256', NOW).status_list.uri);
  const bytes = Buffer.from(id, 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.equal(await lists.read('ES256', altered.toString('base64url'), NOW), undefined, `byte ${at}`);
  }
  for (const wrong of ['', 'x', `${id}=`, `${id}A`, randomBytes(36).toString('base64url')]) {
    assert.equal(await lists.read('ES256', wrong, NOW), undefined, wrong);
  }
  for (const alg of ['RS256', 'none', 'es256', '']) {
    assert.equal(await lists.read(alg, id, NOW), undefined, alg);
  }
  const lastExpiry = NOW + STATUS_LIST_OPEN_SECONDS + DAY;
  assert.deepEqual(signed, []);
  assert.ok(await lists.read('ES256', id, lastExpiry));
  assert.equal(await lists.read('ES256', id, lastExpiry + 60), undefined);
});

test('R-03: without recent revocations there is no list, so that none is vouched for', async () => {
  const { lists, leave } = aPublisher();
  const id = idOf(places().next('ES256', NOW).status_list.uri);
  await lists.read('ES256', id, NOW);
  leave();
  await assert.rejects(lists.read('ES256', id, NOW), StoreUnavailable);
});
