/** What the token endpoint refuses, how each refusal looks, and that none tells more than it must. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { newClientId } from '../../src/clients/client-id.ts';
import { type Answer, type Credentials, fetchToken, portal, postToken, send } from '../support/bridge.ts';
import { API, addPortals, DOMAIN, ES256_API, HIDDEN_API } from '../support/domain.ts';
import { chunked, sendRaw } from '../support/raw-http.ts';
import { assertLogged, assertRefusal, type Expected, shapeOf } from '../support/refusal.ts';
import { newKeyEncryptionKey, startService, type TestService } from '../support/service.ts';
import { refuses as writesNothing } from '../support/unwritten.ts';

let service: TestService;
let client: Credentials;
let poster: Credentials;
let overlapping: Credentials;
let overlappingKey: string;
before(async () => {
  const kek = newKeyEncryptionKey();
  service = await startService({ config: DOMAIN, env: { KEY_ENCRYPTION_KEY: kek } });
  overlappingKey = (await addPortals(service, kek, 'overlapping')).overlapping;
  client = (await portal(service).create({ scope: 'read' })).body;
  poster = (await portal(service).create({ scope: 'read', token_endpoint_auth_method: 'client_secret_post' }))
    .body;
  overlapping = (await portal(service, { key: overlappingKey }).create({})).body;
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const GRANT = { grant_type: 'client_credentials' };
const FORM = 'application/x-www-form-urlencoded';
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
const own = () => basic(client.client_id, client.client_secret);

/** A token request with a body as it is. */
const post = (body: string, headers: Record<string, string> = own(), query = ''): Promise<Answer> =>
  send(`${service.publicUrl}/oauth2/token${query}`, {
    method: 'POST',
    headers: { 'content-type': FORM, ...headers },
    body,
  });

/** RFC 6749 section 5.2: `error_description` may hold nothing else. */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

async function refuses(
  error: string,
  run: () => Promise<Answer>,
  changes: Partial<Expected> = {},
): Promise<Answer> {
  const answer = await writesNothing(service, { status: 400, error, says: DESCRIPTION, ...changes }, run);
  assert.equal(answer.headers.get('pragma'), 'no-cache');
  for (const name of ['etag', 'set-cookie', 'location']) assert.equal(answer.headers.get(name), null);
  return answer;
}

/** A client that an operator, or time, has changed behind the service's back; it worked before. */
async function altered(record: string): Promise<Credentials> {
  const { body } = await portal(service).create({});
  assert.equal((await fetchToken(service, body)).status, 200);
  const database = new DatabaseSync(join(service.directory, 'store.db'));
  database.prepare(`UPDATE clients SET record = ${record} WHERE client_id = ?`).run(body.client_id);
  database.close();
  // Another process's commit is looked for at the first token that comes 20 ms after the last look.
  await sleep(50);
  return body;
}

const CHALLENGE = 'Basic realm="dcr-bridge", charset="UTF-8"';

/** 401, with a challenge exactly when Basic was used (RFC 6749 section 5.2). */
const unauthenticated = (run: () => Promise<Answer>, usedBasic: boolean): Promise<Answer> =>
  refuses('invalid_client', run, {
    status: 401,
    headers: { 'www-authenticate': usedBasic ? CHALLENGE : undefined },
  });

