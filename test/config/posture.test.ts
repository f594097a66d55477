import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyLifeOf } from '../../src/config/key-life.ts';
import { policyOf } from '../../src/config/policy.ts';
import { longestUnconfirmedSeconds } from '../../src/keys/key-life.ts';
import { API_KEY, domain, KEK, load, PRODUCTION, refusal, refused } from './support.ts';

const HTTP = { ...PRODUCTION, ISSUER: 'http://auth.example.com' };

test('C-12: an http issuer is for a loopback host, or for who says so explicitly, and then it is warned of', () => {
  refused({ env: HTTP }, 'ISSUER: must use https:');
  const { warnings } = load({ env: { ...HTTP, ALLOW_INSECURE_ISSUER: 'true' } });
  assert.deepEqual(
    warnings.map((warning) => warning.slice(0, 18)),
    ['ISSUER uses http:,'],
  );
  for (const issuer of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
    assert.deepEqual(load({ env: { ISSUER: issuer } }).warnings, []);
  }
  refused({ env: { ISSUER: 'http://0.0.0.0:3000', KEY_ENCRYPTION_KEY: KEK } }, 'ISSUER: must use https:');
});

test('C-12: outside development the key-encryption key must be given', () => {
  refused({ env: { ISSUER: PRODUCTION.ISSUER } }, 'KEY_ENCRYPTION_KEY: is required');
  // The switch for http makes no development set-up: others can reach the issuer.
  refused({ env: { ISSUER: HTTP.ISSUER, ALLOW_INSECURE_ISSUER: 'true' } }, 'KEY_ENCRYPTION_KEY: is required');
  assert.equal(load({ env: PRODUCTION }).config.key_encryption_key, KEK);
  assert.equal(load().config.key_encryption_key, undefined);
});

test('C-12: a key-encryption key that is no random one is refused, in development warned of', () => {
  const weak = Buffer.alloc(32, 7).toString('base64url');
  refused(
    { env: { ...PRODUCTION, KEY_ENCRYPTION_KEY: weak } },
    'KEY_ENCRYPTION_KEY: must be random, but it repeats itself',
  );
  assert.deepEqual(load({ env: { KEY_ENCRYPTION_KEY: weak } }).warnings, [
    'KEY_ENCRYPTION_KEY repeats itself: it is refused outside development',
  ]);
});

test('S-TEN-09: an API key shorter than 32 characters is refused, in development warned of', () => {
  const short = 'dev:f7Kq2mX9bT4wZ8pL1nR6vC3yH5jD0sG';
  assert.equal(short.length - 'dev:'.length, 31);
  refused(
    { env: { ...PRODUCTION, BOOTSTRAP_PORTAL: short } },
    'BOOTSTRAP_PORTAL: must have an API key of at least 32 characters',
  );
  assert.match(
    load({ env: { BOOTSTRAP_PORTAL: short } }).warnings.join(),
    /^BOOTSTRAP_PORTAL .*fewer than 32/,
  );
  for (const env of [{}, PRODUCTION]) {
    assert.deepEqual(load({ env: { ...env, BOOTSTRAP_PORTAL: `${short}x` } }).warnings, []);
  }
});

test('S-TEN-09: a default or example key is refused everywhere, development included', () => {
  const examples = [
    'changemechangeme', 'change-me-change-me-change-me-change-me', 'PASSWORDpassword', 'secret-secret-secret',
    'super-secret-api-key', 'your-api-key-here', 'my_secret_password_123', 'YOUR_API_KEY_HERE_PLEASE', 'example-api-key',
    '1234567890123456', '01234567890123456789012345678901', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'abababababababab',
    'default_admin_token', 'insecure-default',
  ]; // biome-ignore format: a list to scan
  for (const key of examples) {
    for (const env of [{}, PRODUCTION]) {
      const lines = refusal({ env: { ...env, BOOTSTRAP_PORTAL: `dev:${key}` } });
      assert.match(lines.join('\n'), /^BOOTSTRAP_PORTAL: must have a random API key: this is a default/, key);
    }
  }
});

