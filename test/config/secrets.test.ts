import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblems } from '../../src/config/format-problems.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { redactConfig } from '../../src/config/redact.ts';
import { SECRET_MEMBERS } from '../../src/config/secret-members.ts';
import { API_KEY, KEK, load, PRODUCTION, refusal, refused } from './support.ts';

const PORTAL = `acme:${API_KEY}`;
const REDIS = 'rediss://bridge:f7Kq2mX9bT4wZ8@redis.example.com:6379/0';

test('a secret may come from the file that NAME_FILE names; the line break at its end is not part of it', () => {
  for (const end of ['', '\n', '\r\n', '\n\n']) {
    const { config } = load({
      env: {
        ISSUER: PRODUCTION.ISSUER,
        KEY_ENCRYPTION_KEY_FILE: 'kek',
        BOOTSTRAP_PORTAL_FILE: 'portal',
        STORE_URL_FILE: 'store',
      },
      files: { kek: KEK + end, portal: PORTAL + end, store: REDIS + end },
    });
    assert.equal(config.key_encryption_key, KEK);
    assert.equal(config.bootstrap_portal?.api_key, API_KEY);
    assert.equal(config.store_url, REDIS);
  }
});

test('NAME together with NAME_FILE is a problem: nobody can tell which one was meant', () => {
  refused(
    { env: { KEY_ENCRYPTION_KEY: KEK, KEY_ENCRYPTION_KEY_FILE: 'kek' }, files: { kek: KEK } },
    'KEY_ENCRYPTION_KEY: must not be set together with KEY_ENCRYPTION_KEY_FILE',
  );
});

test('a secret file that can not be read is one problem, without its name: it may be the secret itself', () => {
  const file = { key_encryption_key: '{env:BRIDGE_KEK}' };
  const env = { ISSUER: PRODUCTION.ISSUER, BRIDGE_KEK: KEK };
  refused(
    {
      env: { ...env, KEY_ENCRYPTION_KEY_FILE: KEK, BOOTSTRAP_PORTAL_FILE: '.', STORE_URL_FILE: 'empty' },
      file,
      files: { empty: '\n' },
    },
    "KEY_ENCRYPTION_KEY_FILE: names a file that can't be read: there is no such file",
    "BOOTSTRAP_PORTAL_FILE: names a file that can't be read: it is a directory",
    'STORE_URL_FILE: names a file that is empty',
  );
});

test('{env:NAME} and {file:path} stand for secrets in the file', () => {
  const { config } = load({
    env: { ISSUER: PRODUCTION.ISSUER, BRIDGE_KEK: KEK, BRIDGE_STORE: REDIS },
    file: {
      key_encryption_key: '{env:BRIDGE_KEK}',
      bootstrap_portal: '{file:portal}',
      store_url: '{env:BRIDGE_STORE}',
    },
    files: { portal: `${PORTAL}\n` },
  });
  assert.equal(config.key_encryption_key, KEK);
  assert.equal(config.bootstrap_portal?.api_key, API_KEY);
  assert.equal(config.store_url, REDIS);
});

test('a placeholder that leads nowhere is one problem, not also a missing member', () => {
  const oidc = { type: 'oidc', issuer: 'https://idp.example', initial_access_token: '{env:NOT_SET}' };
  refused(
    {
      env: { ISSUER: PRODUCTION.ISSUER, EMPTY: '' },
      file: {
        key_encryption_key: '{env:EMPTY}',
        bootstrap_portal: '{file:nope}',
        providers: { local: { type: 'local' }, acme: oidc },
      },
    },
    'bridge.json: key_encryption_key: names an environment variable that is not set',
    "bridge.json: bootstrap_portal: names a file that can't be read: there is no such file",
    'bridge.json: providers.acme.initial_access_token: names an environment variable that is not set',
  );
});

