/** A client's secrets: they overlap as long as announced, are two at most, and end when they are told to. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { postToken } from '../support/bridge.ts';
import {
  asPortal,
  BRIDGE,
  bearing,
  type Call,
  KONNECT,
  type Made,
  opens,
  PUBLIC_REGISTER,
} from '../support/dialects.ts';
import { domain, type Operated, startOperated } from '../support/operated-service.ts';
import type { TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

const HOUR = 3600;
let operated: Operated;
let service: TestService;
/** Portals by what their policy says of secrets. */
let plain: Call;
let overlapping: Call;
let five: Call;
let recoverable: Call;
let recoverableKey: string;
before(async () => {
  const portals = {
    overlapping: { secret_overlap_seconds: HOUR },
    five: { max_secrets: 5 },
    recoverable: { secret_storage: 'recoverable', secret_overlap_seconds: HOUR },
  };
  operated = await startOperated({ config: domain({ portals }) });
  service = operated.service;
  plain = asPortal(service);
  const keys = await Promise.all(Object.keys(portals).map((name) => operated.addPortal(name)));
  [overlapping, five, recoverable] = keys.map((key) => asPortal(service, key)) as [Call, Call, Call];
  recoverableKey = keys[2] ?? '';
});
after(() => service.stop());

const CONFLICT = { status: 409, error: 'conflict' };
const NOT_FOUND = { status: 404, error: 'not_found' };

async function register(call: Call) {
  return known(call, (await call('POST', BRIDGE, {})).body);
}

function known(call: Call, body: Made) {
  const id = body.client_id;
  const at = `${BRIDGE}/${id}`;
  return {
    id,
    first: body.client_secret,
    works: (secret: string) => opens(service, id, secret),
    rotate: async (request?: object): Promise<string> => {
      const answer = await call('POST', `${at}/rotate-secret`, request);
      assert.equal(answer.status, 200, answer.text);
      return answer.body.client_secret;
    },
    add: () => call('POST', `${at}/secrets`),
    list: async () => (await call('GET', `${at}/secrets`)).body.secrets,
    end: (secretId: string) => call('DELETE', `${at}/secrets/${secretId}`),
  };
}

const nowSeconds = () => Math.floor(Date.now() / 1000);

test('without an overlap in the policy the old secret stops at once', async () => {
  const client = await register(plain);
  const second = await client.rotate({ secret_overlap_seconds: 0 });
  assert.equal(await client.works(client.first), false);
  assert.equal(await client.works(second), true);
  assert.equal((await client.list()).length, 1);
});

test('with an overlap both work, and the list announces when the old one ends', async () => {
  const client = await register(overlapping);
  const asked = nowSeconds();
  const second = await client.rotate();
  const answered = nowSeconds();
  assert.deepEqual([await client.works(client.first), await client.works(second)], [true, true]);
  const [newest, old] = await client.list();
  assert.equal(newest.expires_at, 0);
  assert.ok(old.expires_at >= asked + HOUR && old.expires_at <= answered + HOUR + 1);
});

test('a request that asks for a longer overlap than the policy allows is refused, and nothing is rotated', async () => {
  for (const [call, allowed] of [
    [overlapping, HOUR],
    [plain, 0],
  ] as const) {
    const client = await register(call);
    const says = new RegExp(`secret_overlap_seconds: must be at most ${allowed},`);
    await refuses(service, { status: 400, error: 'invalid_client_metadata', says }, () =>
      call('POST', `${BRIDGE}/${client.id}/rotate-secret`, { secret_overlap_seconds: allowed + 1 }),
    );
    assert.equal(await client.works(client.first), true);
    assert.equal((await client.list()).length, 1);
  }
});

test('an overlap lasts as long as was asked, and not a second more than one longer', async () => {
  const client = await register(overlapping);
  const askedMs = Date.now();
  await client.rotate({ secret_overlap_seconds: 2 });
  const answeredMs = Date.now();
  const [, old] = await client.list();
  assert.ok(old.expires_at * 1000 >= askedMs + 2000, 'counted from the request');
  assert.ok(old.expires_at * 1000 <= answeredMs + 3000);
});

