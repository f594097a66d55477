import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeMetadata } from '../../src/clients/merge-metadata.ts';
import { clientDocument, toClientDocument } from '../../src/dialects/client-document.ts';
import { aClient, NOW } from '../tokens/support.ts';

const ISSUER = 'https://as.example';
const SECRET = { secret_id: 'sec_1', hash: 'hash-of-the-secret', created_at: NOW, expires_at: 0 };

test('the document of a client has every field that a portal may look for, each of its type', () => {
  const client = aClient({ client_name: 'orders', labels: { team: 'a' }, extension: { plan: 'gold' } });
  assert.deepEqual(toClientDocument({ ...client, secrets: [SECRET] }, ISSUER, 'the-secret'), {
    client_id: client.client_id,
    client_secret: 'the-secret',
    client_id_issued_at: NOW,
    client_secret_expires_at: 0,
    client_name: 'orders',
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'read write',
    labels: { team: 'a' },
    plan: 'gold',
    issuer: ISSUER,
  });
});

test('S-MGT-12: without a new secret there is none in the document, and never a hash or an owner', () => {
  const document = toClientDocument(aClient({}, { secrets: [SECRET] }), ISSUER);
  assert.ok(!('client_secret' in document));
  const text = JSON.stringify(document);
  for (const internal of [
    SECRET.hash,
    SECRET.secret_id,
    'portal',
    'provider',
    'version',
    'granted_resources',
  ]) {
    assert.ok(!text.includes(internal), internal);
  }
});

test('client_secret_expires_at is of the newest secret', () => {
  const secrets = [
    { ...SECRET, expires_at: NOW + 5 },
    { ...SECRET, expires_at: NOW + 1 },
  ];
  assert.equal(toClientDocument(aClient({}, { secrets }), ISSUER).client_secret_expires_at, NOW + 5);
  assert.equal(toClientDocument(aClient(), ISSUER).client_secret_expires_at, 0);
});

test('no unknown member of a portal stands in for one of ours', () => {
  const ours = toClientDocument(aClient({}, { secrets: [SECRET] }), ISSUER, 'the-secret');
  const hostile = Object.fromEntries(Object.keys(ours).map((member) => [member, 'forged']));
  const document = toClientDocument(
    aClient({ extension: hostile }, { secrets: [SECRET] }),
    ISSUER,
    'the-secret',
  );
  assert.deepEqual(document, ours);
});

test('whatever was registered, the document is one that the response schema takes', () => {
  const member = fc.oneof(
    fc.constantFrom('client_name', 'scopes', 'labels', 'redirect_uris', 'issuer'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(member, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 6 }), (body) => {
      const { metadata } = mergeMetadata({}, body);
      const document = toClientDocument({ ...aClient(), metadata }, ISSUER);
      assert.deepEqual(clientDocument.parse(document), document);
      assert.equal(typeof document.scope, 'string');
      assert.ok(Array.isArray(document.redirect_uris));
    }),
  );
});
