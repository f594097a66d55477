import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ClientRecord } from '../../src/clients/client-record.ts';
import {
  type Ceiling,
  decideGrant,
  type Grant,
  type ResourceCatalogue,
} from '../../src/tokens/grant-policy.ts';
import { resourcesByIdentifier } from '../../src/tokens/resource.ts';
import type { TokenError } from '../../src/tokens/token-refusal.ts';
import { TokenRefusal } from '../../src/tokens/token-refusal.ts';
import { ADMIN, API, aClient, CATALOGUE, CEILING, RESOURCES, tokenRefusal } from './support.ts';

interface Row {
  readonly name: string;
  readonly client?: Record<string, unknown>;
  readonly granted?: readonly string[];
  readonly resource?: string;
  readonly scope?: string;
  readonly catalogue?: Partial<ResourceCatalogue>;
  readonly ceiling?: Partial<Ceiling>;
  /** `aud` and scopes, or the error. */
  readonly is: readonly [string, string] | TokenError;
}

const without = (identifier: string): ResourceCatalogue['resources'] => {
  const { [identifier as typeof API]: _, ...rest } = RESOURCES;
  return resourcesByIdentifier(rest);
};
const readOnly = resourcesByIdentifier({ [API]: { ...RESOURCES[API], scopes: ['read'] } });

const ROWS: readonly Row[] = [
  { name: 'nothing asked: the default resource, every granted scope', is: [API, 'read write'] },
  { name: 'a part of the scopes', scope: 'write', is: [API, 'write'] },
  { name: 'scopes in the order that was asked', scope: 'write read', is: [API, 'write read'] },
  { name: 'a scope asked twice is in the token once', scope: 'read read', is: [API, 'read'] },
  { name: 'the granted resource by its name', resource: API, is: [API, 'read write'] },
  {
    name: 'a resource whose audience differs from its name',
    granted: [ADMIN],
    resource: ADMIN,
    is: ['admin-api', 'read'],
  },
  {
    name: 'the audience is not a name of the resource',
    granted: [ADMIN],
    resource: 'admin-api',
    is: 'invalid_target',
  },
  { name: 'a client without scopes gets a token without scopes', client: { scope: '' }, is: [API, ''] },
  {
    name: 'S-TOK-13: a scope that the client was not granted',
    client: { scope: 'read' },
    scope: 'write',
    is: 'invalid_scope',
  },
  { name: 'S-TOK-13: a granted and an ungranted scope', scope: 'read admin', is: 'invalid_scope' },
  { name: 'S-TOK-13: a scope in another case', scope: 'READ', is: 'invalid_scope' },
  {
    name: 'S-TOK-13: a scope for a client without scopes',
    client: { scope: '' },
    scope: 'read',
    is: 'invalid_scope',
  },
  {
    name: 'L-08: a scope of another resource',
    client: { scope: 'read admin' },
    scope: 'admin',
    is: 'invalid_scope',
  },
  {
    name: 'L-08: what the client has and the resource knows, no more',
    client: { scope: 'read admin' },
    granted: [ADMIN, API],
    resource: ADMIN,
    is: ['admin-api', 'read admin'],
  },
  {
    name: 'L-08: a scope of another resource is not in the default either',
    client: { scope: 'read admin' },
    is: [API, 'read'],
  },
  { name: 'S-TOK-15: an unknown resource', resource: 'https://not-yours.example', is: 'invalid_target' },
  { name: 'S-TOK-15: a resource that exists and was not granted', resource: ADMIN, is: 'invalid_target' },
  { name: 'S-TOK-15: a slash at the end', resource: `${API}/`, is: 'invalid_target' },
  { name: 'S-TOK-15: another case', resource: API.toUpperCase(), is: 'invalid_target' },
  { name: 'S-TOK-15: a fragment', resource: `${API}#x`, is: 'invalid_target' },
  { name: 'S-TOK-15: a relative one', resource: '/api', is: 'invalid_target' },
  {
    name: 'S-TOK-15: a port that says nothing',
    resource: 'https://api.example.com:443',
    is: 'invalid_target',
  },
  {
    name: 'S-HTTP-08: a name of JavaScript',
    resource: '__proto__',
    granted: ['__proto__'],
    is: 'invalid_target',
  },
  { name: 'S-TOK-16: the default resource is not granted', granted: [ADMIN], is: 'invalid_target' },
  { name: 'S-TOK-16: no resource is granted', granted: [], is: 'invalid_target' },
  {
    name: 'S-JWT-14: the resource was taken out of the configuration',
    catalogue: { resources: without(API) },
    is: 'invalid_target',
  },
  { name: 'S-JWT-14: the portal lost the resource', ceiling: { resources: [ADMIN] }, is: 'invalid_target' },
  { name: 'S-JWT-14: the resource lost a scope', catalogue: { resources: readOnly }, is: [API, 'read'] },
  {
    name: 'S-JWT-14: the resource lost the scope that is asked',
    catalogue: { resources: readOnly },
    scope: 'write',
    is: 'invalid_scope',
  },
  {
    name: 'RFC 6749, 3.3: two spaces have an empty scope between them',
    scope: 'read  write',
    is: 'invalid_scope',
  },
  { name: 'the portal lost a scope', ceiling: { scopes: ['write'] }, is: [API, 'write'] },
  {
    name: 'the portal lost the scope that is asked',
    ceiling: { scopes: ['write'] },
    scope: 'read',
    is: 'invalid_scope',
  },
  {
    name: 'S-TOK-17: the client was not registered for the grant',
    client: { grant_types: ['authorization_code'] },
    is: 'unauthorized_client',
  },
  { name: 'the portal lost the grant', ceiling: { grant_types: [] }, is: 'unauthorized_client' },
];

