/** Fetching a client's keys, over real sockets and a real name server: what is not taken, and what it costs. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { openClientKeys } from '../../src/compose/client-keys.ts';
import type { PortalName } from '../../src/portals/portal-name.ts';
import { createKeyFetch, type KeyFetch } from '../../src/providers/client-jwks.ts';
import { dnsResolve } from '../../src/providers/outbound/dns-resolve.ts';
import { guardedWay, type WayOptions } from '../../src/providers/outbound/guarded-way.ts';
import { domain, load } from '../config/support.ts';
import { newClientKey } from '../support/assertion.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { drip, endless, truncated, upgrade } from '../support/hostile-answers.ts';
import {
  type Answer,
  json,
  type ScriptedUpstream,
  startCanary,
  startScriptedUpstream,
} from '../support/upstream-scripted.ts';

/** Longer than anything takes here that does not hang: a machine that stands still for a moment is no such host. */
const TIMEOUT_MS = 1500;
const ACME = 'acme' as PortalName;
const OTHER = 'other' as PortalName;

let scripted: ScriptedUpstream;
let canary: Awaited<ReturnType<typeof startCanary>>;
let keys: Readonly<Record<string, unknown>>;
before(async () => {
  [scripted, canary] = await Promise.all([startScriptedUpstream(), startCanary()]);
  keys = { keys: [(await newClientKey()).jwk] };
});
after(async () => {
  await scripted.close();
  canary.close();
});

function fetcher(options: Partial<WayOptions> = {}, timeoutMs = TIMEOUT_MS) {
  const observed: KeyFetch[] = [];
  const way = guardedWay({ networks: [], allowLoopback: true, maxSockets: 256, tls: {}, ...options });
  const fetch = createKeyFetch({ way, timeoutMs, observe: (one) => observed.push(one) });
  const codeOf = async (uri: string, portal = ACME) => {
    const outcome = await fetch(uri, portal).then(
      (answer) => answer,
      () => undefined,
    );
    assert.equal(outcome, undefined, 'it brought keys');
    return observed.at(-1)?.code;
  };
  return { fetch, codeOf, observed, close: way.close };
}

function served(answer: Answer, path = '/jwks'): string {
  scripted.on('GET', path, answer);
  return `${scripted.issuer}${path}`;
}

function raw(type: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': type, ...headers });
    response.end(body);
  };
}