test('a request may shorten the overlap', async () => {
  const other = await register(overlapping);
  await other.rotate({ secret_overlap_seconds: 60 });
  const answered = nowSeconds();
  const [, shortened] = await other.list();
  assert.ok(shortened.expires_at <= answered + 61);
  const third = await register(overlapping);
  await third.rotate({ secret_overlap_seconds: 0 });
  assert.equal(await third.works(third.first), false);
});

test('S-MGT-16: the old secret is refused from the announced instant on, in Basic and in the form', async () => {
  const client = await register(overlapping);
  const { body: poster } = await overlapping('POST', BRIDGE, {
    token_endpoint_auth_method: 'client_secret_post',
  });
  const posted = known(overlapping, poster);
  const inForm = async (client_secret: string) =>
    (await postToken(service, { grant_type: 'client_credentials', client_id: posted.id, client_secret }))
      .status;
  const second = await client.rotate({ secret_overlap_seconds: 2 });
  const secondPosted = await posted.rotate({ secret_overlap_seconds: 2 });
  assert.equal(await client.works(client.first), true);
  assert.equal(await inForm(posted.first), 200);
  const [, old] = await posted.list();
  while (nowSeconds() < old.expires_at) await sleep(50);
  assert.equal(await client.works(client.first), false);
  assert.equal(await inForm(posted.first), 401);
  assert.equal(await client.works(second), true);
  assert.equal(await inForm(secondPosted), 200);
  const [, ended] = await client.list();
  assert.equal(ended.status, 'INACTIVE');
  const konnect = (await overlapping('GET', `${KONNECT}/${client.id}/secrets`)).body.secrets;
  assert.deepEqual(
    konnect.map(({ status }: { status: string }) => status),
    ['ACTIVE', 'INACTIVE'],
  );
});

test('an overlap that is no whole number of seconds is refused and nothing is rotated', async () => {
  const client = await register(overlapping);
  for (const wrong of [-1, 1.5, '60', true, {}]) {
    await refuses(
      service,
      { status: 400, error: 'invalid_client_metadata', says: /secret_overlap_seconds/ },
      () => overlapping('POST', `${BRIDGE}/${client.id}/rotate-secret`, { secret_overlap_seconds: wrong }),
    );
  }
  assert.equal(await client.works(client.first), true);
});

test('S-MGT-15: rotated twice within the overlap, the last two work and the oldest does not', async () => {
  const client = await register(overlapping);
  const second = await client.rotate();
  const third = await client.rotate();
  assert.deepEqual(
    [await client.works(client.first), await client.works(second), await client.works(third)],
    [false, true, true],
  );
  assert.equal((await client.list()).length, 2);
});

test("Konnect's new secret ends the old one at once, even where the policy has an overlap", async () => {
  const client = await register(overlapping);
  const { body } = await overlapping('POST', `${KONNECT}/${client.id}/new-secret`);
  assert.equal(await client.works(client.first), false);
  assert.equal(await client.works(body.client_secret), true);
});

test('a third secret is refused while two work, and taken when one of them is gone', async () => {
  const client = await register(plain);
  const second = (await client.add()).body;
  await refuses(service, CONFLICT, () => client.add());
  await refuses(service, CONFLICT, () => plain('POST', `${KONNECT}/${client.id}/secrets`));
  const [, oldest] = await client.list();
  assert.equal((await client.end(oldest.secret_id)).status, 204);
  assert.equal(await client.works(client.first), false);
  assert.equal(await client.works(second.client_secret), true);
  assert.equal((await client.add()).status, 201);
});

test('the newest may be deleted too: then the older one works on', async () => {
  const client = await register(plain);
  const second = (await client.add()).body;
  assert.equal((await client.end(second.secret_id)).status, 204);
  assert.deepEqual(
    [await client.works(client.first), await client.works(second.client_secret)],
    [true, false],
  );
});

