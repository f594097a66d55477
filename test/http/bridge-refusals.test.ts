/** What the bridge refuses, how each refusal looks, and that none of them writes anything. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { newClientId } from '../../src/clients/client-id.ts';
import { clientDocument } from '../../src/dialects/client-document.ts';
import { newApiKey } from '../../src/portals/api-key.ts';
import { setPortalState } from '../../src/portals/manage.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { type Answer, portal, send } from '../support/bridge.ts';
import { addPortals, asOperator, DOMAIN } from '../support/domain.ts';
import { chunked, rawRequest, sendRaw } from '../support/raw-http.ts';
import { assertLogged, assertRefusal, type Expected, shapeOf } from '../support/refusal.ts';
import { API_KEY, newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { refuses } from '../support/unwritten.ts';

let service: TestService;
let keys: Record<'other' | 'barred' | 'closed', string>;
let id: string;
before(async () => {
  const kek = newKeyEncryptionKey();
  service = await startService({ config: DOMAIN, env: { KEY_ENCRYPTION_KEY: kek } });
  keys = await addPortals(service, kek, 'other', 'barred', 'closed');
  await asOperator(service, kek, (portals) => setPortalState(portals, 'closed' as PortalName, 'disabled'));
  id = (await portal(service).create()).body.client_id;
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const MALFORMED: Expected = {
  status: 400,
  error: 'invalid_request',
  says: /one JSON object in UTF-8: .*byte-order mark.*16 deep.*double.*surrogate/,
};
const TOO_LARGE: Expected = { status: 413, error: 'request_too_large' };
const WRONG_TYPE: Expected = { status: 415, error: 'unsupported_media_type', says: /application\/json/ };
const NO_CLIENT: Expected = { status: 404, error: 'not_found', says: /no client of this id/ };

/** A request to the bridge, header by header. */
function call(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string | Uint8Array } = {},
): Promise<Answer> {
  return send(`${service.managementUrl}${path}`, {
    method,
    headers: { 'x-api-key': API_KEY, ...headers },
    // A Blob without a type, because fetch names a type for a text.
    ...(body === undefined ? {} : { body: new Blob([body as Uint8Array<ArrayBuffer>]) }),
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const CLIENTS = '/bridge/local/clients';
const deep = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);

describe('S-HTTP-07: a body that is no JSON object', () => {
  const bodies: readonly (readonly [string, string | Uint8Array])[] = [
    ['nothing', ''],
    ['blanks', '  \n'],
    ['half an object', '{"client_name":"a"'],
    ['two objects', '{}{}'],
    ['something after the object', '{} x'],
    ['a trailing comma', '{"client_name":"a",}'],
    ['single quotes', "{'client_name':'a'}"],
    ['an array', '[]'],
    ['an array of objects', '[{"client_name":"a"}]'],
    ['null', 'null'],
    ['a text', '"client"'],
    ['a number', '7'],
    ['a form', 'client_name=a'],
    ['a byte-order mark', '\ufeff{}'],
    ['a NUL', '{"client_name":"a"}\0'],
    ['a raw line break in a text', '{"client_name":"a\nb"}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d])],
    ['UTF-8 that is cut', Buffer.from('{"a":"é').subarray(0, 7)],
    ['UTF-16', Buffer.from('{"client_name":"a"}', 'utf16le')],
    ['a surrogate in UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d])],
    ['an escaped lone surrogate, deep in an unknown member', '{"x":{"y":["\\ud800"]}}'],
    ['an escaped lone surrogate in the name of a member', '{"x\\udfff":1}'],
    ['a number that is no number: 1e400', '{"x":1e400}'],
    ['a number that is no number, deep', '{"x":[{"y":-1e999}]}'],
    ['NaN', '{"x":NaN}'],
    ['27,000 arrays', `{"x":${deep(12_000, '[', ']')}}`],
    ['thousands of objects', deep(5000, '{"a":', '}').replace(':}', ':1}')],
    ['more levels than metadata needs', `{"x":${deep(40, '[', ']')}}`],
  ];
  for (const [name, body] of bodies) {
    for (const [method, path] of [
      ['POST', () => CLIENTS],
      ['PUT', () => `${CLIENTS}/${id}`],
    ] as const) {
      test(`${method}: ${name}`, async () => {
        await refuses(service, MALFORMED, () => call(method, path(), { headers: JSON_TYPE, body }));
      });
    }
  }

  test('27,000 levels, on a service that reads as much', async () => {
    const large = await startService({ env: { BODY_LIMIT_BYTES: '1048576' } });
    for (const body of [deep(27_000, '[', ']'), `{"x":${deep(27_000, '[', ']')}}`, deep(500_000, '[', ']')]) {
      const answer = await send(`${large.managementUrl}${CLIENTS}`, {
        method: 'POST',
        headers: { 'x-api-key': API_KEY, ...JSON_TYPE },
        body,
      });
      assertRefusal(answer, MALFORMED);
    }
    await large.stop();
  });

  test('rotate: an array, half an object, a wrong overlap', async () => {
    const path = `${CLIENTS}/${id}/rotate-secret`;
    for (const body of ['[]', '{"secret_overlap_seconds":']) {
      await refuses(service, MALFORMED, () => call('POST', path, { headers: JSON_TYPE, body }));
    }
    for (const overlap of ['-1', '1.5', '"60"', '1e300', 'true']) {
      const body = `{"secret_overlap_seconds":${overlap}}`;
      const says = { status: 400, error: 'invalid_client_metadata', says: /^secret_overlap_seconds: / };
      await refuses(service, says, () => call('POST', path, { headers: JSON_TYPE, body }));
    }
  });
});

describe('a body of another type', () => {
  const rows: readonly (readonly [string, Record<string, string>, string | Uint8Array])[] = [
    ['no content type', {}, '{}'],
    ['text', { 'content-type': 'text/plain' }, '{}'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'client_name=a'],
    ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '{}'],
    ['a type that only begins like JSON', { 'content-type': 'application/jsonx' }, '{}'],
    ['no type that can be read', { 'content-type': ';;;' }, '{}'],
    ['text without a body', { 'content-type': 'text/plain' }, ''],
    ['gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync('{}')],
    ['something that says it is gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }, '{}'],
    ['deflate, br', { ...JSON_TYPE, 'content-encoding': 'deflate, br' }, '{}'],
  ];
  for (const [name, headers, body] of rows) {
    test(name, async () => {
      await refuses(service, WRONG_TYPE, () => call('POST', CLIENTS, { headers, body }));
    });
  }
});

describe('a body that is too large', () => {
  const large = JSON.stringify({ description: 'x'.repeat(40_000) });

  test('by its Content-Length, before it is sent', async () => {
    const head = rawRequest(`POST ${CLIENTS}`, [
      'Host: localhost',
      `X-API-KEY: ${API_KEY}`,
      'Content-Type: application/json',
      'Content-Length: 10000000',
    ]);
    // The answer comes although the body never does.
    await refuses(service, TOO_LARGE, () => sendRaw(service.managementUrl, head));
  });

  test('by its Content-Length, sent whole', async () => {
    await refuses(service, TOO_LARGE, () => call('POST', CLIENTS, { headers: JSON_TYPE, body: large }));
    await refuses(service, TOO_LARGE, () =>
      call('PUT', `${CLIENTS}/${id}`, { headers: JSON_TYPE, body: large }),
    );
  });

  test('in chunks, with no length stated', async () => {
    const head = [
      `POST ${CLIENTS} HTTP/1.1`,
      'Host: localhost',
      `X-API-KEY: ${API_KEY}`,
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    ];
    const chunks = chunked(...Array.from({ length: 10 }, () => 'x'.repeat(4096)));
    await refuses(service, TOO_LARGE, () =>
      sendRaw(service.managementUrl, `${head.join('\r\n')}\r\n\r\n${chunks}`),
    );
  });

  test('the limit itself is not too large', async () => {
    const body = JSON.stringify({ x: 1 }).padEnd(32 * 1024);
    assert.equal((await call('POST', CLIENTS, { headers: JSON_TYPE, body })).status, 201);
    await refuses(service, TOO_LARGE, () => call('POST', CLIENTS, { headers: JSON_TYPE, body: `${body} ` }));
  });
});

describe('metadata that is not acceptable', () => {
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ['S-DCR-08: a scope beyond the ceiling', { scope: 'read admin' }, /^scope: may only hold read write/],
    [
      'S-DCR-10: another grant',
      { grant_types: ['password'] },
      /^grant_types: may only hold client_credentials/,
    ],
    [
      'S-DCR-11: a public client',
      { token_endpoint_auth_method: 'none' },
      /^token_endpoint_auth_method: must be one of/,
    ],
    [
      'S-DCR-19: keys by URL, which no portal may have by default',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://169.254.169.254/' },
      /^jwks_uri: is not fetched for this portal's clients: send the keys as jwks/,
    ],
    ['a name of the wrong type', { client_name: { a: 1 } }, /^client_name: must be of type string/],
    [
      'S-LOG-05: a name with a line break',
      { client_name: 'a\r\nb' },
      /^client_name: must not contain control/,
    ],
    ['a scope with a quote', { scope: 'a"b' }, /^scope: /],
    ['a logo over http', { logo_uri: 'http://a.example' }, /^logo_uri: must be an https URI/],
    [
      'several things at once',
      { client_name: 7, scope: 'admin', labels: { a: 1 } },
      /client_name: .*; labels\.a: .*; scope: /,
    ],
  ];
  for (const [name, body, says] of rows) {
    const expected = { status: 400, error: 'invalid_client_metadata', says };
    test(`create: ${name}`, () =>
      refuses(service, expected, () => portal(service).create(body)).then(() => {}));
    test(`S-MGT-06, update: ${name}`, () =>
      refuses(service, expected, () => portal(service).update(id, body)).then(() => {}));
  }

  for (const uri of [
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'java\tscript:x',
    'intent:x',
  ]) {
    test(`S-DCR-14: the redirect URI ${JSON.stringify(uri)}`, async () => {
      const expected = { status: 400, error: 'invalid_redirect_uri', says: /^redirect_uris\[1\]: must not/ };
      const body = { redirect_uris: ['https://a.example', uri] };
      await refuses(service, expected, () => portal(service).create(body));
      await refuses(service, expected, () => portal(service).update(id, body));
    });
  }

  test('more problems than anyone reads are counted', async () => {
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`l${index}`, index]));
    const expected = { status: 400, error: 'invalid_client_metadata', says: /; and 12 more$/ };
    await refuses(service, expected, () => portal(service).create({ labels }));
  });

  test('S-TOK-20: no received value comes back', async () => {
    const canary = 'canary-9d1c';
    const body = {
      client_name: [canary],
      scope: canary,
      logo_uri: canary,
      labels: { a: [canary] },
      contacts: [canary],
    };
    const answer = await refuses(service, { status: 400, error: 'invalid_client_metadata' }, () =>
      portal(service).create(body),
    );
    assert.ok(!answer.text.includes(canary));
  });

  test('S-HTTP-08: names of JavaScript as members pollute nothing', async () => {
    const body = '{"__proto__":{"scope":"admin"},"constructor":{"prototype":{"polluted":1}},"toString":"x"}';
    const answer = await call('POST', CLIENTS, { headers: JSON_TYPE, body });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.scope, '');
    const next = await portal(service).create({});
    assert.ok(!next.text.includes('polluted') && !next.text.includes('admin'));
  });
});