describe('S-TOK-11: a failed authentication tells nothing but that', () => {
  const failures: readonly (readonly [string, () => Promise<Credentials>])[] = [
    [
      'an unknown client',
      async () => ({ client_id: newClientId(randomBytes), client_secret: client.client_secret }),
    ],
    ['what can be no client', async () => ({ client_id: 'nobody', client_secret: 'x' })],
    ['S-HTTP-08: a name of JavaScript', async () => ({ client_id: '__proto__', client_secret: 'x' })],
    [
      "the engine's own decoy",
      async () => ({ client_id: 'unknown', client_secret: 'kept as keyed hashes elsewhere' }),
    ],
    ['a wrong secret', async () => ({ ...client, client_secret: `${client.client_secret.slice(0, -1)}!` })],
    ['a secret of another client', async () => ({ ...client, client_secret: overlapping.client_secret })],
    ['a secret and a blank', async () => ({ ...client, client_secret: `${client.client_secret}%20` })],
    [
      'the placeholder of the engine',
      async () => ({ ...client, client_secret: 'kept as keyed hashes elsewhere' }),
    ],
    ['S-TOK-10: an empty secret', async () => ({ ...client, client_secret: '' })],
    ['L-14: the wrong method', async () => poster],
    [
      'a deleted client',
      async () => {
        const { body } = await portal(service).create({});
        await portal(service).delete(body.client_id);
        return body;
      },
    ],
    ['a disabled client', () => altered("json_set(record, '$.state', 'disabled')")],
    ['an expired secret', () => altered("json_set(record, '$.secrets[0].expires_at', 1)")],
    [
      'a rotated secret',
      async () => {
        const { body } = await portal(service).create({});
        await portal(service).rotate(body.client_id);
        return body;
      },
    ],
    [
      'S-MGT-16: the third-newest secret within an overlap',
      async () => {
        const { rotate } = portal(service, { key: overlappingKey });
        await rotate(overlapping.client_id);
        await rotate(overlapping.client_id);
        return overlapping;
      },
    ],
  ];

  test('by Basic, every failure is the same status, body and headers', async () => {
    const shapes: unknown[] = [];
    for (const [name, credentials] of failures) {
      const { client_id, client_secret } = await credentials();
      const answer = await unauthenticated(
        () => postToken(service, GRANT, basic(client_id, client_secret)),
        true,
      );
      shapes.push(shapeOf(answer));
      assert.deepEqual(shapes.at(-1), shapes[0], name);
    }
  });

  test('by the body, too, and with no challenge of Basic', async () => {
    const shapes: unknown[] = [];
    for (const [name, credentials] of failures) {
      const given = await credentials();
      // The right secret of a Basic client in the body, and the reverse, is the wrong method.
      const { client_id, client_secret } = given === poster ? client : given;
      const answer = await unauthenticated(
        () => postToken(service, { ...GRANT, client_id, client_secret }),
        false,
      );
      shapes.push(shapeOf(answer));
      assert.deepEqual(shapes.at(-1), shapes[0], name);
    }
    const answer = await unauthenticated(
      () => postToken(service, { ...GRANT, client_id: poster.client_id }),
      false,
    );
    assert.deepEqual(shapeOf(answer), shapes[0], 'a client_id alone');
  });

  test('L-14: the wrong method is told before anything else is, so that it says nothing of the secret', async () => {
    for (const body of [
      {},
      { grant_type: 'password' },
      { ...GRANT, scope: 'admin' },
      { ...GRANT, resource: 'x' },
    ]) {
      await unauthenticated(
        () => postToken(service, body, basic(poster.client_id, poster.client_secret)),
        true,
      );
      const { client_id, client_secret } = client;
      await unauthenticated(() => postToken(service, { ...body, client_id, client_secret }), false);
    }
  });

  test('no credentials at all are a failed authentication (RFC 6749 section 5.2)', async () => {
    await unauthenticated(() => postToken(service, GRANT), false);
    await unauthenticated(() => postToken(service, { ...GRANT, client_id: newClientId(randomBytes) }), false);
    await unauthenticated(
      () => postToken(service, { ...GRANT, client_id: client.client_id, client_secret: '' }),
      false,
    );
  });

  test('L-15: a NUL behind the secret is refused, raw or encoded, by Basic and by the body', async () => {
    const secret = client.client_secret;
    for (const padded of [`${secret}\0`, `${secret}%00`, `${secret}%00%00`]) {
      const answer = await postToken(service, GRANT, basic(client.client_id, padded));
      assert.ok([400, 401].includes(answer.status), answer.text);
      assert.equal(answer.body.access_token, undefined);
    }
    const { client_id, client_secret } = poster;
    await unauthenticated(
      () => postToken(service, { ...GRANT, client_id, client_secret: `${client_secret}\0` }),
      false,
    );
    await unauthenticated(
      () => postToken(service, { ...GRANT, client_id, client_secret: `${client_secret} ` }),
      false,
    );
  });
});