for (const { name, is, client = {}, granted = [API], resource, scope, catalogue, ceiling } of ROWS) {
  test(`${name}: ${typeof is === 'string' ? is : 'granted'}`, () => {
    const decide = () =>
      decideGrant(
        aClient(client, { granted_resources: granted }),
        { resource, scope },
        { ...CATALOGUE, ...catalogue },
        { ...CEILING, ...ceiling },
      );
    if (typeof is === 'string') {
      tokenRefusal(is, decide);
      return;
    }
    const grant = decide();
    assert.deepEqual([grant.resource.audience, grant.scopes.join(' ')], is);
  });
}

test("a portal's claims are laid over those of the resource: the same name replaces the one there", () => {
  const resources = new Map(
    [...CATALOGUE.resources].map(([name, each]) => [name, { ...each, claims: { tier: 'gold', plan: 'a' } }]),
  );
  const decide = (claims: Ceiling['claims']) =>
    decideGrant(
      aClient(),
      { resource: API, scope: undefined },
      { ...CATALOGUE, resources },
      { ...CEILING, claims },
    ).claims;
  assert.deepEqual(decide({}), { tier: 'gold', plan: 'a' });
  assert.deepEqual(decide({ tier: '{portal}', seats: 5 }), { tier: '{portal}', plan: 'a', seats: 5 });
});

test('S-TOK-20: a refusal repeats nothing of what was asked', () => {
  for (const request of [
    { resource: 'canary-resource', scope: undefined },
    { resource: API, scope: 'canary-scope' },
  ]) {
    const error = request.scope === undefined ? 'invalid_target' : 'invalid_scope';
    const { message } = tokenRefusal(error, () => decideGrant(aClient(), request, CATALOGUE, CEILING));
    assert.ok(!message.includes('canary'));
  }
});

test('a grant never exceeds what the client, its portal and the resource have in common', () => {
  const scopes = ['read', 'write', 'admin'];
  const some = fc.subarray(scopes);
  // Mostly a grant that could be: else nearly every request would be refused for its resource already.
  const resources: fc.Arbitrary<string[]> = fc.oneof(
    { weight: 3, arbitrary: fc.constant<string[]>([API, ADMIN]) },
    { weight: 1, arbitrary: fc.subarray([API, ADMIN, 'https://gone.example']) },
  );
  const asked: fc.Arbitrary<string | undefined> = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(undefined, API, ADMIN) },
    { weight: 1, arbitrary: fc.constantFrom('https://gone.example', '__proto__') },
  );
  const askedScope = fc.oneof(
    fc.constant(undefined),
    fc.constantFrom(...scopes),
    some.map((each) => each.join(' ')),
  );
  let grants = 0;
  fc.assert(
    fc.property(
      some,
      resources,
      some,
      resources,
      asked,
      askedScope,
      (has, granted, may, mayResources, resource, scope) => {
        const client: ClientRecord = aClient({ scope: has.join(' ') }, { granted_resources: granted });
        const ceiling = { ...CEILING, resources: mayResources, scopes: may };
        let grant: Grant;
        try {
          grant = decideGrant(client, { resource, scope }, CATALOGUE, ceiling);
        } catch (error) {
          assert.ok(error instanceof TokenRefusal, String(error));
          return;
        }
        grants += 1;
        const { identifier } = grant.resource;
        assert.equal(identifier, resource ?? API);
        assert.ok(granted.includes(identifier) && mayResources.includes(identifier));
        for (const each of grant.scopes) {
          assert.ok(has.includes(each) && may.includes(each) && grant.resource.scopes.includes(each), each);
          assert.ok(scope === undefined || scope.split(' ').includes(each));
        }
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(grants > 300, `only ${grants} grants: the property saw too little`);
});