test('a key set is fetched with one plain GET, and says how long it may be kept', async () => {
  const { fetch, observed, close } = fetcher();
  for (const [cacheControl, maxAgeSeconds] of [
    [undefined, undefined],
    ['public, max-age=300', 300],
    ['max-age=99999999999', undefined],
    ['no-store', 0],
    ['max-age=600, no-cache', 0],
    ['s-maxage=5', undefined],
  ] as const) {
    const uri = served(json(200, keys, cacheControl === undefined ? {} : { 'cache-control': cacheControl }));
    const answer = await fetch(`${uri}?tenant=7`, ACME);
    assert.ok(answer !== 'busy');
    assert.deepEqual([answer.keys.length, answer.maxAgeSeconds], [1, maxAgeSeconds], cacheControl);
  }
  for (const type of ['application/jwk-set+json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])
    assert.notEqual(await fetch(served(raw(type, JSON.stringify(keys))), ACME), 'busy');
  const { method, path, headers, body } = scripted.received[0] ?? assert.fail('nothing came');
  assert.deepEqual([method, path, body], ['GET', '/jwks?tenant=7', '']);
  assert.deepEqual(Object.keys(headers).sort(), [
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ]);
  assert.deepEqual(new Set(observed.map(({ code }) => code)), new Set(['OK']));
  close();
});

/** By a timer that was started with it: on a busy machine both are late. */
async function endsAtDeadline(act: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  const since = async (ended: Promise<unknown>) => {
    await ended;
    return performance.now() - startedAt;
  };
  const [tookMs, deadlineMs] = await Promise.all([since(act()), since(sleep(TIMEOUT_MS))]);
  assert.ok(tookMs > TIMEOUT_MS - 5 && tookMs < deadlineMs + 150, `${tookMs} ms, ${deadlineMs} ms`);
}

describe('S-PKJ-16, S-SSRF-05, S-SSRF-09: every failure is told apart in the log, and by nothing else: not by its time', {
  concurrency: true,
}, () => {
  const text = () => JSON.stringify(keys);
  const redirect = (port: number): Answer =>
    json(302, {}, { location: `http://127.0.0.1:${port}/latest/meta-data/` });
  const rows: readonly (readonly [string, () => Answer, string])[] = [
    ['a 500', () => json(500, keys), 'NOT_200'],
    ['a 404', () => json(404, keys), 'NOT_200'],
    ['a 204', () => (response) => void response.writeHead(204).end(), 'NOT_200'],
    ['a page', () => raw('text/html', '<html></html>'), 'NOT_JSON'],
    ['a key set of another type', () => raw('text/plain', text()), 'NOT_JSON'],
    ['a key set of a type that only begins like JSON', () => raw('application/json5', text()), 'NOT_JSON'],
    ['a page that calls itself JSON', () => raw('application/json', '<html></html>'), 'NO_KEY_SET'],
    ['an empty set', () => json(200, { keys: [] }), 'NO_USABLE_KEY'],
    ['a set with a private key', () => json(200, { keys: [{ kty: 'oct', k: 'AA' }] }), 'SECRET_KEY'],
    ['half a set', () => truncated(200, '{"keys":['), 'ECONNRESET'],
    ['a change to another protocol', () => upgrade, 'CLOSED'],
    ['a set that ends early', () => raw('application/json', text().slice(0, -3)), 'NO_KEY_SET'],
    ['more than 64 KiB', () => raw('application/json', text() + ' '.repeat(65 * 1024)), 'TOO_LARGE'],
    [
      'a compressed set',
      () => raw('application/json', gzipSync(text()), { 'content-encoding': 'gzip' }),
      'ENCODED',
    ],
    ['no answer', () => () => {}, 'DEADLINE'],
    ['an answer drop by drop', () => drip(200), 'DEADLINE'],
    ['S-SSRF-03: a redirect to where nobody may go', () => redirect(canary.port), 'NOT_200'],
  ];
  for (const [name, answer, code] of rows)
    test(name, async () => {
      const { codeOf, observed, close } = fetcher();
      const uri = served(answer(), `/${encodeURIComponent(name)}`);
      await endsAtDeadline(async () => assert.equal(await codeOf(`${uri}?secret=canary`), code));
      assert.deepEqual(observed, [{ portal: 'acme', host: new URL(uri).host, code }]);
      close();
    });

  test('nobody there, a name of nothing, an address that is refused: the same', async () => {
    const gone = await startScriptedUpstream();
    await gone.close();
    const dns = await startDnsServer(() => []);
    const { codeOf, close } = fetcher({ resolve: dnsResolve([dns.address]) });
    for (const [uri, code] of [
      [`${gone.issuer}/jwks`, 'ECONNREFUSED'],
      ['https://nothing.example/jwks', 'ENODATA'],
      ['https://10.0.0.1/jwks', 'ADDRESS_REFUSED'],
    ] as const) {
      await endsAtDeadline(async () => assert.equal(await codeOf(uri), code));
    }
    dns.close();
    close();
  });
});

test('S-SSRF-03: nobody went there', () => assert.equal(canary.reached(), 0));

test('F-26, S-SSRF-05: of a body without end little more than 64 KiB is read, by a hundred fetches at once too', async () => {
  const counted = { bytes: 0 };
  const { codeOf, close } = fetcher({}, 1000);
  const uri = served(endless(200, {}, counted), '/endless');
  const before = process.memoryUsage().rss;
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => codeOf(`${uri}?${index}`, `p${index}` as PortalName)),
  );
  const grownBytes = process.memoryUsage().rss - before;
  // What the sockets of both ends hold is in it; this process is both ends.
  assert.ok(counted.bytes < 100 * 8 * 1024 * 1024, `${counted.bytes} bytes written`);
  assert.ok(grownBytes < 200 * 1024 * 1024, `grown by ${grownBytes} bytes`);
  close();
});

describe('S-SSRF-02, F-26: a name server that changes its mind', () => {
  let dns: DnsServer;
  const says: Record<string, (times: number) => readonly string[] | undefined> = {
    'rebound.example': () => ['127.0.0.1'],
    'mixed.example': () => ['8.8.8.8', '127.0.0.1'],
    'mapped.example': () => ['8.8.8.8', '0:0:0:0:0:ffff:7f00:1'],
    'unique-local.example': () => ['fd00:0:0:0:0:0:0:1'],
    'metadata.example': () => ['169.254.169.254'],
    // Public for who looks first, and loopback for who connects after that.
    'twofaced.example': (times) => [times === 1 ? '127.0.0.1' : '10.0.0.1'],
    'silent.example': () => undefined,
  };
  before(async () => {
    dns = await startDnsServer((name, times) => says[name]?.(times) ?? []);
  });
  after(() => dns.close());

  test('an address that is not public is not connected to, whatever name leads there', async () => {
    const { codeOf, close } = fetcher({ allowLoopback: false, resolve: dnsResolve([dns.address]) });
    for (const name of ['rebound', 'mixed', 'mapped', 'unique-local', 'metadata'])
      assert.equal(await codeOf(`https://${name}.example:${canary.port}/jwks`), 'ADDRESS_REFUSED', name);
    assert.equal(await codeOf(`https://localhost:${canary.port}/jwks`), 'ADDRESS_REFUSED');
    assert.equal(canary.reached(), 0);
    close();
  });

  test('what was judged is what is connected to: the name is resolved once', async () => {
    const { fetch, close } = fetcher({ resolve: dnsResolve([dns.address]) });
    const { port } = new URL(served(json(200, keys)));
    assert.notEqual(await fetch(`http://twofaced.example:${port}/jwks`, ACME), 'busy');
    assert.equal(dns.asked.filter((name) => name === 'twofaced.example').length, 1);
    close();
  });

  test('one that does not answer costs the others nothing: not even the threads that names are looked up on', async () => {
    const { fetch, codeOf, close } = fetcher({ resolve: dnsResolve([dns.address]) });
    const silent = Array.from({ length: 30 }, () => codeOf('https://silent.example/jwks'));
    const startedAt = performance.now();
    await fetch(served(json(200, keys)), OTHER);
    assert.ok(performance.now() - startedAt < TIMEOUT_MS / 2);
    await Promise.all(silent);
    close();
  });
});

