import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { api7Endpoints } from '../../src/dialects/api7/endpoints.ts';
import { konnectEndpoints } from '../../src/dialects/konnect/endpoints.ts';
import { rfc7591Endpoints } from '../../src/dialects/rfc7591/endpoints.ts';
import type { Endpoint } from '../../src/lib/endpoint.ts';
import type { Caller } from '../../src/portals/caller.ts';
import { registrationTokens } from '../../src/registration/registration-token.ts';
import { type World, world } from '../registration/support.ts';

let context: World;
before(async () => {
  context = await world();
});
after(() => context.close());

const rowsOf = (endpoints: readonly Endpoint<Caller>[]) =>
  endpoints.map(({ method, path, requestBody, idempotent = false, responses }) => [
    method,
    path,
    requestBody?.presence ?? 'none',
    idempotent,
    Object.keys(responses).join(),
  ]);

test('the HTTP Bridge has the operations of its contract, each with its success', () => {
  assert.deepEqual(rowsOf(api7Endpoints(context, 'https://as.example')), [
    ['POST', '/bridge/:provider/clients', 'required', true, '201'],
    ['GET', '/bridge/:provider/clients', 'none', false, '200'],
    ['GET', '/bridge/:provider/clients/:client_id', 'none', false, '200'],
    ['PUT', '/bridge/:provider/clients/:client_id', 'required', false, '200'],
    ['POST', '/bridge/:provider/clients/:client_id/rotate-secret', 'optional', true, '200'],
    ['DELETE', '/bridge/:provider/clients/:client_id', 'none', false, '202,204'],
    ['GET', '/bridge/:provider/clients/:client_id/secrets', 'none', false, '200'],
    ['POST', '/bridge/:provider/clients/:client_id/secrets', 'optional', true, '201'],
    ['DELETE', '/bridge/:provider/clients/:client_id/secrets/:secret_id', 'none', false, '204'],
  ]);
});

test('Konnect has the operations of its contract, each with its success', () => {
  assert.deepEqual(rowsOf(konnectEndpoints(context)), [
    ['POST', '/konnect/:provider', 'required', true, '201'],
    ['DELETE', '/konnect/:provider/:client_id', 'none', false, '202,204'],
    ['POST', '/konnect/:provider/:client_id/new-secret', 'optional', true, '200'],
    ['POST', '/konnect/:provider/:client_id/event-hook', 'required', false, '200'],
    ['GET', '/konnect/:provider/:client_id/secrets', 'none', false, '200'],
    ['POST', '/konnect/:provider/:client_id/secrets', 'optional', true, '201'],
    ['DELETE', '/konnect/:provider/:client_id/secrets/:secret_id', 'none', false, '204'],
  ]);
});

test('RFC 7591 and 7592 have the operations of their contract under any base, each with its success', () => {
  for (const base of ['/oauth2/register', '/register/:provider']) {
    const endpoints = rfc7591Endpoints(context, {
      base,
      operationPrefix: 'x',
      issuer: 'https://as.example',
      clientUri: ({ client_id }) => `https://as.example/${client_id}`,
      tokens: registrationTokens(context.signCursor),
      recoverSecret: () => undefined,
    });
    assert.deepEqual(rowsOf(endpoints), [
      ['POST', base, 'required', true, '201'],
      ['GET', `${base}/:client_id`, 'none', false, '200'],
      ['PUT', `${base}/:client_id`, 'required', false, '200'],
      ['DELETE', `${base}/:client_id`, 'none', false, '202,204'],
      ...['POST', 'PUT', 'PATCH'].map((method) => [
        method,
        `${base}/:client_id/renew-secret`,
        'optional',
        true,
        '200',
      ]),
    ]);
  }
});
