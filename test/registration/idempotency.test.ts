/** Idempotency keys: the same key and body is the same act, done once and answered the same. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Answer } from '../support/bridge.ts';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  KONNECT,
  LEAST,
  LOCAL_REGISTER,
  opens,
  PUBLIC_REGISTER,
} from '../support/dialects.ts';
import { eventually } from '../support/eventually.ts';
import { type Operated, startOperated } from '../support/operated-service.ts';
import type { TestService } from '../support/service.ts';
import { storeRows } from '../support/store-rows.ts';
import { refuses } from '../support/unwritten.ts';

let operated: Operated;
let service: TestService;
let call: Call;
before(async () => {
  operated = await startOperated();
  service = operated.service;
  call = asPortal(service);
});
after(() => service.stop());

const newKey = () => ({ 'idempotency-key': randomUUID() });
const REUSED = { status: 422, error: 'idempotency_key_reused' };
const MALFORMED = { status: 400, error: 'invalid_request', says: /Idempotency-Key/ };

const clientCount = () => storeRows(service).clients?.length;

function assertSame(one: Answer, other: Answer): void {
  assert.equal(other.status, one.status, other.text);
  assert.deepEqual(other.body, one.body);
}

for (const [name, path] of [
  ['HTTP Bridge', BRIDGE],
  ['Konnect', KONNECT],
  ['RFC 7591', PUBLIC_REGISTER],
  ['/register/local', LOCAL_REGISTER],
] as const) {
  test(`S-DCR-27: ${name}: a create that is sent again is answered the same, secret included`, async () => {
    const key = newKey();
    const body = { client_name: 'a', redirect_uris: ['https://a.example'] };
    const first = await call('POST', path, body, key);
    assert.equal(first.status, 201);
    const count = clientCount();
    for (let again = 0; again < 3; again += 1) assertSame(first, await call('POST', path, body, key));
    assert.equal(clientCount(), count);
    assert.equal(await opens(service, first.body.client_id, first.body.client_secret), true);
    await refuses(service, REUSED, () => call('POST', path, { ...body, client_name: 'b' }, key));
    await refuses(service, REUSED, () => call('POST', path, { ...body, more: 1 }, key));
    await refuses(service, REUSED, () => call('POST', path, LEAST, key));
  });
}

test('without a key, or with another, each create is a client of its own', async () => {
  const body = { client_name: 'a' };
  const answers = await Promise.all([
    call('POST', BRIDGE, body),
    call('POST', BRIDGE, body),
    call('POST', BRIDGE, body, newKey()),
    call('POST', BRIDGE, body, newKey()),
  ]);
  assert.equal(new Set(answers.map(({ body: { client_id } }) => client_id)).size, 4);
});

test('a malformed key is refused before anything is done', async () => {
  const malformed = ['', ' ', 'two words', 'tab\there', 'k'.repeat(256), 'schlüssel'];
  for (const key of malformed) {
    const header = { 'idempotency-key': key };
    await refuses(service, MALFORMED, () => call('POST', BRIDGE, {}, header));
    await refuses(service, MALFORMED, () => call('POST', PUBLIC_REGISTER, {}, header));
  }
  const { body } = await call('POST', BRIDGE, {});
  const rotate = `${BRIDGE}/${body.client_id}/rotate-secret`;
  await refuses(service, MALFORMED, () => call('POST', rotate, {}, { 'idempotency-key': 'two words' }));
  for (const key of ['!', '~', 'k'.repeat(255), '"quoted,;=/\\"']) {
    assert.equal((await call('POST', BRIDGE, {}, { 'idempotency-key': key })).status, 201, key);
  }
});

test('the same address written in another way is the same route, so its key is the same key', async () => {
  for (const [path, others] of [
    [BRIDGE, [`${BRIDGE}/`, BRIDGE.replace('/bridge/', '/Bridge/'), BRIDGE.replace('local', 'l%6fcal')]],
    [KONNECT, [`${KONNECT}/`]],
    [PUBLIC_REGISTER, [`${PUBLIC_REGISTER}/`]],
  ] as const) {
    const key = newKey();
    const first = await call('POST', path, LEAST, key);
    assert.equal(first.status, 201, first.text);
    for (const other of others) assertSame(first, await call('POST', other, LEAST, key));
  }
  const { body } = await call('POST', BRIDGE, {});
  const key = newKey();
  const rotated = await call('POST', `${BRIDGE}/${body.client_id}/rotate-secret`, {}, key);
  assertSame(rotated, await call('POST', `${BRIDGE}/${body.client_id}/rotate-secret/`, {}, key));
  const escaped = body.client_id.replace('_', '%5F');
  assertSame(rotated, await call('POST', `${BRIDGE}/${escaped}/rotate-secret`, {}, key));
});

test("two portals' keys are two keys, and so are two routes' and two clients'", async () => {
  const other = asPortal(service, await operated.addPortal('idempotent-other'));
  const key = newKey();
  const mine = await call('POST', BRIDGE, {}, key);
  const theirs = await other('POST', BRIDGE, {}, key);
  assert.notEqual(theirs.body.client_id, mine.body.client_id);
  assert.equal(theirs.status, 201);
  const konnect = await call('POST', KONNECT, LEAST, key);
  assert.notEqual(konnect.body.client_id, mine.body.client_id);
  const second = await call('POST', BRIDGE, { client_name: '2' }, newKey());
  const rotate = (id: string) => call('POST', `${BRIDGE}/${id}/rotate-secret`, {}, key);
  const one = await rotate(mine.body.client_id);
  const two = await rotate(second.body.client_id);
  assert.deepEqual([one.body.client_id, two.body.client_id], [mine.body.client_id, second.body.client_id]);
  assert.notEqual(one.body.client_secret, two.body.client_secret);
});

test('two bearers of initial access tokens do not hear of each other under one key', async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(async () => {
      const { initial_access_token } = await operated.operate('portals', 'issue-token', 'test', '2');
      return bearing(service, initial_access_token);
    }),
  );
  assert.ok(one !== undefined && two !== undefined);
  const key = newKey();
  const first = await one('POST', PUBLIC_REGISTER, {}, key);
  const other = await two('POST', PUBLIC_REGISTER, {}, key);
  assert.deepEqual([first.status, other.status], [201, 201]);
  assert.notEqual(other.body.client_id, first.body.client_id);
  assertSame(first, await one('POST', PUBLIC_REGISTER, {}, key));
});

for (const [name, path, body] of [
  ['rotate-secret', (id: string) => `${BRIDGE}/${id}/rotate-secret`, { secret_overlap_seconds: 0 }],
  ['new-secret', (id: string) => `${KONNECT}/${id}/new-secret`, undefined],
  ['renew-secret', (id: string) => `${PUBLIC_REGISTER}/${id}/renew-secret`, undefined],
] as const) {
  test(`S-MGT-14: ${name} under a key gives one new secret, however often it is sent`, async () => {
    const { body: client } = await call('POST', BRIDGE, {});
    const key = newKey();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => call('POST', path(client.client_id), body, key)),
    );
    const [first] = answers;
    assert.ok(first !== undefined);
    for (const answer of answers) assertSame(first, answer);
    assert.equal(first.status, 200);
    assert.equal(await opens(service, client.client_id, client.client_secret), false);
    assert.equal(await opens(service, client.client_id, first.body.client_secret), true);
    await refuses(service, REUSED, () => call('POST', path(client.client_id), { other: 1 }, key));
    assert.equal(await opens(service, client.client_id, first.body.client_secret), true);
  });
}

for (const base of [BRIDGE, KONNECT]) {
  test(`${base}: a secret added under a key is answered again when the limit has been reached`, async () => {
    const { body: client } = await call('POST', BRIDGE, {});
    const path = `${base}/${client.client_id}/secrets`;
    const key = newKey();
    const added = await call('POST', path, {}, key);
    assert.equal(added.status, 201);
    await refuses(service, { status: 409, error: 'conflict' }, () => call('POST', path, {}));
    assertSame(added, await call('POST', path, {}, key));
    assert.equal((await call('GET', path)).body.secrets.length, 2);
    assert.equal(await opens(service, client.client_id, added.body.client_secret), true);
  });
}

test('a refused act keeps no answer: the key is free for the act that is right', async () => {
  const key = newKey();
  const wrong = { scopes: ['admin'] };
  await refuses(service, { status: 400, error: 'invalid_client_metadata' }, () =>
    call('POST', BRIDGE, wrong, key),
  );
  assert.equal((await call('POST', BRIDGE, { scopes: ['read'] }, key)).status, 201);
});

test('a read and an update take no key', async () => {
  const { body } = await call('POST', BRIDGE, {});
  const key = newKey();
  const at = `${BRIDGE}/${body.client_id}`;
  await call('PUT', at, { client_name: 'one' }, key);
  assert.equal((await call('PUT', at, { client_name: 'two' }, key)).body.client_name, 'two');
  assert.equal((await call('GET', at, undefined, key)).body.client_name, 'two');
});

test('after its window the answer comes without the secret, and the client is the same', async () => {
  const brief = await startOperated({ env: { IDEMPOTENCY_SECRET_SECONDS: '1' } });
  try {
    const brieflyCall = asPortal(brief.service);
    const key = newKey();
    const paths = [BRIDGE, KONNECT, PUBLIC_REGISTER];
    const firsts = await Promise.all(paths.map((path) => brieflyCall('POST', path, LEAST, key)));
    for (const [index, path] of paths.entries()) {
      const first = firsts[index];
      const { client_secret, ...rest } = first?.body ?? {};
      assert.match(client_secret, /^dcrs_/);
      await eventually(async () => {
        const again = await brieflyCall('POST', path, LEAST, key);
        assert.equal(again.status, 201);
        assert.deepEqual(again.body, rest, path);
      }, 3000);
      assert.equal(await opens(brief.service, rest.client_id, client_secret), true);
    }
    const never = await brief.again({ env: { IDEMPOTENCY_SECRET_SECONDS: '0' } });
    try {
      const neverCall = asPortal(never.service);
      const key2 = newKey();
      const first = await neverCall('POST', BRIDGE, {}, key2);
      const { client_secret, ...rest } = first.body;
      assert.match(client_secret, /^dcrs_/);
      assert.deepEqual((await neverCall('POST', BRIDGE, {}, key2)).body, rest);
    } finally {
      await never.service.stop();
    }
  } finally {
    await brief.service.stop();
  }
});

test('whoever reads the store finds neither the secret nor the key nor the answer', async () => {
  const key = `canary-key-${'k'.repeat(20)}`;
  const body = { client_name: 'canary-name' };
  const { body: made } = await call('POST', BRIDGE, body, { 'idempotency-key': key });
  await call('POST', `${BRIDGE}/${made.client_id}/rotate-secret`, {}, { 'idempotency-key': key });
  const bytes = readdirSync(service.directory)
    .filter((name) => name.startsWith('store.db'))
    .map((name) => readFileSync(join(service.directory, name)));
  const anywhere = (text: string) => bytes.some((file) => file.includes(text));
  assert.equal(anywhere(made.client_id), true, 'the bytes are looked at');
  assert.equal(anywhere(made.client_secret), false);
  assert.equal(anywhere(made.client_secret.slice(5)), false);
  assert.equal(anywhere(key), false);
  const { answers, answer_secrets } = storeRows(service);
  assert.ok(answers !== undefined && answers.length > 0 && answer_secrets !== undefined);
  assert.ok(!JSON.stringify(answers).includes('canary-name'));
  assert.ok(!JSON.stringify(answers).includes(made.client_id));
});