describe('F-26: a host that hangs', () => {
  const hang: Answer = () => {};

  test('keeps its portal’s other hosts and the same host of other portals going', async (t) => {
    const { fetch, observed, close } = fetcher({}, 1500);
    const [hanging, good] = [await startScriptedUpstream(), served(json(200, keys))];
    t.after(() => hanging.close());
    hanging.on('GET', '/jwks', hang);
    hanging.on('GET', '/good', json(200, keys));
    const stuck = Array.from({ length: 100 }, (_, index) =>
      fetch(`${hanging.issuer}/jwks?${index}`, ACME).catch(() => undefined),
    );
    const startedAt = performance.now();
    await Promise.all([
      fetch(good, ACME),
      ...Array.from({ length: 20 }, () => fetch(`${hanging.issuer}/good`, OTHER)),
    ]);
    assert.ok(performance.now() - startedAt < 700, 'not after those that hang');
    await Promise.all(stuck);
    assert.equal(hanging.to('GET', '/jwks').length, 8, 'as many as its share, and no more');
    const codes = observed.map(({ code }) => code);
    assert.equal(codes.filter((code) => code === 'TOO_MANY_CALLS').length, 92);
    assert.equal(codes.filter((code) => code === 'DEADLINE').length, 8);
    close();
  });

  test('many of them keep their portal waiting, and no other', async (t) => {
    const { fetch, close } = fetcher({}, 1500);
    const hosts = await Promise.all(Array.from({ length: 6 }, () => startScriptedUpstream()));
    t.after(() => Promise.all(hosts.map((host) => host.close())));
    for (const host of hosts) host.on('GET', '/jwks', hang);
    const stuck = hosts.flatMap(({ issuer }) =>
      Array.from({ length: 20 }, () => fetch(`${issuer}/jwks`, ACME).catch(() => undefined)),
    );
    const startedAt = performance.now();
    await fetch(served(json(200, keys)), OTHER);
    assert.ok(performance.now() - startedAt < 700);
    await Promise.all(stuck);
    const arrived = hosts.flatMap((host) => host.to('GET', '/jwks')).length;
    assert.equal(arrived, 32, 'the most of one portal');
    close();
  });

  test('a thousand clients of one host that start together get their keys in turns', async () => {
    const { fetch, close } = fetcher({}, 5000);
    const uri = served(json(200, keys), '/crowd');
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => fetch(`${uri}?${index}`, ACME)),
    );
    assert.ok(answers.every((answer) => answer !== 'busy'));
    close();
  });
});

describe('S-SSRF-12: before a jwks_uri is fetched the guard proves that it guards', () => {
  const configured = (hosts: readonly string[]) => {
    const { portals } = domain();
    return load({ file: { portals: { ...(portals as object), acme: { jwks_uri_hosts: hosts } } } }).config;
  };
  const unguarded = (options: WayOptions) => guardedWay({ ...options, allowLoopback: true });

  test('and with one that does not, the service does not start', async () => {
    await assert.rejects(
      openClientKeys(configured(['keys.example.com']), () => {}, unguarded),
      /the guard against calls into private networks does not work/,
    );
    (await openClientKeys(configured(['keys.example.com']), () => {})).close();
  });

  test('where no portal may have one, nothing is fetched and nothing has to be proven', async () => {
    const { keys: source, close } = await openClientKeys(configured([]), () => {}, unguarded);
    const jwks_uri = served(json(200, keys), '/unasked');
    const found = await source.keysOf(
      { portal: ACME, metadata: { jwks: undefined, jwks_uri } },
      (all) => all,
    );
    assert.deepEqual(found, []);
    assert.equal(scripted.to('GET', '/unasked').length, 0);
    close();
  });
});
