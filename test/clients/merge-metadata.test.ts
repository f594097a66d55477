import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MergedMetadata, mergeMetadata } from '../../src/clients/merge-metadata.ts';
import { clientMetadata, LIMITS } from '../../src/clients/metadata.ts';
import { newClientKey } from '../support/assertion.ts';

const DEFAULTS = clientMetadata.parse({});
const aKey = await newClientKey();

/** What results when nothing is wrong. */
function merged(body: Record<string, unknown>, kept = {}): MergedMetadata['metadata'] {
  const { metadata, problems } = mergeMetadata(kept, body);
  assert.deepEqual(problems, []);
  return metadata;
}

function problemPaths(body: Record<string, unknown>, kept = {}): string[] {
  return mergeMetadata(kept, body).problems.map(({ path }) => path);
}

/** As it arrives: `__proto__` is then a member like any other. */
const fromJson = (text: string): Record<string, unknown> => JSON.parse(text);

test('S-DCR-12: an empty document is a client with every default recorded', () => {
  assert.deepEqual(merged({}), {
    redirect_uris: [],
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
    labels: {},
    extension: {},
  });
});

test("the portals' own spellings are the members of RFC 7591", () => {
  assert.equal(merged({ name: 'orders' }).client_name, 'orders');
  assert.equal(merged({ desc: 'of the shop' }).description, 'of the shop');
  assert.equal(merged({ scopes: ['read', 'write'] }).scope, 'read write');
  assert.equal(merged({ scopes: 'read write' }).scope, 'read write');
  assert.equal(merged({ scope: ['read', 'write'] }).scope, 'read write');
  for (const body of [
    { name: 'alias', client_name: 'own' },
    { client_name: 'own', name: 'alias' },
  ]) {
    assert.equal(merged(body).client_name, 'own', 'the own name wins, whichever comes first');
  }
  assert.deepEqual(merged({ name: 'x', desc: 'y', scopes: [] }).extension, {});
});

test('scope and scopes may both come if they agree, in any order', () => {
  assert.equal(merged({ scope: 'a b', scopes: ['b', 'a'] }).scope, 'b a');
  assert.deepEqual(problemPaths({ scope: 'a', scopes: ['a', 'b'] }), ['scopes']);
  assert.deepEqual(problemPaths({ scopes: ['a', 'b'], scope: 'a' }), ['scope']);
});

test('null is absent, on create and on update', () => {
  const nulls = Object.fromEntries(
    [...Object.keys(DEFAULTS), 'client_name', 'scope', 'x'].map((m) => [m, null]),
  );
  assert.deepEqual(merged(nulls), DEFAULTS);
  const kept = merged({ client_name: 'kept', scope: 'read', labels: { team: 'a' }, x: 1 });
  assert.deepEqual(merged(nulls, kept), kept);
  assert.equal(merged({ client_name: null, name: 'alias' }).client_name, 'alias');
});

test('S-DCR-05: what only the server may set is ignored, by any spelling of a document', () => {
  const owned = {
    client_id: 'admin',
    client_secret: 'chosen',
    client_id_issued_at: 1,
    client_secret_expires_at: 1,
    registration_access_token: 'chosen',
    registration_client_uri: 'https://evil.example',
    issuer: 'https://evil.example',
    software_statement: 'eyJhbGciOiJub25lIn0.e30.',
  };
  assert.deepEqual(merged(owned), DEFAULTS);
  const kept = merged({ client_name: 'kept' });
  assert.deepEqual(merged(owned, kept), kept);
});

test('S-DCR-23: members that would make us fetch or redirect are refused', () => {
  const unsupported = [
    'sector_identifier_uri',
    'request_uris',
    'initiate_login_uri',
    'backchannel_logout_uri',
    'backchannel_client_notification_endpoint',
    'post_logout_redirect_uris',
  ];
  for (const member of unsupported) {
    assert.deepEqual(problemPaths({ [member]: 'https://169.254.169.254/' }), [member]);
    assert.deepEqual(problemPaths({ [member]: null }), [], 'null is absent');
  }
});

