/** A setting that is passed over in silence: said where it is surely meant, and never of what belongs to others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SCALAR_MEMBERS, variableOf } from '../../src/config/environment.ts';
import { misspeltVariables } from '../../src/config/misspelt-variables.ts';
import { domain, load, refusal } from './support.ts';

const NOBODY_ASKED: ReadonlySet<string> = new Set();
const told = (env: Readonly<Record<string, string>>) => misspeltVariables(env, NOBODY_ASKED);
const valued = (names: Iterable<string>) =>
  Object.fromEntries([...names].map((name) => [name, 'canary-value']));

describe('a name that is near a setting is told, with the setting', () => {
  for (const [name, meant] of [
    ['KEY_DIR', 'KEYS_DIR'],
    ['KEYDIR', 'KEYS_DIR'],
    ['KEYS_DRI', 'KEYS_DIR'],
    ['keys_dir', 'KEYS_DIR'],
    ['KEYS-DIR', 'KEYS_DIR'],
    ['WORKER', 'WORKERS'],
    ['ISSEUR', 'ISSUER'],
    ['PUBLIC_LISTENER', 'PUBLIC_LISTEN'],
    ['STORE_URI', 'STORE_URL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['KEY_ENCRYPTON_KEY', 'KEY_ENCRYPTION_KEY'],
    ['KEY_ENCRYPTION_KEYFILE', 'KEY_ENCRYPTION_KEY_FILE'],
    ['PUBLIC_TLS_CERT', 'PUBLIC_TLS_CERT_FILE'],
    ['CONFIG_FILES', 'CONFIG_FILE'],
    ['TRUSTED_PROXY', 'TRUSTED_PROXIES'],
  ] as const) {
    test(name, () => {
      assert.deepEqual(told({ [name]: 'canary-value' }), [`${name} is passed over: did you mean ${meant}?`]);
    });
  }
});

test('a file for a setting that takes none is told', () => {
  assert.deepEqual(told({ ISSUER_FILE: '/run/canary', LOG_LEVEL: 'info', LOG_LEVEL_FILE: '/run/canary' }), [
    'ISSUER_FILE is passed over: ISSUER is not read from a file; set ISSUER itself',
    'LOG_LEVEL_FILE is passed over: LOG_LEVEL is not read from a file; set LOG_LEVEL itself',
  ]);
});

test('no setting is told, in any of its forms, nor one that is empty, nor one beside the setting that it is near', () => {
  const settings = SCALAR_MEMBERS.map(variableOf);
  for (const name of [...settings, 'CONFIG_FILE', 'STORE_URL_FILE', 'BOOTSTRAP_PORTAL_FILE']) {
    assert.deepEqual(told(valued([name])), [], name);
  }
  assert.deepEqual(told({ KEY_DIR: '' }), []);
  assert.deepEqual(told({ KEY_DIR: '/srv/other', KEYS_DIR: 'keys' }), []);
});

/** As found in shells, images, CI and orchestrators. */
const ORDINARY =
  `PATH HOME USER LOGNAME SHELL TERM LANG LANGUAGE LC_ALL PWD OLDPWD SHLVL HOSTNAME HOST EDITOR MAIL TZ TMPDIR _
  DISPLAY SSH_CLIENT SSH_CONNECTION SSH_TTY XDG_RUNTIME_DIR COLUMNS LINES DEBUG PORT CI DEBIAN_FRONTEND PS1 LS_COLORS
  NODE_ENV NODE_OPTIONS NODE_VERSION NODE_EXTRA_CA_CERTS NODE_APP_INSTANCE NODE_ISSUER YARN_VERSION COREPACK_HOME UV_THREADPOOL_SIZE
  npm_config_user_agent npm_package_json npm_lifecycle_event npm_node_execpath npm_command INIT_CWD npm_config_loglevel
  KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT KUBERNETES_SERVICE_PORT_HTTPS KUBERNETES_PORT KUBERNETES_PORT_443_TCP
  KUBERNETES_PORT_443_TCP_PROTO POD_NAME POD_NAMESPACE POD_IP NODE_NAME SERVICE_ACCOUNT NAMESPACE CLUSTER_NAME
  REDIS_URL REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_PORT_6379_TCP_ADDR REDISCLI_AUTH DATABASE_URL POSTGRES_PASSWORD
  AWS_REGION AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE GOOGLE_APPLICATION_CREDENTIALS AZURE_CLIENT_ID AZURE_TENANT_ID
  OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_ENDPOINT OTEL_LOG_LEVEL SSL_CERT_FILE SSL_CERT_DIR SSL_KEY_FILE CURL_CA_BUNDLE
  HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy LD_PRELOAD LD_LIBRARY_PATH GODEBUG JAVA_HOME PYTHONPATH
  LISTEN_FDS LISTEN_PID LISTEN_FDNAMES NOTIFY_SOCKET WATCHDOG_USEC INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID
  STATE_DIRECTORY LOGS_DIRECTORY CREDENTIALS_DIRECTORY LOG_FORMAT LOG_FILE LOG_DIR CLIENT_ID CLIENT_SECRET KEY_FILE CERT_FILE
  ISSUER_URL ISSUER_URI OIDC_ISSUER JWT_ISSUER API_KEY PUBLIC_URL BASE_URL WORKER_ID WORKERS_COUNT WEB_CONCURRENCY DOCKER_HOST
  GITHUB_ACTIONS GITLAB_CI BUILDKITE_AGENT_NAME RUNNER_TEMP FAKETIME_TIMESTAMP_FILE KEY_ID STORE_DIR MAX_CLIENTS_PER_HOST`
    .trim()
    .split(/\s+/);