describe('S-TOK-07: one mechanism only', () => {
  const one = /one mechanism/;
  test('Basic and a secret in the body', async () => {
    const { client_id, client_secret } = client;
    for (const body of [{ client_secret }, { client_id, client_secret }, { client_secret: 'x' }]) {
      await refuses('invalid_request', () => postToken(service, { ...GRANT, ...body }, own()), { says: one });
    }
  });

  test('S-TOK-08: a secret and an assertion, even a bogus one', async () => {
    const assertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'e30.e30.e30',
    };
    await refuses('invalid_request', () => postToken(service, { ...GRANT, ...assertion }, own()), {
      says: one,
    });
    const { client_id, client_secret } = poster;
    const body = { ...GRANT, client_id, client_secret, ...assertion };
    await refuses('invalid_request', () => postToken(service, body), { says: one });
  });

  test('an assertion alone authenticates nobody', async () => {
    const assertion = {
      client_assertion_type: 'x',
      client_assertion: 'e30.e30.e30',
      client_id: client.client_id,
    };
    await unauthenticated(() => postToken(service, { ...GRANT, ...assertion }), false);
  });

  test('two different client ids', async () => {
    await refuses('invalid_request', () =>
      postToken(service, { ...GRANT, client_id: poster.client_id }, own()),
    );
  });

  test('two Authorization headers', async () => {
    const lines = [
      'POST /oauth2/token HTTP/1.1',
      'Host: localhost',
      `Authorization: ${own().authorization}`,
      `Authorization: ${basic(poster.client_id, 'x').authorization}`,
      `Content-Type: ${FORM}`,
      'Content-Length: 29',
    ];
    const bytes = `${lines.join('\r\n')}\r\n\r\ngrant_type=client_credentials`;
    await writesNothing(service, { status: 400, error: 'invalid_request' }, () =>
      sendRaw(service.publicUrl, bytes),
    );
  });
});

describe('S-TOK-02: a body that is no form', () => {
  const good = 'grant_type=client_credentials';
  const rows: readonly (readonly [string, string, string])[] = [
    ['JSON', 'application/json', '{"grant_type":"client_credentials"}'],
    ['a form that says it is JSON', 'application/json', good],
    [
      'multipart',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--',
    ],
    ['text', 'text/plain', good],
    ['a type that only begins like a form', 'application/x-www-form-urlencodedx', good],
    ['two types in one header', `${FORM}, application/json`, good],
    ['UTF-16', `${FORM}; charset=utf-16le`, good],
    ['a charset that does not exist', `${FORM}; charset=nonsense`, good],
    ['no type that can be read', ';', good],
  ];
  for (const [name, type, body] of rows) {
    test(name, async () => {
      await refuses('invalid_request', () => post(body, { ...own(), 'content-type': type }));
    });
  }

  test('no type at all', async () => {
    const blob = new Blob([good]);
    const run = () =>
      send(`${service.publicUrl}/oauth2/token`, { method: 'POST', headers: own(), body: blob });
    await refuses('invalid_request', run);
  });

  test('two Content-Type headers', async () => {
    const head = `POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${own().authorization}\r\n`;
    for (const second of ['application/json', FORM]) {
      const bytes = `${head}Content-Type: ${FORM}\r\nContent-Type: ${second}\r\nContent-Length: ${good.length}\r\n\r\n${good}`;
      await writesNothing(service, { status: 400, error: 'invalid_request' }, () =>
        sendRaw(service.publicUrl, bytes),
      );
    }
  });

  test('something compressed', async () => {
    for (const encoding of ['gzip', 'br', 'identity, gzip']) {
      await refuses('invalid_request', () => post(good, { ...own(), 'content-encoding': encoding }));
    }
  });

  test('nothing', async () => {
    await refuses('invalid_request', () => post(''));
    await refuses('invalid_request', () => post('&&&==&'));
  });
});

describe('a body that is too large', () => {
  const tooLarge = { status: 413, error: 'request_too_large', headers: { pragma: 'no-cache' } };
  const large = `grant_type=client_credentials&x=${'x'.repeat(100_000)}`;
  test('by its Content-Length', async () => {
    const answer = await writesNothing(service, tooLarge, () => post(large));
    assert.ok(!answer.text.includes('metadata'), 'the answer is about a token request');
  });
  test('in chunks', async () => {
    const head = [
      'POST /oauth2/token HTTP/1.1',
      'Host: localhost',
      `Authorization: ${own().authorization}`,
      `Content-Type: ${FORM}`,
      'Transfer-Encoding: chunked',
    ];
    const body = chunked(...(large.match(/.{1,4096}/g) ?? []));
    await writesNothing(service, { ...tooLarge, error: tooLarge.error }, () =>
      sendRaw(service.publicUrl, `${head.join('\r\n')}\r\n\r\n${body}`),
    );
  });
});