test('keys by value and keys by reference take each other’s place, and leave with the method that they are for', () => {
  const { jwk } = aKey;
  const method = { token_endpoint_auth_method: 'private_key_jwt' };
  const [byValue, byReference] = [{ jwks: { keys: [jwk] } }, { jwks_uri: 'https://a.example/jwks' }];
  const holds = ({ jwks, jwks_uri }: MergedMetadata['metadata']) => [jwks !== undefined, jwks_uri];
  const fetched = merged({ ...method, ...byReference });
  assert.deepEqual(holds(fetched), [false, byReference.jwks_uri]);
  assert.deepEqual(holds(merged({ client_name: 'n' }, fetched)), [false, byReference.jwks_uri]);
  assert.deepEqual(holds(merged(byValue, fetched)), [true, undefined]);
  assert.deepEqual(holds(merged(byReference, merged({ ...method, ...byValue }))), [
    false,
    byReference.jwks_uri,
  ]);
  const other = { token_endpoint_auth_method: 'client_secret_basic' };
  assert.deepEqual(holds(merged(other, fetched)), [false, undefined]);
  // Whoever sends it with such a method means something, and hears of it from the policy.
  assert.deepEqual(holds(merged({ ...other, ...byReference }, fetched)), [false, byReference.jwks_uri]);
});

test('S-DCR-07: unknown members are kept as extension metadata, apart from what we interpret', () => {
  const body = {
    portal_id: '7e0e',
    is_admin: true,
    tenant: 'other',
    aud: 'x',
    claims: { sub: 'x' },
    token_lifetime: 1e9,
    disabled: false,
    application_type: 'backend_to_backend',
    nested: { list: [1, null, { deep: 'é' }] },
  };
  const { extension, ...rest } = merged(body);
  assert.deepEqual(extension, body);
  const { extension: _, ...defaults } = DEFAULTS;
  assert.deepEqual(rest, defaults);
});

