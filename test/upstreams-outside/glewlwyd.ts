/**
 * glewlwyd as Debian packages it: an OpenID provider in C that registers clients (RFC 7591) and lets them be
 * managed (RFC 7592). Its own database script makes its store in a new directory; the provider is one row of
 * it. It listens on loopback and ends with the test process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { endWithProcess } from '../support/end-with-process.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { tempDir } from '../support/temp.ts';

const INITIAL_STORE = '/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz';
const START_TIMEOUT_MS = 10_000;

export interface Glewlwyd {
  readonly issuer: string;
  /** The ids in its own store, without those that it deleted: it keeps their rows. */
  clientIds(): readonly string[];
  stop(): Promise<void>;
}

export async function startGlewlwyd(): Promise<Glewlwyd> {
  const directory = tempDir('glewlwyd');
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const issuer = `${base}/api/oidc`;
  const file = join(directory, 'glewlwyd.db');
  makeStore(file, issuer);
  mkdirSync(join(directory, 'none'));
  writeFileSync(join(directory, 'glewlwyd.conf'), settings({ port, base, directory, file }));
  const child = spawn('glewlwyd', ['-c', join(directory, 'glewlwyd.conf')], { stdio: 'ignore' });
  endWithProcess(child);
  const ended = once(child, 'exit');
  const answers = async () => {
    const { ok } = await fetch(`${issuer}/.well-known/openid-configuration`);
    if (!ok) throw new Error('glewlwyd is not there yet');
  };
  await eventually(answers, START_TIMEOUT_MS);
  return {
    issuer,
    clientIds: () => {
      const store = new DatabaseSync(file, { readOnly: true });
      const rows = store.prepare('SELECT gc_client_id AS id FROM g_client WHERE gc_enabled = 1').all();
      store.close();
      return rows.map(({ id }) => String(id));
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function makeStore(file: string, issuer: string): void {
  const store = new DatabaseSync(file);
  store.exec(gunzipSync(readFileSync(INITIAL_STORE)).toString('utf8'));
  const plugin = {
    iss: issuer,
    'jwt-type': 'sha',
    'jwt-key-size': '256',
    key: 'a key of tests, which signs nothing that anyone keeps',
    'access-token-duration': 3600,
    'refresh-token-duration': 3600,
    'code-duration': 600,
    'refresh-token-rolling': true,
    'allow-non-oidc': true,
    'auth-type-client-enabled': true,
    'auth-type-code-enabled': true,
    'auth-type-token-enabled': false,
    'auth-type-id-token-enabled': true,
    'auth-type-none-enabled': false,
    'auth-type-password-enabled': false,
    'auth-type-refresh-enabled': true,
    'subject-type': 'public',
    'register-client-allowed': true,
    'register-client-auth-scope': [],
    'register-client-credentials-scope': [],
    'register-client-management-allowed': true,
    'register-default-properties': {},
  };
  store
    .prepare(
      "INSERT INTO g_plugin_module_instance (gpmi_module, gpmi_name, gpmi_parameters, gpmi_enabled) VALUES ('oidc', 'oidc', ?, 1)",
    )
    .run(JSON.stringify(plugin));
  store.close();
}

function settings(at: { port: number; base: string; directory: string; file: string }): string {
  const modules = '/usr/lib/glewlwyd';
  return `port=${at.port}
bind_address="127.0.0.1"
external_url="${at.base}"
login_url="login.html"
api_prefix="api"
static_files_path="${at.directory}/none"
log_mode="console"
log_level="WARNING"
cookie_domain="127.0.0.1"
cookie_secure=0
session_expiration=3600
session_key="SESSION"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="${modules}/user"
user_middleware_module_path="${at.directory}/none"
client_module_path="${modules}/client"
user_auth_scheme_module_path="${modules}/scheme"
plugin_module_path="${modules}/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "${at.file}"; };
`;
}
