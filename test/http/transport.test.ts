/** HTTP itself, as bytes: what a proxy in front may read differently from us, and what must not hang. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { portal, send } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { inTime } from '../support/in-time.ts';
import { chunked, openExchange, rawRequest, sendRaw } from '../support/raw-http.ts';
import { assertRefusal } from '../support/refusal.ts';
import { API_KEY, startService, type TestService } from '../support/service.ts';
import { storeRows } from '../support/store-rows.ts';
import { refuses, rowsOf } from '../support/unwritten.ts';

const CLIENTS = '/bridge/local/clients';
const KEY = `X-API-KEY: ${API_KEY}`;
const JSON_TYPE = 'Content-Type: application/json';

let service: TestService;
before(async () => {
  service = await startService();
});
after(async () => {
  assert.equal(await service.stop(), 0);
});

const create = (body = '{}', headers: readonly string[] = ['Host: localhost', KEY, JSON_TYPE]) =>
  rawRequest(`POST ${CLIENTS}`, headers, body);

async function alive(): Promise<void> {
  assert.equal((await send(`${service.opsUrl}/livez`)).status, 200);
}

describe('L-29, S-META-01: whose request it is', () => {
  const malformed = { status: 400, error: 'invalid_request', says: /one Host header/ };

  test('two Host headers are refused on every listener', async () => {
    for (const hosts of [
      ['Host: localhost', 'Host: b'],
      ['Host: localhost', 'Host: localhost'],
      ['Host: localhost', 'X: y', 'hOsT: localhost'],
    ]) {
      await refuses(service, malformed, () =>
        sendRaw(service.managementUrl, create('{}', [...hosts, KEY, JSON_TYPE])),
      );
      for (const [url, path] of [
        [service.publicUrl, '/.well-known/openid-configuration'],
        [service.opsUrl, '/livez'],
      ] as const) {
        assertRefusal(await sendRaw(url, rawRequest(`GET ${path}`, hosts)), malformed);
      }
    }
  });

  test('two Content-Type headers are refused', async () => {
    const headers = ['Host: localhost', KEY, JSON_TYPE, 'Content-Type: text/plain'];
    await refuses(service, malformed, () => sendRaw(service.managementUrl, create('{}', headers)));
  });

  test('a target in absolute form names the same host or is refused', async () => {
    const path = '/.well-known/openid-configuration';
    const ask = (target: string) =>
      sendRaw(service.publicUrl, rawRequest(`GET ${target}`, ['Host: a.example']));
    assert.equal((await ask(`http://a.example${path}`)).status, 200);
    assertRefusal(await ask(`http://evil.example${path}`), malformed);
    // These Node.js refuses by itself, with a bare status line, or we do.
    for (const target of [`http://a.example@evil.example${path}`, 'evil.example:443', '*']) {
      assert.equal((await ask(target)).status, 400, target);
    }
  });
});

describe('S-HTTP-01: framing that could be read in two ways is refused, and the connection closed', () => {
  const rows: readonly (readonly [string, string])[] = [
    [
      'length and chunks',
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('{}')}`,
    ],
    [
      'two lengths',
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    ],
    [
      'a length that is no number',
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 2x\r\n\r\n{}`,
    ],
    ['a bare line feed', `POST ${CLIENTS} HTTP/1.1\nHost: a\n${KEY}\n${JSON_TYPE}\nContent-Length: 2\n\n{}`],
    [
      'a space before the colon',
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length : 2\r\n\r\n{}`,
    ],
    [
      'a folded header',
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n ${JSON_TYPE}\r\nContent-Length: 2\r\n\r\n{}`,
    ],
    [
      'a NUL in a header',
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 2\r\n\r\n{}`,
    ],
    ['no Host', `POST ${CLIENTS} HTTP/1.1\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 2\r\n\r\n{}`],
    ['a blank in the target', `POST ${CLIENTS} x HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['headers of 20 KiB', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
  ];
  for (const [name, bytes] of rows) {
    test(name, async () => {
      const before = rowsOf(service);
      const exchange = await openExchange(service.managementUrl);
      exchange.send(Buffer.from(bytes, 'latin1'));
      const { status, headers, text } = await exchange.answer();
      assert.ok([400, 431].includes(status), `${status}`);
      assert.equal(headers.get('connection'), 'close');
      assert.ok(!text.includes('Host') && !text.includes('client'), 'nothing is reflected');
      await exchange.closed();
      assert.deepEqual(rowsOf(service), before);
    });
  }

  test('S-HTTP-02: extensions of chunks without an end are not read on', async () => {
    const head = `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (const [extension, more] of [
      ['2;a=', 'x'.repeat(1024)],
      ['2', ';a'.repeat(512)],
      ['2;a="', 'x'.repeat(1024)],
    ] as const) {
      const before = rowsOf(service);
      const exchange = await openExchange(service.managementUrl);
      // Node.js reads some 16 KiB of them. It is that limit that ends it: the body's deadline would be a 408.
      exchange.send(head + extension + more.repeat(64));
      const { status, headers } = await exchange.answer();
      assert.deepEqual([status, headers.get('connection')], [400, 'close']);
      await exchange.closed();
      assert.deepEqual(rowsOf(service), before);
    }
    await alive();
  });

  test('a chunk of a length that is no number, after the headers were good', async () => {
    const before = rowsOf(service);
    const exchange = await openExchange(service.managementUrl);
    exchange.send(
      `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`,
    );
    await exchange.closed();
    assert.deepEqual(rowsOf(service), before);
    await alive();
  });
});

describe('a body that does not come', () => {
  const DEADLINE_MS = 300;
  let hasty: TestService;
  before(async () => {
    hasty = await startService({ env: { REQUEST_DEADLINE_MS: String(DEADLINE_MS) } });
  });
  after(async () => {
    assert.equal(await hasty.stop(), 0);
  });
  const slow = { status: 408, error: 'request_timeout', headers: { connection: 'close' } };

  test('S-HTTP-05: it is waited for until the deadline, and the connection is closed', async () => {
    await inTime(DEADLINE_MS + 1500, async (begin) => {
      const exchange = await openExchange(hasty.managementUrl);
      begin();
      const answer = await refuses(hasty, slow, async () => {
        exchange.send(
          `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 100\r\n\r\n{"client_name":`,
        );
        return exchange.answer();
      });
      assert.ok(answer.tookMs >= DEADLINE_MS - 20, `${answer.tookMs} ms`);
      await exchange.closed();
    });
  });

  test('S-HTTP-05: a drip of bytes does not lengthen the deadline', async () => {
    await inTime(DEADLINE_MS + 1500, async (begin) => {
      const exchange = await openExchange(hasty.managementUrl);
      begin();
      await refuses(hasty, slow, async () => {
        exchange.send(
          `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 1000\r\n\r\n{`,
        );
        const drip = setInterval(() => exchange.send(' '), 30);
        return exchange.answer().finally(() => clearInterval(drip));
      });
      exchange.abort();
    });
  });

  test('S-HTTP-12: a request that is broken off half-way writes nothing and harms nobody', async () => {
    const before = rowsOf(service);
    for (let count = 0; count < 20; count += 1) {
      const exchange = await openExchange(service.managementUrl);
      exchange.send(
        `POST ${CLIENTS} HTTP/1.1\r\nHost: localhost\r\n${KEY}\r\n${JSON_TYPE}\r\nContent-Length: 30\r\n\r\n{"client_name":"a"`,
      );
      await sleep(2);
      exchange.abort();
    }
    await sleep(50);
    assert.deepEqual(rowsOf(service), before);
    await alive();
    assert.ok(!service.output.some((line) => line.includes('"level":"error"')));
  });
});

test('S-HTTP-12: a create whose caller goes away is done whole or not at all', async () => {
  const before = storeRows(service).clients?.length ?? 0;
  const made = () => (storeRows(service).clients ?? []).slice(before) as readonly { record: string }[];
  let count = 0;
  // Where the service stands still meanwhile, they are gone before it has read any of them.
  await eventually(async () => {
    for (let going = 0; going < 20; going += 1) {
      const exchange = await openExchange(service.managementUrl);
      exchange.send(create('{"client_name":"nobody waits"}'));
      count += 1;
      await sleep(going / 4);
      exchange.abort();
    }
    await alive();
    assert.ok(made().length > 0);
  }, 5000);
  await sleep(100);
  assert.ok(made().length <= count, `${made().length} of ${count}`);
  for (const { record } of made()) {
    const { metadata, secrets, version } = JSON.parse(record);
    assert.deepEqual([metadata.client_name, secrets.length, version], ['nobody waits', 1, 1]);
  }
  await alive();
});

test('S-HTTP-12: pipelined requests are answered each, in order', async () => {
  const exchange = await openExchange(service.managementUrl);
  exchange.send(
    Buffer.concat([create('{"client_name":"one"}'), create('[]'), create('{"client_name":"three"}')]),
  );
  const first = await exchange.answer();
  const second = await exchange.answer();
  const third = await exchange.answer();
  exchange.abort();
  assert.deepEqual([first.status, second.status, third.status], [201, 400, 201]);
  assert.deepEqual([first.body.client_name, third.body.client_name], ['one', 'three']);
});

test('what follows a body that was too large is not taken for a request', async () => {
  const smuggled = create('{"client_name":"smuggled"}').toString();
  const body = smuggled.padEnd(40_000, ' ');
  const before = rowsOf(service);
  const exchange = await openExchange(service.managementUrl);
  exchange.send(create(body));
  assert.equal((await exchange.answer()).status, 413);
  await assert.rejects(exchange.answer(200));
  exchange.abort();
  assert.deepEqual(rowsOf(service), before);
});

test('S-HTTP-13: Expect, Upgrade and CONNECT are answered or closed, never left hanging', async () => {
  const expecting = await openExchange(service.managementUrl);
  expecting.send(create('{}', ['Host: localhost', KEY, JSON_TYPE, 'Expect: 100-continue']));
  const interim = await expecting.answer(1000).catch(() => undefined);
  expecting.abort();
  assert.ok(interim === undefined || [100, 201].includes(interim.status));

  const upgrade = ['Host: localhost', KEY, JSON_TYPE, 'Connection: Upgrade', 'Upgrade: h2c'];
  assert.equal((await sendRaw(service.managementUrl, create('{}', upgrade))).status, 201);

  const connecting = await openExchange(service.managementUrl);
  connecting.send('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n');
  await connecting.closed();
  await alive();
});

test('S-HTTP-03: headers with names of JavaScript are headers', async () => {
  const headers = [
    'Host: localhost',
    KEY,
    JSON_TYPE,
    '__proto__: x',
    'constructor: y',
    'toString: z',
    'hasOwnProperty: 1',
  ];
  assert.equal((await sendRaw(service.managementUrl, create('{}', headers))).status, 201);
  assert.equal(
    (await sendRaw(service.publicUrl, rawRequest('GET /.well-known/jwks.json', headers))).status,
    200,
  );
});

test('S-LOG-05: one line of the log is one JSON object, whatever a caller sends', async () => {
  const forged = 'x\u2028{"level":"fatal"}\u001b[31m';
  await portal(service).create({ client_name: 'a', x: forged });
  await sendRaw(
    service.managementUrl,
    create('{}', ['Host: localhost', KEY, JSON_TYPE, `User-Agent: ${'ä'.repeat(100)}`]),
  );
  await sendRaw(service.managementUrl, rawRequest('GET /%0d%0a%7b%7d', ['Host: localhost', KEY]));
  for (const line of service.output) assert.equal(typeof JSON.parse(line).level, 'string', line);
});

describe('S-HTTP-10: nothing of a request is in the headers of its answer', () => {
  const MARK = 'x-injected';
  const hostile = [
    `a\r\n${MARK}: 1`,
    `a\n${MARK}: 1`,
    `a\r${MARK}: 1`,
    `\u010a${MARK}`,
    `é${MARK}`,
    `\u{1f600}${MARK}`,
  ];
  const escaped = hostile.map(encodeURIComponent);
  const form = ['Host: localhost', 'Content-Type: application/x-www-form-urlencoded'];
  const basic = (pair: string) => `Authorization: Basic ${Buffer.from(pair).toString('base64')}`;
  const token = (headers: readonly string[], body: string) =>
    [service.publicUrl, rawRequest('POST /oauth2/token', [...form, ...headers], body)] as const;
  const get = (path: string, headers: readonly string[] = []) =>
    [service.publicUrl, rawRequest(`GET ${path}`, ['Host: localhost', ...headers])] as const;
  const manage = (line: string, body?: string, headers: readonly string[] = []) =>
    [service.managementUrl, rawRequest(line, ['Host: localhost', KEY, JSON_TYPE, ...headers], body)] as const;

  const rows: Readonly<Record<string, () => readonly (readonly [string, Buffer])[]>> = {
    'in a path': () =>
      escaped.flatMap((text) => [
        get(`/${text}`),
        get(`/.well-known/keys/${text}.pem`),
        manage(`GET ${CLIENTS}/${text}`),
        manage(`POST ${CLIENTS}/${text}/rotate-secret`),
        manage(`PATCH ${CLIENTS}/${text}`),
      ]),
    'in a query': () =>
      escaped.flatMap((text) => [
        get(`/.well-known/jwks.json?reader=${text}&${text}=${text}`),
        manage(`GET ${CLIENTS}?cursor=${text}`),
      ]),
    'in credentials': () =>
      [...hostile, ...escaped].flatMap((text) => [
        token([basic(`${text}:${text}`)], 'grant_type=client_credentials'),
        token([], `grant_type=client_credentials&client_id=${encodeURIComponent(text)}&client_secret=x`),
      ]),
    'in a token request': () =>
      escaped.flatMap((text) => [
        token([basic('a:b')], `grant_type=${text}&scope=${text}&resource=${text}`),
        token([], `${text}=${text}`),
        token([`DPoP: ${text}`], 'grant_type=client_credentials'),
      ]),
    'in a registration': () =>
      hostile.flatMap((text) => [
        manage(`POST ${CLIENTS}`, JSON.stringify({ [text]: text, client_name: text, redirect_uris: [text] })),
        manage(`POST ${CLIENTS}`, JSON.stringify({ client_uri: `https://${text}`, scope: text })),
      ]),
    'in headers': () =>
      // As bytes: each byte of what is not ASCII comes as a letter of Latin-1.
      ['é', Buffer.from('\u{1f600}').toString('latin1')].flatMap((text) => [
        get('/.well-known/jwks.json', [
          `If-None-Match: "${text}"`,
          `Origin: https://${text}`,
          `Cookie: a=${text}`,
        ]),
        token([`Authorization: ${text} ${text}`], 'grant_type=client_credentials'),
        manage(`POST ${CLIENTS}`, '{}', [`Idempotency-Key: ${text}`, `X-Request-Id: ${text}`]),
      ]),
  };

  for (const [name, requests] of Object.entries(rows)) {
    test(`S-HTTP-10: ${name}`, async () => {
      for (const [url, bytes] of requests()) {
        const { status, headers } = await sendRaw(url, bytes);
        assert.ok(status < 500, `${status} to ${bytes}`);
        for (const [header, value] of headers) {
          assert.match(value, /^[\x20-\x7e]*$/, header);
          assert.ok(!`${header}: ${value}`.toLowerCase().includes(MARK), `${header} to ${bytes}`);
        }
      }
      await alive();
    });
  }
});

test('S-META-11: nothing tells what we are made of', async () => {
  for (const url of [service.publicUrl, service.managementUrl, service.opsUrl]) {
    const { headers, text } = await send(`${url}/nothing-here`);
    for (const name of ['server', 'x-powered-by', 'via']) assert.equal(headers.get(name), null);
    assert.ok(!/koa|node|oidc-provider|stack|\bat \w+ \(/i.test(text), text);
  }
});

test('S-META-12: what is for the operator is on no other listener', async () => {
  for (const url of [service.publicUrl, service.managementUrl]) {
    for (const path of ['/metrics', '/livez', '/readyz']) assert.equal((await send(url + path)).status, 404);
  }
  assert.equal((await send(service.publicUrl + CLIENTS, { headers: { 'x-api-key': API_KEY } })).status, 404);
  for (const path of ['/reg', '/auth', '/me', '/session/end', '/token/introspection', '/jwks']) {
    assert.equal(
      (await send(service.publicUrl + path)).status,
      404,
      `L-01: the engine's ${path} is not mounted`,
    );
    assert.equal((await send(service.publicUrl + path, { method: 'POST', body: '{}' })).status, 404);
  }
});

test('L-01: /oauth2/register is ours, not that of the engine: nobody registers without a credential', async () => {
  const url = `${service.publicUrl}/oauth2/register`;
  const headers = { 'content-type': 'application/json' };
  assertRefusal(await send(url), { status: 405, error: 'method_not_allowed', headers: { allow: 'POST' } });
  await refuses(
    service,
    { status: 401, error: 'unauthorized', headers: { 'www-authenticate': 'Bearer realm="dcr-bridge"' } },
    () => send(url, { method: 'POST', headers, body: '{}' }),
  );
});
