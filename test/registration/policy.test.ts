import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeMetadata } from '../../src/clients/merge-metadata.ts';
import { Refusal } from '../../src/lib/refusal.ts';
import { applyPolicy, type ProviderType, type RegistrationPolicy } from '../../src/registration/policy.ts';
import { POLICY } from './support.ts';

function judge(
  body: Record<string, unknown>,
  policy: Partial<RegistrationPolicy> = {},
  provider: ProviderType = 'local',
) {
  return applyPolicy(mergeMetadata({}, body), { ...POLICY, ...policy }, provider);
}

function refusal(...judged: Parameters<typeof judge>): Refusal {
  try {
    judge(...judged);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  assert.fail('the policy allowed it');
}

interface Row {
  readonly name: string;
  readonly body: Record<string, unknown>;
  readonly policy?: Partial<RegistrationPolicy>;
  /** `local` unless it is said. */
  readonly at?: ProviderType;
  /** What is kept of it, or the JSON paths that are refused. */
  readonly keeps?: Record<string, unknown>;
  readonly refuses?: readonly string[];
  /** `metadata_invalid` unless it is said. */
  readonly reason?: Refusal['reason'];
}

const CALLBACK = 'https://app.example.com/callback';
const CODE = { grant_types: ['client_credentials', 'authorization_code', 'refresh_token'] };

const ROWS: readonly Row[] = [
  { name: 'S-DCR-08: a scope within the ceiling', body: { scope: 'read' }, keeps: { scope: 'read' } },
  { name: 'S-DCR-08: a scope beyond it, not narrowed', body: { scope: 'read admin' }, refuses: ['scope'] },
  {
    name: 'S-DCR-08: any scope where none may be given',
    body: { scope: 'read' },
    policy: { scopes: [] },
    refuses: ['scope'],
  },
  { name: 'S-DCR-08: scopes differ by case', body: { scope: 'READ' }, refuses: ['scope'] },
  { name: 'S-DCR-09: no scope is no scope', body: {}, keeps: { scope: '' } },
  {
    name: 'S-DCR-09: no scope is the default, where there is one',
    body: {},
    policy: { default_scopes: ['read'] },
    keeps: { scope: 'read' },
  },
  {
    name: 'S-DCR-09: null is the default too',
    body: { scope: null },
    policy: { default_scopes: ['read'] },
    keeps: { scope: 'read' },
  },
  {
    name: 'an empty scope is no scope, whatever the default',
    body: { scope: '' },
    policy: { default_scopes: ['read'] },
    keeps: { scope: '' },
  },
  {
    name: 'an empty list of scopes too',
    body: { scopes: [] },
    policy: { default_scopes: ['read'] },
    keeps: { scope: '' },
  },
  {
    name: 'a scope that is named twice is granted once',
    body: { scopes: ['read', 'read'] },
    keeps: { scope: 'read' },
  },
  {
    name: 'S-DCR-10: no grant type is client_credentials',
    body: {},
    keeps: { grant_types: ['client_credentials'] },
  },
  { name: 'S-DCR-10: the password grant', body: { grant_types: ['password'] }, refuses: ['grant_types'] },
  { name: 'S-DCR-10: the implicit grant', body: { grant_types: ['implicit'] }, refuses: ['grant_types'] },
  {
    name: 'S-DCR-10: the code grant beside ours',
    body: { grant_types: ['client_credentials', 'authorization_code'] },
    refuses: ['grant_types'],
  },
  {
    name: 'S-DCR-10: token exchange',
    body: { grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'] },
    refuses: ['grant_types'],
  },
  {
    name: 'S-DCR-10: the device grant',
    body: { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] },
    refuses: ['grant_types'],
  },
  {
    name: 'S-DCR-10: our grant in another case',
    body: { grant_types: ['Client_Credentials'] },
    refuses: ['grant_types'],
  },
  {
    name: 'S-DCR-10: our grant where the portal may give none',
    body: {},
    policy: { grant_types: [] },
    refuses: ['grant_types'],
  },
  {
    name: "a portal's own words grant nothing",
    body: { grant_types: ['bearer', 'session'] },
    keeps: { grant_types: ['client_credentials'] },
  },
  {
    name: "a portal's own word beside ours",
    body: { grant_types: ['bearer', 'client_credentials'] },
    keeps: { grant_types: ['client_credentials'] },
  },
  {
    name: 'no grant types at all',
    body: { grant_types: [] },
    keeps: { grant_types: ['client_credentials'] },
  },
  {
    name: 'S-DCR-11: a public client',
    body: { token_endpoint_auth_method: 'none' },
    refuses: ['token_endpoint_auth_method'],
  },
  {
    name: 'keys, and none are there',
    body: { token_endpoint_auth_method: 'private_key_jwt' },
    refuses: ['jwks'],
  },
  {
    name: 'a method that we never take',
    body: { token_endpoint_auth_method: 'client_secret_jwt' },
    refuses: ['token_endpoint_auth_method'],
  },
  {
    name: 'S-DCR-12: no method is client_secret_basic, recorded',
    body: {},
    keeps: { token_endpoint_auth_method: 'client_secret_basic' },
  },
  {
    name: 'client_secret_post',
    body: { token_endpoint_auth_method: 'client_secret_post' },
    keeps: { token_endpoint_auth_method: 'client_secret_post' },
  },
  {
    name: 'S-DCR-13: response types are dropped',
    body: { response_types: ['code', 'token'] },
    keeps: { response_types: [] },
  },
  {
    name: 'the code grant at our own token service, which has no authorization endpoint',
    body: { grant_types: ['authorization_code'], redirect_uris: [CALLBACK] },
    policy: CODE,
    refuses: ['grant_types'],
  },
  {
    name: 'the code grant upstream where the portal may give it',
    at: 'oidc',
    body: { grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [CALLBACK] },
    policy: CODE,
    keeps: { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
  },
  {
    name: 'the code grant upstream where the portal may not give it',
    at: 'oidc',
    body: { grant_types: ['authorization_code'], redirect_uris: [CALLBACK] },
    refuses: ['grant_types'],
  },
  {
    name: 'the code grant without a place to redirect to',
    at: 'oidc',
    body: { grant_types: ['authorization_code'] },
    policy: CODE,
    refuses: ['redirect_uris'],
    reason: 'redirect_uri_invalid',
  },
  {
    name: 'the code grant with another response type',
    at: 'oidc',
    body: {
      grant_types: ['authorization_code'],
      redirect_uris: [CALLBACK],
      response_types: ['code', 'token'],
    },
    policy: CODE,
    refuses: ['response_types'],
  },
  {
    name: 'refresh tokens for a machine',
    at: 'oidc',
    body: { grant_types: ['client_credentials', 'refresh_token'] },
    policy: CODE,
    refuses: ['grant_types'],
  },
  {
    name: 'S-DCR-15: what portals send, while nothing redirects, upstream too',
    at: 'oidc',
    body: { redirect_uris: ['*', 'localhost:3000'] },
    policy: CODE,
    keeps: { redirect_uris: ['*', 'localhost:3000'], response_types: [] },
  },
  {
    name: 'S-DCR-15: the same once something redirects',
    at: 'oidc',
    body: { grant_types: ['authorization_code'], redirect_uris: [CALLBACK, '*', 'localhost:3000'] },
    policy: CODE,
    refuses: ['redirect_uris[1]', 'redirect_uris[2]'],
    reason: 'redirect_uri_invalid',
  },
  {
    name: 'S-DCR-15: the same where the portal is strict',
    body: { redirect_uris: ['*', CALLBACK, 'http://app.example.com/'] },
    policy: { redirect_uri_rule: 'strict' },
    refuses: ['redirect_uris[0]', 'redirect_uris[2]'],
    reason: 'redirect_uri_invalid',
  },
  {
    name: 'S-DCR-33: a host that the portal does not name',
    body: { redirect_uris: [CALLBACK, 'https://attackerexample.com/cb'] },
    policy: { redirect_uri_rule: 'strict', redirect_uri_hosts: ['*.example.com'] },
    refuses: ['redirect_uris[1]'],
    reason: 'redirect_uri_invalid',
  },
];

for (const { name, body, policy, at, keeps, refuses, reason: expected = 'metadata_invalid' } of ROWS) {
  test(`${name}: ${refuses === undefined ? 'allowed' : 'refused'}`, () => {
    if (refuses === undefined) {
      const metadata = judge(body, policy, at);
      for (const [member, value] of Object.entries(keeps ?? {})) {
        assert.deepEqual(metadata[member as keyof typeof metadata], value, member);
      }
      return;
    }
    const { reason, problems } = refusal(body, policy, at);
    assert.equal(reason, expected);
    assert.deepEqual(
      problems.map(({ path }) => path),
      refuses,
    );
  });
}

test('problems of the document and of the policy are told together', () => {
  const { problems } = refusal({
    client_name: 7,
    grant_types: ['password'],
    scope: 'admin',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['javascript:1'],
  });
  assert.deepEqual(problems.map(({ path }) => path).sort(), [
    'client_name',
    'grant_types',
    'redirect_uris[0]',
    'scope',
    'token_endpoint_auth_method',
  ]);
});

test('a member that is wrong is not called missing, too', () => {
  const paths = (body: Record<string, unknown>, policy: Partial<RegistrationPolicy> = {}) =>
    refusal(body, policy).problems.map(({ path }) => path);
  const jwks = { keys: [{ kty: 'oct', k: 'AAAA' }] };
  assert.deepEqual(paths({ token_endpoint_auth_method: 'private_key_jwt', jwks }), ['jwks.keys[0].kty']);
  assert.deepEqual(paths({ token_endpoint_auth_method: 'private_key_jwt' }), ['jwks']);
  const strictly: Partial<RegistrationPolicy> = { default_scopes: ['beyond'] };
  assert.deepEqual(paths({ scope: 5 }, strictly), ['scope']);
});

test('RFC 7591 section 3.2.2: the code tells wrong redirect URIs from other wrong metadata', () => {
  assert.equal(refusal({ redirect_uris: ['javascript:1', 'data:x'] }).reason, 'redirect_uri_invalid');
  assert.equal(refusal({ redirect_uris: ['javascript:1'], scope: 'admin' }).reason, 'metadata_invalid');
});

test('S-MGT-08: whatever a document leaves out, what results is within the ceiling', () => {
  const member = fc.constantFrom('scope', 'scopes', 'grant_types', 'token_endpoint_auth_method', 'x');
  const value = fc.oneof(
    fc.constantFrom(null, '', 'read', 'write', 'admin', 'read write', 'client_secret_post', 'none'),
    fc.subarray(['read', 'write', 'admin', 'client_credentials', 'password', 'bearer', '']),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const ceiling = fc.subarray(['read', 'write']);
  let allowed = 0;
  fc.assert(
    fc.property(fc.dictionary(member, value, { maxKeys: 4 }), ceiling, (body, scopes) => {
      let metadata: ReturnType<typeof judge>;
      try {
        metadata = judge(body, { scopes });
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
        return;
      }
      allowed += 1;
      const granted = metadata.scope?.split(' ').filter(Boolean) ?? assert.fail('no scope was recorded');
      assert.ok(
        granted.every((scope) => scopes.includes(scope)),
        metadata.scope,
      );
      assert.deepEqual(metadata.grant_types, ['client_credentials']);
      assert.ok(['client_secret_basic', 'client_secret_post'].includes(metadata.token_endpoint_auth_method));
      assert.deepEqual(metadata.response_types, []);
    }),
    { numRuns: 1000 },
  );
  assert.ok(allowed > 100, `only ${allowed} were allowed: the property saw too little`);
});

test('S-MGT-07 nothing that was kept under a weaker rule is carried into a grant that redirects', () => {
  const weak = judge({ redirect_uris: ['*', CALLBACK], response_types: ['token'] }, CODE, 'oidc');
  const change = (kept: typeof weak, body: Record<string, unknown>) =>
    applyPolicy(mergeMetadata(kept, body), { ...POLICY, ...CODE }, 'oidc');
  const toCode = { grant_types: ['authorization_code'] };
  assert.throws(() => change(weak, toCode), { reason: 'redirect_uri_invalid' });
  const code = change(weak, { ...toCode, redirect_uris: [CALLBACK] });
  assert.deepEqual(code.response_types, ['code']);
  // Nor the other way round, in two steps: what is judged is always the whole of what results.
  assert.throws(() => change(code, { redirect_uris: ['*'] }), { reason: 'redirect_uri_invalid' });
  assert.throws(() => change(code, { redirect_uris: [] }), { reason: 'redirect_uri_invalid' });
  assert.deepEqual(change(code, { grant_types: ['client_credentials'] }).response_types, []);
});
