import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RESERVED_CLAIMS } from '../../src/config/claim-mapping.ts';
import { type AccessTokenClaims, accessTokenClaims } from '../../src/tokens/claims.ts';
import { resourcesByIdentifier } from '../../src/tokens/resource.ts';
import { API, aClient, NOW, RESOURCES } from './support.ts';

type Mapping = Readonly<Record<string, string | number | boolean>>;

function claims(
  mapping: Mapping = {},
  metadata: Record<string, unknown> = {},
  scopes = ['read'],
): AccessTokenClaims {
  const resource = resourcesByIdentifier({ [API]: { ...RESOURCES[API], claims: mapping } }).get(API);
  assert.ok(resource !== undefined);
  return accessTokenClaims(
    aClient(metadata),
    { resource, scopes, claims: resource.claims },
    { issuer: 'https://as.example', nowSeconds: NOW, jti: 'j' },
  );
}

/** What the mapping added. */
function added(mapping: Mapping, metadata: Record<string, unknown> = {}): Record<string, unknown> {
  const plain = claims();
  return Object.fromEntries(Object.entries(claims(mapping, metadata)).filter(([name]) => !(name in plain)));
}

test('S-JWT-02: the claims are those of RFC 9068 and azp, and nothing else', () => {
  assert.deepEqual(
    claims({}, { client_name: 'orders', labels: { a: 'b' }, secret_plan: 'x' }, ['read', 'write']),
    {
      iss: 'https://as.example',
      sub: 'cl_0000000000000000000001',
      client_id: 'cl_0000000000000000000001',
      azp: 'cl_0000000000000000000001',
      aud: API,
      scope: 'read write',
      iat: NOW,
      exp: NOW + 600,
      jti: 'j',
    },
  );
});

test('scope is one text, also when there is none', () => {
  assert.equal(claims({}, {}, []).scope, '');
});

test('labels, extension members, names and constants are mapped', () => {
  const metadata = {
    client_name: 'orders',
    labels: { application_id: 'app-7', 'cost.center': '4711' },
    extension: { plan: 'gold', seats: 5, beta: true },
  };
  assert.deepEqual(
    added(
      {
        application_id: '{labels.application_id}',
        center: 'cc-{labels.cost.center}',
        plan: '{extension.plan}/{extension.seats}/{extension.beta}',
        key: '{client_id}',
        who: '{portal}:{client_name}',
        tier: 'fixed',
        level: 3,
        trial: false,
      },
      metadata,
    ),
    {
      application_id: 'app-7',
      center: 'cc-4711',
      plan: 'gold/5/true',
      key: 'cl_0000000000000000000001',
      who: 'acme:orders',
      tier: 'fixed',
      level: 3,
      trial: false,
    },
  );
});

test('a claim one of whose places has no value is left out whole', () => {
  const mapping = {
    label: '{labels.application_id}',
    half: 'app-{labels.application_id}-{client_id}',
    extension: '{extension.plan}',
    named: '{client_name}',
  };
  assert.deepEqual(added(mapping), {});
  assert.deepEqual(added(mapping, { labels: { application_id: '' } }), {
    label: '',
    half: 'app--cl_0000000000000000000001',
  });
  for (const plan of [{ a: 1 }, ['x'], null])
    assert.deepEqual(added({ plan: '{extension.plan}' }, { extension: { plan } }), {});
});

test('S-HTTP-08: a place finds what the client was given, never what every object has', () => {
  const places = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
  for (const source of ['labels', 'extension']) {
    for (const place of places) assert.deepEqual(added({ x: `{${source}.${place}}` }), {}, place);
  }
  assert.deepEqual(added({ x: '{labels.constructor}' }, { labels: { constructor: 'mine' } }), { x: 'mine' });
});

test('what a portal chose is text in a claim, never a template of its own', () => {
  const metadata = { client_name: '{labels.hidden}', labels: { hidden: 'no', shown: '{client_id}' } };
  assert.deepEqual(added({ a: '{client_name}', b: '{labels.shown}' }, metadata), {
    a: '{labels.hidden}',
    b: '{client_id}',
  });
});

test('S-JWT-03: no mapping replaces a registered claim, even one that the configuration let through', () => {
  const plain = claims();
  const hostile = Object.fromEntries(Object.keys(plain).map((name) => [name, 'forged']));
  assert.deepEqual(claims(hostile), plain);
  for (const name of Object.keys(plain))
    assert.ok(RESERVED_CLAIMS.has(name), `${name} is refused at start too`);
});

test('a claim named __proto__ is no claim and no prototype', () => {
  const made = claims(JSON.parse('{"__proto__":"x","ok":"y"}'));
  assert.equal(Object.getPrototypeOf(made), Object.prototype);
  assert.equal(made.ok, 'y');
});

test('the audience is the one of the resource, the identifier where it has none', () => {
  const resources = resourcesByIdentifier({ [API]: { ...RESOURCES[API], audience: 'other' } });
  assert.equal(resources.get(API)?.audience, 'other');
  assert.equal(resourcesByIdentifier(RESOURCES).get(API)?.audience, API);
  for (const name of ['__proto__', 'constructor', 'toString']) assert.equal(resources.get(name), undefined);
});
