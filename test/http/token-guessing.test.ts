/** Who guesses secrets is slowed down, and shuts nobody out; what a token answer carries; a delete between. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { newClientId } from '../../src/clients/client-id.ts';
import { assertionOf, newClientKey, tokenByAssertion } from '../support/assertion.ts';
import { type Answer, type Credentials, fetchToken, portal, postToken } from '../support/bridge.ts';
import { assertRefusal } from '../support/refusal.ts';
import { startService, type TestService } from '../support/service.ts';
import { rowsOf } from '../support/unwritten.ts';

let service: TestService;
before(async () => {
  service = await startService();
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const registered = async (): Promise<Credentials> => (await portal(service).create({})).body;

/** At once, but no more than a machine takes that is busy with other tests. */
async function times(count: number, act: () => Promise<Answer>): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < count) {
    const batch = Math.min(50, count - answers.length);
    answers.push(...(await Promise.all(Array.from({ length: batch }, act))));
  }
  return answers;
}

const LIMITED = { status: 429, error: 'too_many_requests', headers: { 'retry-after': /^[1-9]\d?$/ } };

test('S-TOK-10: an empty secret through Basic is a wrong one, and does not make the client a public one', async () => {
  const client = await registered();
  const rows = rowsOf(service);
  const answer = await fetchToken(service, { ...client, client_secret: '' });
  assertRefusal(answer, {
    status: 401,
    error: 'invalid_client',
    headers: { 'www-authenticate': /^Basic / },
  });
  assert.deepEqual(rowsOf(service), rows);
});

test('S-TOK-12: guesses at one client are slowed down, and its owner gets tokens all the while', async () => {
  const [client, neighbour] = [await registered(), await registered()];
  const rows = rowsOf(service);
  const guess = () =>
    fetchToken(service, { ...client, client_secret: `dcrs_${randomBytes(8).toString('hex')}` });
  const answers = await times(320, guess);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [401, 429]);
  assert.equal(answers.filter(({ status }) => status === 401).length, 300);
  assertRefusal(await guess(), LIMITED);
  for (let time = 0; time < 20; time += 1) assert.equal((await fetchToken(service, client)).status, 200);
  const slip = await fetchToken(service, { ...neighbour, client_secret: 'wrong' });
  assertRefusal(slip, { status: 401, error: 'invalid_client' });
  assert.deepEqual(rowsOf(service), rows);
});

test('S-TOK-12: wrong assertions count for the client that they name, and its own are taken all the while', async () => {
  const guessed = await startService();
  const [key, stranger] = await Promise.all([newClientKey(), newClientKey()]);
  const method = { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } };
  const { body } = await portal(guessed).create({ scope: 'read', ...method });
  const client = { client_id: String(body.client_id), issuer: guessed.issuer };
  const guess = async () => tokenByAssertion(guessed, await assertionOf(stranger, client));
  const answers = await times(301, guess);
  assert.equal(answers.filter(({ status }) => status === 401).length, 300);
  assertRefusal(await guess(), LIMITED);
  assert.equal((await tokenByAssertion(guessed, await assertionOf(key, client))).status, 200);
  await guessed.stop();
});

test('S-TOK-12: guesses over many clients are slowed down by where they come from, and shut nobody out', async () => {
  const client = await registered();
  const guess = () =>
    fetchToken(service, { client_id: newClientId(randomBytes), client_secret: client.client_secret });
  const answers = await times(650, guess);
  assertRefusal(answers.at(-1) ?? assert.fail(), LIMITED);
  assertRefusal(await postToken(service, { grant_type: 'client_credentials' }), LIMITED);
  assert.equal((await fetchToken(service, client)).status, 200, 'from the same address');
});

test('S-TOK-19: an answer with a token is not to be stored, and sets nothing', async () => {
  const { status, headers } = await fetchToken(service, await registered());
  assert.equal(status, 200);
  const sent = Object.fromEntries(
    [...headers].filter(([name]) => !['date', 'content-length'].includes(name)),
  );
  assert.deepEqual(sent, {
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    connection: 'keep-alive',
    'keep-alive': 'timeout=65',
  });
});

test('S-TOK-21: a client that asks for every request gets a token for every request', async () => {
  const client = await registered();
  const answers = await times(500, () => fetchToken(service, client));
  for (const { status } of answers) assert.equal(status, 200);
  assert.equal(new Set(answers.map(({ body }) => body.access_token)).size, 500);
});

test('S-TOK-22: a client deleted while it is served gets at most what was in flight', async () => {
  for (let round = 0; round < 10; round += 1) {
    const client = await registered();
    await fetchToken(service, client);
    const inFlight = Array.from({ length: 20 }, () => fetchToken(service, client));
    assert.equal((await portal(service).delete(client.client_id)).status, 204);
    const late = await times(3, () => fetchToken(service, client));
    // By address its failures are over the limit of the test before: either is a refusal.
    for (const { status } of late) assert.ok(status === 401 || status === 429, `${status}`);
    for (const { status } of await Promise.all(inFlight))
      assert.ok([200, 401, 429].includes(status), `${status}`);
  }
});