test('extension metadata is within limits, also what an update adds to it', () => {
  const members = (count: number, from = 0) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${from + index}`, index]));
  const full = merged(members(LIMITS.extensionMembers));
  assert.deepEqual(problemPaths(members(LIMITS.extensionMembers + 1)), ['$']);
  assert.deepEqual(problemPaths({ one_more: 1 }, full), ['$']);
  merged({ x0: 'changed' }, full);
  merged({ x: 'ä'.repeat(LIMITS.extensionBytes / 2 - 10) });
  assert.deepEqual(problemPaths({ x: 'ä'.repeat(LIMITS.extensionBytes / 2) }), ['$']);
});

test('S-HTTP-08: names of JavaScript are names like any other, and pollute nothing', () => {
  const body = fromJson(
    '{"__proto__":{"is_admin":true},"constructor":{"prototype":{"is_admin":true}},"toString":"x","hasOwnProperty":1}',
  );
  const { extension } = merged(body);
  assert.deepEqual(Object.keys(extension).sort(), ['constructor', 'hasOwnProperty', 'toString']);
  assert.equal(({} as { is_admin?: boolean }).is_admin, undefined);
  assert.equal((merged({}) as { is_admin?: boolean }).is_admin, undefined);
  const labels = merged(fromJson('{"labels":{"__proto__":"x","constructor":"y","toString":"z"}}')).labels;
  assert.deepEqual(Object.entries(labels), [
    ['constructor', 'y'],
    ['toString', 'z'],
  ]);
  assert.equal(Object.getPrototypeOf(labels), Object.prototype);
});

test('every problem is told at once, by JSON path', () => {
  const body = {
    client_name: 'x'.repeat(LIMITS.nameCharacters + 1),
    redirect_uris: ['https://a.example', 'javascript:alert(1)'],
    grant_types: 'client_credentials',
    scope: 'read  write',
    logo_uri: 'http://a.example/logo.png',
    contacts: ['no-address'],
    labels: { team: 7, '-bad': 'x' },
    jwks_uri: 'https://a.example/jwks#first',
  };
  assert.deepEqual(problemPaths(body).sort(), [
    'client_name',
    'contacts[0]',
    'grant_types',
    'jwks_uri',
    'labels.-bad',
    'labels.team',
    'logo_uri',
    'redirect_uris[1]',
    'scope',
  ]);
});

const WRONG: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ['a name with a line break', { client_name: 'a\r\nb' }, 'client_name'],
  ['a name with a bidirectional override', { client_name: 'a\u202eb' }, 'client_name'],
  [
    'a description that is too long',
    { description: 'x'.repeat(LIMITS.descriptionCharacters + 1) },
    'description',
  ],
  ['redirect URIs as one text', { redirect_uris: 'https://a.example' }, 'redirect_uris'],
  ['too many redirect URIs', { redirect_uris: Array(LIMITS.arrayItems + 1).fill('x') }, 'redirect_uris'],
  ['too many grant types', { grant_types: Array(LIMITS.arrayItems + 1).fill('x') }, 'grant_types'],
  ['a scope with a quote', { scope: 'a"b' }, 'scope'],
  ['a scope with a backslash', { scope: 'a\\b' }, 'scope'],
  ['a scope that is a number', { scope: 1 }, 'scope'],
  [
    'S-HTTP-08: a method that no text can be made of',
    { token_endpoint_auth_method: { toString: false } },
    'token_endpoint_auth_method',
  ],
  ['a scope beyond ASCII', { scope: 'lesen-ü' }, 'scope'],
  ['a scope that is too long', { scope: 'x'.repeat(LIMITS.scopeCharacters + 1) }, 'scope'],
  ['a scope token with a blank', { scopes: ['read write'] }, 'scopes'],
  ['a scope token that is no text', { scopes: ['read', 1] }, 'scopes'],
  ['an array of scopes with a hole', { scopes: ['read', undefined] }, 'scopes'],
  ['S-DCR-17: a client_uri with a script scheme', { client_uri: 'javascript:alert(1)' }, 'client_uri'],
  ['S-DCR-17: a logo over http', { logo_uri: 'http://a.example' }, 'logo_uri'],
  ['S-DCR-17: a tos_uri with a user', { tos_uri: 'https://a@b.example' }, 'tos_uri'],
  ['S-DCR-17: a relative policy_uri', { policy_uri: '/policy' }, 'policy_uri'],
  ['S-DCR-17: a huge logo_uri', { logo_uri: `https://a.example/${'x'.repeat(2048)}` }, 'logo_uri'],
  [
    'L-17: a client_uri with a line break, which URL parsers drop',
    { client_uri: 'https://a\r\nb.example' },
    'client_uri',
  ],
  ['L-17: a client_uri with a tab in its scheme', { client_uri: 'ht\ttps://a.example' }, 'client_uri'],
  ['a client_uri behind a blank', { client_uri: ' https://a.example' }, 'client_uri'],
  ['a client_uri with a bidirectional override', { client_uri: 'https://a.example/\u202e' }, 'client_uri'],
  ['S-DCR-21: too many contacts', { contacts: Array(LIMITS.arrayItems + 1).fill('a@b.example') }, 'contacts'],
  ['S-DCR-21: contacts that are objects', { contacts: [{}] }, 'contacts[0]'],
  ['labels as a list', { labels: ['a'] }, 'labels'],
  ['a label with a control character', { labels: { a: 'b\u0000' } }, 'labels.a'],
  ['a label that is too long', { labels: { a: 'x'.repeat(LIMITS.labelValueCharacters + 1) } }, 'labels.a'],
  [
    'too many labels',
    { labels: Object.fromEntries(Array.from({ length: LIMITS.labels + 1 }, (_, i) => [`l${i}`, 'x'])) },
    'labels',
  ],
];

for (const [name, body, path] of WRONG) {
  test(`refused: ${name}`, () => assert.deepEqual(problemPaths(body), [path]));
}

test('S-LOG-04: no received value is ever repeated', () => {
  const canary = 'canary-77c1';
  const members = fc.constantFrom(...Object.keys(clientMetadata.shape), 'scopes', 'name', 'jwks', 'other');
  const values = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json));
  fc.assert(
    fc.property(fc.dictionary(members, values, { maxKeys: 6 }), (texts) => {
      const body = Object.fromEntries(
        Object.entries(texts).map(([member, text]) => [
          member,
          JSON.parse(text, (_name, value) => (typeof value === 'string' ? `${canary}\n${value}` : value)),
        ]),
      );
      const { problems } = mergeMetadata({}, body);
      assert.ok(!JSON.stringify(problems).includes(canary), JSON.stringify(problems));
    }),
    { numRuns: 500 },
  );
});

test('whatever comes, the result is a document of the schema, and the kept one stays as it was', () => {
  const kept = merged({ client_name: 'kept', scope: 'read', labels: { team: 'a' }, x: { y: 1 } });
  const before = structuredClone(kept);
  const member = fc.oneof(
    fc.constantFrom(...Object.keys(clientMetadata.shape), 'scopes', 'name'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(member, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 }), (body) => {
      const { metadata } = mergeMetadata(kept, body);
      assert.deepEqual(clientMetadata.parse(metadata), metadata);
      assert.deepEqual(kept, before);
    }),
    { numRuns: 500 },
  );
});

test('an update that is sent again changes nothing more', () => {
  const body = { client_name: 'new', scopes: ['read'], labels: { a: 'b' }, y: [1] };
  const once = merged(body, merged({ x: 1, scope: 'write' }));
  assert.deepEqual(merged(body, once), once);
  assert.deepEqual(once.extension, { x: 1, y: [1] });
});
