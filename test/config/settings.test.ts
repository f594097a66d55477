import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDevelopmentIssuer } from '../../src/config/issuer.ts';
import { isLoopbackHost } from '../../src/config/loopback.ts';
import { managementUrl } from '../../src/config/management-url.ts';
import { parseRedisUrl } from '../../src/stores/redis/redis-url.ts';
import { API_KEY, type Given, KEK, load, PRODUCTION, refused } from './support.ts';

/** Variable → texts that are refused, each with the beginning of what is said about it. */
const REFUSED: Record<string, Record<string, string>> = {
  ISSUER: {
    'auth.example.com': 'must be an absolute URL, for example https://auth.example.com',
    'ftp://auth.example.com': 'must be an absolute URL',
    'https://': 'must be an absolute URL',
    'https://auth.example.com\n': 'must be an absolute URL',
    ' https://auth.example.com': 'must be an absolute URL',
    'https://auth.exa\tmple.com': 'must be an absolute URL',
    'https:\\\\auth.example.com': 'must be an absolute URL',
    'https://auth.example.com\\@evil.example': 'must be an absolute URL',
    'https://bücher.example': 'must be an absolute URL',
    'https://auth.example.com/?a=b': 'must not contain a query',
    'https://auth.example.com?': 'must not contain a query',
    'https://auth.example.com#top': 'must not contain a fragment',
    'https://user:hunter2@auth.example.com': 'must not contain a user name or password',
    'https://auth.example.com/': 'must not end with a slash',
    'https://auth.example.com/tenant/': 'must not end with a slash',
  },
  PUBLIC_LISTEN: {
    '3000': 'must be host:port',
    ':3000': 'must be host:port',
    '::1:3000': 'must be host:port',
    '0.0.0.0': 'must be host:port',
    '0.0.0.0:65536': 'must be host:port',
    '0.0.0.0:http': 'must be host:port',
    'http://0.0.0.0:3000': 'must be host:port',
  },
  MANAGEMENT_URL: {
    'bridge.internal': 'must be an absolute URL',
    'ftp://bridge.internal': 'must be an absolute URL',
    'https://bridge.internal\n': 'must be an absolute URL',
    'https://bridge.internal/?a=b': 'must not contain a query',
    'https://bridge.internal#top': 'must not contain a fragment',
    'https://user:hunter2@bridge.internal': 'must not contain a user name or password',
    'https://bridge.internal/': 'must not end with a slash',
  },
  STORE_URL: {
    'sqlite:': 'must name a file',
    'sqlite::memory:': 'must name a file: a store in memory forgets',
    'sqlite://data/bridge.db': 'must be sqlite:relative/file or sqlite:/absolute/file',
    'data/bridge.db': 'must be sqlite:<file> or a redis://',
    'postgres://db': 'must be sqlite:<file> or a redis://',
    'redis://127.0.0.1:6379/zero': 'must end with the number of a database',
    'redis://127.0.0.1?password=x': 'must be sqlite:<file> or a redis://',
    'redis://127.0.0.1,127.0.0.2': 'must name one host',
    'redis://127.0.0.1:70000': 'must have host:port',
    'redis://:p@ss@127.0.0.1': 'must be sqlite:<file> or a redis://',
    'redis://lonely@127.0.0.1': 'must have ":password@"',
    'redis+sentinel://127.0.0.1:26379': 'must have the name of the primary',
    'redis+cluster://127.0.0.1/0': 'must end after the hosts',
  },
  KEYS_DIR: { ['k'.repeat(1025)]: 'must have at most 1024 characters' },
  KEY_ENCRYPTION_KEY: {
    changeme: 'must be 256 random bits',
    [KEK.slice(1)]: 'must be 256 random bits',
    [`${KEK}=`]: 'must be 256 random bits',
  },
  BOOTSTRAP_PORTAL: {
    dev: 'must be name:api_key',
    [`:${API_KEY}`]: 'must begin with a portal name',
    [`*:${API_KEY}`]: 'must begin with a portal name',
    'dev:k0rt_geheim': 'must have an API key of 12 to 256 visible ASCII characters',
    [`dev:${'k9fR3'.repeat(52)}`]: 'must have an API key of 12 to 256 visible ASCII characters',
    [`dev:${API_KEY} `]: 'must have an API key of 12 to 256 visible ASCII characters',
    [`dev:${API_KEY}é`]: 'must have an API key of 12 to 256 visible ASCII characters',
  },
  LOG_LEVEL: { verbose: 'must be one of fatal, error, warn, info, debug, trace, silent' },
  WORKERS: { '0': 'must be at least 1', '1.5': 'must be a whole number', ' 1': 'must be a whole number' },
  REQUIRE_DURABLE_STORE: { yes: 'must be true or false', '1': 'must be true or false' },
  BODY_LIMIT_BYTES: { '10': 'must be at least 1024', '1e4': 'must be a whole number', '32KiB': 'must be' },
  REQUEST_DEADLINE_MS: { '99': 'must be at least 100', '30001': 'must be at most 30000' },
  DRAIN_TIMEOUT_MS: { '-1': 'must be at least 0', '600001': 'must be at most 600000' },
  DRAIN_DELAY_MS: { '-1': 'must be at least 0', '60001': 'must be at most 60000' },
  IDEMPOTENCY_SECONDS: {
    '59': 'must be at least 60',
    '604801': 'must be at most 604800',
    '1d': 'must be a whole number',
  },
  IDEMPOTENCY_SECRET_SECONDS: {
    '-1': 'must be at least 0',
    '86401': 'must be at most 86400',
    '0.5': 'must be a whole number',
  },
  RING_REFRESH_MS: { '0': 'must be at least 100', '300001': 'must be at most 300000' },
};