test('S-TEN-09: generated keys are no defaults, whatever their alphabet', () => {
  const keys = [
    API_KEY,
    '%!$&()*+,;=~^{}|<>[]/?#"',
    '9f86d081884c7d659a2feaa0c55ad015',
    'dcrk_changemechangeme_Zk3vQ9pX',
  ];
  for (const key of keys) load({ env: { BOOTSTRAP_PORTAL: `dev:${key}` } });
});

const REDIS: readonly (readonly [string, 'accepted' | 'refused', RegExp | undefined])[] = [
  ['redis://127.0.0.1:6379', 'accepted', undefined],
  ['redis://localhost', 'accepted', undefined],
  ['redis://[::1]:6379/1', 'accepted', undefined],
  ['redis+cluster://127.0.0.1:7000,localhost:7001', 'accepted', undefined],
  ['redis://redis:6379', 'refused', undefined],
  ['rediss://redis.example.com', 'refused', undefined],
  ['redis+sentinel://127.0.0.1:26379,10.0.0.2:26379/main', 'refused', undefined],
  ['redis+cluster://127.0.0.1:7000,10.0.0.2:7000', 'refused', undefined],
  ['rediss://:pw@redis.example.com', 'accepted', undefined],
  ['rediss://bridge:pw@redis.example.com:6380/2', 'accepted', undefined],
  ['rediss+cluster://:pw@10.0.0.1,10.0.0.2', 'accepted', undefined],
  ['redis://:pw@redis:6379', 'accepted', /no TLS/],
  ['redis+sentinel://:pw@10.0.0.1/main', 'accepted', /no TLS/],
];

for (const [url, outcome, warning] of REDIS) {
  test(`C-12: ${url} is ${outcome}${warning === undefined ? '' : ' with a warning'}`, () => {
    const env = { STORE_URL: url };
    if (outcome === 'refused') {
      refused({ env }, 'STORE_URL: must have a password');
      const allowed = load({ env: { ...env, ALLOW_INSECURE_STORE: 'true' } });
      assert.match(allowed.warnings.join('\n'), /no password/);
      return;
    }
    const { warnings } = load({ env });
    assert.equal(warnings.length, warning === undefined ? 0 : 1, warnings.join('\n'));
    if (warning !== undefined) assert.match(warnings.join(), warning);
  });
}

test('several workers are refused over a store that belongs to one process', () => {
  refused(
    { env: { WORKERS: '2' } },
    'WORKERS: must be 1: a sqlite: store belongs to one process; for more set STORE_URL to a Redis',
  );
  assert.equal(load({ env: { WORKERS: '2', STORE_URL: 'redis://127.0.0.1' } }).config.workers, 2);
});

test('what this version can do is neither refused nor warned of', () => {
  const portals = { '*': { secret_storage: 'recoverable' }, acme: { max_clients: 5, max_secrets: 5 } };
  const oidc = { type: 'oidc', issuer: 'https://idp.acme.example', initial_access_token: '{env:ACME_IAT}' };
  const providers = { local: { type: 'local' }, acme: oidc };
  const env = { ACME_IAT: 'f7Kq2mX9bT4wZ8' };
  assert.deepEqual(load({ file: { portals, providers }, env }).warnings, []);
});

test('a token longer than what gateways take for a header is warned of, with their limits', () => {
  const withAlg = (signing_alg: string, scopes: string[]) => ({
    resources: { 'https://api.example.com': { signing_alg, scopes } },
    portals: { '*': { providers: ['local'], resources: ['https://api.example.com'], scopes: ['read'] } },
  });
  const many = ['read', ...Array.from({ length: 90 }, (_, at) => `scope-${at}`.padEnd(30, 'x'))];
  assert.deepEqual(load({ file: withAlg('RS256', ['read']) }).warnings, []);
  assert.match(
    load({ file: withAlg('ML-DSA-65', ['read']) }).warnings.join(),
    /header of about 4\d\d\d bytes.*4 KiB/,
  );
  assert.match(load({ file: withAlg('ML-DSA-65', many) }).warnings.join(), /4 KiB.*8 KiB/);
});