test('the last secret that works is not deleted, nor one that is not there, nor one of another client', async () => {
  const client = await register(plain);
  const other = await register(plain);
  const [only] = await client.list();
  await refuses(service, CONFLICT, () => client.end(only.secret_id));
  await refuses(service, NOT_FOUND, () => other.end(only.secret_id));
  await refuses(service, NOT_FOUND, () => client.end('sec_0000000000000000000000'));
  await refuses(service, NOT_FOUND, () => client.end('constructor'));
  await refuses(service, NOT_FOUND, () => five('DELETE', `${BRIDGE}/${client.id}/secrets/${only.secret_id}`));
  assert.equal(await client.works(client.first), true);
});

test('a secret that has ended does not count as one that works', async () => {
  const client = await register(overlapping);
  await client.rotate({ secret_overlap_seconds: 1 });
  const [newest, old] = await client.list();
  while (nowSeconds() < old.expires_at) await sleep(50);
  await refuses(service, CONFLICT, () => client.end(newest.secret_id));
  const added = await client.add();
  assert.equal(added.status, 201, 'and takes no place');
});

test('a policy of five secrets: each of five works, the sixth is refused', async () => {
  const client = await register(five);
  const secrets = [client.first];
  for (let more = 0; more < 4; more += 1) secrets.push((await client.add()).body.client_secret);
  for (const secret of secrets) assert.equal(await client.works(secret), true);
  await refuses(service, CONFLICT, () => client.add());
  const listed = await client.list();
  assert.equal(listed.length, 5);
  assert.equal((await client.end(listed[2].secret_id)).status, 204);
  const working = await Promise.all(secrets.map((secret) => client.works(secret)));
  assert.deepEqual(working, [true, true, false, true, true]);
});

test('deletes at once never leave a client without a secret', async () => {
  for (let round = 0; round < 5; round += 1) {
    const client = await register(plain);
    const second = (await client.add()).body;
    const listed = await client.list();
    const answers = await Promise.all(
      listed.map(({ secret_id }: { secret_id: string }) => client.end(secret_id)),
    );
    assert.deepEqual(answers.map(({ status }: { status: number }) => status).sort(), [204, 409]);
    const working = [await client.works(client.first), await client.works(second.client_secret)];
    assert.equal(working.filter(Boolean).length, 1);
  }
});

test('secrets added at once are never more than the policy allows', async () => {
  const client = await register(plain);
  const answers = await Promise.all(Array.from({ length: 6 }, () => client.add()));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409]);
  assert.equal((await client.list()).length, 2);
});

test('S-RACE-04: while a secret is rotated with an overlap, the old one is never refused', async () => {
  const client = await register(overlapping);
  let rotating = true;
  const watched = (async () => {
    const seen: boolean[] = [];
    while (rotating) seen.push(await client.works(client.first));
    return seen;
  })();
  await client.rotate();
  rotating = false;
  assert.ok((await watched).every(Boolean));
});

test('recoverable: update and renew by RFC 7592 return the secret again, and a read does not (S-MGT-12)', async () => {
  const call = bearing(service, recoverableKey);
  const { body: client } = await call('POST', PUBLIC_REGISTER, {});
  const at = `${PUBLIC_REGISTER}/${client.client_id}`;
  assert.equal((await call('PUT', at, { client_name: 'n' })).body.client_secret, client.client_secret);
  const renewed = (await call('PATCH', `${at}/renew-secret`)).body.client_secret;
  assert.notEqual(renewed, client.client_secret);
  const updated = await call('PUT', at, { client_name: 'n2' });
  assert.equal(updated.body.client_secret, renewed, 'the newest');
  assert.equal((await call('GET', at)).body.client_secret, undefined);
  assert.equal(await opens(service, client.client_id, renewed), true);
  // The other dialects' portals keep what they are shown once; their answers do not grow a secret.
  for (const path of [`${BRIDGE}/${client.client_id}`, BRIDGE, `${KONNECT}/${client.client_id}/secrets`]) {
    assert.ok(!(await recoverable('GET', path)).text.includes('"client_secret"'), path);
  }
});