for (const [variable, texts] of Object.entries(REFUSED)) {
  test(`${variable}: what can't be right is refused`, () => {
    for (const [text, beginning] of Object.entries(texts)) {
      refused({ env: { [variable]: text } }, `${variable}: ${beginning}`);
    }
  });
}

test('an issuer is kept exactly as given: verifiers compare it as a string', () => {
  for (const issuer of [
    'https://Auth.Example.com',
    'https://auth.example.com:443',
    'https://a.example/x/y',
  ]) {
    assert.equal(load({ env: { ...PRODUCTION, ISSUER: issuer } }).config.issuer, issuer);
  }
});

test('listen addresses are host and port, IPv6 in brackets, port 0 for any free one', () => {
  const listen = (text: string) => load({ env: { PUBLIC_LISTEN: text } }).config.public_listen;
  assert.deepEqual(listen('[::1]:3000'), { host: '::1', port: 3000 });
  assert.deepEqual(listen('[::]:80'), { host: '::', port: 80 });
  assert.deepEqual(listen('bridge-1.internal:0'), { host: 'bridge-1.internal', port: 0 });
});

test('where portals reach the bridge is kept exactly as given, with its path', () => {
  assert.equal(managementUrl(load().config), 'http://127.0.0.1:3001');
  const env = { MANAGEMENT_URL: 'https://Bridge.internal:8443/dcr' };
  assert.equal(managementUrl(load({ env }).config), env.MANAGEMENT_URL);
});

test('where portals reach the bridge follows where it listens, unless it is said', () => {
  const follows: Record<string, string> = {
    '127.0.0.1:4001': 'http://127.0.0.1:4001',
    '0.0.0.0:4001': 'http://127.0.0.1:4001',
    '[::]:4001': 'http://[::1]:4001',
    'bridge.internal:80': 'http://bridge.internal:80',
  };
  for (const [listen, url] of Object.entries(follows)) {
    const { config } = load({ env: { MANAGEMENT_LISTEN: listen } });
    assert.equal(managementUrl(config), url);
  }
  const bound = { host: '127.0.0.1', port: 51_004 };
  const { config } = load({ env: { MANAGEMENT_LISTEN: '127.0.0.1:0' } });
  assert.equal(managementUrl(config, bound), 'http://127.0.0.1:51004');
});

test('allowed hosts are a list: separated by commas in the variable, a list in the file', () => {
  const hosts = (given: Given) => load(given).config.allowed_hosts;
  assert.deepEqual(hosts({}), []);
  assert.deepEqual(hosts({ env: { ALLOWED_HOSTS: 'bridge.internal' } }), ['bridge.internal']);
  assert.deepEqual(hosts({ env: { ALLOWED_HOSTS: 'bridge, *.svc.example.com' } }), [
    'bridge',
    '*.svc.example.com',
  ]);
  assert.deepEqual(hosts({ file: { allowed_hosts: ['a', 'b'] } }), ['a', 'b']);
  refused({ file: { allowed_hosts: 'a' } }, 'bridge.json: allowed_hosts: must be a list');
  refused({ file: { allowed_hosts: ['a', 1] } }, 'bridge.json: allowed_hosts[1]: must be a text');
  refused({ env: { ALLOWED_HOSTS: 'bridge:3000' } }, 'ALLOWED_HOSTS[0]: must be a host name in lower case');
  refused({ env: { ALLOWED_HOSTS: 'a,a' } }, 'ALLOWED_HOSTS: must not repeat an entry');
});