test('what the environment overrides is not fetched, but a literal secret is refused all the same', () => {
  const env = { ...PRODUCTION, BOOTSTRAP_PORTAL: PORTAL };
  load({ env, file: { key_encryption_key: '{env:NOT_SET}', bootstrap_portal: '{file:nope}' } });
  refused(
    { env, file: { key_encryption_key: KEK } },
    'bridge.json: key_encryption_key: must not be in the file itself',
  );
});

test('C-09: a literal secret in the file is refused; a store URL only when it may hold one', () => {
  const oidc = { type: 'oidc', issuer: 'https://idp.example', initial_access_token: 'f7Kq2mX9bT4wZ8' };
  refused(
    {
      file: {
        key_encryption_key: KEK,
        bootstrap_portal: PORTAL,
        store_url: REDIS,
        providers: { local: { type: 'local' }, acme: oidc },
      },
    },
    'bridge.json: key_encryption_key: must not be in the file itself: write {env:NAME} or {file:path}',
    'bridge.json: bootstrap_portal: must not be in the file itself',
    'bridge.json: store_url: must not be in the file itself',
    'bridge.json: providers.acme.initial_access_token: must not be in the file itself',
  );
  for (const url of ['redis://user:p@ss@127.0.0.1', 'redis://lonely@127.0.0.1', 'redis://h?password=x']) {
    refused({ file: { store_url: url } }, 'bridge.json: store_url: must not be in the file itself');
  }
  for (const url of ['sqlite:a@b?.db', 'redis://127.0.0.1:6379/1']) load({ file: { store_url: url } });
});

test('no problem ever shows a secret that was received, wherever it was put', () => {
  const secret = 'hunter2-f7Kq2mX9bT4wZ8';
  const places: Record<string, string>[] = [
    { KEY_ENCRYPTION_KEY: secret },
    { KEY_ENCRYPTION_KEY_FILE: secret },
    { BOOTSTRAP_PORTAL: secret },
    { BOOTSTRAP_PORTAL: `dev:${secret}é` },
    { BOOTSTRAP_PORTAL: `dev!:${secret}` },
    { BOOTSTRAP_PORTAL_FILE: secret },
    { STORE_URL: `redis://:${secret}@` },
    { STORE_URL: `redis://:${secret}@h/x` },
    { STORE_URL: `redis://${secret}@h` },
    { STORE_URL: secret },
    { ISSUER: `https://user:${secret}@auth.example.com` },
    { ISSUER: secret },
    { PUBLIC_LISTEN: secret },
    { LOG_LEVEL: secret },
    { WORKERS: secret },
  ];
  for (const env of places) {
    const lines = refusal({ env }).join('\n');
    assert.ok(!lines.includes('hunter2'), `${JSON.stringify(env)}\n${lines}`);
  }
  for (const file of [`{"key_encryption_key": "${secret}"`, `{"a": ${secret}}`, `{"a": "${secret}\n"}`]) {
    assert.ok(!refusal({ file }).join('\n').includes('hunter2'));
  }
});

test('the error itself shows no value either: it may be logged as it is', () => {
  try {
    loadConfig({ env: { KEY_ENCRYPTION_KEY: 'hunter2', LOG_LEVEL: 'x' }, cwd: '/' });
    assert.fail('accepted');
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.message, 'the configuration has 2 problems');
    assert.ok(!JSON.stringify(error).includes('hunter2'));
    assert.equal(error.cause, undefined);
  }
});

test('text of the configuration in a problem is one line, escaped and cut', () => {
  const name = `\u001b[31m${'x'.repeat(500)}\nISSUER: fine`;
  const [line = '', ...others] = refusal({ file: { default_resource: name.replace(/\s/g, ''), [name]: 1 } });
  assert.equal(others.length, 1);
  for (const shown of [line, ...others]) {
    assert.ok(/^[\x20-\x7e…]*$/.test(shown), JSON.stringify(shown));
    assert.ok(!shown.includes('x'.repeat(61)));
  }
});

