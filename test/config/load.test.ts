import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { API, domain, load, PRODUCTION, refusal, refused } from './support.ts';

test('the first start needs no configuration: the defaults are the documented ones, from any directory', () => {
  const { config, warnings } = loadConfig({ env: {}, cwd: tmpdir() });
  assert.deepEqual(warnings, []);
  assert.equal(config.issuer, 'http://localhost:3000');
  assert.deepEqual(config.public_listen, { host: '0.0.0.0', port: 3000 });
  assert.deepEqual(config.management_listen, { host: '127.0.0.1', port: 3001 });
  assert.deepEqual(config.ops_listen, { host: '127.0.0.1', port: 3002 });
  assert.equal(config.store_url, `sqlite:${join(tmpdir(), 'data/dcr-bridge.db')}`);
  assert.equal(config.keys_dir, join(tmpdir(), 'keys'));
  assert.equal(config.key_encryption_key, undefined);
  assert.equal(config.bootstrap_portal, undefined);
  assert.equal(config.workers, 1);
  assert.equal(config.log_level, 'info');
  assert.equal(config.default_resource, API);
  const { scopes, token_lifetime_seconds, signing_alg, claims } = config.resources[API] ?? assert.fail();
  assert.deepEqual([scopes, token_lifetime_seconds, signing_alg], [['read', 'write'], 600, 'RS256']);
  assert.deepEqual({ ...claims }, { application_id: '{labels.application_id}' });
});

test('the file wins over the defaults, and the environment over the file', () => {
  const file = { log_level: 'warn', body_limit_bytes: 4096, require_durable_store: true };
  const fromFile = load({ file }).config;
  assert.deepEqual([fromFile.log_level, fromFile.body_limit_bytes], ['warn', 4096]);
  assert.equal(fromFile.require_durable_store, true);
  const env = { LOG_LEVEL: 'debug', BODY_LIMIT_BYTES: '8192', REQUIRE_DURABLE_STORE: 'false' };
  const fromEnv = load({ file, env }).config;
  assert.deepEqual([fromEnv.log_level, fromEnv.body_limit_bytes], ['debug', 8192]);
  assert.equal(fromEnv.require_durable_store, false);
});

test('every scalar of the file has its environment variable, default_resource too', () => {
  const resources = { [API]: { scopes: [] }, 'urn:example:other': { scopes: [] } };
  const portals = { '*': {} };
  const env = { DEFAULT_RESOURCE: 'urn:example:other' };
  assert.equal(load({ file: { resources, portals }, env }).config.default_resource, 'urn:example:other');
});

test('an empty environment variable is unset', () => {
  const env = { LOG_LEVEL: '', ISSUER: '', WORKERS: '', KEY_ENCRYPTION_KEY: '', KEY_ENCRYPTION_KEY_FILE: '' };
  const { config } = load({ env, file: { log_level: 'error' } });
  assert.equal(config.log_level, 'error');
  assert.equal(config.issuer, 'http://localhost:3000');
});

test('relative paths start from the working directory, absolute ones stay', () => {
  const { config, cwd } = load({ env: { STORE_URL: 'sqlite:a/b.db', KEYS_DIR: 'ring' } });
  assert.equal(config.store_url, `sqlite:${join(cwd, 'a/b.db')}`);
  assert.equal(config.keys_dir, join(cwd, 'ring'));
  const absolute = load({ env: { STORE_URL: 'sqlite:/var/lib/b.db', KEYS_DIR: '/var/lib/ring' } }).config;
  assert.deepEqual([absolute.store_url, absolute.keys_dir], ['sqlite:/var/lib/b.db', '/var/lib/ring']);
});

test('the result is frozen at every depth, and its records have no inherited names', () => {
  const { config } = load({ env: { BOOTSTRAP_PORTAL: 'dev:dcrk_0f1e2d3c4b5a69788796a5b4c3d2e1f0' } });
  function assertFrozen(value: unknown, path: string): void {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value), path);
    for (const [name, member] of Object.entries(value)) assertFrozen(member, `${path}.${name}`);
  }
  assertFrozen(config, 'config');
  for (const record of [config.resources, config.providers, config.portals]) {
    assert.equal((record as Record<string, unknown>).constructor, undefined);
  }
});

