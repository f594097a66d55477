/** A token is answered again only where the resource asks for it, and only while all it was made from stands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IssuerContext, issueAccessToken, type TokenResponse } from '../../src/tokens/issue.ts';
import { resourcesByIdentifier } from '../../src/tokens/resource.ts';
import { createTokenReuse } from '../../src/tokens/token-reuse.ts';
import { ADMIN, API, aClient, CEILING, NO_STATUS_LISTS, NOW, RESOURCES } from './support.ts';

/** Reused like the first, with the same scopes and the same key. */
const ALSO = 'https://also.example.com';
const CLIENT = aClient({ scope: 'read write' }, { granted_resources: [API, ADMIN, ALSO] });

function issuer({ share = 0.75, maxBytes = 1_000_000 } = {}) {
  const state = {
    key: {},
    revoked: new Set<string>(),
    known: true,
    ids: 0,
    ceiling: { ...CEILING, resources: [...CEILING.resources, ALSO] },
  };
  const key = () =>
    Object.assign(state.key, { kid: 'k', alg: 'RS256' as const, sign: () => new Uint8Array(8) });
  const context: IssuerContext = {
    issuer: 'https://as.example',
    catalogue: {
      resources: resourcesByIdentifier({
        ...RESOURCES,
        [API]: { ...RESOURCES[API], token_reuse_share: share },
        [ALSO]: { ...RESOURCES[API], audience: ALSO, token_reuse_share: share },
      }),
      default_resource: API,
    },
    ceilingOf: () => state.ceiling,
    activeKey: key,
    statusListPlaces: NO_STATUS_LISTS,
    newTokenId: () => {
      state.ids += 1;
      return `jti-${state.ids}`;
    },
    reuse: createTokenReuse(maxBytes, (jti) => {
      if (!state.known) throw new Error('not heard from the store');
      return state.revoked.has(jti);
    }),
  };
  const ask = (now = NOW, client = CLIENT, request: { scope?: string; resource?: string } = {}) =>
    issueAccessToken(
      context,
      client,
      { scope: undefined, resource: undefined, ...request },
      now,
    ) as TokenResponse;
  return { state, ask };
}

test('off by default: each answer is a new token', () => {
  for (const share of [0, undefined]) {
    const { ask } = issuer(share === undefined ? { share: 0 } : { share });
    assert.notEqual(ask().access_token, ask().access_token);
  }
  const { ask } = issuer();
  const admin = { resource: ADMIN, scope: 'read' };
  assert.notEqual(ask(NOW, CLIENT, admin).access_token, ask(NOW, CLIENT, admin).access_token);
});

test('S-TOK-21: the same token until the share of its life is over, with what is left of it', () => {
  const { ask } = issuer();
  const { access_token } = ask();
  assert.deepEqual(ask(NOW + 449), {
    access_token,
    token_type: 'Bearer',
    expires_in: 151,
    scope: 'read write',
  });
  const next = ask(NOW + 450);
  assert.notEqual(next.access_token, access_token);
  assert.equal(next.expires_in, 600);
  assert.equal(ask(NOW + 451).access_token, next.access_token);
});

test('another scope, resource or client is another token', () => {
  const { ask } = issuer();
  const other = aClient({}, { client_id: 'cl_0000000000000000000002' as typeof CLIENT.client_id });
  const tokens = [
    ask(),
    ask(NOW, CLIENT, { scope: 'read' }),
    ask(NOW, CLIENT, { resource: ADMIN, scope: 'read' }),
    ask(NOW, CLIENT, { resource: ALSO, scope: 'read' }),
    ask(NOW, other),
  ].map(({ access_token }) => access_token);
  assert.equal(new Set(tokens).size, tokens.length);
});

test('R-03: any change of the client, its secrets or the key ends it', () => {
  const { state, ask } = issuer();
  const first = ask().access_token;
  const changed = { ...CLIENT, version: 2 };
  const second = ask(NOW, changed).access_token;
  assert.notEqual(second, first);
  assert.notEqual(ask(NOW, CLIENT).access_token, second);
  const before = ask(NOW, CLIENT).access_token;
  state.key = {};
  assert.notEqual(ask(NOW, CLIENT).access_token, before, 'a tainted key is replaced, its token too');
});

test('what the policy no longer gives is refused, whatever was given before', () => {
  const { state, ask } = issuer();
  ask(NOW, CLIENT, { scope: 'write' });
  state.ceiling = { ...state.ceiling, scopes: ['read'] };
  assert.throws(() => ask(NOW, CLIENT, { scope: 'write' }), { error: 'invalid_scope' });
});

test('a revoked token is not handed out again, nor one of which it is not known', () => {
  const { state, ask } = issuer();
  const first = ask().access_token;
  state.revoked.add('jti-1');
  const second = ask().access_token;
  assert.notEqual(second, first);
  assert.equal(ask().access_token, second);
  state.known = false;
  assert.notEqual(ask().access_token, second);
});

test('F-16: a clock that is set back lengthens nothing', () => {
  const { ask } = issuer();
  const { access_token } = ask();
  assert.notEqual(ask(NOW - 3600).access_token, access_token);
});

test('bounded in bytes: what does not fit is signed anew', () => {
  const { ask } = issuer({ maxBytes: 5000 });
  const { access_token } = ask();
  assert.equal(ask().access_token, access_token);
  for (let n = 0; n < 20; n += 1) {
    ask(NOW, aClient({}, { client_id: `cl_${String(n).padStart(22, '1')}` as typeof CLIENT.client_id }));
  }
  assert.notEqual(ask().access_token, access_token);
});
