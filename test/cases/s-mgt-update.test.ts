/** S-MGT: an update is judged like a create, on the whole of what results, and an answer repeats no secret. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { issueInitialAccessToken } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { claimsOf, fetchToken } from '../support/bridge.ts';
import { API_KEY } from '../support/service.ts';
import { tempDir } from '../support/temp.ts';
import { refuses, rowsOf } from '../support/unwritten.ts';
import { type CaseBridge, EVERY_PORTAL, startBridge } from './support/bridge.ts';
import { BRIDGE, bearer, call, DIALECTS, RFC_DIALECTS, through, WITH_UPDATE } from './support/dialects.ts';
import { INVALID_METADATA, NOT_FOUND, storedClient, UNAUTHORIZED } from './support/stored.ts';

let bridge: CaseBridge;
before(async () => {
  const recoverable = { secret_storage: 'recoverable', secret_overlap_seconds: 3600 };
  bridge = await startBridge({
    portals: Object.fromEntries(DIALECTS.map((_, index) => [`recoverable${index}`, recoverable])),
  });
});
after(async () => {
  await bridge.service.stop();
});

test('S-MGT-06 an update of one member is judged with all the others, under the policy of now', async (t) => {
  const directory = tempDir('narrowed');
  const wide = await startBridge({ directory });
  t.after(() => wide.service.stop());
  const made = await Promise.all(
    DIALECTS.map((dialect) =>
      through(dialect, wide.service).create({ client_name: 'a client', scope: 'read write' }),
    ),
  );
  await wide.service.stop();
  const { service } = await startBridge({
    directory,
    portals: { '*': { ...EVERY_PORTAL, scopes: ['read'] } },
  });
  try {
    for (const [index, dialect] of DIALECTS.entries()) {
      const { update } = through(dialect, service);
      const id = made[index]?.body.client_id;
      if (dialect === BRIDGE || !dialect.hasUpdate) {
        await refuses(service, { ...INVALID_METADATA, says: /^scope: / }, () =>
          update(id, { client_name: 'renamed' }),
        );
      }
      if (!dialect.hasUpdate) continue;
      await refuses(service, INVALID_METADATA, () =>
        update(id, { client_name: 'renamed', scope: 'read write' }),
      );
      assert.equal((await update(id, { client_name: 'renamed', scope: 'read' })).status, 200);
    }
  } finally {
    await service.stop();
  }
});

for (const dialect of WITH_UPDATE) {
  test(`S-MGT-06 an update that breaks one rule changes nothing, whatever else it holds (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, update } = through(dialect, service);
    const made = await create({ client_name: 'a client', scope: 'read' });
    const wrong = {
      client_name: 'renamed',
      scope: 'admin',
      redirect_uris: ['javascript:x'],
      contacts: ['x'],
      logo_uri: 'x',
    };
    const refused = await refuses(service, INVALID_METADATA, () => update(made.body.client_id, wrong));
    for (const path of ['scope', 'redirect_uris[0]', 'contacts[0]', 'logo_uri']) {
      assert.ok(refused.body.error_description.includes(`${path}: `), `names ${path} too`);
    }
    assert.equal(
      (await update(made.body.client_id, { client_name: 'renamed', scope: 'read write' })).status,
      200,
    );
    assert.equal(storedClient(service, made).metadata.scope, 'read write');
  });

  test(`S-MGT-07 from the weakest client an update reaches nothing that a create does not (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, update } = through(dialect, service);
    const weak = await create({});
    const reaches = [
      { scope: 'admin' },
      { token_endpoint_auth_method: 'none' },
      { grant_types: ['password'] },
      { grant_types: ['authorization_code'], token_endpoint_auth_method: 'none' },
      { jwks_uri: 'https://app.example.com/jwks.json', token_endpoint_auth_method: 'private_key_jwt' },
    ];
    for (const body of reaches) {
      await refuses(service, INVALID_METADATA, () => create(body));
      await refuses(service, INVALID_METADATA, () => update(weak.body.client_id, body));
    }
    const changed = await update(weak.body.client_id, {
      scope: 'read',
      token_endpoint_auth_method: 'client_secret_post',
    });
    assert.equal(changed.status, 200);
    // The secret did not survive into a method that the client is no longer registered with.
    assert.notEqual((await fetchToken(service, weak.body)).status, 200);
  });
}

for (const dialect of RFC_DIALECTS) {
  test(`S-MGT-08 what a replacement leaves out takes the least, never everything (${dialect.name})`, async () => {
    const { service } = bridge;
    const { create, update } = through(dialect, service);
    const made = await create({ client_name: 'a client', scope: 'read write', contacts: ['a@example.com'] });
    assert.equal((await update(made.body.client_id, { client_name: 'bare' })).status, 200);
    const { metadata, granted_resources } = storedClient(service, made);
    assert.equal(metadata.scope, '');
    assert.equal(metadata.contacts, undefined);
    assert.deepEqual(metadata.grant_types, ['client_credentials']);
    assert.equal(metadata.token_endpoint_auth_method, 'client_secret_basic');
    assert.deepEqual(granted_resources, ['https://api.example.com']);
    for (const scope of ['read', 'write', 'admin']) {
      assert.equal((await fetchToken(service, made.body, { scope })).body.error, 'invalid_scope');
    }
    const { body } = await fetchToken(service, made.body);
    assert.equal(claimsOf(body.access_token).scope || undefined, undefined);
  });
}

test('S-MGT-08 what a merge leaves out stays as it was (HTTP Bridge)', async () => {
  const { service } = bridge;
  const { create, update } = through(BRIDGE, service);
  const made = await create({ client_name: 'a client', scope: 'read' });
  for (const body of [{ client_name: 'b' }, { scope: null }, { fullScopeAllowed: true }, {}]) {
    assert.equal((await update(made.body.client_id, body)).status, 200);
    assert.equal(storedClient(service, made).metadata.scope, 'read');
  }
  assert.equal((await fetchToken(service, made.body, { scope: 'write' })).body.error, 'invalid_scope');
  assert.equal((await update(made.body.client_id, { scope: '' })).status, 200);
  assert.equal((await fetchToken(service, made.body, { scope: 'read' })).body.error, 'invalid_scope');
});

for (const dialect of DIALECTS) {
  test(`S-MGT-12 no reading answer holds a secret, present or past (${dialect.name})`, async () => {
    const { service } = bridge;
    const recoverable = `recoverable${DIALECTS.indexOf(dialect)}`;
    for (const key of [API_KEY, await bridge.addPortal(recoverable)]) {
      const portal = through(dialect, service, key);
      const made = await portal.create();
      const rotated = await portal.rotate(made.body.client_id);
      assert.equal(rotated.status, 200);
      const secrets = [made.body.client_secret, rotated.body.client_secret];
      if (key !== API_KEY && RFC_DIALECTS.includes(dialect)) {
        const changed = await portal.update(made.body.client_id, { client_name: 'b' });
        assert.equal(changed.body.client_secret, secrets[1], 'an update returns it where it is recoverable');
      }
      const { client } = through(BRIDGE, service);
      const urls = [
        client(made.body.client_id),
        `${client(made.body.client_id)}/secrets`,
        through(BRIDGE, service).clients,
      ];
      const reads = urls.map((url) => call('GET', url, { key }));
      const registered = call('GET', `${service.publicUrl}/oauth2/register/${made.body.client_id}`, {
        key,
      });
      for (const read of [...(await Promise.all(reads)), await registered]) {
        assert.equal(read.status, 200);
        for (const secret of secrets) assert.ok(!read.text.includes(secret), 'a read holds a secret');
        assert.ok(!/"(client_secret|hash|sealed)"/.test(read.text), read.text);
      }
    }
  });
}

test('S-MGT-12 who may only register may neither read nor rotate', async () => {
  const { service } = bridge;
  const token = await bridge.asOperator((portals) =>
    issueInitialAccessToken(portals, 'test' as PortalName, 3, 60),
  );
  assert.ok(token !== undefined);
  for (const dialect of RFC_DIALECTS) {
    const { clients, client, rotate } = through(dialect, service, undefined);
    const made = await call('POST', clients, { body: { client_name: 'a client' }, headers: bearer(token) });
    assert.equal(made.status, 201);
    const { client_id } = made.body;
    await refuses(service, UNAUTHORIZED, () => call('GET', client(client_id), { headers: bearer(token) }));
    await refuses(service, UNAUTHORIZED, () =>
      call('POST', `${client(client_id)}/renew-secret`, { headers: bearer(token) }),
    );
    assert.equal((await rotate(client_id)).status, 200);
  }
});

test('S-MGT-23 the client that the path names is the one that is judged and the one that is changed', async () => {
  const { service } = bridge;
  const stranger = await bridge.addPortal('stranger');
  for (const dialect of WITH_UPDATE) {
    const [own, other] = [
      await through(dialect, service, stranger).create(),
      await through(dialect, service).create(),
    ];
    const { update } = through(dialect, service, stranger);
    const before = storedClient(service, other);
    const named = { client_id: other.body.client_id, client_name: 'taken over' };
    const answer = await update(own.body.client_id, named);
    assert.equal(
      answer.status,
      dialect === BRIDGE ? 200 : 400,
      'a merge drops the id, a replacement refuses another',
    );
    assert.deepEqual(storedClient(service, other), before);
    await refuses(service, NOT_FOUND, () =>
      update(other.body.client_id, { ...named, client_id: own.body.client_id }),
    );
    assert.equal((await update(own.body.client_id, { client_name: 'renamed' })).status, 200);
    const { client } = through(dialect, service);
    for (const path of [
      `${own.body.client_id}/../${other.body.client_id}`,
      `${own.body.client_id}%2f..%2f${other.body.client_id}`,
    ]) {
      const tried = await call('PUT', client(path), { key: stranger, body: { client_name: 'taken over' } });
      assert.equal(tried.status, 404);
    }
    assert.deepEqual(storedClient(service, other), before);
  }
});

test('S-MGT-23 a secret is looked for in the client that the path names', async () => {
  const { service } = bridge;
  const { create, client } = through(BRIDGE, service);
  const [own, other] = [await create(), await create()];
  const add = (id: string) => call('POST', `${client(id)}/secrets`, { key: API_KEY, body: {} });
  await add(own.body.client_id);
  const theirs = (await add(other.body.client_id)).body.secret_id;
  await refuses(service, NOT_FOUND, () =>
    call('DELETE', `${client(own.body.client_id)}/secrets/${theirs}`, { key: API_KEY }),
  );
  const right = await call('DELETE', `${client(other.body.client_id)}/secrets/${theirs}`, { key: API_KEY });
  assert.equal(right.status, 204);
  assert.ok((rowsOf(service).clients ?? []).length > 0);
});
