/** The same act through every dialect leaves the same state: the dialects are spellings, not rules. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Application, DIALECTS, type Dialect, opens, stateOf } from '../support/dialects.ts';
import { type Operated, startOperated } from '../support/operated-service.ts';
import type { TestService } from '../support/service.ts';

let operated: Operated;
let service: TestService;
before(async () => {
  operated = await startOperated();
  service = operated.service;
});
after(() => service.stop());

const APPLICATION: Application = {
  name: 'orders',
  description: 'syncs orders',
  redirectUris: ['*', 'localhost:3000'],
  scopes: ['read', 'write'],
};
const RENAMED: Application = {
  ...APPLICATION,
  name: 'orders 2',
  redirectUris: ['https://app.example.com/cb'],
};

const keptOf = ({ name, description, redirectUris, scopes }: Application) => ({
  client_name: name,
  description,
  redirect_uris: redirectUris,
  scope: scopes.join(' '),
  grant_types: ['client_credentials'],
  response_types: [],
  token_endpoint_auth_method: 'client_secret_basic',
  labels: {},
  client_secret_expires_at: 0,
});

async function tellsTheStory(dialect: Dialect): Promise<void> {
  const created = await dialect.create(APPLICATION);
  assert.equal(created.status, 201, created.text);
  const client = created.body;
  const state = () => stateOf(service, client.client_id);
  const works = (secret: string) => opens(service, client.client_id, secret);
  assert.deepEqual(await state(), keptOf(APPLICATION));
  assert.equal(await works(client.client_secret), true);

  const read = await dialect.read?.(client);
  if (read !== undefined) {
    assert.equal(read.status, 200, read.text);
    assert.equal(read.body.client_secret, undefined, 'S-MGT-12: a secret is not read back');
  }

  const updated = await dialect.update(client, RENAMED);
  assert.equal(updated.status, 200, updated.text);
  assert.deepEqual(await state(), keptOf(RENAMED));
  assert.equal(await works(client.client_secret), true, 'an update leaves the secret alone');

  const rotated = await dialect.rotate(client);
  assert.equal(rotated.status, 200, rotated.text);
  assert.notEqual(rotated.body.client_secret, client.client_secret);
  assert.equal(await works(client.client_secret), false, 'the old one stops at once');
  assert.equal(await works(rotated.body.client_secret), true);
  assert.deepEqual(await state(), keptOf(RENAMED));

  if (dialect.secrets !== undefined) {
    const added = await dialect.secrets.add(client);
    assert.equal(added.status, 201, added.text);
    assert.equal(await works(added.body.client_secret), true);
    assert.equal(await works(rotated.body.client_secret), true, 'both work');
    const { secrets } = (await dialect.secrets.list(client)).body;
    assert.equal(secrets.length, 2);
    assert.equal(secrets[0].secret_id, added.body.secret_id, 'newest first');
    assert.equal((await dialect.secrets.delete(client, secrets[1].secret_id)).status, 204);
    assert.equal(await works(rotated.body.client_secret), false);
    assert.equal(await works(added.body.client_secret), true);
  }

  const latest = rotated.body.client_secret;
  const deleted = await dialect.delete(client);
  assert.equal(deleted.status, 204, deleted.text);
  assert.equal(deleted.text, '');
  assert.equal(await state(), undefined);
  assert.equal(await works(latest), false);
}

for (const [name, dialectOf] of DIALECTS) {
  test(`${name}: create, read, update, rotate, secrets and delete leave the same state`, () =>
    tellsTheStory(dialectOf(service)));
}

test('a client made through one dialect is changed and deleted through each of the others', async () => {
  for (const [made, makerOf] of DIALECTS) {
    for (const [changed, otherOf] of DIALECTS) {
      const what = `${made}, then ${changed}`;
      const [maker, other] = [makerOf(service), otherOf(service)];
      const { body: client } = await maker.create(APPLICATION);
      // The token that Konnect and the HTTP Bridge do not answer is the one thing that does not cross over.
      if (changed.endsWith('its token') && client.registration_access_token === undefined) continue;
      assert.equal((await other.update(client, RENAMED)).status, 200, what);
      assert.deepEqual(await stateOf(service, client.client_id), keptOf(RENAMED), what);
      const rotated = await other.rotate(client);
      assert.equal(await opens(service, client.client_id, client.client_secret), false, what);
      assert.equal(await opens(service, client.client_id, rotated.body.client_secret), true, what);
      assert.equal((await other.delete(client)).status, 204, what);
      // A repeated delete is answered like the first, except to a token, which ended with its client.
      assert.equal((await maker.delete(client)).status, made.endsWith('its token') ? 401 : 204, what);
    }
  }
});
