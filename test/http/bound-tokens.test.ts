/** Tokens that are bound to a key: what an API hears of them, and that none is ever handed out twice. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { type ClientKey, newClientKey } from '../support/assertion.ts';
import { type Answer, type Credentials, claimsOf, portal, postToken } from '../support/bridge.ts';
import { type CertificateFiles, newCertificate } from '../support/certificates.ts';
import { basic, type Inspected, introspect, startInspected } from '../support/inspection.ts';
import { proofOf } from '../support/proof.ts';
import { refuses } from '../support/unwritten.ts';

const [one, other] = [newCertificate({ subject: '/CN=one' }), newCertificate({ subject: '/CN=other' })];
const rawOf = ({ cert }: CertificateFiles) => new X509Certificate(cert).raw;
const thumbprintOf = (files: CertificateFiles) =>
  createHash('sha256').update(rawOf(files)).digest('base64url');

let inspected: Inspected;
let key: ClientKey;
let jkt: string;
/** Of a client that wants certificate-bound tokens, and still authenticates by its secret. */
let binding: Credentials;
before(async () => {
  // The test is the trusted proxy; tokens are handed out again for nine tenths of their life.
  inspected = await startInspected({ TRUSTED_PROXIES: '127.0.0.1/32' }, { token_reuse_share: 0.9 });
  key = await newClientKey();
  jkt = await calculateJwkThumbprint(key.jwk);
  const wants = { scope: 'read', tls_client_certificate_bound_access_tokens: true };
  binding = (await portal(inspected.service).create(wants)).body;
});
after(() => inspected?.service.stop());

const GRANT = { grant_type: 'client_credentials' };
const certificate = (files: CertificateFiles) => ({ 'client-cert': `:${rawOf(files).toString('base64')}:` });
const proof = async () => ({ dpop: await proofOf(key, inspected.service.issuer) });
async function token(by: Credentials, headers: object = {}, form: object = {}): Promise<string> {
  const sent = { ...basic(by), ...headers };
  const { body, text } = await postToken(inspected.service, { ...GRANT, ...form }, sent);
  assert.ok(body.access_token, text);
  return body.access_token;
}
const ask = (text: string): Promise<Answer> => introspect(inspected.service, inspected.api, text);

test('the API hears whose certificate a token is bound to (RFC 8705 section 3.2)', async () => {
  const bound = await token(binding, certificate(one));
  const { body } = await ask(bound);
  assert.deepEqual(body, { ...claimsOf(bound), active: true, token_type: 'Bearer' });
  assert.deepEqual(body.cnf, { 'x5t#S256': thumbprintOf(one) });
});

test('the API hears whose key a token is bound to by DPoP (RFC 9449 section 6.2)', async () => {
  const bound = await token(inspected.client, await proof());
  const { body } = await ask(bound);
  assert.deepEqual(body, { ...claimsOf(bound), active: true, token_type: 'DPoP' });
  assert.deepEqual(body.cnf, { jkt });
});

test('a token is bound to a proof’s key and to a certificate where the client wants that one and sends both', async () => {
  const both = { jkt, 'x5t#S256': thumbprintOf(one) };
  const bound = await token(binding, { ...certificate(one), ...(await proof()) });
  const { body } = await ask(bound);
  assert.equal(body.token_type, 'DPoP');
  assert.deepEqual(body.cnf, both);
  const missing = { status: 400, error: 'invalid_request', says: /show a client certificate/ };
  const headers = { ...basic(binding), ...(await proof()) };
  const answer = await postToken(inspected.service, GRANT, headers);
  assert.equal(answer.body.error, missing.error);
  assert.match(answer.body.error_description, missing.says);
  const unwanted = await token(inspected.client, { ...certificate(one), ...(await proof()) });
  assert.deepEqual(claimsOf(unwanted).cnf, { jkt }, 'bound to the certificate only for who wants it');
});

test('a request that is not plain is bound to the certificate like any other', async () => {
  for (const form of [{ other: 'x' }, { scope: '' }]) {
    const bound = await token(binding, certificate(one), form);
    assert.deepEqual(claimsOf(bound).cnf, { 'x5t#S256': thumbprintOf(one) });
    const none = { status: 400, error: 'invalid_request', says: /show a client certificate/ };
    const sent = () => postToken(inspected.service, { ...GRANT, ...form }, basic(binding));
    await refuses(inspected.service, none, sent);
  }
});

test('S-TOK-21: no bound token is handed out again, to nobody, and no other in its place', async () => {
  const { client } = inspected;
  const plain = await token(client);
  assert.equal(await token(client), plain, 'else this shows nothing');
  const bound = [await token(client, await proof()), await token(client, await proof())];
  assert.equal(new Set([plain, ...bound]).size, 3);
  for (const each of bound) assert.deepEqual(claimsOf(each).cnf, { jkt });
  assert.equal(await token(client), plain, 'which is bound to nothing');
  assert.equal(await token(client, certificate(one)), plain, 'nor wants to be');
  const [first, again, another] = [
    await token(binding, certificate(one)),
    await token(binding, certificate(one)),
    await token(binding, certificate(other)),
  ];
  assert.equal(new Set([first, again, another]).size, 3);
  assert.equal(claimsOf(another).cnf['x5t#S256'], thumbprintOf(other));
  const none = { status: 400, error: 'invalid_request' };
  await refuses(inspected.service, none, () => postToken(inspected.service, GRANT, basic(binding)));
});
