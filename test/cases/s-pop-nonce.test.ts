/** DPoP proofs that must have a nonce of ours (RFC 9449 section 8), over two nodes on one Redis. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as openid from 'openid-client';
import { createCredentials } from '../../src/keys/credentials.ts';
import { proofNonces } from '../../src/tokens/proof-nonces.ts';
import { ASSERTION_TYPE, assertionOf, type ClientKey, epoch, newClientKey } from '../support/assertion.ts';
import { type Answer, type Credentials, claimsOf, fetchToken, portal, postToken } from '../support/bridge.ts';
import { basic } from '../support/inspection.ts';
import { type Changes, proofOf } from '../support/proof.ts';
import { assertRefusal } from '../support/refusal.ts';
import { startTwoNodes, type TwoNodes } from './support/two-nodes.ts';

let nodes: TwoNodes;
let client: Credentials;
let key: ClientKey;
before(async () => {
  nodes = await startTwoNodes({ env: { DPOP_NONCE_REQUIRED: 'true' } });
  await nodes.remembers();
  client = (await portal(nodes.one.service).create({ scope: 'read' })).body;
  key = await newClientKey();
});
after(() => nodes?.stop());

const at = (node: 'one' | 'other') => nodes[node].service;
const proofBy = (claims: Changes = {}) => proofOf(key, at('one').issuer, claims);
const GRANT = { grant_type: 'client_credentials' };
const ask = (node: 'one' | 'other', dpop: string, by = client, more: Record<string, string> = {}) =>
  postToken(at(node), { ...GRANT, ...more }, { ...basic(by), dpop });

const NONCE = /^[0-9a-z]{6,7}\.[A-Za-z0-9_-]{22}$/;
const WANTED = {
  status: 400,
  error: 'use_dpop_nonce',
  says: /DPoP-Nonce/,
  headers: { 'dpop-nonce': NONCE, pragma: 'no-cache' },
} as const;
const nonceIn = ({ headers }: Answer) => headers.get('dpop-nonce') ?? '';
const aNonce = async () => nonceIn(await ask('one', await proofBy()));

const replays = () => nodes.keys(':replay:');
async function refusesUnremembered(
  expected: Parameters<typeof assertRefusal>[1],
  act: () => Promise<Answer>,
) {
  const before = await replays();
  assertRefusal(await act(), expected);
  assert.deepEqual(await replays(), before, 'something was remembered');
}

function assertBound(answer: Answer): void {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.body.token_type, 'DPoP');
  // RFC 9449 section 8.2: with each answer the nonce for the next proof, which nobody keeps.
  assert.match(nonceIn(answer), NONCE);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
}

test('S-POP-05: a proof without a nonce is told one, and with that one is good at every node', async () => {
  await refusesUnremembered(WANTED, async () => ask('one', await proofBy()));
  const nonce = await aNonce();
  for (const node of ['one', 'other', 'one'] as const) assertBound(await ask(node, await proofBy({ nonce })));
  const next = nonceIn(await ask('other', await proofBy({ nonce })));
  assertBound(await ask('one', await proofBy({ nonce: next })));
});

test('S-POP-05: a nonce that is forged, of another service or no text is told a good one', async () => {
  const stranger = proofNonces(createCredentials(randomBytes(32), randomBytes).tagProofNonce);
  const [time = '', tag = ''] = (await aNonce()).split('.');
  const later = (Number.parseInt(time, 36) + 1).toString(36);
  for (const nonce of [stranger.current(epoch()), `${later}.${tag}`, '', 'x', 7, null, [`${time}.${tag}`]]) {
    await refusesUnremembered(WANTED, async () => ask('one', await proofBy({ nonce })));
  }
});

test('S-POP-05: with a nonce a proof is still used once, by whichever node hears it', async () => {
  const proof = await proofBy({ nonce: await aNonce() });
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => ask(index % 2 === 0 ? 'one' : 'other', proof)),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array.from({ length: 9 }, () => 400)]);
  assertRefusal(await ask('other', proof), { status: 400, error: 'invalid_dpop_proof' });
});

test('S-POP-05: a proof that is wrong otherwise is refused as ever, and told the next nonce', async () => {
  const nonce = await aNonce();
  const wrong = { status: 400, error: 'invalid_dpop_proof', headers: { 'dpop-nonce': NONCE } } as const;
  for (const claims of [
    { htm: 'GET' },
    { htu: 'https://evil.example/oauth2/token' },
    { jti: '' },
    { iat: 'x' },
  ]) {
    await refusesUnremembered(wrong, async () => ask('one', await proofBy({ nonce, ...claims })));
  }
  await refusesUnremembered(wrong, () => ask('one', 'x'));
  const [header, , signature] = (await proofBy({ nonce })).split('.');
  const [, payload] = (await proofBy({ nonce })).split('.');
  await refusesUnremembered(wrong, () => ask('one', `${header}.${payload}.${signature}`));
});

test('the clock of the client does not matter then (RFC 9449 section 4.3)', async () => {
  const nonce = await aNonce();
  for (const iat of [epoch() - 3600, epoch() + 3600, 0]) {
    assertBound(await ask('one', await proofBy({ nonce, iat })));
  }
});

test('whoever lacks a nonce is told so before anything of the request is used up or looked at', async () => {
  const { body, status } = await portal(at('one')).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  assert.equal(status, 201);
  const client_assertion = await assertionOf(key, { client_id: body.client_id, issuer: at('one').issuer });
  const form = { ...GRANT, client_assertion_type: ASSERTION_TYPE, client_assertion };
  const send = async (claims: Changes) => postToken(at('one'), form, { dpop: await proofBy(claims) });
  await refusesUnremembered(WANTED, () => send({}));
  // The very same assertion.
  assertBound(await send({ nonce: await aNonce() }));
  const wrong = { ...client, client_secret: 'wrong' };
  await refusesUnremembered(WANTED, async () => ask('one', await proofBy(), wrong));
  const failed = { status: 401, error: 'invalid_client', headers: { 'dpop-nonce': NONCE } } as const;
  const nonce = await aNonce();
  await refusesUnremembered(failed, async () => ask('one', await proofBy({ nonce }), wrong));
});

test('a request that is not plain needs one as well', async () => {
  const other = { other: 'x' };
  await refusesUnremembered(WANTED, async () => ask('one', await proofBy(), client, other));
  assertBound(await ask('one', await proofBy({ nonce: await aNonce() }), client, other));
});

test('who sends no proof hears nothing of it', async () => {
  const answer = await fetchToken(at('one'), client);
  assert.equal(answer.body.token_type, 'Bearer');
  assert.equal(answer.headers.get('dpop-nonce'), null);
  const refused = await fetchToken(at('one'), client, { scope: 'admin' });
  assert.equal(refused.headers.get('dpop-nonce'), null);
});

test('what Redis has forgotten is no dead end: the client is told a new nonce', async () => {
  const nonce = await aNonce();
  assertBound(await ask('one', await proofBy({ nonce })));
  const memory = await nodes.keys('replay');
  const [since] = memory.filter((name) => !name.includes(':replay:'));
  assert.ok(since, memory.join());
  const [run] = (await nodes.redis.command('GET', since)).split('\r\n').at(1)?.split(' ') ?? [];
  await nodes.redis.command('SET', since, `${run} ${epoch() + 1}`);
  const young = { status: 503, error: 'temporarily_unavailable', headers: { 'retry-after': '2' } } as const;
  assertRefusal(await ask('one', await proofBy({ nonce })), young);
  await sleep(2000);
  const answer = await ask('one', await proofBy({ nonce }));
  assertRefusal(answer, WANTED);
  let fresh = await ask('one', await proofBy({ nonce: nonceIn(answer) }));
  for (let tries = 0; fresh.status === 503 && tries < 60; tries += 1) {
    await sleep(100);
    fresh = await ask('one', await proofBy({ nonce: nonceIn(fresh) }));
  }
  assertBound(fresh);
});

test('openid-client gets through by itself, also with an assertion', async () => {
  const { body } = await portal(at('one')).create({
    scope: 'read',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.jwk] },
  });
  const methods = [
    [client.client_id, openid.ClientSecretBasic(client.client_secret)],
    [body.client_id, openid.PrivateKeyJwt({ key: key.privateKey, kid: key.jwk.kid ?? '' })],
  ] as const;
  for (const [client_id, method] of methods) {
    let sent = 0;
    const config = await openid.discovery(new URL(at('one').issuer), client_id, undefined, method, {
      execute: [openid.allowInsecureRequests],
      [openid.customFetch]: (url, options) => {
        sent += url.endsWith('/oauth2/token') ? 1 : 0;
        return fetch(url, options as RequestInit);
      },
    });
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    for (const _ of [1, 2, 3]) {
      const tokens = await openid.clientCredentialsGrant(config, {}, { DPoP });
      assert.equal(tokens.token_type, 'dpop');
      assert.equal(claimsOf(tokens.access_token).cnf.jkt, await DPoP.calculateThumbprint());
    }
    assert.equal(sent, 4, 'one of four was told a nonce');
  }
});