test('R-11, S-JWT-11: a key that is withdrawn before its last token ends is refused, and the message has the least', () => {
  const file = {
    resources: { 'https://api.example.com': { scopes: ['read', 'write'], token_lifetime_seconds: 3600 } },
  };
  const noOutage = { MAX_STALE_SECONDS: '0' };
  refused(
    { file, env: { KEY_RETIRE_AFTER_SECONDS: '3729', ...noOutage } },
    'KEY_RETIRE_AFTER_SECONDS: must be at least 3730',
  );
  load({ file, env: { KEY_RETIRE_AFTER_SECONDS: '3730', ...noOutage } });
  refused(
    { file, env: { KEY_RETIRE_AFTER_SECONDS: '3730', CLOCK_SKEW_SECONDS: '61', ...noOutage } },
    'KEY_RETIRE_AFTER_SECONDS: must be at least 3732',
  );
  // Without the setting it follows the longest lifetime.
  load({
    file: {
      resources: { 'https://api.example.com': { scopes: ['read', 'write'], token_lifetime_seconds: 86_400 } },
    },
  });
});

test('R-02: keys that would stop signing in an outage before the clients in memory do are refused', () => {
  const env = { KEY_RETIRE_AFTER_SECONDS: '1569' };
  refused(
    { env },
    'KEY_RETIRE_AFTER_SECONDS: must be at least 1570: max_stale_seconds (900 s), the longest token lifetime (600 s)',
  );
  load({ env: { KEY_RETIRE_AFTER_SECONDS: '1570' } });
  load({ env: { ...env, MAX_STALE_SECONDS: '899' } });
  // Without the setting it follows the outage that is to be endured.
  const { config } = load({ env: { MAX_STALE_SECONDS: '86400' } });
  const life = keyLifeOf(config);
  assert.equal(longestUnconfirmedSeconds(life), 86_400 + life.refreshSeconds);
});

test('R-10: a rotation that is faster than keys can be published is refused; 0 is by command only', () => {
  refused({ env: { KEY_ROTATION_DAYS: '0.05' } }, 'KEY_ROTATION_DAYS: must be 0 or at least 0.0842');
  for (const days of ['0', '0.0842', '30']) load({ env: { KEY_ROTATION_DAYS: days } });
});

test('S-SSRF-12: no portal may have keys fetched until it is said from where, and never from a metadata service', () => {
  const { config, warnings } = load({ env: PRODUCTION });
  assert.deepEqual(policyOf(config, 'any').jwks_uri_hosts, []);
  assert.deepEqual([config.client_jwks_networks, config.allow_insecure_client_jwks], [[], false]);
  assert.deepEqual(warnings, []);
  for (const network of ['169.254.0.0/16', '0.0.0.0/0', 'fd00::/8'])
    refused(
      { env: { CLIENT_JWKS_NETWORKS: network } },
      'CLIENT_JWKS_NETWORKS[0]: must be a network in CIDR form that holds no link-local addresses',
    );
});

test('S-SSRF-01: this machine is called for keys in development alone', () => {
  const env = { ALLOW_INSECURE_CLIENT_JWKS: 'true' };
  assert.equal(load({ env }).config.allow_insecure_client_jwks, true);
  refused({ env: { ...PRODUCTION, ...env } }, 'ALLOW_INSECURE_CLIENT_JWKS: must be false');
});

test('any host in private networks is warned of, with the portals that may use it', () => {
  const portals = (hosts: readonly string[]) => {
    const [every] = Object.values(domain().portals as Record<string, object>);
    return { portals: { '*': every, acme: { jwks_uri_hosts: hosts } } };
  };
  const env = { CLIENT_JWKS_NETWORKS: '10.20.0.0/16' };
  assert.match(
    load({ env, file: portals(['*']) }).warnings.join(),
    /^portals\.acme: jwks_uri_hosts "\*" lets/,
  );
  assert.deepEqual(load({ env, file: portals(['keys.internal']) }).warnings, []);
  assert.deepEqual(load({ file: portals(['*']) }).warnings, []);
});