describe('S-DCR-01, S-TEN-03: who is calling', () => {
  const unauthorized: Expected = {
    status: 401,
    error: 'unauthorized',
    headers: { 'www-authenticate': 'Bearer realm="dcr-bridge"' },
  };
  const b64 = (text: string) => Buffer.from(text).toString('base64');
  const rows: readonly (readonly [string, () => Record<string, string>])[] = [
    ['no key', () => ({})],
    ['an empty key', () => ({ 'x-api-key': '' })],
    ['an unknown key', () => ({ 'x-api-key': newApiKey(randomBytes) })],
    ['an unknown key as Bearer', () => ({ authorization: `Bearer ${newApiKey(randomBytes)}` })],
    ['an unknown key as Basic', () => ({ authorization: `Basic ${b64(`test:${newApiKey(randomBytes)}`)}` })],
    ['the key as user of Basic', () => ({ authorization: `Basic ${b64(`${API_KEY}:`)}` })],
    ['the key of a disabled portal', () => ({ 'x-api-key': keys.closed })],
    ['the name of a portal', () => ({ 'x-api-key': 'test' })],
    ['the key and a character', () => ({ 'x-api-key': `${API_KEY}x` })],
    ['the key without its end', () => ({ 'x-api-key': API_KEY.slice(0, -1) })],
    ['a scheme without a key', () => ({ authorization: 'Bearer' })],
    ['another scheme', () => ({ authorization: `Digest ${API_KEY}` })],
    ['the key with no scheme', () => ({ authorization: API_KEY })],
    ['Basic that is no base64', () => ({ authorization: 'Basic %%%' })],
    ['a key of 8 KiB', () => ({ 'x-api-key': 'x'.repeat(8192) })],
    ['S-MGT-01: the key in another header', () => ({ 'api-key': API_KEY, cookie: `key=${API_KEY}` })],
  ];
  const requests: readonly (readonly [string, () => string])[] = [
    ['POST', () => CLIENTS],
    ['GET', () => `${CLIENTS}/${id}`],
    ['PUT', () => `${CLIENTS}/${id}`],
    ['POST', () => `${CLIENTS}/${id}/rotate-secret`],
    ['DELETE', () => `${CLIENTS}/${id}`],
  ];

  for (const [name, headers] of rows) {
    test(`refused everywhere: ${name}`, async () => {
      for (const [method, path] of requests) {
        const init = method === 'GET' ? { method } : { method, body: '{}' };
        await refuses(service, unauthorized, () =>
          send(`${service.managementUrl}${path()}`, { ...init, headers: { ...JSON_TYPE, ...headers() } }),
        );
      }
    });
  }

  test('an unknown, a disabled and a cut key are answered alike', async () => {
    const answers = await Promise.all(
      [newApiKey(randomBytes), keys.closed, API_KEY.slice(0, -1)].map((key) =>
        portal(service, { key }).read(id),
      ),
    );
    for (const answer of answers) assert.deepEqual(shapeOf(answer), shapeOf(answers[0] as Answer));
  });

  test('S-MGT-01: a key in the URL or the body is not read', async () => {
    const url = `${service.managementUrl}${CLIENTS}?api_key=${API_KEY}&x-api-key=${API_KEY}&access_token=${API_KEY}`;
    await refuses(service, unauthorized, () =>
      send(url, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ api_key: API_KEY }) }),
    );
  });

  test('who is calling is asked before the body is looked at', async () => {
    const body = 'x'.repeat(100_000);
    await refuses(service, unauthorized, () =>
      send(service.managementUrl + CLIENTS, { method: 'POST', body }),
    );
  });

  const twoKeys: Expected = { status: 400, error: 'invalid_request', says: /one API key/ };

  test('two different keys are refused, even if both are good', async () => {
    for (const headers of [
      { 'x-api-key': API_KEY, authorization: `Bearer ${keys.other}` },
      { 'x-api-key': 'unknown', authorization: `Bearer ${API_KEY}` },
      { 'x-api-key': API_KEY, authorization: `Basic ${b64(`x:${keys.other}`)}` },
    ]) {
      await refuses(service, twoKeys, () => send(`${service.managementUrl}${CLIENTS}/${id}`, { headers }));
    }
  });

  test('a header that carries a credential comes once', async () => {
    for (const name of ['X-API-KEY', 'Authorization']) {
      const value = (key: string) => (name === 'Authorization' ? `Bearer ${key}` : key);
      for (const second of [keys.other, API_KEY, 'unknown']) {
        const lines = ['Host: localhost', `${name}: ${value(API_KEY)}`, `${name}: ${value(second)}`];
        await refuses(service, twoKeys, () =>
          sendRaw(service.managementUrl, rawRequest(`GET ${CLIENTS}/${id}`, lines)),
        );
      }
    }
  });
});