describe('parameters', () => {
  test('S-TOK-03: a repeated parameter is refused, the same value or another', async () => {
    const { client_id, client_secret } = poster;
    const byBody = new URLSearchParams({ ...GRANT, client_id, client_secret }).toString();
    for (const again of [
      'grant_type=client_credentials',
      'client_id=x',
      `client_id=${client_id}`,
      `client_secret=${client_secret}`,
      'scope=read&scope=read',
      'resource=a&resource=b',
      `resource=${encodeURIComponent(API)}&resource=${encodeURIComponent(API)}`,
      'audience=a&audience=b',
      'unknown=a&unknown=b',
    ]) {
      const answer = await refuses('invalid_request', () => post(`${byBody}&${again}`, {}));
      assert.match(answer.body.error_description, /twice|once/);
    }
  });

  test('S-TOK-04: two resources are never one token for the default', async () => {
    const two = `grant_type=client_credentials&resource=${encodeURIComponent(API)}&resource=${encodeURIComponent(ES256_API)}`;
    await refuses('invalid_request', () => post(two));
  });

  test('S-TOK-01: the query is not read', async () => {
    const { client_id, client_secret } = poster;
    const all = new URLSearchParams({ ...GRANT, client_id, client_secret }).toString();
    await unauthenticated(() => post('', {}, `?${all}`), false);
    await refuses('invalid_request', () => post('', own(), `?${all}`));
    await unauthenticated(() => post('grant_type=client_credentials', {}, `?${all}`), false);
    const answer = await post(
      'grant_type=client_credentials',
      own(),
      '?scope=admin&resource=x&grant_type=password',
    );
    assert.equal(answer.status, 200, 'and not judged either');
  });

  test('S-TOK-01: another method is 405', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      const url = `${service.publicUrl}/oauth2/token?grant_type=client_credentials`;
      const answer = await send(url, { method, headers: own() });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.get('allow'), 'POST');
      if (method !== 'HEAD') assertRefusal(answer, { status: 405, error: 'method_not_allowed' });
    }
  });

  test('S-TOK-17: other grants, and ours in another case', async () => {
    for (const grant_type of [
      'password',
      'authorization_code',
      'refresh_token',
      'implicit',
      'Client_Credentials',
      'client_credentials ',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:openid:params:grant-type:ciba',
      '__proto__',
      '<script>',
    ]) {
      const body = { grant_type, code: 'x', refresh_token: 'x', username: 'x', password: 'x' };
      await refuses('unsupported_grant_type', () => postToken(service, body, own()));
    }
  });

  test('no grant type, or an empty one, is an invalid request', async () => {
    for (const body of [{}, { grant_type: '' }, { scope: 'read' }]) {
      await refuses('invalid_request', () => postToken(service, body, own()));
    }
  });

  test('S-TOK-13: a scope that was not granted, does not exist or is no scope', async () => {
    for (const scope of [
      'write',
      'read write',
      'admin',
      'READ',
      'openid',
      'offline_access',
      'read  read',
      'read\n',
      '"',
      '\\',
      'é',
      ' ',
    ]) {
      await refuses('invalid_scope', () => fetchToken(service, client, { scope }));
    }
  });

  test('S-TOK-15: a resource that is unknown, not granted, or only nearly right', async () => {
    for (const resource of [
      'https://not-yours.example',
      ES256_API,
      HIDDEN_API,
      `${API}/`,
      `${API}#fragment`,
      API.toUpperCase(),
      `${API} `,
      '/relative',
      'api.example.com',
      '__proto__',
      'constructor',
      '*',
      `${API},${ES256_API}`,
      `${API} ${ES256_API}`,
    ]) {
      await refuses('invalid_target', () => fetchToken(service, client, { resource }));
      await refuses('invalid_target', () => fetchToken(service, client, { audience: resource }));
    }
  });

  test('resource and audience that differ', async () => {
    await refuses('invalid_target', () =>
      fetchToken(service, client, { resource: API, audience: ES256_API }),
    );
  });
});

test('S-TOK-20: nothing of a request comes back in a refusal, its headers or the log', async () => {
  const canary = 'canary"\\<script>\u00e9';
  const plain = 'canary-31f';
  const parameters = [
    'grant_type',
    'scope',
    'resource',
    'audience',
    'client_id',
    'client_secret',
    'client_assertion',
    'other',
  ];
  for (const name of parameters) {
    for (const value of [canary, plain]) {
      for (const headers of [own(), {}, basic(plain, plain), { authorization: `Basic ${plain}` }]) {
        for (const body of [{ ...GRANT, [name]: value }, { [name]: value }]) {
          const answer = await postToken(service, body, headers);
          if (answer.status === 200) continue;
          assert.ok(answer.status < 500, answer.text);
          assert.match(answer.body.error_description, DESCRIPTION);
          assert.ok(!JSON.stringify([answer.text, ...answer.headers]).includes('canary'), answer.text);
        }
      }
    }
    await post(`${name}=a&${name}=${plain}&${plain}=${plain}`);
  }
  assert.ok(!service.output.join('\n').includes('canary'));
});