test('every problem is told at once, with the place where it was written', () => {
  const file = {
    resources: { [API]: { scopes: ['read'], token_lifetime_seconds: 5, signing_alg: 'HS256', ttl: 1 } },
    providers: { local: { type: 'local' }, other: { type: 'saml' } },
    portals: {
      '*': { providers: ['local'], scopes: ['read', 'admin'], resources: [API] },
      'acme-portal': { providers: ['acme'], max_clients: 0 },
    },
    drain_timeout_ms: 'soon',
    isuer: 'https://auth.example.com',
  };
  const env = { ISSUER: 'auth.example.com', PUBLIC_LISTEN: '3000', STORE_URL: 'mysql://x', WORKERS: 'many' };
  refused(
    { env, file },
    'ISSUER: must be an absolute URL, for example https://auth.example.com',
    'PUBLIC_LISTEN: must be host:port',
    'STORE_URL: must be sqlite:<file> or a redis://',
    'WORKERS: must be a whole number',
    'bridge.json: drain_timeout_ms: must be a whole number',
    'bridge.json: isuer: is unknown; did you mean "issuer"?',
    'bridge.json: portals["*"].scopes[1]: "admin" is a scope of none of its resources',
    'bridge.json: portals["acme-portal"].max_clients: must be at least 1',
    'bridge.json: portals["acme-portal"].providers[0]: "acme" is not in providers',
    'bridge.json: providers.other.type: must be one of local, oidc',
    'bridge.json: resources["https://api.example.com"].signing_alg: must be one of RS256',
    'bridge.json: resources["https://api.example.com"].token_lifetime_seconds: must be at least 60',
    'bridge.json: resources["https://api.example.com"].ttl: is unknown; known are scopes,',
  );
});

test('what is required is asked for where it belongs', () => {
  refused(
    { file: '{}', env: { ISSUER: PRODUCTION.ISSUER } },
    'KEY_ENCRYPTION_KEY: is required',
    'bridge.json: default_resource: is required',
    'bridge.json: portals: is required',
    'bridge.json: providers: is required',
    'bridge.json: resources: is required',
  );
  refused(
    { file: { resources: {}, portals: {}, default_resource: null } },
    'bridge.json: default_resource: must be a text',
    'bridge.json: portals: must have at least one entry',
    'bridge.json: resources: must have at least one entry',
  );
});

test('unknown members are refused at every depth, with the closest known name', () => {
  const unknown: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ log_levle: 'info' }, 'bridge.json: log_levle: is unknown; did you mean "log_level"?'],
    [{ issuer_url: 'x' }, 'bridge.json: issuer_url: is unknown; did you mean "issuer"?'],
    [{ portal: {} }, 'bridge.json: portal: is unknown; did you mean "portals"?'],
    [{ __typo: 1 }, 'bridge.json: __typo: is unknown; known are issuer, public_listen,'],
    [
      { resources: { [API]: { scopes: ['read', 'write'], token_lifetime: 60 } } },
      `bridge.json: resources["${API}"].token_lifetime: is unknown; did you mean "token_lifetime_seconds"?`,
    ],
    [
      { providers: { local: { type: 'local', isuer: 'x' } } },
      'bridge.json: providers.local.isuer: is unknown',
    ],
    [
      { portals: { ...(domain().portals as object), p: { max_client: 5 } } },
      'bridge.json: portals.p.max_client: is unknown; did you mean "max_clients"?',
    ],
    [{ '\u001b[31m': 1 }, 'bridge.json: ["\\u001b[31m"]: is unknown'],
  ];
  for (const [file, beginning] of unknown) refused({ file }, beginning);
  const smuggled = JSON.stringify(domain()).replace('{', '{"__proto__": {"issuer": "https://evil.example"},');
  refused({ file: smuggled }, 'bridge.json: __proto__: is unknown');
});

test('$schema is for editors, and allowed', () => {
  assert.ok(!('$schema' in load({ file: { $schema: './schema.json' } }).config));
});

test('a file that is not there, can not be read, or is no object is one problem, beside those of the environment', () => {
  refused(
    { env: { CONFIG_FILE: 'nope.json', LOG_LEVEL: 'loud' } },
    "CONFIG_FILE: names a file that can't be read: there is no such file",
    'LOG_LEVEL: must be one of',
  );
  refused({ env: { CONFIG_FILE: '.' } }, "CONFIG_FILE: names a file that can't be read: it is a directory");
  const missing = () => {
    throw Object.assign(new Error('gone'), { code: 'ENOENT' });
  };
  assert.throws(() => loadConfig({ env: {}, cwd: '/', readFile: missing }), {
    problems: [
      {
        path: '$',
        message: "can't be read: there is no such file",
        source: {
          kind: 'file',
          file: fileURLToPath(new URL('../../config/default.json', import.meta.url)).slice(1),
        },
      },
    ],
  });
  refused({ file: '[]' }, 'bridge.json: must be a JSON object');
});

test('a broken file is told with line and column, and nothing else of the file is judged', () => {
  const file = '{\n  "resources": {},\n  "key_encryption_key": "hunter2hunter2",,\n}';
  assert.deepEqual(refusal({ file }), [
    'bridge.json: line 3, column 42: expected the name of a member, in double quotes',
  ]);
});