describe('S-TEN-01, S-TEN-10: another portal', () => {
  const verbs: readonly (readonly [string, (key: string, id: string) => Promise<Answer>])[] = [
    ['read', (key, client) => portal(service, { key }).read(client)],
    ['update', (key, client) => portal(service, { key }).update(client, { client_name: 'stolen' })],
    ['rotate', (key, client) => portal(service, { key }).rotate(client)],
    ['delete', (key, client) => portal(service, { key }).delete(client)],
  ];
  for (const [verb, run] of verbs) {
    test(`${verb}: a foreign client is answered exactly like one that never was`, async () => {
      const foreign = await refuses(service, NO_CLIENT, () => run(keys.other, id));
      const unknown = await refuses(service, NO_CLIENT, () => run(keys.other, newClientId(randomBytes)));
      const own = await portal(service, { key: keys.other }).create({});
      await portal(service, { key: keys.other }).delete(own.body.client_id);
      assert.deepEqual(shapeOf(foreign), shapeOf(unknown));
      if (verb === 'delete') return;
      const gone = await refuses(service, NO_CLIENT, () => run(keys.other, own.body.client_id));
      assert.deepEqual(shapeOf(gone), shapeOf(unknown));
    });
  }

  test('a foreign client that was deleted is as unknown as before', async () => {
    const { body } = await portal(service).create({});
    await portal(service).delete(body.client_id);
    await refuses(service, NO_CLIENT, () => portal(service, { key: keys.other }).delete(body.client_id));
  });

  test('S-HTTP-08: an id that can be none is unknown, whatever it looks like', async () => {
    const ids = [
      '__proto__',
      'constructor',
      'admin',
      '%00',
      '%E0%A4%A',
      '..%2f..%2fetc',
      'a%0d%0ab',
      `${id}%00`,
    ];
    for (const path of [...ids, 'x'.repeat(4000)]) {
      for (const method of ['GET', 'DELETE']) {
        await refuses(service, NO_CLIENT, () => call(method, `${CLIENTS}/${path}`));
      }
    }
  });
});