test('what shells, images, CI and orchestrators set is not told', () => {
  assert.deepEqual(told(valued(ORDINARY)), []);
});

test('a service of Kubernetes or a link of Docker that is called like a setting is not told', () => {
  for (const member of [...SCALAR_MEMBERS, 'worker', 'key_dir', 'public_listener', 'issuer_file']) {
    const name = variableOf(member);
    const ofService = ['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'PORT', 'PORT_3000_TCP'].concat(
      ['PROTO', 'PORT', 'ADDR'].map((part) => `PORT_3000_TCP_${part}`),
    );
    assert.deepEqual(told(valued(ofService.map((part) => `${name}_${part}`))), [], name);
  }
});

test('thousands of variables, as a namespace of Kubernetes with many services has, hold no start up', () => {
  const parts = ['SERVICE_HOST', 'SERVICE_PORT', 'PORT', 'PORT_80_TCP', 'PORT_80_TCP_PROTO'];
  const names = Array.from({ length: 1000 }, (_, index) => `TEAM_SERVICE_NUMBER_${index}`);
  const env = valued(names.flatMap((name) => parts.map((part) => `${name}_${part}`)));
  const before = process.cpuUsage();
  assert.deepEqual(told(env), []);
  const { user } = process.cpuUsage(before);
  assert.ok(user < 400_000, `${user / 1000} ms of processor time`);
});

test('it is a warning of the configuration, beside its problems too, and never with the value', () => {
  const env = { KEY_DIR: 'canary-value' };
  assert.deepEqual(load({ env }).warnings, ['KEY_DIR is passed over: did you mean KEYS_DIR?']);
  assert.ok(
    !refusal({ env: { ...env, LOG_LEVEL: 'loud' } })
      .join()
      .includes('canary-value'),
  );
});

test('a variable that the configuration file names is in use, whatever it is called', () => {
  const upstream = {
    type: 'oidc',
    issuer: 'https://idp.example.com',
    initial_access_token: '{env:WORKER}',
  };
  const { local } = domain().providers as { local: unknown };
  const { warnings } = load({
    env: { WORKER: 'canary-value' },
    file: { providers: { local, acme: upstream } },
  });
  assert.deepEqual(warnings, []);
});