test('any value of Authorization is 200 for the right one, else 400 or 401, never 500', async () => {
  const { client_id, client_secret } = client;
  const good = Buffer.from(`${client_id}:${client_secret}`).toString('base64');
  const latin1 = fc.string({
    unit: fc
      .integer({ min: 0x21, max: 0xff })
      .filter((c) => c !== 0x7f)
      .map((c) => String.fromCharCode(c)),
  });
  const bytes = fc.uint8Array({ maxLength: 60 }).map((each) => Buffer.from(each).toString('base64'));
  const pair = fc
    .tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))
    .map(([id, secret]) => Buffer.from(`${id}:${secret}`).toString('base64'));
  const percent = fc
    .stringMatching(/^(%[0-9a-fA-F]{0,2}|[a-z+:]){0,30}$/)
    .map((text) => Buffer.from(text).toString('base64'));
  const changed = fc
    .tuple(fc.nat(good.length), latin1)
    .map(([at, text]) => good.slice(0, at) + text + good.slice(at + text.length));
  const scheme = fc.constantFrom(
    'Basic ',
    'basic ',
    'Basic',
    'Basic  ',
    'Bearer ',
    'Digest ',
    'DPoP ',
    'Negotiate ',
    '',
    ',',
    'Basic\t',
  );
  const value = fc.tuple(scheme, fc.oneof(latin1, bytes, pair, percent, changed, fc.constant(good)));
  let refusals = 0;
  await fc.assert(
    fc.asyncProperty(value, async ([name, credentials]) => {
      const authorization = (name + credentials).trim();
      const answer = await post('grant_type=client_credentials', { authorization });
      if (answer.status === 200) {
        const decoded = Buffer.from(credentials, 'base64').toString();
        assert.equal(
          decodeURIComponent(decoded.replaceAll('+', ' ')),
          `${client_id}:${client_secret}`,
          authorization,
        );
        return;
      }
      refusals += 1;
      assert.ok([400, 401].includes(answer.status), `${authorization}: ${answer.text}`);
      assert.ok(['invalid_request', 'invalid_client'].includes(answer.body.error), answer.text);
      assert.equal(answer.body.access_token, undefined);
    }),
    { numRuns: 600 },
  );
  assert.ok(refusals > 400, `${refusals}`);
});

test('any form is answered below 500, and a token only for what was granted', async () => {
  const name = fc.oneof(
    fc.constantFrom(
      'grant_type',
      'scope',
      'resource',
      'audience',
      'client_id',
      'client_secret',
      'client_assertion',
      '__proto__',
      'constructor',
    ),
    fc.string(),
  );
  const value = fc.oneof(
    fc.constantFrom('client_credentials', 'read', 'write', API, ES256_API, ''),
    fc.string({ unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, value), { maxLength: 5 }),
      fc.boolean(),
      async (pairs, withGrant) => {
        const given = withGrant ? [['grant_type', 'client_credentials'], ...pairs] : pairs;
        const answer = await post(new URLSearchParams(given as [string, string][]).toString());
        assert.ok(answer.status < 500, answer.text);
        if (answer.status !== 200)
          return assertRefusal(answer, { status: answer.status, error: answer.body.error });
        assert.equal(answer.body.scope, 'read');
        const targets = given
          .filter(([key]) => key === 'resource' || key === 'audience')
          .map(([, text]) => text);
        assert.ok(
          targets.every((target) => target === API || target === ''),
          String(targets),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('every refusal of a token has its line in the log, with the reason that the client is not told', async () => {
  const answers = [
    await fetchToken(service, { ...client, client_secret: 'wrong' }),
    await fetchToken(service, client, { scope: 'admin' }),
    await post('', {}),
  ];
  for (const answer of answers) await assertLogged(service, answer);
  const [first] = service.output
    .filter((line) => line.includes(answers[0]?.body.error_id))
    .map((line) => JSON.parse(line));
  assert.match(first.reason, /^invalid_client: .+/);
});