test('answers to idempotency keys are kept for a day, their secrets for ten minutes, unless it is said', () => {
  const kept = (given: Given) => {
    const { idempotency_seconds, idempotency_secret_seconds } = load(given).config;
    return [idempotency_seconds, idempotency_secret_seconds];
  };
  assert.deepEqual(kept({}), [86_400, 600]);
  const env = { IDEMPOTENCY_SECONDS: '60', IDEMPOTENCY_SECRET_SECONDS: '0' };
  assert.deepEqual(kept({ env }), [60, 0]);
});

test('two listeners can not share an address; any free port twice is two ports', () => {
  refused(
    { env: { OPS_LISTEN: '127.0.0.1:3001' } },
    'OPS_LISTEN: must not listen where management_listen does',
  );
  refused(
    { env: { MANAGEMENT_LISTEN: '127.0.0.1:3000' } },
    'MANAGEMENT_LISTEN: must not listen where public_listen does',
  );
  load({
    env: { PUBLIC_LISTEN: '127.0.0.1:0', MANAGEMENT_LISTEN: '127.0.0.1:0', OPS_LISTEN: '127.0.0.1:0' },
  });
  load({ env: { PUBLIC_LISTEN: '127.0.0.1:3000', MANAGEMENT_LISTEN: '127.0.0.2:3000' } });
});

test('the bootstrap portal is split at the first colon: a key may contain more', () => {
  const { config } = load({ env: { BOOTSTRAP_PORTAL: `Acme-1.eu:${API_KEY}:tail` } });
  assert.deepEqual({ ...config.bootstrap_portal }, { name: 'Acme-1.eu', api_key: `${API_KEY}:tail` });
});

test('a Redis URL is accepted here if and only if the Redis store can read it', () => {
  const urls = [
    'redis://127.0.0.1', 'redis://127.0.0.1:6379', 'redis://127.0.0.1:6379/', 'redis://127.0.0.1:6379/12',
    'redis://[::1]:6379/1', 'rediss://:pw@redis.example.com', 'redis://user:p%40ss@redis.example.com:1/2',
    'redis://:a:b@redis.example.com', 'redis://user@h', 'redis://user:@h', 'redis://:%zz@h', 'redis://@h', 'redis://',
    'redis://h:0', 'redis://h:65536', 'redis://h/99999', 'redis://h/1/2', 'redis://h?x=1', 'redis://h#x', 'redis://h h',
    'redis://a,b', 'redis+sentinel://:pw@a:1,b:2,[::1]:3/main', 'redis+sentinel://:pw@a:1,b/main/4',
    'rediss+sentinel://:pw@a/main/', 'redis+sentinel://:pw@a/main/x', 'redis+sentinel://:pw@a/ma in',
    'redis+sentinel://:pw@a/', 'redis+sentinel://:pw@a', 'redis+sentinel://:pw@a/m/1/2', 'redis+sentinel://:pw@a,,b/m',
    'redis+cluster://:pw@a,b:7000', 'rediss+cluster://:pw@a', 'redis+cluster://:pw@a/', 'redis+cluster://:pw@a/0',
    'redis+other://a', 'REDIS://a', 'redis:a', 'unix:///run/redis.sock',
  ]; // biome-ignore format: a list to scan
  let accepted = 0;
  for (const url of urls) {
    const given = { env: { STORE_URL: url, ALLOW_INSECURE_STORE: 'true' } };
    let readable = true;
    try {
      parseRedisUrl(url);
    } catch {
      readable = false;
    }
    if (readable) assert.equal(load(given).config.store_url, url);
    else refused(given, 'STORE_URL: must ');
    accepted += readable ? 1 : 0;
  }
  assert.ok(accepted > 10 && accepted < urls.length - 10, String(accepted));
});

test('loopback is this machine: no other name, however it looks', () => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '[::1]', '::1']) {
    assert.ok(isLoopbackHost(host), host);
  }
  const others = [
    'localhost.example.com',
    '127.0.0.1.nip.io',
    '128.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    'local',
    '',
  ];
  for (const host of others) assert.ok(!isLoopbackHost(host), host);
  // The URL parser's own spellings of 127.0.0.1 are that address.
  assert.ok(isDevelopmentIssuer('http://127.1:3000'));
  assert.ok(isDevelopmentIssuer('http://[::1]:3000'));
  assert.ok(!isDevelopmentIssuer('http://localhost.example.com'));
});