test('config print shows that a secret is set, and never which', () => {
  const { config } = load({ env: { ...PRODUCTION, BOOTSTRAP_PORTAL: PORTAL, STORE_URL: REDIS } });
  const shown = redactConfig(config);
  assert.equal(shown.key_encryption_key, '[set]');
  assert.equal(shown.bootstrap_portal, '[set]');
  assert.equal(shown.store_url, 'rediss://bridge:***@redis.example.com:6379/0');
  assert.equal(shown.public_listen, '0.0.0.0:3000');
  const text = JSON.stringify(shown);
  for (const secret of [KEK, API_KEY, 'f7Kq2mX9bT4wZ8']) assert.ok(!text.includes(secret));
  const unset = redactConfig(load().config);
  assert.deepEqual([unset.key_encryption_key, unset.bootstrap_portal], [undefined, undefined]);
  assert.ok(
    JSON.stringify(redactConfig(load({ env: { PUBLIC_LISTEN: '[::1]:0' } }).config)).includes('[::1]:0'),
  );
  const oidc = { type: 'oidc', issuer: 'https://idp.example' };
  const fetched = { ...oidc, token_client: { client_id: 'us', client_secret: '{env:SECRET}' } };
  const providers = {
    local: { type: 'local' },
    acme: { ...oidc, initial_access_token: '{env:SECRET}' },
    other: fetched,
  };
  const upstream = load({ file: { providers }, env: { SECRET: API_KEY } });
  assert.ok(!JSON.stringify(redactConfig(upstream.config)).includes(API_KEY));
});

test('passwords are masked in every form of a store URL', () => {
  const masked = (url: string) => redactConfig({ ...load().config, store_url: url }).store_url;
  assert.equal(masked('redis://:pw@h:1/2'), 'redis://:***@h:1/2');
  assert.equal(masked('redis+sentinel://u:p:w@a:1,b:2/main'), 'redis+sentinel://u:***@a:1,b:2/main');
  assert.equal(masked('rediss+cluster://:pw@a,b'), 'rediss+cluster://:***@a,b');
  assert.equal(masked('redis://127.0.0.1:6379'), 'redis://127.0.0.1:6379');
  assert.equal(masked('sqlite:/a:b@c.db'), 'sqlite:/a:b@c.db');
});

test('the list of secrets is the one that the schema marks', () => {
  const marked: string[] = [];
  function find(schema: unknown, path: readonly string[]): void {
    if (typeof schema !== 'object' || schema === null) return;
    const {
      properties = {},
      additionalProperties,
      oneOf = [],
      writeOnly,
    } = schema as {
      properties?: Record<string, unknown>;
      additionalProperties?: unknown;
      oneOf?: unknown[];
      writeOnly?: boolean;
    };
    if (writeOnly === true) marked.push(path.join('.'));
    for (const [name, member] of Object.entries(properties)) find(member, [...path, name]);
    for (const variant of oneOf) find(variant, path);
    find(additionalProperties, [...path, '*']);
  }
  find(configJsonSchema(), []);
  // The store's URL is a secret only with a password in it.
  const listed = SECRET_MEMBERS.map(({ path }) => path.join('.')).filter((path) => path !== 'store_url');
  assert.deepEqual(marked.sort(), listed.sort());
});

test('problems are formatted with the place to go to first', () => {
  const text = formatProblems([
    { path: 'issuer', message: 'must be so', source: { kind: 'environment', variable: 'ISSUER' } },
    { path: 'portals["*"].scopes[1]', message: 'must be so', source: { kind: 'file', file: 'a.json' } },
    { path: '$', message: 'line 1, column 2: expected a value', source: { kind: 'file', file: 'a.json' } },
  ]);
  assert.deepEqual(text.split('\n'), [
    'ISSUER: must be so',
    'a.json: portals["*"].scopes[1]: must be so',
    'a.json: line 1, column 2: expected a value',
  ]);
});