describe('providers', () => {
  test('a provider that does not exist is 404, one that the portal may not use is 403', async () => {
    for (const provider of ['nowhere', '__proto__', 'constructor', 'LOCAL', 'loc%00al']) {
      const expected = { status: 404, error: 'not_found', says: /no provider of this name/ };
      await refuses(service, expected, () => portal(service, { provider }).create());
      await refuses(service, expected, () => portal(service, { provider }).read(id));
    }
    const barred = portal(service, { key: keys.barred });
    const expected = { status: 403, error: 'access_denied', says: /policy does not name this provider/ };
    for (const run of [
      () => barred.create(),
      () => barred.read(id),
      () => barred.update(id, {}),
      () => barred.rotate(id),
      () => barred.delete(id),
    ]) {
      await refuses(service, expected, run);
    }
  });
});

describe('routes and methods', () => {
  test('an unknown path is 404', async () => {
    for (const path of [
      '/',
      '/bridge',
      '/bridge/local',
      '/clients',
      '/bridge//clients',
      `${CLIENTS}/${id}/secret`,
      '/metrics',
      '/livez',
      '/oauth2/token',
      '/.well-known/jwks.json',
      '/reg',
      '/%',
      '/%2e%2e/',
    ]) {
      for (const method of ['GET', 'POST']) {
        const init = method === 'GET' ? {} : { headers: JSON_TYPE, body: '{}' };
        await refuses(service, { status: 404, error: 'not_found', says: /nothing at this path/ }, () =>
          call(method, path, init),
        );
      }
    }
  });

  test('S-MGT-21: a method that a path does not take is 405, and Allow lists those it takes', async () => {
    const rows = [
      [CLIENTS, ['PUT', 'PATCH', 'DELETE'], 'POST, HEAD, GET'],
      [`${CLIENTS}/${id}`, ['POST', 'PATCH'], 'HEAD, GET, PUT, DELETE'],
      [`${CLIENTS}/${id}/rotate-secret`, ['GET', 'PUT', 'DELETE'], 'POST'],
      [`${CLIENTS}/${id}/secrets`, ['PUT', 'PATCH', 'DELETE'], 'HEAD, GET, POST'],
      [`${CLIENTS}/${id}/secrets/sec_1`, ['GET', 'POST', 'PUT'], 'DELETE'],
      ['/konnect/local', ['GET', 'PUT', 'DELETE'], 'POST'],
      [`/konnect/local/${id}`, ['GET', 'POST', 'PUT'], 'DELETE'],
      [`/konnect/local/${id}/new-secret`, ['GET', 'PUT'], 'POST'],
      [`/konnect/local/${id}/event-hook`, ['GET', 'PUT'], 'POST'],
      ['/register/local', ['GET', 'PUT', 'DELETE'], 'POST'],
      [`/register/local/${id}`, ['POST', 'PATCH'], 'HEAD, GET, PUT, DELETE'],
      [`/register/local/${id}/renew-secret`, ['GET', 'DELETE'], 'POST, PUT, PATCH'],
    ] as const;
    for (const [path, methods, allow] of rows) {
      for (const method of methods) {
        await refuses(service, { status: 405, error: 'method_not_allowed', headers: { allow } }, () =>
          call(method, path),
        );
      }
    }
  });

  test('L-29: TRACE and what nobody knows reflect nothing', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'PURGE']) {
      const lines = ['Host: localhost', 'X-Secret: canary-in-header', `X-API-KEY: ${API_KEY}`];
      const answer = await refuses(
        service,
        { status: 405, error: 'method_not_allowed', headers: { allow: 'POST, HEAD, GET' } },
        () => sendRaw(service.managementUrl, rawRequest(`${method} ${CLIENTS}`, lines)),
      );
      assert.ok(!answer.text.includes('canary'));
    }
  });

  test('S-DCR-25: a preflight of a page is answered without any CORS header', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answer = await send(service.managementUrl + CLIENTS, { method: 'OPTIONS', headers });
    assert.deepEqual(
      [...answer.headers.keys()].filter((name) => name.startsWith('access-control')),
      [],
    );
    assert.equal(answer.text, '');
    const made = await call('POST', CLIENTS, {
      headers: { ...JSON_TYPE, origin: 'https://evil.example' },
      body: '{}',
    });
    assert.deepEqual(
      [...made.headers.keys()].filter((name) => name.startsWith('access-control')),
      [],
    );
  });

  test('HEAD of what is refused has the status and no body', async () => {
    const answer = await send(`${service.managementUrl}${CLIENTS}/${id}`, { method: 'HEAD' });
    assert.deepEqual([answer.status, answer.text], [401, '']);
  });
});

test('F-27: any JSON object is answered 201 or 400, and what is made is within the contract and the policy', async () => {
  const members = [
    'client_name',
    'name',
    'desc',
    'scope',
    'scopes',
    'grant_types',
    'redirect_uris',
    'labels',
    'contacts',
  ];
  const plain = fc.constantFrom(
    '',
    'read',
    'write',
    'client_credentials',
    'https://a.example',
    null,
    ['read'],
    { a: 'b' },
  );
  const value = fc.oneof(plain, fc.jsonValue({ maxDepth: 2 }));
  const member = fc.oneof(
    fc.constantFrom(...members, '__proto__', 'constructor', 'client_secret'),
    fc.string(),
  );
  let made = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(member, value), { maxLength: 5 }), async (pairs) => {
      const body = `{${pairs.map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`).join()}}`;
      const answer = await call('POST', CLIENTS, { headers: JSON_TYPE, body });
      if (answer.status !== 201) return assertRefusal(answer, { status: 400, error: answer.body.error });
      made += 1;
      const { client_secret, ...document } = clientDocument.parse(answer.body);
      assert.match(client_secret ?? '', /^dcrs_/);
      assert.ok(
        document.scope.split(' ').every((scope) => ['read', 'write', ''].includes(scope)),
        document.scope,
      );
      assert.deepEqual(document.grant_types, ['client_credentials']);
      assert.deepEqual(
        (await portal(service).read(document.client_id)).body,
        document,
        'and is read as it was made',
      );
    }),
    { numRuns: 200 },
  );
  assert.ok(made > 20 && made < 200, `${made} of 200 were made: the property saw one side only`);
});

test('every error_id is in the log, on the line of its request', async () => {
  const answers = await Promise.all([
    portal(service, { key: 'nobody' }).read(id),
    portal(service).read('unknown'),
    portal(service).create({ scope: 'admin' }),
    portal(service, { provider: 'nowhere' }).create(),
    call('PATCH', CLIENTS),
    call('GET', '/nothing'),
  ]);
  for (const answer of answers) await assertLogged(service, answer);
  assert.equal(new Set(answers.map(({ body }) => body.error_id)).size, answers.length);
});

test('S-LOG-07: what a caller puts in a path or a query is not in the log', async () => {
  for (const path of [
    `${CLIENTS}/dcrs_canary-in-path`,
    `${CLIENTS}/unknown?client_secret=canary-in-query`,
    `${CLIENTS}?cursor=canary-in-cursor`,
    `${CLIENTS}?limit=canary-in-limit`,
    `${CLIENTS}?client_secret=canary-in-query`,
    `${CLIENTS}/${id}/secrets/canary-in-secret`,
    '/canary-in-route',
  ]) {
    const answer = await call(path.includes('/secrets/') ? 'DELETE' : 'GET', path);
    assert.ok(answer.status >= 400 && !answer.text.includes('canary-in-'), answer.text);
    await assertLogged(service, answer);
  }
  const listed = await call('GET', `${CLIENTS}?label.x=canary-in-label`);
  assert.equal(listed.status, 200);
  await assertLogged(service, await call('GET', '/the-last-line'));
  assert.ok(!service.output.join('\n').includes('canary-in-'));
});
